"""The chat completion request as agents may send it: text in, text out.

An agent may be hijacked, so this is a closed list of what reaches a provider. What is not named here is dropped: no
other address, key or header, and no tool that runs at the provider's. Pictures and files are refused, since some
providers fetch them from an address the agent chose.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from foreman.llm.base import BadRequest

MAX_MESSAGES = 200
"""In one request."""

_MAX_TOOLS = 32

_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class TextPart(_Part):
    """A piece of a message; only text."""

    type: Literal["text"]
    text: str


class CalledFunction(_Part):
    """What a model asked to have called."""

    name: _Name
    arguments: str


class ToolCall(_Part):
    """A call a model asked for earlier in the conversation."""

    id: Annotated[str, StringConstraints(max_length=256)]
    type: Literal["function"]
    function: CalledFunction


class Message(_Part):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | tuple[TextPart, ...] | None = None
    tool_calls: tuple[ToolCall, ...] | None = None
    tool_call_id: Annotated[str, StringConstraints(max_length=256)] | None = None


class Function(_Part):
    """A function the agent itself would run."""

    name: _Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(_Part):
    """A function the agent offers; tools that run at the provider's have another type and are refused."""

    type: Literal["function"]
    function: Function


class ChosenFunction(_Part):
    """The name of a function."""

    name: _Name


class ChosenTool(_Part):
    """The one function a model must call."""

    type: Literal["function"]
    function: ChosenFunction


class JsonSchema(_Part):
    """What the answer must look like."""

    name: _Name
    description: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None


class ResponseFormat(_Part):
    """How the answer is to be written."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(_Part):
    """Of a streamed answer."""

    include_usage: bool = False


class ChatRequest(_Part):
    """One request."""

    model: str = ""
    messages: Annotated[tuple[Message, ...], Field(min_length=1, max_length=MAX_MESSAGES)]
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    response_format: ResponseFormat | None = None
    tools: Annotated[tuple[Tool, ...], Field(max_length=_MAX_TOOLS)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ChosenTool | None = None
    stop: str | Annotated[tuple[str, ...], Field(max_length=4)] | None = None
    seed: int | None = None
    n: Literal[1] | None = None
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()

    def for_backend(self, *, model: str, temperature: float, max_output_tokens: int) -> dict[str, Any]:
        """Write the request that goes on, with the maintainer's settings in place of the agent's.

        Args:
            model: Of the task's grant.
            temperature: From the configuration.
            max_output_tokens: Upper bound; an agent may ask for less.

        Returns:
            OpenAI-shaped, without `stream`.
        """
        left_out = {"model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n"}
        kept = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=left_out)
        for message in kept["messages"]:
            if message["role"] == "developer":
                message["role"] = "system"
            message.setdefault("content", None)
        asked = self.max_completion_tokens or self.max_tokens or max_output_tokens
        return {**kept, "model": model, "temperature": temperature, "max_tokens": min(asked, max_output_tokens)}


def read(body: bytes) -> ChatRequest:
    """Read a request body.

    Args:
        body: As it came.

    Returns:
        The request.

    Raises:
        BadRequest: It is not one.
    """
    try:
        return ChatRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadRequest(f"{where}: {first['msg']}" if where else str(first["msg"])) from None
