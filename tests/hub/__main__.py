"""Prints how far nnc's numbers for each backbone of KerasHub are from Keras's: ``python -m tests.hub [NAME …]``."""

from __future__ import annotations

import argparse
import sys
import traceback
from time import perf_counter

from tests.hub import BACKBONES
from tests.hub.comparison import compared


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="names of backbones, all by default")
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--traceback", action="store_true", help="print where it fails")
    arguments = parser.parse_args()
    failed = 0
    for name in arguments.names or BACKBONES:
        start = perf_counter()
        try:
            found = compared(BACKBONES[name], arguments.backend)
            columns = (
                f"{found.parameters:9} {found.predicted:9.1e} {found.loss:9.1e} {found.trained:9.1e}"
                f" {perf_counter() - start:5.0f} s"
            )
        except Exception as error:
            if arguments.traceback:
                traceback.print_exc()
            columns = f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
            failed += 1
        print(f"{name:32} {BACKBONES[name].kind:18} {columns}", flush=True)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
