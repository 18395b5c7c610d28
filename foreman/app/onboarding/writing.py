"""The configuration of a proposal as text: commented for whoever reads it later, and read back."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from foreman.app.onboarding.choices import Choices, key_variable
from foreman.app.onboarding.proposal import KeywordList, Proposal
from foreman.app.onboarding.quiet import StalePolicy
from foreman.app.onboarding.spots import Spot
from foreman.config.interpolate import Everything
from foreman.config.load import parse
from foreman.errors import ForemanError
from foreman.model import ForgeKind, Mode
from foreman.printable import printable

FIRST_RUN = 10
"""Newest open issues that the first run looks at, so that there is something to see; `mode: shadow` writes nothing."""

_MOST_REMARK = 90


def written(spot: Spot, proposal: Proposal, choices: Choices) -> str:
    """Write a proposal down.

    Args:
        spot: Where the repository is.
        proposal: What to say of it.
        choices: What a person said.

    Returns:
        YAML that loads and says what the proposal says.

    Raises:
        ForemanError: It does not: a name on the forge is one that no configuration can hold.
    """
    text = "\n".join(_lines(spot, proposal, choices)) + "\n"
    config = parse(text.encode(), environ=Everything())
    (plan,) = config.plans()
    (agent,) = plan.agents
    told = {label: tuple(words) for label, words in dict(agent.config.get("labels") or {}).items()}
    meant = {one.label: one.words for one in proposal.lists}
    exempt = tuple(agent.policy.exempt_labels)
    if (plan.repo, told, exempt) != (proposal.repo, meant, tuple(name for name, _ in proposal.exempt)):
        raise ForemanError("the repository has a label that cannot be written down; please report its name")
    if agent.policy.mode is not Mode.SHADOW:
        raise ForemanError("the configuration would write to the forge; please report this")
    return text


def _lines(spot: Spot, proposal: Proposal, choices: Choices) -> Iterator[str]:
    yield f"# Foreman's configuration for {_remark(str(proposal.repo))}, proposed by `foreman init`."
    yield "#"
    yield "# No secret stands here: ${NAME} is a variable, read from the environment when it is used."
    yield "# `foreman config validate` checks this file, docs/config.md explains every key."
    yield "# An editor with a YAML language server checks it while you type, and shows what each key is for, after"
    yield "# `foreman config schema > config.schema.json` beside it, and with the first # of the next line taken off:"
    yield "# # yaml-language-server: $schema=config.schema.json"
    yield ""
    yield "mode: shadow                           # decide and log, write nothing; then approve, then auto"
    yield ""
    yield from _identity(spot, choices)
    yield ""
    yield from _llm(choices)
    yield ""
    yield "polling:"
    yield f"  first_run: {FIRST_RUN}                        # newest open issues that the first run takes; new: none"
    yield ""
    yield "agents:"
    yield "  issue-triage:"
    if choices.sealed:
        yield "    runtime: docker                    # a sealed container; process: limited, not sealed"
    else:
        yield "    runtime: process                   # no container engine answered; docker: a sealed container"
    yield ""
    yield "policy:"
    yield "  allow_close: false                   # true lets it close what is stale, after a reminder"
    yield "  exempt_labels:                       # never stale, never closed"
    for name, why in proposal.exempt:
        yield f"    - {_value(name)}" + (f"   # {_remark(why)}" if why else "")
    if proposal.issues:
        told = f"{proposal.insiders} of {proposal.issues} issues are by people of the project"
        yield f"  act_on_maintainers: false            # {told}: left alone"
    yield ""
    yield from _repo(proposal)


def _identity(spot: Spot, choices: Choices) -> Iterator[str]:
    forge = spot.repo.forge
    yield "identity:                              # who acts: an app, or an account of the bot's own"
    if choices.app is not None:
        yield "  github_app:"
        yield f"    app_id: {_value(choices.app.app_id)}"
        yield f"    private_key: {_reference(choices.app.variable)}"
        yield f"    installation_id: {choices.app.installation_id}"
    else:
        yield f"  {forge}_token: {_reference(choices.variable)}"
        yield f"  {forge}_user: {_value(choices.user)}   # login of the account that the token belongs to"
        if forge is ForgeKind.GITHUB:
            yield "  # github_app:                        # an app instead of both; docs/github-app.md"
            yield "  #   app_id: 123456"
            yield '  #   private_key: "${GITHUB_APP_KEY}"'
            yield "  #   installation_id: 12345678"
    if not spot.is_usual:
        yield f"  {'github_api_url' if forge is ForgeKind.GITHUB else 'gitlab_url'}: {_value(spot.url)}"


def _llm(choices: Choices) -> Iterator[str]:
    yield "llm:"
    if choices.provider == "none":
        yield "  provider: none                       # keywords and what it learns from your labels; or a model:"
        yield "  # provider: anthropic                # openai, ollama, ...; asked only where these are not sure"
        yield "  # model: claude-sonnet-4-6"
        yield '  # api_key: "${ANTHROPIC_API_KEY}"'
        return
    yield f"  provider: {_value(choices.provider)}"
    yield f"  model: {_value(choices.model)}"
    key = key_variable(choices.provider)
    if key:
        yield f"  api_key: {_reference(key)}"
    yield "  when: unsure                         # always: even where keywords and learned labels are sure"
    yield "  budget: {usd_per_task: 0.25, usd_per_day: 2.00}"


def _repo(proposal: Proposal) -> Iterator[str]:
    repo, stale = proposal.repo, proposal.stale
    yield "repos:"
    yield f"  - forge: {repo.forge}"
    yield f"    path: {_value(repo.path)}"
    yield "    agents:"
    yield "      - type: issue-triage"
    if not stale.active:
        yield "        events: [opened, edited, commented, labeled]   # and stale, once it is set up below"
    yield "        config:"
    yield from _stale(stale)
    if proposal.needs_info:
        yield f"          needs_info_label: {_value(proposal.needs_info)}"
    else:
        yield "          # needs_info_label: needs-info   # no label here is for issues that lack something"
    if proposal.guessed:
        yield "          # The labels could not be read: these are GitHub's own. `foreman check` names those missing."
    if not proposal.lists:
        yield '          labels: {}   # each label with the words that suggest it: {"bug": ["crash", "error"]}'
        return
    yield "          labels:   # one of these at the most, each with the words that suggest it"
    for one in proposal.lists:
        yield from _list(one, proposal.issues)
    if proposal.beside:
        yield f"            # left out, since they stand beside these on issues: {_remark(', '.join(proposal.beside))}"


def _stale(stale: StalePolicy) -> Iterator[str]:
    off = "" if stale.active else "# "
    yield f"          # stale: {_remark(stale.why)}"
    yield f"          {off}stale_days: {stale.days}   # that the reporter has owed an answer"
    if stale.label or not stale.active:
        yield f"          {off}stale_label: {_value(stale.label or 'stale')}"


def _list(one: KeywordList, issues: int) -> Iterator[str]:
    told = [f"on {one.issues} of {issues} issues"] if issues else []
    told += [_remark(one.description)] if one.description else []
    yield f"            {_quoted(one.label)}:" + (f"   # {'; '.join(told)}" if told else "")
    for word in one.usual:
        yield f"              - {_value(word)}"
    for own in one.found:
        if own.text not in one.usual:
            yield f"              - {_value(own.text)}   # from your issues: {own.inside} of the {own.all} with it"
    if not one.words:
        yield "              []"
    if one.dropped:
        yield f"              # left out, since here mostly on other labels: {_remark(', '.join(one.dropped))}"


def _remark(text: str) -> str:
    """Return a text that ends no comment and begins no other line."""
    line = " ".join(printable(text, keep_lines=False).split())
    return line if len(line) <= _MOST_REMARK else f"{line[: _MOST_REMARK - 3].rstrip()}..."


def _reference(variable: str) -> str:
    return f'"${{{variable}}}"'


def _value(text: str) -> str:
    """Quote a text that is a value, where `${` would be taken for a variable."""
    return _quoted(text.replace("${", "$${"))


def _quoted(text: str) -> str:
    dumped = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10_000)
    return printable(str(dumped).strip())  # YAML reads the escapes of what hides or turns a line round
