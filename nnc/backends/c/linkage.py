"""Gives a unit its sizes, buffers, states, constants and products; a program fills in a record before it runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnc.backends.c.expressions import Expression, Operand, variable
from nnc.backends.c.headers import plain_pragma
from nnc.backends.c.statements import Statement, line
from nnc.backends.c.text import MEMORY_TYPES, comment, symbol_text

if TYPE_CHECKING:
    from nnc.ir import TensorType, Value

Caller = Callable[..., Expression]
Path = tuple[int, ...]
"""The steps of the scans that something lies in."""
RUN, FALSE, TRUE = variable("run"), variable("false"), variable("true")
Slot = tuple[Path, int]
"""A buffer: the steps of the scans it lies in, and its number in the innermost plan."""


class Linkage(ABC):
    """The surroundings of a function's statements. Each of the first four returns the declaration of a variable.

    Attributes:
        record: declaration of the parameter ``run``, where functions have it.
    """

    record = ""

    @abstractmethod
    def size(self, symbol: str) -> Statement:
        """Declare the size of a run-time dimension, by the name that `symbol_text` gives it."""

    @abstractmethod
    def state(self, label: str, type: TensorType, name: str) -> Statement:
        """Declare the pointer to a state."""

    @abstractmethod
    def buffer(self, slot: Slot, dtype: str, name: str) -> Statement | None:
        """Declare the pointer to a buffer of the arena, as elements of a type; None where it is declared anyway."""

    @abstractmethod
    def constant(self, path: Path, value: Value, name: str) -> Statement:
        """Declare the pointer to a constant that `literal` does not know."""

    def literal(self, path: Path, value: Value) -> Expression | None:
        """Return the number that all elements of a constant are, where that is known now."""
        del path, value
        return None

    @abstractmethod
    def product(self, call: Caller, suffix: str, *arguments: Operand) -> Expression:
        """Return the call of a product.

        Args:
            call: returns the call of a function of the headers, which becomes a part of the unit.
            suffix: of the element type.
            arguments: rows, inner, columns; two pointers, each with the strides of rows and columns; the pointer to the
                result, the stride of its rows, and whether to add to it.
        """

    @abstractmethod
    def product_part(self, call: Caller, suffix: str, *arguments: Operand) -> Expression:
        """Return the call of a block of a product: as for `product`, behind the rows that the whole has."""

    def alone(self, call: Caller, suffix: str) -> Expression:
        """Return whether products must be computed in one call each, in C: by a library with threads of its own."""
        del call, suffix
        return FALSE

    @abstractmethod
    def fault(self, index: Expression, rows: Expression) -> Sequence[Statement]:
        """Return the statements that end a run because a table of so many rows has none of an index."""

    @abstractmethod
    def pragma(self, directive: str, indent: str) -> str:
        """Return the line that gives a directive of OpenMP to the compiler.

        Args:
            directive: what stands behind ``omp``.
            indent: of the loop below.
        """


@dataclass
class RecordLinkage(Linkage):
    """Everything comes from the record `nnc_run`, so that one text does for all sizes.

    Attributes:
        symbols: the run-time dimensions in the order of ``sizes``.
        slots: the buffers, with their places in ``offsets``, in this order.
        states: labels in the order of ``states``.
        constants: values, with the steps of the scans they lie in, in the order of ``constants``.
    """

    record = "const nnc_run *run"

    symbols: Sequence[str] = ()
    slots: dict[Slot, int] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    constants: list[tuple[Path, Value]] = field(default_factory=list)

    def size(self, symbol: str) -> Statement:
        """Read it."""
        name = symbol_text(symbol)
        return Statement(f"const int64_t {name} = run->sizes[{self.symbols.index(symbol)}];", _READS, name)

    def state(self, label: str, type: TensorType, name: str) -> Statement:
        """Take the next pointer."""
        number, kind = len(self.states), MEMORY_TYPES[type.dtype]
        self.states.append(label)
        text = f"{kind} *const {name} = ({kind} *)run->states[{number}]; {comment(f'@{label}')}"
        return Statement(text, _READS, name)

    def buffer(self, slot: Slot, dtype: str, name: str) -> Statement:
        """Add the next offset, or that of the same buffer."""
        kind, number = MEMORY_TYPES[dtype], self.slots.setdefault(slot, len(self.slots))
        place = f"run->arena + run->offsets[{number}]"
        return Statement(f"{kind} *const {name} = ({kind} *)({place});", _READS, name)

    def constant(self, path: Path, value: Value, name: str) -> Statement:
        """Take the next pointer."""
        number, kind = len(self.constants), MEMORY_TYPES[value.dtype]
        self.constants.append((path, value))
        text = f"const {kind} *const {name} = (const {kind} *)run->constants[{number}]; {comment(value.node.op.name)}"
        return Statement(text, _READS, name)

    def product(self, call: Caller, suffix: str, *arguments: Operand) -> Expression:
        """Call what knows of the BLAS that the run may bring."""
        return call(f"nnc_product_{suffix}", RUN, *arguments)

    def product_part(self, call: Caller, suffix: str, *arguments: Operand) -> Expression:
        """Call what knows of the BLAS as well."""
        return call(f"nnc_product_part_{suffix}", RUN, *arguments)

    def alone(self, call: Caller, suffix: str) -> Expression:
        """Ask whether the BLAS that the run may bring is called."""
        return call(f"nnc_calls_blas_{suffix}", RUN)

    def fault(self, index: Expression, rows: Expression) -> Sequence[Statement]:
        """Leave a note in the record."""
        note = line("run->fault[0] = 1, run->fault[1] = ", index, ", run->fault[2] = ", rows, ";", may_fail=True)
        return [note, Statement("return;", may_fail=True)]

    def pragma(self, directive: str, indent: str) -> str:
        """Give it as it is."""
        return plain_pragma(directive, indent)


_READS = RUN.uses
