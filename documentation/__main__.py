"""Writes what is generated in the documentation: ``python -m documentation [--check] [PAGES …]``.

Pages are run, and what they show becomes what is printed and drawn now. Without pages these are all of them, and the
reference is written as well.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from documentation import reference
from documentation.blocks import ROOT, blocks_of, pages
from documentation.outputs import refreshed
from documentation.pictures import is_current, pictures_of
from documentation.running import run_page


def main() -> int:
    """Do what the command line says; the exit code is 1 where --check finds something out of date."""
    parser = argparse.ArgumentParser(prog="python -m documentation", description="Writes what pages show.")
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="a Markdown file; all by default")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where something is out of date")
    options = parser.parse_args()
    changed = reference_changes() if not options.pages else {}
    for path in [path.resolve() for path in options.pages] or pages():
        changed |= page_changes(path)
    for path, data in changed.items():
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        print(f"{'out of date:' if options.check else 'wrote'} {path.relative_to(ROOT)}")
    return int(options.check and bool(changed))


def page_changes(path: Path) -> dict[Path, bytes]:
    """Run a page, and return what it and its pictures should be, where they are something else."""
    text = path.read_text()
    with TemporaryDirectory() as folder:
        printed = run_page(path, Path(folder))
        drawings = pictures_of(path, Path(folder) / "work")
        changed = {shown: drawn.read_bytes() for drawn, shown in drawings if not is_current(drawn, shown)}
    found = refreshed(text, blocks_of(text), printed)
    return changed if found == text else changed | {path: found.encode()}


def reference_changes() -> dict[Path, bytes]:
    """Return the pages of the reference that should be something else."""
    texts = {reference.FOLDER / name: text for name, text in reference.pages().items()}
    return {path: text.encode() for path, text in texts.items() if not path.exists() or path.read_text() != text}


if __name__ == "__main__":
    sys.exit(main())
