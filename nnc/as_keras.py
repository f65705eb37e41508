"""Answers ``import keras`` and ``tensorflow.keras`` with nnc: ``python -m nnc.as_keras script.py``, or imported first.

Importing this file is what does it; without it nothing changes.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from nnc.keras_answers import install


def main(arguments: Sequence[str]) -> int:
    """Run a script that takes nnc for Keras; return the exit status of a wrong command line.

    Args:
        arguments: the script, or ``-m`` and a module, and what they are given.
    """
    if not arguments or arguments[0] in ("-h", "--help") or arguments[:] == ["-m"]:
        print("usage: python -m nnc.as_keras script.py [arguments], or -m module [arguments]", file=sys.stderr)
        return 2
    if arguments[0] == "-m":
        sys.argv = list(arguments[1:])
        sys.path.insert(0, "")
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        return 0
    script = Path(arguments[0])
    if not script.exists():
        print(f"there is no script {script}", file=sys.stderr)
        return 2
    sys.argv = list(arguments)
    sys.path[0] = str(script.resolve().parent)
    runpy.run_path(str(script), run_name="__main__")
    return 0


install()
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
