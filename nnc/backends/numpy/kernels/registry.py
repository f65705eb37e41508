"""The table of kernels by op class, and what a kernel writer is given."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnc.backends.numpy.text import identifier
from nnc.ir import Op, TensorType


class Arrays(dict[str, Any]):
    """Bound arrays by name, and what derivations share between them.

    Args:
        bindings: sizes of the run-time dimensions.
    """

    def __init__(self, bindings: Mapping[str, int]) -> None:
        super().__init__()
        self.bindings = bindings


Derivation = Callable[[Arrays], Any]
"""Makes an object, such as a window on a bound array, each time a source is bound to arrays."""


@dataclass
class Names:
    """The objects that emitted source refers to by name; all names are different.

    Attributes:
        taken: names of everything, values included.
        bound: names of functions and numbers, by the names they were wanted under.
        functions: functions and numbers by name.
        derived: how to make the objects that depend on bound arrays, by name.
        reserved: names that functions and numbers alone may have.
    """

    taken: set[str] = field(default_factory=set)
    bound: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Any] = field(default_factory=dict)
    derived: dict[str, Derivation] = field(default_factory=dict)
    reserved: frozenset[str] = frozenset()

    def unique(self, text: str, reserved: Container[str] = ()) -> str:
        """Take a name that no other object has, as near to `text` as Python allows, and return it."""
        unique = identifier(text, self.taken, reserved, self.reserved)
        self.taken.add(unique)
        return unique

    def function(self, name: str, function: Any) -> str:
        """Bind a function or a number once and return its name."""
        if name not in self.bound:
            self.bound[name] = unique = identifier(name, self.taken)
            self.taken.add(unique)
            self.functions[self.bound[name]] = function
        elif self.functions[self.bound[name]] != function:
            raise ValueError(f"the name '{name}' is bound to two different objects")
        return self.bound[name]

    def inside(self) -> Names:
        """Return names for the body of a loop: the same, but for objects that are made anew for each step."""
        return Names(self.taken, self.bound, self.functions, reserved=self.reserved)

    def derive(self, name: str, derivation: Derivation) -> str:
        """Take a name for an object that is made from the bound arrays."""
        unique = self.unique(name)
        self.derived[unique] = derivation
        return unique


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
        dense: for each operand, whether its elements lie in row-major order, so that a reshape is a view; results do.
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
    dense: tuple[bool, ...]
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
        return self.names.bound.get(name) or self.names.function(name, numpy.array(number, dtype))

    def derive(self, name: str, derivation: Derivation) -> str:
        """Return the name of an object that is made from the bound arrays before the first run."""
        return self.names.derive(name, derivation)

    def reshaped(self, array: str, kind: str, shape: Callable[[tuple[int, ...]], tuple[int, ...]]) -> str:
        """Return the name of a view of a dense array in the shape that a function makes of the array's own."""
        return self.derive(f"{array}_{kind}", lambda arrays: arrays[array].reshape(shape(arrays[array].shape)))


def number_name(number: float) -> str:
    """Return a number as part of a Python name; different numbers have different names.

    >>> number_name(-0.5), number_name(1e-7)
    ('minus_0_5', '1eminus_07')
    """
    short = f"{number:g}"
    text = short if float(short) == number else repr(number)
    return text.replace("-", "minus_").replace(".", "_").replace("+", "")


Writer = Callable[[KernelCall], Sequence[str]]
"""Returns the statements that compute a step."""
WorkspaceRule = Callable[[Op, Sequence[TensorType], Sequence[TensorType]], Sequence[TensorType]]


@dataclass(frozen=True)
class Kernel:
    """The way the NumPy backend computes an op."""

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
