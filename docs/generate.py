"""Write what the documentation has from the code: the keys in `config.md`, the help in `cli.md`, the JSON Schemas.

python docs/generate.py          write
python docs/generate.py --check  change nothing; exit 1 and name the files that are not up to date
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from foreman.cli.documents import output_schemas
from foreman.cli.main import FAMILIES, build, command_names
from foreman.config.reference import SCHEMAS, markdown
from foreman.secrets import KnownSecrets

DOCS = Path(__file__).parent
COLUMNS = 80
"""How wide the help is shown, whatever the terminal."""


def wanted(docs: Path = DOCS) -> dict[Path, str]:
    """Return what each file should hold, by its path."""
    files = {docs / name: _between(docs / name, part, text) for name, part, text in _parts()}
    for name, make in SCHEMAS.items():
        files[docs / "schema" / f"{name}.json"] = json.dumps(make(), indent=2) + "\n"
    for name, schema in output_schemas().items():
        files[docs / "schema" / "output" / f"{name}.json"] = json.dumps(schema, indent=2) + "\n"
    return files


def manual() -> str:
    """Return the help of every command, in the order in which `foreman --help` lists them."""
    app = build(KnownSecrets())
    before = {name: os.environ.get(name) for name in ("COLUMNS", "NO_COLOR")}
    os.environ.update(COLUMNS=str(COLUMNS), NO_COLOR="1")
    try:
        return "\n".join(f"### `foreman {name}`\n\n```text\n{_help(app, name)}```\n" for name in _listed())
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _parts() -> Iterator[tuple[str, str, str]]:
    yield "config.md", "keys", markdown()
    yield "cli.md", "help", manual()


def _between(page: Path, part: str, text: str) -> str:
    begin, end = f"<!-- {part}: begin -->\n", f"<!-- {part}: end -->\n"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"


def _listed() -> list[str]:
    """Return the commands without those that have another name in front."""
    known = command_names()
    names = [
        f"{group} {entry.rstrip('_').replace('_', '-')}".strip()
        for _, group, entries in FAMILIES
        for entry in entries
        if "=" not in entry
    ]
    return [name for name in names if name in known]


def _help(app: object, name: str) -> str:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        app(args=[*name.split(), "--help"], prog_name="foreman", standalone_mode=False)  # type: ignore[operator]
    return "\n".join(line.rstrip() for line in shown.getvalue().strip("\n").split("\n")) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check; return the exit code."""
    files = wanted()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"{path.relative_to(DOCS.parent)} is not up to date: run python docs/generate.py", file=sys.stderr)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
            print(f"wrote {path.relative_to(DOCS.parent)}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
