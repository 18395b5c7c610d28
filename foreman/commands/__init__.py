"""What a comment orders, read out of its text. Pure: no I/O, no clock.

Who wrote it, and whether that person may, is asked where it is carried out.
"""

from foreman.commands.reading import heard_on, on_the_matter, read
from foreman.commands.words import Command, Said, Verb

__all__ = ["Command", "Said", "Verb", "heard_on", "on_the_matter", "read"]
