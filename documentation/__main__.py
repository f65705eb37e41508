"""Writes what is generated in the documentation: ``python -m documentation [PAGES …]``.

Without pages all of them are run, and outputs that they show become those that are printed now.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from documentation.blocks import ROOT, blocks_of, pages
from documentation.outputs import refreshed
from documentation.pictures import is_current, pictures_of
from documentation.running import run_page


def main() -> int:
    """Refresh the pages that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m documentation", description="Writes what pages show.")
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="a Markdown file; all by default")
    chosen = [path.resolve() for path in parser.parse_args().pages] or pages()
    for path in chosen:
        text = path.read_text()
        with TemporaryDirectory() as folder:
            printed = run_page(path, Path(folder))
            for drawn, shown in pictures_of(path, Path(folder) / "work"):
                if not is_current(drawn, shown):
                    shown.parent.mkdir(parents=True, exist_ok=True)
                    shown.write_bytes(drawn.read_bytes())
                    print(f"wrote {shown.relative_to(ROOT)}")
        found = refreshed(text, blocks_of(text), printed)
        if found != text:
            path.write_text(found)
            print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
