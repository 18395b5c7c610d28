"""What a bug report lacks, in which language it is written, and whether it had better not be talked about."""

from __future__ import annotations

import pytest

from agents.issue_triage.citing import Citation
from agents.issue_triage.kinds import kind_of
from agents.issue_triage.language import detect
from agents.issue_triage.missing import FACTS, examine, lacking
from agents.issue_triage.reading import read
from agents.issue_triage.security import is_report
from agents.issue_triage.texts import LANGUAGES, in_language
from foreman.gate.text import CleanText, outgoing
from foreman.gate.text_context import TextContext
from foreman.model import ForgeKind, IssueRef

TRACE = 'Traceback (most recent call last):\n  File "/a/b.py", line 3, in f\nValueError: bad'
FORM = "### Version\n\n{version}\n\n### Steps to reproduce\n\n{steps}\n\n### Additional context\n\n_No response_\n"
MUCH = "The window opens and then after a while nothing can be typed into the second field any more at all. "


def _lacking(title: str, body: str) -> tuple[str, ...]:
    return lacking(examine(read(title, body), body))


@pytest.mark.parametrize(
    ("title", "body", "facts"),
    [
        ("It does not work", "", ("version", "steps", "expected", "actual")),
        ("Crash", "please fix", ("version", "steps", "expected", "log")),
        (
            "It crashes all the time on my machine",
            "Please help, it is urgent for us, and we need it each day at work.",
            ("version", "steps", "log"),
        ),
        ("Crash in 2.3.1", f"```\n{TRACE}\n```", ()),
        ("Crash", TRACE, ()),
        ("Crash on save", "When I press save after opening a second window, the whole program crashes here.", ()),
        ("Broken", "Call `open()` twice.", ()),
        ("Broken", MUCH * 5, ()),
        ("Wrong order of keys", "parseHeaders swaps them, as in #41", ()),
        ("Error in settings.py", "", ("version", "steps", "expected", "log")),
        ("Broken on macOS", "I have no idea, it just looks wrong here", ("version", "steps", "expected")),
        ("Welcome editor does not dim", "![Image](https://github.com/o/r/assets/9/1)", ()),
        (
            "Broken",
            "[image https://github.com/o/r/assets/9/1: 'Image of it all'] [image]",
            ("version", "steps", "expected"),
        ),
        ("Looks broken", "See [image 'x']: the button stands over the text in 2.1, open the page and look here.", ()),
        (
            "Crash",
            FORM.format(version="_No response_", steps="_No response_"),
            ("version", "steps", "expected", "log"),
        ),
        ("Broken save", FORM.format(version="_No response_", steps=f"1. Open\n2. Save\n{MUCH}"), ("version",)),
        ("Broken save in 2.1", FORM.format(version="_No response_", steps=f"1. Open\n2. Save\n{MUCH}"), ()),
        ("Broken save", FORM.format(version="2.1", steps=f"1. Open\n2. Save\n{MUCH}"), ()),
        ("작동하지 않습니다", "도와주세요.", ("version", "steps", "expected", "actual")),
        (
            "저장하면 오류가 납니다",
            "버전 2.1에서 저장 버튼을 누르면 오류 창이 뜨고 프로그램이 종료됩니다. 저장되어야 합니다.",
            (),
        ),
        ("Non funziona", "Aiuto!", ("version", "steps", "expected", "actual")),
        (
            "Errore al salvataggio",
            "Nella versione 2.1, quando salvo un file, appare un errore, e dovrebbe essere salvato.",
            (),
        ),
        ("Ошибка", "Не работает!", ("version", "steps", "expected", "log")),
        (
            "アプリが落ちる",
            "保存ボタンをクリックするとアプリが落ちます。毎回必ず発生します。設定を変えても同じです。",
            (),
        ),
    ],
)
def test_only_what_is_really_missing_is_asked_for(title: str, body: str, facts: tuple[str, ...]) -> None:
    assert _lacking(title, body) == facts


@pytest.mark.parametrize(
    "piece",
    ["### ", "**", "1. a ", "when i ", "error: ", "![", "```\n", "### Version\n", "если ", "a-", "a_", "a.b", "http"],
)
def test_a_report_made_to_cost_time_is_read_to_its_end(piece: str) -> None:
    body = piece * (64_000 // len(piece))
    parts = read("x" * 255, body)

    examine(parts, body)
    is_report(parts)
    detect(body)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The window does not open and I have no idea why this is.", "en"),
        ("Das Fenster öffnet sich nicht, wenn ich auf die Schaltfläche drücke.", "de"),
        ("La fenêtre ne s'ouvre pas quand je clique sur le bouton.", "fr"),
        ("La ventana no se abre cuando pulso el botón de la derecha.", "es"),
        ("A janela não abre quando eu clico no botão do lado.", "pt"),
        ("La finestra non si apre quando premo il pulsante della barra.", "it"),
        ("Het venster wordt niet geopend als ik op de knop druk.", "nl"),
        ("点击按钮之后窗口没有打开，报错 TypeError: undefined is not a function", "zh"),
        ("ボタンを押すとウィンドウが開きません。Chrome 120 です。", "ja"),
        ("버튼을 눌러도 창이 열리지 않습니다.", "ko"),
        ("Окно не открывается, когда я нажимаю на кнопку.", "ru"),
        ("Вікно не відкривається, коли я натискаю на кнопку, її немає.", "uk"),
        ("com.amazonaws.a o.a.h.s3.token(tokenProto) no e com.b as do do", "en"),
        ("Error in no.de at com/foo do_it as: das, die, was", "en"),
        ("Eu quero abrir um arquivo quando clico, mas não abre: java.lang.Error at com.foo.Bar", "pt"),
        ("Oppgradering feiler", "en"),
        ("crash", "en"),
        ("", "en"),
    ],
)
def test_the_reporters_language_is_told_by_script_and_small_words(text: str, code: str) -> None:
    assert detect(text) == code


def test_a_language_without_texts_is_answered_in_english() -> None:
    assert in_language("nl") is in_language("en")


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_what_is_said_passes_the_gate_as_it_is(code: str) -> None:
    texts = in_language(code)
    contexts = [TextContext(forge=forge, repo=IssueRef.parse("o/r#30").repo, number=30) for forge in ForgeKind]
    said = [
        texts.ask_for(FACTS, more="Which theme?"),
        texts.remind(60, will_close=True),
        texts.closed,
        texts.ask_for(("steps",), fields=("Import settings", "What happened?")),
        Citation(path="docs/a b.md", line=3, url="", quote="Set `port` in `server.toml`.").said(texts.cites),
        texts.may_be([(12, texts.same_title), (13, texts.same_error)]),
        texts.may_be([(12, texts.same_title)], will_close=True),
    ]

    assert set(texts.facts) == set(FACTS)
    assert "30" in texts.remind(30, will_close=False)
    for context in contexts:
        assert [outgoing(body, context) for body in said] == [CleanText(text=body) for body in said]


@pytest.mark.parametrize(
    ("title", "body", "report"),
    [
        ("XSS in the comment field", "Any script is run.", True),
        ("SQL injection through the search form", "", True),
        ("Users can bypass authentication", "", True),
        ("Login", "An attacker can read files by path traversal in the `name` parameter.", True),
        ("Access token leaked in the debug log", "", True),
        ("Sicherheitslücke im Anmeldeformular", "", True),
        ("登录接口存在安全漏洞", "", True),
        ("CVE-2026-12345 in the bundled zlib", "", True),
        ("How do I turn on CSRF protection?", "The docs name XSS as well.", False),
        ("Add an option for SSRF protection", "", False),
        ("Memory leak in the token cache", "", False),
        ("Crash", "No known vulnerability is involved. It just crashes.", False),
        ("Crash", "> an attacker may use this vulnerability\n\nThat quote is from the docs.", False),
        ("Upgrade netty to 4.1.45 to handle CVE-2019-20444", "", False),
        ("Bump zlib: an attacker can run code, proof of concept below", "CVE-2026-1234", True),
        ("Round trip of deserialization loses a field", "", False),
        ("Security policy is hard to find", "", False),
    ],
)
def test_a_security_hole_is_told_from_talk_about_security(title: str, body: str, *, report: bool) -> None:
    assert is_report(read(title, body)) is report


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("bug", "bug"), ("kind/bug", "bug"), ("Type: Defect", "bug"), ("type::bug", "bug"), ("question", "question"),
        ("support", "question"), ("help wanted", ""), ("enhancement", "feature"), ("area/ui", ""), ("debug", ""),
        ("功能请求", "feature"),
    ],
)  # fmt: skip
def test_a_label_means_what_its_name_says(label: str, kind: str) -> None:
    assert kind_of(label) == kind
