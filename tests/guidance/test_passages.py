from __future__ import annotations

from foreman.guidance import passages
from foreman.guidance.mission import MAX_CHARS, joined, room
from foreman.store.passages import nearest, prepare

PAGE = """Before any heading.

# Widgets

Widgets count things.
They do it well.

## Install
Run this:

```sh
# no heading
pip install widgets

widgets --proxy http://proxy.example:3128
```

After that nothing is needed.

### Behind a proxy

Set `HTTPS_PROXY`.

# Other
"""


def test_a_page_is_cut_under_its_headings_and_says_where() -> None:
    found = list(passages.cut("docs/start.md", PAGE, "https://x/blob/main/docs/start.md"))

    assert [(one.line, one.heading) for one in found] == [
        (1, ""),
        (5, "Widgets"),
        (9, "Widgets > Install"),
        (22, "Install > Behind a proxy"),
    ]
    assert found[1].text == "Widgets count things.\nThey do it well."
    assert found[2].text.startswith("Run this:\n\n```sh\n# no heading\n")
    assert found[2].text.endswith("nothing is needed.")
    assert found[3].url == "https://x/blob/main/docs/start.md?plain=1#L22"


def test_every_passage_is_bounded_and_begins_where_it_says() -> None:
    text = "\n\n".join(f"Line {n} " + "word " * (n % 200) for n in range(60)) + "\n" + "x" * 5_000 + "\n- a\n" * 300
    lines = text.split("\n")

    found = list(passages.cut("LICENSE", text, ""))

    assert max(len(one.text) for one in found) <= passages.MAX_CHARS
    assert all(lines[one.line - 1].rstrip().startswith(one.text.split("\n")[0].rstrip()) for one in found)
    assert {one.url for one in found} == {""}
    assert list(passages.cut("empty.md", "", "https://x")) == []
    assert next(passages.cut("a.py", "x = 1", "https://x/a.py")).url == "https://x/a.py#L1"


def test_the_nearest_passages_share_words_with_the_issue_that_tell_something() -> None:
    said = [
        ("Install", "Run pip install widgets and start it."),
        ("Behind a proxy", "Set the variable HTTPS_PROXY before you install."),
        ("Licence", "Everybody may use it."),
        ("Time-outs", "A slow proxy needs a longer timeout: --timeout 60."),
    ]
    prepared = prepare(said)

    assert nearest(prepared, title="Timeouts with our proxies", body="", limit=5) == (3,)
    assert nearest(prepared, title="How to install?", body="Is there a proxy variable?", limit=1) == (1,)
    assert nearest(prepared, title='"; DROP NEAR( *', body="OR AND", limit=5) == ()
    assert nearest(prepared, title="Bananas", body="are yellow", limit=5) == ()
    assert nearest((), title="proxy", body="", limit=5) == nearest(prepared, title="", body="", limit=5) == ()


def test_the_configuration_has_the_last_word_and_is_cut_last() -> None:
    both = joined("We count.", "We do not count.")

    assert both.startswith("We count.")
    assert both.endswith("We do not count.")
    assert "counts where the two differ" in both
    assert (joined("We count.", ""), joined("", "x"), room("")) == ("We count.", "x", MAX_CHARS)
    for told in ("t" * 100, "t" * 7_950, "t" * MAX_CHARS):
        assert len(joined("m" * room(told), told)) <= MAX_CHARS
