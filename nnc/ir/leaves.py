"""Ops without operands: what enters a graph from outside, and constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from nnc.errors import GraphError, ShapeError
from nnc.ir.names import check_name
from nnc.ir.op import Op
from nnc.ir.types import TensorType

PARAMETER = "parameter"
"""Role of state that is trained: the loss is differentiated with respect to it."""
WINDOW = "window"
"""Role of what the planner makes of the inputs of a loop's body: a place that moves from step to step."""
HOISTED = "hoisted"
"""Role of state that a prologue derives from other states; it is not saved."""
ROLES = (
    PARAMETER,
    "frozen",
    "buffer",
    "slot",
    "average",
    "counter",
    "metric",
    "hyperparameter",
    "random",
    WINDOW,
    HOISTED,
)


class Leaf(Op):
    """An op without operands whose type is an attribute."""

    arity: ClassVar[int | None] = 0
    type: TensorType

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the declared type."""
        return (self.type,)

    def flops(self, operands: Any, results: Any) -> int:
        """Return 0: nothing is computed."""
        return 0


@dataclass(frozen=True)
class Input(Leaf, name="input"):
    """An array that the caller gives at each run."""

    label: str
    type: TensorType

    def __post_init__(self) -> None:
        check_name(self.label, "an input")


@dataclass(frozen=True)
class State(Leaf, name="state"):
    """An array that lives between runs: parameters, optimizer slots, counters, metrics, the random key.

    Args:
        label: unique name, printed as ``@label``.
        type: element type and shape, which must be numeric for all but windows.
        role: one of `ROLES`.
    """

    label: str
    type: TensorType
    role: str

    def __post_init__(self) -> None:
        check_name(self.label, "a state")
        if self.role not in ROLES:
            raise ShapeError(f"state '{self.label}' has unknown role {self.role!r}; known are {', '.join(ROLES)}")
        if self.type.symbols and self.role != WINDOW:
            raise ShapeError(f"state '{self.label}' needs a numeric shape, got {self.type}")


@dataclass(frozen=True)
class Constant(Leaf, name="constant"):
    """Numbers known when the graph is built, in row-major order."""

    type: TensorType
    data: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.type.symbols or prod(int(dim) for dim in self.type.shape) != len(self.data):
            raise ShapeError(f"a constant of type {self.type} cannot hold {len(self.data)} numbers")

    @classmethod
    def of(cls, data: Any, dtype: str, shape: tuple[int, ...] | None = None) -> Constant:
        """Return the constant with the numbers of an array, or of what becomes one.

        Raises:
            GraphError: the data are not numbers.
            ShapeError: whole numbers (or bool) are asked for and the data are something else.
        """
        import numpy

        try:
            given = numpy.asarray(data)
        except Exception as error:  # objects of others do as they like
            raise GraphError(f"an operand of class {data.__class__.__name__} is not an array: {error}") from None
        if given.dtype.kind not in "fiub":
            raise GraphError(f"an operand must be a value of the graph or numbers, got {data.__class__.__name__}")
        type = TensorType(dtype, given.shape if shape is None else shape)
        with numpy.errstate(invalid="ignore"):
            array = given.astype(dtype)
        if not type.is_floating and not numpy.array_equal(array, given):
            raise ShapeError(f"{data!r} cannot be a constant of element type {dtype}")
        return cls(type, tuple(array.reshape(-1).tolist()))

    def __eq__(self, other: object) -> bool:
        """Compare bit for bit: 0.0 and -0.0 are two constants, nan and nan are one."""
        if not isinstance(other, Constant):
            return NotImplemented
        return self is other or (self.type == other.type and self.bits == other.bits)

    def __hash__(self) -> int:
        return hash((self.type, self.bits))

    @property
    def bits(self) -> bytes:
        """The array's bytes."""
        found: bytes = self.evaluate().tobytes()
        return found

    def bind(self, bindings: Mapping[str, int]) -> Constant:
        """Return the constant itself: it has no symbols."""
        return self

    def evaluate(self, *operands: Any) -> Any:
        """Return the array."""
        import numpy

        return numpy.array(self.data, self.type.dtype).reshape([int(dim) for dim in self.type.shape])
