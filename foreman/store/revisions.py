"""Every schema there was, oldest first, and the one that holds. Nothing here imports anything."""

from __future__ import annotations

REVISIONS = ("0001_first", "0002_two_forges", "0003_issue_mirror", "0004_seat", "0005_year")
"""Every schema this program can read or migrate from, oldest first; a test compares it with the migrations folder."""

HEAD = REVISIONS[-1]
"""The schema this program works with."""
