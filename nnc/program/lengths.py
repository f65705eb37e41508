"""The part of a program that knows the sizes of run-time dimensions: those of the batch, and of lengths left open."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from nnc.errors import DataError, ShapeError
from nnc.ir import Graph, SymbolicDim, solve_symbols
from nnc.program.data import ROWS
from nnc.program.spec import ProgramSpec

Array = Any
REMEMBERED_SHAPES = 256
"""Combinations of sizes that are remembered, so that memory does not grow with their number."""


class RunTimeLengths:
    """The sizes of the run-time dimensions of graphs for given arrays."""

    spec: ProgramSpec
    _symbols: dict[str, tuple[str, ...]]
    _checked: set[tuple[Any, ...]]

    @abstractmethod
    def graph(self, name: str) -> Graph:
        """Return a graph by name."""

    def _symbols_of(self, name: str) -> tuple[str, ...]:
        """Return the names of a graph's run-time dimensions."""
        if name not in self._symbols:
            self._symbols[name] = self.graph(name).symbols
        return self._symbols[name]

    def sizes(self, name: str, arrays: Mapping[str, Array]) -> dict[str, int]:
        """Return the size of each run-time dimension of a graph for arrays by input label.

        Raises:
            DataError: the arrays do not fit each other.
        """
        rows = len(next(iter(arrays.values())))
        if self._symbols_of(name) in ((), (ROWS,)):
            return {ROWS: rows}
        inputs = self.graph(name).inputs
        try:
            return {ROWS: rows} | solve_symbols(
                {f"array '{label}'": (value.shape, arrays[label].shape) for label, value in inputs.items()}
            )
        except ShapeError as error:
            raise DataError(str(error)) from None

    def _check_lengths(self, name: str, bindings: Mapping[str, int]) -> None:
        """Check that something is left of each run-time dimension, once for each combination of sizes."""
        key = name, *bindings.values()
        if key in self._checked:
            return
        for dim in self._run_time_dims(name):
            size = dim.bind(bindings)
            if size < 1:
                given = ", ".join(f"{symbol} = {bindings[symbol]}" for symbol in sorted(dim.symbols))
                raise DataError(
                    f"the arrays are too short for program '{self.spec.name}': a dimension of length {dim} would be"
                    f" {size} where {given}"
                )
        if len(self._checked) >= REMEMBERED_SHAPES:
            self._checked.clear()
        self._checked.add(key)

    def _run_time_dims(self, name: str) -> list[SymbolicDim]:
        dims = {dim for node in self.graph(name).nodes for type in node.types for dim in type.shape}
        return sorted((dim for dim in dims if isinstance(dim, SymbolicDim)), key=str)
