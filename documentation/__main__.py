"""Writes what is generated in the documentation: ``python -m documentation [--check] [PAGES …]``.

Pages are run, and what they show becomes what is printed and drawn now. Without pages these are all of them, and the
reference is written as well.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from documentation.blocks import ROOT, pages
from documentation.changes import page_changes, reference_changes
from documentation.running import PageError


def main() -> int:
    """Do what the command line says; the exit code is 1 where --check finds something out of date."""
    parser = argparse.ArgumentParser(prog="python -m documentation", description="Writes what pages show.")
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="a Markdown file; all by default")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where something is out of date")
    options = parser.parse_args()
    changed = reference_changes() if not options.pages else {}
    for path in [path.resolve() for path in options.pages] or pages():
        try:
            changed |= page_changes(path)
        except (PageError, ValueError) as error:
            print(f"{path.relative_to(ROOT)}: {error}", file=sys.stderr)
            return 1
    for path, data in changed.items():
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        print(f"{'out of date:' if options.check else 'wrote'} {path.relative_to(ROOT)}")
    return int(options.check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
