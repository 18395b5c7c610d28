"""Write what the documentation has from the code: the keys in `config.md` and the JSON Schemas.

python docs/generate.py          write
python docs/generate.py --check  change nothing; exit 1 and name the files that are not up to date
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from foreman.config.reference import SCHEMAS, markdown

DOCS = Path(__file__).parent
BEGIN, END = "<!-- keys: begin -->\n", "<!-- keys: end -->\n"


def wanted(docs: Path = DOCS) -> dict[Path, str]:
    """Return what each file should hold, by its path."""
    page = docs / "config.md"
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    files = {page: f"{before}{BEGIN}\n{markdown()}\n{END}{after}"}
    for name, make in SCHEMAS.items():
        files[docs / "schema" / f"{name}.json"] = json.dumps(make(), indent=2) + "\n"
    return files


def main(arguments: list[str]) -> int:
    """Write or check; return the exit code."""
    stale = [path for path, text in wanted().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"{path.relative_to(DOCS.parent)} is not up to date: run python docs/generate.py", file=sys.stderr)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted()[path], encoding="utf-8")
            print(f"wrote {path.relative_to(DOCS.parent)}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
