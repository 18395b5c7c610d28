"""What a comment does to its readers, judged from the HTML a renderer makes of it. Shares no code with the gate."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

from markdown_it import MarkdownIt

VOID = {"br", "hr", "img"}
NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"
MENTION = re.compile(rf"(?<![A-Za-z0-9])[@＠]{NAME}")
KEYWORD = re.compile(
    r"\b(?:close[sd]?|closing|fix(?:e[sd]|ing)?|resolve[sd]?|resolving|implement(?:s|ed)?|duplicate of)\b\W{0,4}\s*"
    r"(?:issue\s*)?(?:[\w.-]+/[\w./-]+)?(?:[#!]\d|(?<!\w)G[HL]-\d|https?://\S+/(?:issues|pull|merge_requests)/\d)",
    re.IGNORECASE,
)
CROSS = re.compile(r"(?<![\w.-])([\w.-]+(?:/[\w.-]+)+)[#!]\d")
GITLAB_ONLY = re.compile(r"(?<![\w&/])(?:&\d+\b(?!;)|~\"|%\"|~[a-z]{3}|\[vulnerability:)")
REFERENCE = re.compile(r"(?<![A-Za-z0-9_/&])(?:#\d+|G[HL]-\d+)", re.IGNORECASE)
QUICK_ACTION = re.compile(r"/[A-Za-z]\w*(?: |$)")
"""Wherever it stands: what GitLab takes for code differs from what a reader sees, and between its versions."""
ORDER = re.compile(r"[\s>]*(?:[/!.][A-Za-z](?![\w.-]*/)|bors\s|r\?\s)")
ZERO_WIDTH = set("\u200b\u2060\ufeff\u00ad\u034f\u115f\u1160\u3164\uffa0\u2800")


class _Page(HTMLParser):
    """Collects what a reader gets: text outside code, links, pictures."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.texts: list[str] = []
        self.code: list[str] = []
        self.links: list[dict[str, str | None]] = []
        self.pictures = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.pictures += 1
        if tag == "a":
            self.links.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open and self.open.pop() != tag:
                continue

    def handle_data(self, data: str) -> None:
        if "code" in self.open or "pre" in self.open:
            self.code.append(data)
            self.texts.append(" \0 ")
        else:
            self.texts.append(data)


def _render(body: str, *, raw_html: bool) -> str:
    parser = MarkdownIt("commonmark", {"html": raw_html}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser.render(body)


def _allowed(url: str, prefixes: tuple[str, ...]) -> bool:
    plain = url.isascii() and not any(c in url for c in '\\ \t\n`<>"@')
    return plain and "/../" not in f"{url}/" and any(url == p.rstrip("/") or url.startswith(p) for p in prefixes)


def code_blocks(body: str) -> list[str]:
    """Return the content of all code blocks."""
    return [
        t.content for t in MarkdownIt("commonmark").enable("table").parse(body) if t.type in ("fence", "code_block")
    ]


def faults(body: str, *, forge: str, repo: str, prefixes: tuple[str, ...]) -> set[str]:
    """Return everything wrong with a comment as it would be posted, marker and footer left out."""
    found: set[str] = set()
    page = _Page()
    rendered = _render(body, raw_html=True)
    if rendered != _render(body, raw_html=False) or "<!--" in rendered:
        found.add("html")
    page.feed(rendered)
    flat = "".join(page.texts)
    if page.pictures:
        found.add("picture")
    if any(not _allowed(link.get("href") or "", prefixes) for link in page.links):
        found.add("link")
    if any(link.get("title") for link in page.links):
        found.add("link title")
    for url in re.findall(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s<>)\]]*", flat):
        if not _allowed(url, prefixes):
            found.add("url")
    if re.search(r"://[^/ \t\r\n<\0]*@", flat):  # a renderer that links text ends a URL at ASCII spaces and `<` alone
        found.add("url")
    no_urls = re.sub(r"https://[^\s<>]*", "x", flat)  # links are judged above; a forge looks for nothing within them
    if re.search(r"(?<![A-Za-z0-9/])www\.\w", no_urls, re.IGNORECASE) or re.search(
        r"\w@[\w-]+(?:\.[\w-]+)*\.[\w-]*[A-Za-z]", no_urls
    ):
        found.add("url")
    if any(MENTION.search(text) for text in [*page.texts, flat]):
        found.add("mention")
    if KEYWORD.search(flat):
        found.add("keyword")
    if any(path.casefold() != repo.casefold() for path in CROSS.findall(no_urls)):
        found.add("other repository")
    if forge == "gitlab" and GITLAB_ONLY.search(no_urls):
        found.add("other repository")
    addressed = set(
        re.findall(r"/(?:issues|pull)/(\d+)", " ".join([flat, *(link.get("href") or "" for link in page.links)]))
    )
    if len(addressed) > 3:
        found.add("references")
    if len({one for one in REFERENCE.findall(no_urls) if forge == "github" or one[0] == "#"}) > 3:
        found.add("references")
    formula = re.search(r"\$(?!\s)[^$]*[\\%][^$]*(?<![\s\\])\$|\$\$[^$]*[\\%][^$]*\$\$", flat)
    if formula or re.search(r"\$<code>[^<]*</code>\$", rendered):
        found.add("formula")
    if "`" * 81 in body:
        found.add("run of backticks")
    found |= _source_faults(body)
    if forge == "gitlab" and any(QUICK_ACTION.match(line) for line in body.replace("\r", "").split("\n")):
        found.add("quick action")
    environment: dict[str, object] = {}
    MarkdownIt("commonmark").parse(re.sub(r"\[\^", "[", body), environment)  # a footnote hides like a definition
    infos = [token.info.strip() for token in MarkdownIt("commonmark").parse(body) if token.type == "fence"]
    if any(" " in info or info in ("mermaid", "vegalite", "math") for info in infos):
        found.add("fence")
    if environment.get("references"):
        found.add("definition")
    if not re.sub(r"[\s\u200b\0]", "", flat) and not "".join(page.code).strip():
        found.add("empty")
    return found


def _source_faults(body: str) -> set[str]:
    found: set[str] = set()
    fence = ""
    for line in re.split(r"\r\n|\n|\r", body):
        bare = line.lstrip(" \t>")
        run = re.match(r"`{3,}|~{3,}", bare)
        if run:
            if not fence:
                fence = run[0]
                continue
            if run[0].startswith(fence):
                fence = ""
            continue
        if not fence and ORDER.match(line):
            found.add("command")
    for place, character in enumerate(body):
        category = unicodedata.category(character)
        ours = character == "\u200b" and place and body[place - 1] in "@＠"
        around = body[max(0, place - 1) : place + 2]
        shaping = character in "\u200c\u200d" and len(around) == 3 and max(ord(around[0]), ord(around[2])) > 0x590
        shaping |= 0x600 <= ord(character) <= 0x605  # Arabic number signs have a shape
        flag = 0xE0000 < ord(character) < 0xE0080 and "\U0001f3f4" in body[max(0, place - 6) : place]
        if ours or shaping or flag:
            continue
        if category in ("Cf", "Cs", "Zl", "Zp") or character in ZERO_WIDTH or 0xE0100 <= ord(character) <= 0xE01EF:
            found.add("invisible")
        if category == "Cc" and character not in "\n\t\r":
            found.add("invisible")
    return found
