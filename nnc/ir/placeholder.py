"""What takes part in graph arithmetic: its operators, and objects that stand for a value, such as a layer's weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar

from nnc.errors import GraphError
from nnc.ir.op import op_class

if TYPE_CHECKING:
    from nnc.ir.graph import Graph, Operand, Value
    from nnc.ir.types import TensorType

_MEANINGS: ContextVar[Mapping[Placeholder, Value] | None] = ContextVar("meanings", default=None)
Assign = Callable[["Placeholder", "Value"], None]
"""Lets a placeholder stand for another value, from now on and after the run."""
_ASSIGN: ContextVar[Assign | None] = ContextVar("assign", default=None)


class Operators:
    """Python's operators, for a value of a graph and for what stands for one: each adds nodes to the graph."""

    __slots__ = ()

    operate: ClassVar[Callable[..., Any]]
    """Applies an operation of `keras.ops`, given by its class; whoever knows these operations says how."""

    @property
    def value(self) -> Value:
        """The graph value that operators work on."""
        raise NotImplementedError

    def _binary(self, name: str, other: Operand, swap: bool = False) -> Value:
        value = self.value
        right = value.graph.as_value(other, like=value)
        operands = (right, value) if swap else (value, right)
        return value.graph.add(op_class(name)(), *operands)[0]

    def _logical(self, name: str, other: Operand) -> Any:
        for operand in (self.value, other):
            kind = getattr(operand, "dtype", type(operand).__name__)
            if kind != "bool":
                raise GraphError(f"&, | and ^ take truth values here, got {kind}; nnc.ops.bitwise_and is about bits")
        return self.operate(name, self.value, other)

    def __add__(self, other: Operand) -> Value:
        return self._binary("add", other)

    def __radd__(self, other: Operand) -> Value:
        return self._binary("add", other, swap=True)

    def __sub__(self, other: Operand) -> Value:
        return self._binary("subtract", other)

    def __rsub__(self, other: Operand) -> Value:
        return self._binary("subtract", other, swap=True)

    def __mul__(self, other: Operand) -> Value:
        return self._binary("multiply", other)

    def __rmul__(self, other: Operand) -> Value:
        return self._binary("multiply", other, swap=True)

    def __truediv__(self, other: Operand) -> Value:
        return self._binary("divide", other)

    def __rtruediv__(self, other: Operand) -> Value:
        return self._binary("divide", other, swap=True)

    def __pow__(self, other: Operand) -> Value:
        return self._binary("power", other)

    def __rpow__(self, other: Operand) -> Any:
        return self.operate("Power", other, self.value)

    def __matmul__(self, other: Value | Placeholder) -> Value:
        return self._binary("matmul", other)

    def __floordiv__(self, other: Operand) -> Any:
        return self.operate("FloorDivide", self.value, other)

    def __rfloordiv__(self, other: Operand) -> Any:
        return self.operate("FloorDivide", other, self.value)

    def __mod__(self, other: Operand) -> Any:
        return self.operate("Mod", self.value, other)

    def __rmod__(self, other: Operand) -> Any:
        return self.operate("Mod", other, self.value)

    def __lt__(self, other: Operand) -> Value:
        return self._binary("less", other)

    def __le__(self, other: Operand) -> Value:
        return self._binary("less_equal", other)

    def __gt__(self, other: Operand) -> Value:
        return self._binary("greater", other)

    def __ge__(self, other: Operand) -> Value:
        return self._binary("greater_equal", other)

    def __neg__(self) -> Value:
        return self.value.graph.add(op_class("negative")(), self.value)[0]

    def __abs__(self) -> Any:
        return self.operate("Absolute", self.value)

    def __invert__(self) -> Any:
        return self.operate("LogicalNot", self.value)

    def __and__(self, other: Operand) -> Any:
        return self._logical("LogicalAnd", other)

    def __or__(self, other: Operand) -> Any:
        return self._logical("LogicalOr", other)

    def __xor__(self, other: Operand) -> Any:
        return self._logical("LogicalXor", other)

    def __getitem__(self, key: Any) -> Any:
        return self.operate("GetItem", self.value, key)


class Placeholder(Operators):
    """Base of objects that take part in graph arithmetic: ``x @ self.kernel + self.bias``."""

    __array_priority__: ClassVar[float] = 1000.0
    """Lets ``array * self.kernel`` come here, instead of NumPy making an array of it."""

    @property
    def has_value(self) -> bool:
        """Whether a graph is being built in which this object stands for a value."""
        meanings = _MEANINGS.get()
        return meanings is not None and self in meanings

    @property
    def value(self) -> Value:
        """The graph value this object stands for.

        Raises:
            GraphError: no graph is being built, or this object has no place in it.
        """
        meanings = _MEANINGS.get()
        if meanings is None or self not in meanings:
            raise GraphError(f"{self!r} stands for no value here; weights are used inside a layer's call()")
        return meanings[self]

    def assign_value(self, value: Value) -> None:
        """Stand for another value of the graph that is being built, from now on and after the run.

        Raises:
            GraphError: no graph is being built, or one in which nothing can be assigned.
        """
        assign = _ASSIGN.get()
        if assign is None:
            raise GraphError(f"{self!r} cannot be assigned here; weights are assigned inside a layer's call()")
        assign(self, value)

    @property
    def type(self) -> TensorType:
        """Type of the value."""
        return self.value.type

    @property
    def rank(self) -> int:
        """Number of dimensions of the value."""
        return self.value.rank

    @property
    def graph(self) -> Graph:
        """The graph that is being built."""
        return self.value.graph


def is_building() -> bool:
    """Return whether a graph is being built in which placeholders stand for values."""
    return _MEANINGS.get() is not None


def building_graph() -> Graph | None:
    """Return the graph that is being built in which placeholders stand for values, None where there is none."""
    first = next(iter((_MEANINGS.get() or {}).values()), None)
    return None if first is None else first.graph


@contextmanager
def meaning(meanings: dict[Placeholder, Value], assign: Assign | None = None) -> Iterator[None]:
    """Let placeholders stand for these values inside the block.

    Args:
        meanings: the values.
        assign: what is done where one is assigned; None where none can be.
    """
    token, assigning = _MEANINGS.set(meanings), _ASSIGN.set(assign)
    try:
        yield
    finally:
        _MEANINGS.reset(token)
        _ASSIGN.reset(assigning)


class _Captured(Mapping["Placeholder", "Value"]):
    """The meanings outside of a body, each as what the body knows it by."""

    def __init__(self, outside: Mapping[Placeholder, Value], capture: Callable[[Value], Value]) -> None:
        self.outside = outside
        self.capture = capture

    def __getitem__(self, placeholder: Placeholder) -> Value:
        return self.capture(self.outside[placeholder])

    def __contains__(self, placeholder: object) -> bool:
        return placeholder in self.outside

    def __iter__(self) -> Iterator[Placeholder]:
        return iter(self.outside)

    def __len__(self) -> int:
        return len(self.outside)


@contextmanager
def capturing(capture: Callable[[Value], Value]) -> Iterator[None]:
    """Let placeholders stand for what `capture` makes of their values inside the block, in which a body is built."""
    token = _MEANINGS.set(_Captured(_MEANINGS.get() or {}, capture))
    try:
        yield
    finally:
        _MEANINGS.reset(token)
