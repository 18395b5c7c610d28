"""What maintainers, operators and forges' administrators do in the course of the year, each a function of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.benchmarks.year_versions import ROOT, foreman_at, next_release
from tests.world import BOT

if TYPE_CHECKING:
    from tests.benchmarks.year import Year

RENAMED, NEW_NAME = "acme/part-3", "acme/part-three"
ON_VACATION = ("acme/part-0", "team/part-4")
SPAMMED, SPAM = "acme/part-1", 30


def rotate(year: Year) -> None:
    """Replace the bot's token on every forge: now before the old one is refused, now after."""
    for kind, forge in year.forges.items():
        year.told["tokens replaced"] += 1
        new = f"{forge.token(BOT)[:12]}{year.chance.randrange(16**24):024x}"
        forge.give_token(BOT, token=new)
        if year.told["tokens replaced"] % 4 < 2:
            year.look()  # the old one is refused by now
            year.time.advance(120)
        year.put_token(kind, new)
        year.time.advance(360)


def end(year: Year) -> None:
    """Let the daemon end as `systemctl restart` does, and start again."""
    if year.process.end() != 0:
        raise RuntimeError("an end that was asked for is no clean one")
    year.told["ended and started"] += 1
    year.time.advance(5)
    year.start()


def kill_in_a_write(year: Year) -> None:
    """Let the process be killed at the moment at which a forge hears of a write."""
    year.kill_at = "written"


def kill_in_a_thought(year: Year) -> None:
    """Let it be killed while the agent is at work."""
    year.kill_at = "thought"


def spam(year: Year) -> None:
    """Let one person open far more than one may."""
    for _ in range(SPAM):
        year.crowd.open(SPAMMED, author="spammer")
    year.work()


def leave(year: Year) -> None:
    """Have everything wait for approval in some repositories, and go away."""
    for entry in year.config["repos"]:
        if entry["path"] in ON_VACATION:
            entry["mode"] = "approve"
    reload(year)
    for number in range(6):
        year.crowd.open(ON_VACATION[number % 2])
    year.work()


def come_back(year: Year) -> None:
    """Say yes and no to what has piled up, and let all go on as before."""
    (said,) = year.order(("judge", 4))["answers"]
    year.told.update({f"held, then {word}": number for word, number in said.items()})
    for entry in year.config["repos"]:
        entry.pop("mode", None)
    reload(year)
    year.work()


def reload(year: Year) -> None:
    """Change the configuration of the running daemon."""
    year.write_config()
    if year.order(("reload",))["answers"] != [True]:
        raise RuntimeError("the configuration was refused")
    year.told["reloads"] += 1


def clock_ahead(year: Year) -> None:
    """Put this machine's clock three hours ahead, for a day."""
    year.skew = timedelta(hours=3)


def clock_behind(year: Year) -> None:
    """Put it two hours behind."""
    year.skew = timedelta(hours=-2)


def clock_far_ahead(year: Year) -> None:
    """Put it five years ahead for two looks, as a machine without a battery may."""
    year.skew = timedelta(days=5 * 365)
    for _ in range(2):
        year.crowd.do(["acme/part-0"])
        year.look()
        year.time.advance(30)
    year.skew = timedelta(0)


def clock_right(year: Year) -> None:
    """Put it right."""
    year.skew = timedelta(0)


def pause(year: Year) -> None:
    """Stop all writing, and end the daemon in it; what is opened meanwhile has to wait."""
    year.order(("pause", ""))
    written = year.books.written.total()
    for repo in ON_VACATION:
        year.crowd.open(repo)
    for _ in range(3):
        year.look()
        year.time.advance(60)
    end(year)
    year.look()
    if year.books.written.total() != written:
        raise RuntimeError("something was written in a pause")


def resume(year: Year) -> None:
    """Go on; nothing was written in the pause."""
    year.order(("resume", ""))


def upgrade(year: Year) -> None:
    """Put the next release in place of this one, and see that there is a way back."""
    if year.process.end() != 0:
        raise RuntimeError("the end before an upgrade is no clean one")
    newer = next_release(year.folder / "next")
    before = year.database.read_bytes()
    year.process.root = newer
    year.start()
    year.look()
    copy = year.database.with_name(f"{year.database.name}.before-{year.process.schema}")
    if not before or not copy.is_file():
        raise RuntimeError(f"no copy was made at {copy} before the upgrade")
    refused = foreman_at(ROOT, year.file, "status")
    if refused.returncode == 0 or "newer" not in refused.stderr or copy.name.partition("-")[0] not in refused.stderr:
        raise RuntimeError(f"the older program does not refuse the newer file: {refused.stderr}")
    _go_back(year, copy)
    year.told["upgraded"] += 1


def _go_back(year: Year, copy: object) -> None:
    """Bring the copy back for the older program, in another place."""
    side = year.folder / "side"
    side.mkdir()
    config = side / "config.yaml"
    text = year.file.read_text(encoding="utf-8").replace(str(year.database), str(side / "memory.db"))
    config.write_text(text, encoding="utf-8")
    for arguments in (("db", "restore", "--yes", str(copy)), ("db", "check"), ("log", "--json")):
        done = foreman_at(ROOT, config, *arguments)
        if done.returncode:
            raise RuntimeError(f"{arguments}: {done.stdout} {done.stderr}")


def back_up(year: Year) -> None:
    """Copy the database while the daemon works, and look for damage in both."""
    target = year.folder / f"backup-{year.day}.db"
    year.crowd.do()
    copied = foreman_at(year.process.root, year.file, "db", "backup", str(target))
    sound = foreman_at(year.process.root, year.file, "db", "check")
    if copied.returncode or sound.returncode:
        raise RuntimeError(f"{copied.stderr} {sound.stdout} {sound.stderr}")
    target.unlink()
    year.told["backed up"] += 1


def rename(year: Year) -> None:
    """Give a repository another name; the configuration is told on the next day."""
    year.forges["github"].rename_repo(RENAMED, NEW_NAME)
    year.shut.add(RENAMED)


def tell_the_new_name(year: Year) -> None:
    """Put the new name into the configuration."""
    for entry in year.config["repos"]:
        if entry["path"] == RENAMED:
            entry["path"] = NEW_NAME
    reload(year)
    year.shut.discard(RENAMED)
    crowd = year.crowd
    year.forge_of[NEW_NAME] = year.forge_of.pop(RENAMED)
    crowd.issues[NEW_NAME] = crowd.issues.pop(RENAMED)
    year.touched.update((NEW_NAME, number) for number in crowd.issues[NEW_NAME])
    for word, (repo, _) in list(crowd.unseen.items()):
        if repo == RENAMED:
            year.told["words in the renamed repository"] += 1
            del crowd.unseen[word]
    year.look()


def move_issues(year: Year) -> None:
    """Move an issue to a repository we look after, and one out of our sight."""
    forge, crowd = year.forges["github"], year.crowd
    for target in ("acme/part-1", "acme/of-no-concern"):
        known = crowd.issues["acme/part-2"]
        if len(known) < 3:
            return
        number = known.pop()
        there = forge.transfer("acme/part-2", number, target)
        year.told["issues moved"] += 1
        if target in crowd.issues:
            crowd.issues[target].append(there)
            year.touched.add((target, there))
        for word, place in list(crowd.unseen.items()):
            if place == ("acme/part-2", number) and target in crowd.issues:
                crowd.unseen[word] = (target, there)
            elif place == ("acme/part-2", number):
                year.told["words that went with an issue"] += 1
                del crowd.unseen[word]


def correct(year: Year) -> None:
    """Take a label of the bot's off, as somebody who knows better."""
    for repo in ("acme/part-0", "team/part-5"):
        for number in year.crowd.issues[repo][-3:-1]:
            if "bug" in year.forge_of[repo].issue(repo, number).labels:
                year.forge_of[repo].remove_label(repo, number, "bug")
                year.told["labels people took off"] += 1


def take_back(year: Year) -> None:
    """Take back what the bot did last in some repository."""
    repo = year.chance.choice(["acme/part-1", "gitlab:team/part-5"])
    year.told["taken back"] += sum(year.order(("take_back", repo))["answers"])
    path = repo.partition(":")[2] or repo
    year.touched.update((path, number) for number in year.crowd.issues[path])


def look_after(year: Year) -> None:
    """Do what `foreman status` asks for."""
    (said,) = year.order(("look_after",))["answers"]
    year.told.update({f"status asked: {word}": number for word, number in said.items()})


def hire_a_model(year: Year) -> None:
    """Let the agent ask a model from now on, which needs a restart."""
    year.config["llm"] = year.mind.settings()
    year.write_config()
    end(year)


def dismiss_the_model(year: Year) -> None:
    """Do without again."""
    year.config["llm"] = {"provider": "none"}
    year.write_config()
    end(year)


def learn(year: Year) -> None:
    """Let the daemon train what is due."""
    year.order(("learn",))


ONCE: dict[Callable[[Year], object], float] = {
    spam: 0.20,
    leave: 0.30,
    come_back: 0.34,
    clock_ahead: 0.38,
    clock_behind: 0.39,
    clock_right: 0.40,
    clock_far_ahead: 0.42,
    pause: 0.45,
    resume: 0.455,
    upgrade: 0.50,
    hire_a_model: 0.56,
    dismiss_the_model: 0.68,
    rename: 0.70,
    tell_the_new_name: 0.71,
    learn: 0.74,
}
"""When in the year, as a share of it."""

AGAIN: dict[Callable[[Year], object], int] = {
    rotate: 12,
    end: 5,
    kill_in_a_write: 5,
    kill_in_a_thought: 4,
    back_up: 3,
    move_issues: 12,
    correct: 40,
    take_back: 20,
    look_after: 50,
}
"""How often in the year; in a short one less often, but twice."""
