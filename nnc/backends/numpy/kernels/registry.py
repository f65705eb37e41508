"""The table of kernels by op class, and what a kernel writer is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnc.ir import Op, TensorType

Arrays = dict[str, Any]
Derivation = Callable[[Arrays], Any]
"""Makes an object, such as a window on a bound array, each time a source is bound to arrays."""


@dataclass
class Names:
    """The objects that emitted source refers to by name, apart from the values themselves."""

    functions: Arrays = field(default_factory=dict)
    derived: dict[str, Derivation] = field(default_factory=dict)

    def function(self, name: str, function: Any) -> str:
        """Bind a function or a constant once and return its name."""
        known = self.functions.setdefault(name, function)
        if known != function:
            raise ValueError(f"the name '{name}' is bound to two different objects")
        return name


@dataclass(frozen=True)
class KernelCall:
    """One step, as a kernel writer sees it: names of arrays that exist when the source runs.

    Args:
        op: what to compute.
        operands: names of the operands.
        results: names of the results, which are written in place.
        workspace: names of the arrays that the kernel asked for.
        operand_types: types of the operands; run-time dimensions are symbols.
        result_types: types of the results.
        inplace: position of the operand that shares the result's buffer, or None.
        unplaced: positions of a pack's operands that are not in place yet.
        names: where functions and derived objects are bound.
    """

    op: Op
    operands: tuple[str, ...]
    results: tuple[str, ...]
    workspace: tuple[str, ...]
    operand_types: tuple[TensorType, ...]
    result_types: tuple[TensorType, ...]
    inplace: int | None
    unplaced: tuple[int, ...]
    names: Names

    @property
    def result(self) -> str:
        """Name of the only result."""
        (name,) = self.results
        return name

    def function(self, function: Any, name: str = "") -> str:
        """Return the name under which a function is bound."""
        return self.names.function(name or function.__name__, function)

    def number(self, number: float) -> str:
        """Return the name of a scalar array of the result's element type, made once."""
        import numpy

        dtype = self.result_types[0].dtype
        name = f"number_{number_name(number)}_{dtype}"
        if name not in self.names.functions:
            self.names.functions[name] = numpy.array(number, dtype)
        return name

    def derive(self, name: str, derivation: Derivation) -> str:
        """Return the name of an object that is made from the bound arrays before the first run."""
        unique, count = name, 1
        while unique in self.names.derived:
            count += 1
            unique = f"{name}_{count}"
        self.names.derived[unique] = derivation
        return unique


def number_name(number: float) -> str:
    """Return a number as part of a Python name.

    >>> number_name(-0.5)
    'minus_0_5'
    """
    return f"{number:g}".replace("-", "minus_").replace(".", "_").replace("+", "")


Writer = Callable[[KernelCall], Sequence[str]]
"""Returns the statements that compute a step."""
WorkspaceRule = Callable[[Op, Sequence[TensorType], Sequence[TensorType]], Sequence[TensorType]]


@dataclass(frozen=True)
class Kernel:
    """How the NumPy backend computes an op."""

    write: Writer
    workspace: WorkspaceRule


KERNELS: dict[type[Op], Kernel] = {}


def no_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    """Ask for nothing."""
    return ()


def kernel(*ops: type[Op], workspace: WorkspaceRule = no_workspace) -> Callable[[Writer], Writer]:
    """Register a kernel writer for op classes."""

    def register(write: Writer) -> Writer:
        for op in ops:
            if op in KERNELS:
                raise ValueError(f"operation '{op.name}' already has a NumPy kernel")
            KERNELS[op] = Kernel(write, workspace)
        return write

    return register
