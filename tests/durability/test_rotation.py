"""The bot's token is replaced in its file while the daemon runs, before or after the old one is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from foreman.store import inbox
from tests.durability.life import Life, life_of
from tests.world import BOT, REPO, TOKEN, Kind


class Kept:
    """A daemon whose token is in a credential file, and hands that change the one and the other."""

    def __init__(self, life: Life, folder: Path) -> None:
        self.life = life
        self.file = folder / TOKEN
        self.serial = 0

    def given(self) -> str:
        """Let the forge give out another token; the one before is refused from now on."""
        self.serial += 1
        return self.life.forge.give_token(BOT, token=f"{self.life.yard.token[:-2]}{self.serial:02}")

    def put(self, token: str) -> None:
        self.file.write_text(f"{token}\n", encoding="utf-8")

    def answered(self, *, minutes: int = 10) -> None:
        """Open an issue and wait until it is answered, once, and all is well."""
        (number,) = self.life.open()
        self.life.until(lambda: self.life.at_rest([number]) and self.life.status().attention == (), minutes=minutes)
        assert self.life.violations([number]) == []

    def refusals(self) -> list[str]:
        return [entry.path for entry in self.life.forge.ledger if entry.status == 401]


@pytest.fixture(params=["github", "gitlab"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    kind: Kind = request.param
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    with life_of(tmp_path, kind) as life:
        made = Kept(life, folder)
        made.put(life.yard.token)
        monkeypatch.delenv(TOKEN)
        yield made


def test_a_new_token_in_the_file_is_taken_up_with_the_next_request(kept: Kept) -> None:
    kept.answered()
    kept.put(kept.given())
    kept.answered(minutes=3)

    assert kept.refusals() == []
    assert [value for value, _ in kept.life.crew.shop.secrets.items() if value.startswith(kept.life.yard.token[:-2])]


def test_a_token_refused_before_its_successor_is_there_waits_for_it_without_a_restart(kept: Kept) -> None:
    new = kept.given()
    kept.life.until(lambda: kept.life.crew.account.shut)
    asked = len(kept.refusals())
    kept.life.minute()
    assert len(kept.refusals()) == asked
    kept.put(new)

    kept.answered(minutes=7)


SPOILED: dict[str, Callable[[Path], object]] = {
    "gone": lambda file: file.unlink(),
    "empty": lambda file: file.write_text("", encoding="utf-8"),
    "two lines": lambda file: file.write_text("half\na token\n", encoding="utf-8"),
}


@pytest.mark.parametrize("spoiled", SPOILED)
def test_a_file_that_holds_no_token_for_a_while_is_told_and_waited_for(kept: Kept, spoiled: str) -> None:
    """Whoever replaces a file by hand leaves it empty, or gone, for a moment."""
    token = kept.file.read_text(encoding="utf-8").strip()
    (number,) = kept.life.open()
    kept.life.crew.account.poll_due()
    SPOILED[spoiled](kept.file)
    with capture_logs() as logs:
        kept.life.until(lambda: kept.life.crew.account.shut, minutes=5)
        kept.life.minute()
    attention = " ".join(map(str, kept.life.status().attention))
    with kept.life.crew.shop.db.read() as connection:
        waiting = inbox.waiting(connection, limit=10)
    kept.put(token)
    kept.answered()

    assert not [line for line in logs if line["event"] == "step_failed"]
    assert TOKEN in str(logs)
    assert "token" in attention
    assert [item.attempt for item in waiting if item.issue.number == number] == [0]
    assert kept.life.violations([number]) == []


def test_a_token_of_somebody_else_is_not_worked_with(kept: Kept) -> None:
    """It is good, so nothing refuses it: what is written with it would be theirs."""
    right = kept.file.read_text(encoding="utf-8").strip()
    kept.life.forge.add_collaborator(REPO, "olga", permission="write")
    (number,) = kept.life.open()
    kept.life.crew.account.poll_due()
    kept.put(kept.life.forge.token("olga"))
    with capture_logs() as logs:
        kept.life.until(lambda: kept.life.crew.account.shut, minutes=5)
        for _ in range(12):
            kept.life.minute()
    by_olga = [entry for entry in kept.life.forge.ledger if entry.login == "olga"]
    kept.put(right)
    kept.answered()

    assert {entry.path for entry in by_olga} <= {"/user"}
    assert len(by_olga) < 10
    assert "belongs to olga" in str(logs)
    assert kept.life.violations([number]) == []
