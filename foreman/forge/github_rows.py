"""The shapes of GitHub's JSON, as far as they are used.

A new field of GitHub's breaks nothing; what does not fit raises ValueError.
"""

from __future__ import annotations

from datetime import UTC
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from foreman.forge.base import ChangeKind


def _storable(value: object) -> object:
    """Replace what no database or terminal takes: half a surrogate pair, which JSON can spell, and NUL."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


Text = Annotated[str, BeforeValidator(_storable)]
Id = Annotated[int, Field(strict=True, ge=1, lt=2**63)]
Count = Annotated[int, Field(strict=True, ge=0)]
Time = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class UserRow(_Row):
    """Somebody."""

    login: Text
    id: Id
    type: str = "User"


class LabelRow(_Row):
    """A label, on the repository or on an issue."""

    name: Text
    description: Text | None = None
    url: str = ""


class ThumbsRow(_Row):
    """How many reacted to something, as far as anybody asks."""

    up: Count = Field(default=0, alias="+1")
    down: Count = Field(default=0, alias="-1")


class ReactionRow(_Row):
    """One reaction."""

    id: Id
    user: UserRow | None = None
    content: str
    created_at: Time


class IssueRow(_Row):
    """An issue or pull request."""

    id: Id
    number: Id
    title: Text
    body: Text | None = None
    user: UserRow | None = None
    author_association: str | None = None
    state: Literal["open", "closed"]
    state_reason: str | None = None
    locked: bool = False
    labels: tuple[LabelRow | Text, ...] = ()
    assignees: tuple[UserRow, ...] | None = ()
    comments: Count = 0
    created_at: Time
    updated_at: Time
    html_url: str = ""
    repository_url: str
    pull_request: dict[str, Any] | None = None
    reactions: ThumbsRow | None = None


class CommentRow(_Row):
    """A comment."""

    id: Id
    body: Text | None = None
    user: UserRow | None = None
    author_association: str | None = None
    created_at: Time
    updated_at: Time
    issue_url: str
    reactions: ThumbsRow | None = None


class EventRow(_Row):
    """An entry of an issue's history."""

    id: Id
    event: ChangeKind
    actor: UserRow | None = None
    assigner: UserRow | None = None
    assignee: UserRow | None = None
    label: LabelRow | None = None
    created_at: Time


class PermissionsRow(_Row):
    """What the token may do."""

    admin: bool = False
    maintain: bool = False
    push: bool = False
    triage: bool = False


class RepoRow(_Row):
    """A repository."""

    id: Id
    full_name: str
    private: bool = Field(strict=True)
    archived: bool = False
    has_issues: bool = True
    disabled: bool = False
    permissions: PermissionsRow = PermissionsRow()


class PermissionRow(_Row):
    """What an account may do."""

    permission: str
    role_name: str = ""
    user: UserRow | None = None


_T = TypeVar("_T")


def read(shape: type[_T], data: object) -> _T:
    """Read a reply as one shape.

    Args:
        shape: A row class, or a tuple of one.
        data: Parsed JSON.

    Returns:
        The row or rows.

    Raises:
        ValueError: The reply has another shape (pydantic's ValidationError).
    """
    key: Any = shape
    found: _T = _adapter(key).validate_python(data)
    return found


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    # Building one takes longer than most replies take to read.
    return TypeAdapter(shape)
