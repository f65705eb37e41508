"""What the attacks' commands share: a count, a seed, where to work, and what they print."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

Attack = Callable[[Path, int, int], "Report"]
"""Takes a folder to work in, a count and a seed."""


class Report:
    """What an attack did, and what it found.

    Attributes:
        counts: how often what was tried, or what came of it.
        problems: what must not be, a line or more each.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []

    def check(self, holds: bool, problem: str) -> None:
        """Note a problem unless something holds."""
        if not holds:
            self.problems.append(problem)

    def __str__(self) -> str:
        counted = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        return f"{counted or 'nothing'}; {len(self.problems)} problems"


def run(attacks: Mapping[str, Attack], document: str | None, count: int) -> None:
    """Run what the command line asks for, print what came of it, and exit with 1 if there were problems.

    Args:
        attacks: by name.
        document: what they do.
        count: without a word on the command line.
    """
    parser = argparse.ArgumentParser(description=document, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{', '.join(attacks)}; default: all")
    parser.add_argument("--count", type=int, default=count, help=f"of each kind; default: {count}")
    parser.add_argument("--seed", type=int, default=0, help="of what is random; default: 0")
    arguments = parser.parse_args()
    if unknown := set(arguments.kinds) - set(attacks):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    failed = False
    for name in arguments.kinds or attacks:
        start = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="nnc-attack-") as folder:
            report = attacks[name](Path(folder), arguments.count, arguments.seed)
        print(f"{name}: {report}; {time.perf_counter() - start:.1f} s", *report.problems[:20], sep="\n  ", flush=True)
        failed = failed or bool(report.problems)
    sys.exit(int(failed))
