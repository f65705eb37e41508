"""Gives a unit its sizes, buffers, states, constants and products; a program fills in a record before it runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnc.backends.c.text import C_TYPES, comment, symbol_text

if TYPE_CHECKING:
    from nnc.backends.c.kernels.registry import Unit
    from nnc.ir import TensorType, Value

Path = tuple[int, ...]
"""The steps of the scans that something lies in."""
Slot = tuple[Path, int]
"""A buffer: the steps of the scans it lies in, and its number in the innermost plan."""


class Linkage(ABC):
    """The surroundings of a function's statements. Each of the first four returns the declaration of a variable."""

    @abstractmethod
    def size(self, symbol: str) -> str:
        """Declare the size of a run-time dimension, by the name that `symbol_text` gives it."""

    @abstractmethod
    def state(self, label: str, type: TensorType, name: str) -> str:
        """Declare the pointer to a state."""

    @abstractmethod
    def buffer(self, slot: Slot, dtype: str, name: str) -> str:
        """Declare the pointer to a buffer of the arena, as elements of a type."""

    @abstractmethod
    def constant(self, path: Path, value: Value, name: str) -> str:
        """Declare the pointer to a constant that `literal` does not know."""

    def literal(self, path: Path, value: Value) -> str | None:
        """Return the number that all elements of a constant are, where that is known now."""
        del path, value
        return None

    @abstractmethod
    def product(self, unit: Unit, suffix: str, *arguments: object) -> str:
        """Return the call of a product.

        Args:
            unit: where the function is called.
            suffix: of the element type.
            arguments: rows, inner, columns; two pointers, each with the strides of rows and columns; the pointer to the
                result, the stride of its rows, and whether to add to it.
        """

    @abstractmethod
    def product_part(self, unit: Unit, suffix: str, *arguments: object) -> str:
        """Return the call of a block of a product: as for `product`, behind the rows that the whole has."""

    def alone(self, unit: Unit, suffix: str) -> str:
        """Return whether products must be computed in one call each, in C: by a library with threads of its own."""
        del unit, suffix
        return "false"

    @abstractmethod
    def fault(self, index: str, rows: str) -> Sequence[str]:
        """Return the statements that end a run because a table of so many rows has none of an index."""


@dataclass
class RecordLinkage(Linkage):
    """Everything comes from the record `nnc_run`, so that one text does for all sizes.

    Attributes:
        symbols: the run-time dimensions in the order of ``sizes``.
        slots: the buffers in the order of ``offsets``.
        states: labels in the order of ``states``.
        constants: values, with the steps of the scans they lie in, in the order of ``constants``.
    """

    symbols: Sequence[str] = ()
    slots: list[Slot] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    constants: list[tuple[Path, Value]] = field(default_factory=list)

    def size(self, symbol: str) -> str:
        """Read it."""
        return f"const int64_t {symbol_text(symbol)} = run->sizes[{self.symbols.index(symbol)}];"

    def state(self, label: str, type: TensorType, name: str) -> str:
        """Take the next pointer."""
        number, kind = len(self.states), C_TYPES[type.dtype]
        self.states.append(label)
        return f"{kind} *const {name} = ({kind} *)run->states[{number}]; {comment(f'@{label}')}"

    def buffer(self, slot: Slot, dtype: str, name: str) -> str:
        """Add the next offset, or that of the same buffer."""
        if slot not in self.slots:
            self.slots.append(slot)
        kind = C_TYPES[dtype]
        return f"{kind} *const {name} = ({kind} *)(run->arena + run->offsets[{self.slots.index(slot)}]);"

    def constant(self, path: Path, value: Value, name: str) -> str:
        """Take the next pointer."""
        number, kind = len(self.constants), C_TYPES[value.dtype]
        self.constants.append((path, value))
        return f"const {kind} *const {name} = (const {kind} *)run->constants[{number}]; {comment(value.node.op.name)}"

    def product(self, unit: Unit, suffix: str, *arguments: object) -> str:
        """Call what knows of the BLAS that the run may bring."""
        return unit.call(f"nnc_product_{suffix}", "run", *arguments)

    def product_part(self, unit: Unit, suffix: str, *arguments: object) -> str:
        """Call what knows of the BLAS as well."""
        return unit.call(f"nnc_product_part_{suffix}", "run", *arguments)

    def alone(self, unit: Unit, suffix: str) -> str:
        """Ask whether the BLAS that the run may bring is called."""
        return unit.call(f"nnc_calls_blas_{suffix}", "run")

    def fault(self, index: str, rows: str) -> Sequence[str]:
        """Leave a note in the record."""
        return [f"run->fault[0] = 1, run->fault[1] = {index}, run->fault[2] = {rows};", "return;"]
