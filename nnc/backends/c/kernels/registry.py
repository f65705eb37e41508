"""The tables of kernels by op class: expressions of elementwise ops, and writers of all others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import Expression, Operand, call
from nnc.backends.c.linkage import Linkage
from nnc.backends.c.nests import Elementwise
from nnc.backends.c.statements import Code
from nnc.backends.c.text import identifier
from nnc.ir import Op, TensorType
from nnc.target import Prepacked


@dataclass
class Unit:
    """Everything that a translation unit needs besides its statements.

    Attributes:
        linkage: how it gets at sizes, buffers, states, constants and products.
        functions: names of the functions of `nnc.backends.c.headers` that are called.
        taken: names that are used.
    """

    linkage: Linkage
    functions: dict[str, None] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def call(self, function: str, *arguments: Operand) -> Expression:
        """Return a call of a function of the headers, which becomes a part of the unit."""
        self.functions[function] = None
        return call(function, *arguments)

    def name(self, text: str) -> str:
        """Take a new name that is near to a text."""
        name = identifier(text, self.taken)
        self.taken.add(name)
        return name


@dataclass(frozen=True)
class KernelCall:
    """One step, as a writer sees it.

    Args:
        op: what to compute; its attributes may have symbols.
        operands: arrays to read.
        results: arrays to write; dense, but for what is packed or updated in place.
        workspace: arrays that the kernel asked for.
        unplaced: positions of a pack's operands that are not in place yet.
        unit: where functions and names come from.
        epilogue: elementwise steps on the result, of a product; they run behind a writer that does not fuse them.
        prepacked: pointer to what the kernel reads instead of an operand, None where there is none.
    """

    op: Any
    operands: tuple[Array, ...]
    results: tuple[Array, ...]
    workspace: tuple[Array, ...]
    unplaced: tuple[int, ...]
    unit: Unit
    epilogue: Elementwise | None = None
    prepacked: Expression | None = None

    @property
    def result(self) -> Array:
        """The only result."""
        (array,) = self.results
        return array


@dataclass(frozen=True)
class Fused:
    """The statements of a kernel that has fused its epilogue: they compute both."""

    lines: Sequence[Code]


Written = Sequence[Code] | Fused
"""What a writer returns. The epilogue of a kernel that has not fused it is printed behind it: none can be forgotten."""
Formula = Callable[[Any, Sequence[Expression], Sequence[str], str, Unit], Expression]
"""Returns the element of a result from the op, its operands' elements, their element types and its own."""
Writer = Callable[[KernelCall], Written]
WorkspaceRule = Callable[[Op, Sequence[TensorType], Sequence[TensorType]], Sequence[TensorType]]
Prepack = Callable[[Op, Sequence[TensorType], Sequence[TensorType]], Prepacked | None]
"""Returns what a kernel reads instead of an operand that no run changes, from the types of operands and results."""
Packer = Callable[[KernelCall, Expression], Sequence[Code]]
"""Returns what packs an operand for a call of the kernel, at the pointer given."""


def no_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    """Ask for nothing."""
    return ()


def no_prepack(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Prepacked | None:
    """Take operands as they are."""
    return None


@dataclass(frozen=True)
class Kernel:
    """The way the C backend computes an op that is not elementwise."""

    write: Writer
    workspace: WorkspaceRule
    prepack: Prepack = no_prepack
    pack: Packer | None = None


EXPRESSIONS: dict[type[Op], Formula] = {}
KERNELS: dict[type[Op], Kernel] = {}


def expression(*ops: type[Op]) -> Callable[[Formula], Formula]:
    """Register the expression of elementwise op classes."""

    def register(write: Formula) -> Formula:
        for op in ops:
            if op in EXPRESSIONS:
                raise ValueError(f"operation '{op.name}' already has an expression in C")
            EXPRESSIONS[op] = write
        return write

    return register


def kernel(
    *ops: type[Op],
    workspace: WorkspaceRule = no_workspace,
    prepack: Prepack = no_prepack,
    pack: Packer | None = None,
) -> Callable[[Writer], Writer]:
    """Register a writer for op classes.

    Args:
        ops: the classes.
        workspace: what the kernel needs besides operands and results.
        prepack: what it reads instead of an operand that no run changes.
        pack: returns what makes that.
    """

    def register(write: Writer) -> Writer:
        for op in ops:
            if op in KERNELS:
                raise ValueError(f"operation '{op.name}' already has a kernel in C")
            KERNELS[op] = Kernel(write, workspace, prepack, pack)
        return write

    return register
