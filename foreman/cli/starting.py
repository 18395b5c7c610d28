"""`foreman init`: at most three questions, each with an answer to take as it is, and none where nobody can answer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foreman.cli.context import Context
from foreman.cli.options import ForgeName, Json

if TYPE_CHECKING:
    from foreman.app.onboarding.spots import Spot

_Repo = Annotated[str | None, typer.Option(help="Repository: owner/name, gitlab:group/project, or its address.")]
_Forge = Annotated[ForgeName | None, typer.Option(help="Which forge, where the address does not tell.")]
_BaseUrl = Annotated[str, typer.Option(help="Address of a GitHub Enterprise or GitLab of your own.")]
_TokenEnv = Annotated[
    str | None, typer.Option(help="Variable that holds the token; GITHUB_TOKEN or GITLAB_TOKEN.", metavar="NAME")
]
_User = Annotated[str | None, typer.Option(help="Login of the bot account; the token's own where it is set.")]
_AppId = Annotated[str | None, typer.Option(help="A GitHub App instead of a token: its id.")]
_Installation = Annotated[int | None, typer.Option(help="With --app-id: the number of its installation.")]
_KeyEnv = Annotated[
    str | None, typer.Option(help="With --app-id: variable that holds its key; GITHUB_APP_KEY.", metavar="NAME")
]
_Provider = Annotated[str | None, typer.Option(help="Model provider: none, anthropic, openai, ollama, ...")]
_Model = Annotated[str | None, typer.Option(help="With --provider: the model's name.")]
_Out = Annotated[Path | None, typer.Option(help="File to write; config.yaml.", metavar="FILE")]
_AsIs = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take every answer that is proposed.")]
_WHICH_MODEL = "Model (none, anthropic, ollama, or PROVIDER/MODEL such as openai/gpt-4.1)"
_Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
_Print = Annotated[bool, typer.Option("--print", "--dry-run", help="Print the file instead of writing it.")]


def init(
    context: typer.Context,
    repo: _Repo = None,
    forge: _Forge = None,
    base_url: _BaseUrl = "",
    token_env: _TokenEnv = None,
    user: _User = None,
    app_id: _AppId = None,
    installation_id: _Installation = None,
    key_env: _KeyEnv = None,
    provider: _Provider = None,
    model: _Model = None,
    out: _Out = None,
    yes: _AsIs = False,
    force: _Force = False,
    only_print: _Print = False,
    as_json: Json = False,
) -> None:
    """Write a configuration for a repository, proposed from how it is kept; in mode shadow, which writes nothing.

    Finds the repository by the git remote of this folder, reads its labels, its forms and its last issues, and says
    what it found. Asks three questions at the most, none without a terminal. The file holds no secret.
    """
    import os

    from foreman.app.onboarding import beginning, placing
    from foreman.app.onboarding.choices import Choices
    from foreman.app.onboarding.looking import look
    from foreman.cli.output import block, story
    from foreman.cli.starting_view import document, show
    from foreman.forge.line import utc_now

    own = Context.of(context)
    own.start_logging("error")
    place = _place(out, own)
    if not (only_print or as_json):
        placing.refuse_taken(place, force=force)
    ask = _Questions(asking=not (yes or as_json) and sys.stdin.isatty() and sys.stderr.isatty())
    spot = _spot(repo, forge, base_url, ask)
    variable = beginning.variable_named(token_env, spot.repo.forge)
    app = beginning.app_of(app_id, installation_id, key_env, spot.repo.forge)
    now = utc_now()
    story(f"reading {spot.repo} on {spot.host} ...")
    survey = look(spot, variable=variable, app=app, environ=os.environ, secrets=own.secrets, now=now)
    login = user or beginning.usual_user(survey)
    if user is None and app is None:
        login = ask("Login of the bot account", login)
    answer = provider or ask(_WHICH_MODEL, "none", check=lambda said: beginning.brain_of(said, model))
    brain, named = beginning.brain_of(answer, model)
    choices = Choices(
        variable=variable,
        user=login,
        app=app,
        provider=brain,
        model=named,
        sealed=beginning.is_sealed(),
    )
    made = beginning.draft(spot, survey, choices, environ=os.environ, now=now)
    if as_json:
        from foreman.cli.output import print_json

        print_json(document(made, place))
        return
    if only_print:
        block(made.text)
        return
    placing.put(place, made.text, force=force)
    show(made, place, named=own.config_path is None)


class _Questions:
    """Asks a person on standard error, or nobody."""

    def __init__(self, *, asking: bool) -> None:
        self.asking = asking

    def __call__(self, question: str, usual: str, *, check: Callable[[str], object] = str) -> str:
        """Ask; the answer that is proposed is taken by a press of the return key, and where nobody can answer.

        What does not pass the check is told, and asked for once more.
        """
        if not self.asking:
            return usual

        def read(answer: str) -> str:
            from foreman.errors import UsageError

            said = answer.strip() or usual
            try:
                check(said)
            except UsageError as error:
                raise typer.BadParameter(str(error)) from error
            return said

        return str(typer.prompt(question, default=usual or None, value_proc=read, err=True))


def _place(out: Path | None, own: Context) -> Path:
    import os

    named = out or own.config_path or Path(os.environ.get("FOREMAN_CONFIG") or "config.yaml")
    try:
        return named.expanduser()
    except RuntimeError:  # there is no home
        return named


def _spot(repo: str | None, forge: ForgeName | None, base_url: str, ask: _Questions) -> Spot:
    from dataclasses import replace

    from foreman.app.onboarding import looking, spots
    from foreman.cli.output import story
    from foreman.errors import UsageError
    from foreman.model import ForgeKind

    kind = ForgeKind(forge) if forge else None

    def named(said: str) -> Spot:
        return spots.of_name(said, forge=kind, base_url=base_url)

    if repo is not None:
        return named(repo)
    found, why = looking.find(Path.cwd(), forge=kind, base_url=base_url)
    if found is None:
        if not ask.asking:
            raise UsageError(f"{why}: name the repository with --repo owner/name, or run this in a clone")
        story(why)
        return named(ask("Repository", "", check=named))
    at = "" if found.is_usual else f" on {found.host}"
    key = found.repo.key
    answer = ask(f"Repository (git remote {found.remote}{at})", key, check=lambda said: said == key or named(said))
    if answer != key:
        return named(answer)
    return replace(found, named=found.named or ask.asking)
