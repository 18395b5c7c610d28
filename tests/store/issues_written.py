"""Issues written for the search: what a small command line tool and its web page get reported."""

from __future__ import annotations

from datetime import datetime, timedelta

from foreman.model import Account, Issue, IssueRef, RepoRef, Role
from tests.store.conftest import NOW


def written(
    number: int,
    title: str,
    body: str,
    *,
    repo: str = "o/r",
    minutes: int = 0,
    confidential: bool = False,
    state: str = "closed",
    labels: tuple[str, ...] = ("bug",),
    at: datetime = NOW,
) -> Issue:
    """Return an issue opened an hour after the one with the number before, changed so many minutes after that."""
    opened = at + timedelta(hours=number)
    return Issue(
        ref=IssueRef(RepoRef.parse(repo), number),
        id=1000 + number,
        title=title,
        body=body,
        author=Account(login="ada", id=7),
        role=Role.NONE,
        state=state,
        state_reason="completed" if state == "closed" else "",
        labels=labels,
        created_at=opened,
        updated_at=opened + timedelta(minutes=minutes),
        confidential=confidential,
    )


KEPT = (
    (
        "Export to CSV drops rows with a quotation mark in them",
        (
            "When a cell holds a double quote, `widget export --format csv` leaves the whole row out. No error.\n"
            "Version 2.3 on Fedora. Expected: the quote is doubled as RFC 4180 says."
        ),
    ),
    (
        "Crash on start when the config file is empty",
        (
            "Traceback (most recent call last):\n  File widget/config.py, line 41, in load\n"
            "TypeError: argument of type 'NoneType' is not iterable\nAn empty widget.yaml should mean the defaults."
        ),
    ),
    (
        "Please add a dark theme",
        "The web page is very bright at night. A dark colour scheme, chosen by prefers-color-scheme, would be kind.",
    ),
    (
        "HTTPProxy settings are ignored by the downloader",
        (
            "We sit behind a company proxy. HTTPS_PROXY is set, curl works, but `widget fetch` connects directly and "
            "times out. The HttpClientFactory seems to build its session with trust_env=False."
        ),
    ),
    (
        "Memory grows without end while watching a folder",
        (
            "`widget watch` on a folder with 40,000 files takes 3 GB after a day. It looks like inotify events are "
            "kept in a list for ever. Restarting frees everything."
        ),
    ),
    (
        "How do I run it behind nginx under a sub-path?",
        (
            "I would like to serve the page at https://example.org/tools/widget/ but the links go to the root. "
            "Is there a setting for the base address?"
        ),
    ),
    (
        "Dates are shown in UTC instead of local time",
        (
            "The list shows 22:00 for something that happened at midnight here in Vienna. The JSON has an offset, the "
            "table has not."
        ),
    ),
    (
        "Windows: path with umlauts cannot be opened",
        (
            "C:\\Users\\Jürgen\\Dokumente\\übersicht.csv gives FileNotFoundError. Plain ASCII names work. "
            "Code page 1252, Python 3.12."
        ),
    ),
    (
        "Sorting by size compares text, not numbers",
        "With `--sort size` 1000 comes before 20. The column is read as a string.",
    ),
    (
        "Support reading from standard input",
        "It would help in pipes: `cat x.csv | widget import -`. At the moment a dash is taken for a file name.",
    ),
    (
        "Release tarball misses the man page",
        "The 2.3.1 tarball on the release page has no docs/widget.1, so the Debian build fails in dh_installman.",
    ),
    (
        "Typo in the README: instal",
        "The third paragraph says 'instal the package'.",
    ),
)
"""What was reported before: title and body; the number is the place, from 1."""

ASKED = (
    ("Rows missing in exported csv", 'Every line with a " inside is skipped by the export, silently.', 1),
    ("TypeError: argument of type 'NoneType' is not iterable", "I only made an empty yaml and started it.", 2),
    ("Night mode", "Could the page get dark colours? It is too bright.", 3),
    ("widget fetch does not honour HTTPS_PROXY", "Connection timed out, we have a corporate proxy.", 4),
    ("http client factory should trust env", "Otherwise proxies from the environment are not used", 4),
    ("RAM usage of the watcher", "widget watch eats gigabytes of memory with many files; leak of events?", 5),
    ("Reverse proxy with prefix", "Serving below /tools/ with nginx: all links point to the root.", 6),
    ("Timezone wrong in table", "Times are utc, I expected my local time zone.", 7),
    ("FileNotFoundError with ü in the file name", "On Windows 11, German user name with an umlaut.", 8),
    ("--sort size is wrong", "10 is listed before 9, sorted alphabetically", 9),
    ("Read stdin when the file name is -", "Pipes would be nice", 10),
    ("man page not in the source archive", "tarball of the last release lacks widget.1", 11),
    ("README has a spelling mistake", "instal -> install", 12),
)
"""What was reported again in other words: title, body, number of the original."""
