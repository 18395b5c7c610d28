from __future__ import annotations

import yaml

from foreman.config.reader import parse
from foreman.config.show import masked, shown
from tests.config.documents import IDENTITY, SPECIFICATION, load
from tests.config.test_plan import TWO_AGENTS

DEFAULTS = """
mode: shadow
policy: {max_labels: 1, modes: {close: approve}}
defaults:
  policy: {modes: {comment: auto}}
  agents: [{type: issue-triage, config: {stale_label: old, labels: {bug: [x]}}}]
repos:
  - {owner: a, name: b}
  - {owner: a, name: c, agents: [{type: issue-triage, config: {stale_label: , own: {key: }}}]}
  - {owner: a, name: "*", exclude: [d]}
"""


def show(text: str, **environ: str) -> dict:
    return shown(load(text, **environ), parse(text.encode()).data)


def test_what_is_shown_loads_as_the_same_configuration() -> None:
    for text in (SPECIFICATION, IDENTITY + TWO_AGENTS, IDENTITY + DEFAULTS):
        again = yaml.safe_dump(show(text))

        assert load(again).plans() == load(text).plans()
        assert load(again).patterns() == load(text).patterns()
        assert load(again).model_dump(exclude={"repos"}) == load(text).model_dump(exclude={"repos"})


def test_private_variables_are_shown_as_written_and_others_filled_in() -> None:
    text = (
        IDENTITY
        + """
llm: {provider: openai, model: m, api_base: "http://127.0.0.1/${PROXY_PASSWORD}/"}
server: {host: "${HOST:-127.0.0.1}"}
repos:
  - owner: a
    name: b
    agents: [{type: issue-triage, config: {list: ["${MY_TOKEN}", "${WHO}"]}}]
"""
    )

    data = show(text, PROXY_PASSWORD="hunter2-hunter2", MY_TOKEN="another-secret", WHO="ada")

    assert data["llm"]["api_base"] == "http://127.0.0.1/${PROXY_PASSWORD}/"
    assert data["server"]["host"] == "127.0.0.1"
    assert data["repos"][0]["agents"][0]["config"] == {"list": ["${MY_TOKEN}", "ada"]}
    assert "hunter2" not in str(data)


def test_what_was_worked_out_has_the_names_of_private_variables_in_place_of_their_values() -> None:
    written = {"a": ["${LONG_TOKEN}/x"], "b": {"c": "${PIN_KEY}"}, "d": "${PLACE}"}
    environ = {"LONG_TOKEN": "hunter2-hunter2", "PIN_KEY": "in", "PLACE": "inn"}

    assert masked(["hunter2-hunter2/x", {"y": "in"}, "inn", 5, None], written, environ) == [
        "${LONG_TOKEN}/x",
        {"y": "${PIN_KEY}"},
        "inn",
        5,
        None,
    ]
