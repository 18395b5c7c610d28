"""The writer that writes nothing answers every method of the port and remembers the call."""

from __future__ import annotations

import inspect

from foreman.forge.base import ForgeWriter
from foreman.forge.dry_run import DryRunWriter, UnsentWrite
from foreman.model import IssueRef, RepoRef

REPO = RepoRef.parse("acme/widget")
REF = IssueRef(REPO, 12)


def test_every_write_of_the_port_is_noted_in_order() -> None:
    writer = DryRunWriter()
    sample = {"ref": REF, "repo": REPO, "comment_id": 5}
    names = [name for name in vars(ForgeWriter) if not name.startswith("_") and name != "turn"]

    for name in names:
        method = getattr(writer, name)
        wanted = inspect.signature(getattr(ForgeWriter, name)).parameters
        assert list(inspect.signature(method).parameters) == [one for one in wanted if one != "self"]
        method(*[sample.get(one, one) for one in wanted if one != "self"])

    assert [write.operation for write in writer.writes] == names
    assert writer.writes[0] == UnsentWrite(operation="add_label", ref=REF, arguments={"label": "label"})


def test_ids_of_what_was_not_written_are_nobodys() -> None:
    writer: ForgeWriter = DryRunWriter()

    assert writer.post_comment(REF, "hello") == 0
    assert writer.open_issue(REPO, "title", "body") == IssueRef(REPO, 0)
