from __future__ import annotations

import sys

from foreman.printable import printable


def test_text_of_any_script_stays_as_it_is() -> None:
    text = "Grüße, 日本語, العربية, עברית, emoji 🎉 and e\u0301"

    assert printable(text) == text


def test_what_steers_a_terminal_or_hides_is_written_out() -> None:
    assert printable("a\x1b[31m\r\n\tb\x9b\x7f") == r"a\x1b[31m\r\n\tb\x9b\x7f"
    assert printable("\u202e\u200b\ufeff\u2028\U000e0041") == r"\u202e\u200b\ufeff\u2028\U000e0041"
    assert printable("\ud800") == r"\ud800"


def test_lines_are_kept_where_asked() -> None:
    assert printable("a\n\tb\r\x1b", keep_lines=True) == "a\n\tb\\r\\x1b"


def test_no_control_character_at_all_gets_through() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))

    left = printable(everything)

    assert not [c for c in left if ord(c) < 32 or 127 <= ord(c) < 160]
    left.encode()
