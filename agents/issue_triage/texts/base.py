"""What a language has to say, and how it is put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The sentences of one language.

    Attributes:
        name: Of the language, in English, for the model.
        missing: Before the list of what is missing.
        facts: One line for each fact that may be missing, by its name in `missing.FACTS`.
        reminder: First words of a reminder.
        owed: For how many `{days}` the answer is owed.
        short: That a short reply is enough.
        will_close: What happens without one.
        closed: Said when closing for lack of an answer.
        duplicates: Before the list of issues that may be the same.
        object_: How to object to such a list.
        duplicate_close: What happens unless somebody objects.
        same_title: Why an issue may be the same.
        same_error: Another reason.
        cites: Before words of the documentation; `{where}` is the file and the line.
        security: Draft for the maintainer, who may send it to somebody that reported a security hole in public.
    """

    name: str
    missing: str
    facts: dict[str, str]
    reminder: str
    owed: str
    short: str
    will_close: str
    closed: str
    duplicates: str
    object_: str
    duplicate_close: str
    same_title: str
    same_error: str
    cites: str
    security: str

    def ask_for(self, missing: Sequence[str], *, fields: Sequence[str] = (), more: str = "") -> str:
        """Name what is missing.

        Args:
            missing: Names of facts.
            fields: Headings of a form, as the maintainers wrote them.
            more: Another question, in words.

        Returns:
            The comment; empty when there is nothing to ask.
        """
        lines = [*(f"- {field}" for field in fields), *(f"- {self.facts[name]}" for name in missing)]
        if not lines:
            return more
        if more:
            lines.append(f"- {' '.join(more.split())}")
        return f"{self.missing}\n\n" + "\n".join(lines)

    def remind(self, days: int, *, will_close: bool) -> str:
        """Ask the reporter whether the issue still stands.

        Args:
            days: How long the answer is owed; 0 where not known.
            will_close: Whether the next step is closing.

        Returns:
            The comment.
        """
        said = [self.reminder, self.owed.format(days=days) if days else "", self.short]
        if will_close:
            said.append(self.will_close)
        return " ".join(part for part in said if part)

    def may_be(self, found: Sequence[tuple[int, str]], *, will_close: bool = False) -> str:
        """Name issues that may be the same.

        Args:
            found: Number and reason of each.
            will_close: Whether this one is closed for it later.

        Returns:
            The comment.
        """
        lines = "\n".join(f"- #{number}: {reason}" for number, reason in found)
        return f"{self.duplicates}\n\n{lines}\n\n{self.duplicate_close if will_close else self.object_}"
