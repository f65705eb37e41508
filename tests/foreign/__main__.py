"""Compares random models of another author's generator with Keras: ``python -m tests.foreign --count 306 --seed 0``.

Each model predicts and is trained for three steps, by Keras and by nnc, read live and from its file, on both backends.
Prints what came of each, and the sums. Exits with 1 if anything is different. The generator, NNSmith, comes from PyPI
and is not among nnc's own requirements::

    pip install nnsmith --no-deps
    pip install z3-solver hydra-core multipledispatch appdirs

The same seed makes the same model. A model takes about 5 s, a third of it the C compiler's.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter

from tests.foreign.comparing import Result


def main() -> int:
    """Try as many models as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.foreign", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="models to try; default: 300")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first one, the others follow; default: 0")
    parser.add_argument("--all", action="store_true", help="each element type in each way, not each way once")
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from tests.foreign.models import try_model

    results = []
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        results.append(try_model(seed, arguments.all))
        print(line(seed, results[-1]), flush=True)
    print(summary(results))
    return int(any(result.differences for result in results))


def line(seed: int, result: Result) -> str:
    """Return what is said about a model."""
    verdict = "different" if result.differences else "refused" if result.refused else "equal"
    if result.unrunnable:
        return f"{seed} {result.name}: not run by Keras, {result.unrunnable.strip().splitlines()[0]:.100}"
    found = f"{seed} {result.name}: {verdict}, {result.layers} layers, {result.merges} merges"
    if result.undecided:
        found += f", {result.undecided} of {result.arrays} arrays undecided"
    if not result.finite:
        found += ", not finite"
    return "\n    ".join([found, *result.refused, *result.differences])


def summary(results: list[Result]) -> str:
    """Return the sums."""
    different = [result for result in results if result.differences]
    refused = [result for result in results if result.refused and not result.differences]
    unrunnable = sum(bool(result.unrunnable) for result in results)
    equal = len(results) - len(different) - len(refused) - unrunnable
    numbers = Counter(
        branched=sum(result.merges > 0 or result.ends > 1 for result in results),
        arrays=sum(result.arrays for result in results),
        undecided=sum(result.undecided for result in results),
        finite=sum(result.finite for result in results),
    )
    return (
        f"{len(results)} models, {numbers['branched']} with branches: {equal} equal, {len(refused)} refused,"
        f" {len(different)} different, {unrunnable} not run by Keras; {numbers['arrays']} arrays,"
        f" {numbers['undecided']} of them undecided; {numbers['finite']} models with finite numbers throughout"
    )


if __name__ == "__main__":
    sys.exit(main())
