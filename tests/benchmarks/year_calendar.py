"""What happens on which day of the year: seasons, bad weather, and what maintainers and operators do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from foreman.sandbox import Action, delay, drop_before, reply
from tests.benchmarks import year_hands as hands
from tests.benchmarks.crowd import TALKED_ABOUT

if TYPE_CHECKING:
    from tests.benchmarks.year import Year

Happening = Callable[["Year"], object]

WHOLE = 240
"""Days from which on what happens again and again happens as often as in a year."""

OUTAGES: dict[str, Action] = {
    "no connection": drop_before(),
    "502": reply(502, body="<html>Bad gateway</html>"),
    "too many requests": reply(429, {"Retry-After": "1800"}, {"message": "slow down"}),
    "refused": reply(403, body={"message": "Resource not accessible"}),
    "slow": delay(0.05),
}
"""What a forge does to every request for hours of a day of the bad month, one of these a day."""


class Calendar:
    """Made for a number of days; what is told in shares of the year happens in each, however short."""

    def __init__(self, year: Year, *, days: int, events: int) -> None:
        self.year = year
        self.days = days
        self.sparse = events < 2 * days
        weights = [self._weight(day) for day in range(days)]
        self.events = self._shared_out(events, weights)
        self.plan: dict[int, list[Happening]] = defaultdict(list)
        self._fill()

    def _at(self, part: float) -> int:
        return min(self.days - 1, round(part * self.days))

    def _weight(self, day: int) -> float:
        part = day / self.days
        if 0.10 <= part < 0.14:
            return 3.0  # a release is out
        if 0.24 <= part < 0.28 or part >= 0.95:
            return 0.2  # holidays
        if self.sparse and day % 3:
            return 0.0
        return 0.4 if day % 7 > 4 else 1.0

    @staticmethod
    def _shared_out(events: int, weights: list[float]) -> list[int]:
        shared, owed = [], 0.0
        for weight in weights:
            owed += events * weight / sum(weights)
            shared.append(int(owed))
            owed -= int(owed)
        return shared

    def _fill(self) -> None:
        for happening, part in hands.ONCE.items():
            self.plan[self._at(part)].append(happening)
        for happening, every in hands.AGAIN.items():
            often = max(2, round(every * min(1.0, self.days / WHOLE)))
            for number in range(often):
                self.plan[self._at((number + 0.5) / often)].append(happening)

    def live(self, day: int, *, nothing_new: bool) -> None:
        """Let a day go by.

        Args:
            day: Which.
            nothing_new: People do nothing, for it took too long already.
        """
        year, chance = self.year, self.year.chance
        if self.sparse and day % 3 and not (self.events[day] or self.plan[day] or self.is_bad(day)):
            return
        year.sleep_until(6)
        for happening in self.plan[day]:
            happening(year)
        left = 0 if nothing_new else self.events[day]
        with self.weather(day):
            hour = 8.0
            while left > 0:
                several = min(left, 12, chance.randint(1, 12))
                left -= several
                for _ in range(several):
                    year.crowd.do(self.open_repos())
                year.work()
                hour = min(20.0, hour + 2)
                year.sleep_until(hour)
            if self.events[day]:
                year.look()
        year.sleep_until(22)
        year.look()
        self.tidy()

    def is_bad(self, day: int) -> bool:
        """Return whether a day is in the month of outages."""
        return self._at(0.58) <= day < max(self._at(0.66), self._at(0.58) + len(OUTAGES))

    def open_repos(self) -> list[str]:
        """Return where people work: not where the name changes just now."""
        return [repo for repo in self.year.forge_of if repo not in self.year.shut]

    @contextmanager
    def weather(self, day: int) -> Iterator[None]:
        """Let go wrong what goes wrong on this day."""
        year, bad = self.year, self.is_bad(day)
        for number, storm in enumerate(year.storms.values()):
            storm.share = 0.15 if bad else 0.02
            if bad and (day + number) % 3:
                name = list(OUTAGES)[(day + number) % len(OUTAGES)]
                storm.whole = OUTAGES[name]
                year.told[f"days of outage: {name}"] += 1
        year.mind.is_away = bad and day % 4 == 0
        year.mind.model_is_down(bad and day % 4 == 1)
        try:
            yield
        finally:
            year.mind.is_away = False
            year.mind.model_is_down(False)
            for storm in year.storms.values():
                storm.whole = None

    def heal(self) -> None:
        """Let nothing go wrong any more, and end everything that a person began."""
        for storm in self.year.storms.values():
            storm.share, storm.whole = 0.0, None
        self.year.skew = timedelta(0)

    def tidy(self) -> None:
        """Let people close what nobody talks about any more, once the agent has seen all of it."""
        crowd = self.year.crowd
        waits = set(crowd.unseen.values())
        for repo, numbers in crowd.issues.items():
            forge = self.year.forge_of[repo]
            for number in numbers[:-TALKED_ABOUT]:
                if (repo, number) not in waits and forge.issue(repo, number).state == "open":
                    forge.close_issue(repo, number)

    def unmoved(self) -> dict[str, list[int]]:
        """Return the issues that are where they were opened, and of which nothing was taken back."""
        return {
            repo: [number for number in numbers if (repo, number) not in self.year.touched]
            for repo, numbers in self.year.crowd.issues.items()
        }
