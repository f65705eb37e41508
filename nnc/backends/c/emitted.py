"""The contents of a printed unit, for whoever compiles and runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnc.backends.c.linkage import Slot
    from nnc.ir import Value
    from nnc.plan import Plan


@dataclass(frozen=True)
class UnitSource:
    """Emitted source, and what `nnc_run` must be filled with.

    Attributes:
        key: the checksum of the text.
        level: of optimisation that suits its size.
        name: the function's name.
        plan: what was printed.
        slots: the buffers in the order of ``offsets``.
        symbols: the run-time dimensions in the order of ``sizes``.
        states: labels in the order of ``states``.
        constants: values, with the steps of the scans they lie in, in the order of ``constants``.
        packed_states: labels of the states that are packed by the function with ``_prepack`` behind its name.
        prepacked_bytes: that this takes.
        feeds: whether there is also a function for several batches, by the name with ``_batches`` behind it.
        runs_epochs: whether there is a function for whole epochs, by the name with ``_epochs`` behind it.
        is_parallel: whether there are loops for several threads.
        may_fail: whether a run may end early, with ``fault`` set.
        is_marked: whether it counts what it runs.
        parts: into how many it can be divided, see `nnc.backends.c.halves`.
        common: a checksum of the functions that it has in common with other units, see `nnc.backends.c.headers`; empty
            where there are none.
        printed: the translation unit, empty where an earlier process has printed it.
        print_again: prints the unit of a plan, for whoever wants a text that an earlier process has printed.
    """

    key: str
    level: int
    name: str
    plan: Plan
    slots: tuple[Slot, ...]
    symbols: tuple[str, ...]
    states: tuple[str, ...]
    constants: tuple[tuple[tuple[int, ...], Value], ...]
    packed_states: tuple[str, ...]
    prepacked_bytes: int
    feeds: bool
    runs_epochs: bool
    is_parallel: bool
    may_fail: bool
    is_marked: bool = False
    parts: int = 1
    common: str = ""
    printed: str = ""
    print_again: Callable[[Plan], UnitSource] | None = field(default=None, compare=False, repr=False)

    @cached_property
    def text(self) -> str:
        """The translation unit."""
        return self.printed if self.print_again is None else self.print_again(self.plan).printed
