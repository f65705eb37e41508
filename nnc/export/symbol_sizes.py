"""The sizes that exported source is for: rows of a batch, and lengths that programs only know at run time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nnc.errors import ModelError, nearest
from nnc.labels import ROWS
from nnc.program import Program


def sizes_of(program: Program, graphs: Iterable[str], batch: int, lengths: Mapping[str, int]) -> dict[str, int]:
    """Return the size of each run-time dimension, the batch first.

    Args:
        program: the program.
        graphs: names of the graphs that are exported.
        batch: rows of a batch.
        lengths: size of each other dimension.

    Raises:
        ModelError: one is missing, unknown or no positive number.
    """
    symbols = dict.fromkeys(symbol for name in graphs for symbol in program.graph(name).symbols)
    given = {ROWS: batch, **lengths}
    for symbol, size in given.items():
        if symbol != ROWS and symbol not in symbols:
            known = ", ".join(other for other in symbols if other != ROWS) or "none"
            raise ModelError(
                f"model '{program.name}' has no run-time length '{symbol}'; it has {known}.{nearest(symbol, symbols)}"
            )
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ModelError(f"{symbol} must be a whole number of at least 1, got {size!r}")
    missing = [symbol for symbol in symbols if symbol not in given]
    if missing:
        example = " ".join(f"--lengths {symbol}=32" for symbol in missing)
        raise ModelError(
            f"model '{program.name}' has lengths that are only known at run time: {', '.join(missing)}; exported source"
            f" has fixed ones: give {example}"
        )
    return {symbol: given[symbol] for symbol in dict.fromkeys([ROWS, *symbols])}
