"""The base class of operations: what an op must say about itself, and the table of all ops by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from nnc.errors import GraphError, NotDifferentiableError, ShapeError, nearest
from nnc.ir.dimensions import SymbolicDim
from nnc.ir.types import LARGEST, TensorType

if TYPE_CHECKING:
    from nnc.ir.graph import Graph, Value
    from nnc.ir.layout import Layout

_OPS: dict[str, type[Op]] = {}


@dataclass(frozen=True)
class Op:
    """An operation; its dataclass fields are its attributes, so equal ops hash equally.

    A subclass with attributes is a frozen dataclass; one without needs no decorator, which keeps imports fast.

    A subclass states its name in the class line, ``class Add(Op, name="add")``, and says here, in one
    place, what it means: result types (`infer`), numbers (`evaluate`), derivative (`vjp`), aliasing
    (`view`, `inplace`) and cost (`flops`). Backends register kernels by op class.
    """

    name: ClassVar[str] = ""
    arity: ClassVar[int | None] = None
    """Number of operands; None where it may vary."""
    elementwise: ClassVar[bool] = False
    """Whether each element of the result depends on the broadcast elements of the operands alone."""
    inplace: ClassVar[tuple[int, ...]] = ()
    """Operands whose buffer the result may take over when they are not needed afterwards."""
    dense: ClassVar[tuple[int, ...]] = ()
    """Operands that are needed with their elements in row-major order; views of another order are copied first."""
    kernel: ClassVar[tuple[int, int] | None] = None
    """Operand, and an axis of it from the end, where a factor per element is one per element of the result's last."""
    per_axis: ClassVar[tuple[str, ...]] = ()
    """Attributes with an item per axis, where these alone tell the axes of operands and result apart."""
    composite: ClassVar[bool] = False
    """Whether the op is defined by its decomposition, which backends without a kernel for it use."""
    packs: ClassVar[bool] = False
    """Whether the op only puts its operands one behind the other, so that they can be computed in place."""

    def __init_subclass__(cls, name: str = "", **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if name:
            other = _OPS.get(name)
            if other is not None and other.__qualname__ != cls.__qualname__:
                raise GraphError(f"two operations are named '{name}': {other.__qualname__} and {cls.__qualname__}")
            cls.name = name
            _OPS[name] = cls

    @property
    def title(self) -> str:
        """The name shown in texts and pictures; ops with bodies add what the body is."""
        return self.name

    def result_types(self, operands: Sequence[TensorType]) -> tuple[TensorType, ...]:
        """Check the number of operands and return the result types.

        Raises:
            ShapeError: the operands do not fit.
        """
        if self.arity is not None and len(operands) != self.arity:
            raise ShapeError(f"'{self.name}' takes {self.arity} operands, got {len(operands)}")
        return self.infer(*operands)

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the result types. Used when a node is built and again when a graph is verified.

        Raises:
            ShapeError: the operands do not fit.
        """
        raise TypeError(f"operation '{self.name}' has no type rule")

    def bound_types(self, bindings: Mapping[str, int], operands: Sequence[TensorType]) -> tuple[TensorType, ...]:
        """Return the result types with numbers instead of symbols, for numeric operands.

        An op need not bind its bodies where what is in them is all: their nodes are inferred with numbers as well.

        Raises:
            ShapeError: the operands do not fit.
        """
        return self.bind(bindings).result_types(operands)

    def evaluate(self, *operands: Any) -> Any:
        """Return the result array (or a tuple of arrays) of NumPy operands: the op's meaning, unplanned."""
        raise TypeError(f"operation '{self.name}' cannot be evaluated by itself")

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Return one cotangent per operand, as graph code; None where an operand gets no gradient.

        Args:
            operands: the node's operands.
            results: the node's results, so that a derivative may reuse them.
            cotangents: gradient of the loss with respect to each result, None where there is none.

        Raises:
            NotDifferentiableError: the op has no derivative.
        """
        raise NotDifferentiableError(f"operation '{self.name}' has no derivative")

    def view(self, operands: Sequence[Layout], results: Sequence[TensorType]) -> Sequence[Layout] | None:
        """Return the results' layouts inside the buffer of operand 0, or None where they are not views.

        Asked with symbols when memory is planned, so that the answer holds for all sizes, and with numbers when a
        plan is bound.
        """
        return None

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return the number of floating-point operations for numeric types."""
        return sum(prod(int(dim) for dim in result.shape) for result in results)

    def traffic(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return the bytes that are read and written for numeric types: by default all of operands and results."""
        return sum(type.nbytes for type in (*operands, *results))

    @classmethod
    def body_types(cls, attributes: Mapping[str, Any], operands: Sequence[TensorType]) -> list[TensorType]:
        """Return the types of a body's inputs for operands of these types; only for ops with a body."""
        return list(operands)

    def decompose(self, *operands: Value) -> tuple[Value, ...]:
        """Return the same results in terms of other ops; only for ops with `composite` set."""
        raise TypeError(f"operation '{self.name}' has no decomposition")

    def bind(self, bindings: Mapping[str, int]) -> Op:
        """Return the op with numbers instead of symbols in its attributes and bodies."""
        attributes = self.attributes()
        bound = {key: _bound(value, bindings) for key, value in attributes.items()}
        return replace(self, **bound) if any(bound[key] is not attributes[key] for key in bound) else self

    @property
    def bodies(self) -> tuple[Graph, ...]:
        """The graphs among the attributes."""
        names = _body_names(type(self))
        return tuple(body for body in (getattr(self, name) for name in names) if body is not None) if names else ()

    def attributes(self) -> dict[str, Any]:
        """Return the attributes by name, in the order of declaration."""
        return {name: getattr(self, name) for name in _attribute_names(type(self))}

    def attribute_defaults(self) -> dict[str, Any]:
        """Return the declared defaults; the printer leaves out what equals them."""
        return {field.name: field.default for field in fields(self)}


def _bound(value: Any, bindings: Mapping[str, int]) -> Any:
    from nnc.ir.graph import Graph

    if isinstance(value, SymbolicDim | TensorType | Graph):
        return value.bind(bindings)
    if isinstance(value, tuple):
        items = [_bound(item, bindings) for item in value]
        return tuple(items) if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


_ATTRIBUTE_NAMES: dict[type[Op], tuple[str, ...]] = {}
_BODY_NAMES: dict[type[Op], tuple[str, ...]] = {}


def _attribute_names(cls: type[Op]) -> tuple[str, ...]:
    if cls not in _ATTRIBUTE_NAMES:
        _ATTRIBUTE_NAMES[cls] = tuple(field.name for field in fields(cls))
    return _ATTRIBUTE_NAMES[cls]


def _body_names(cls: type[Op]) -> tuple[str, ...]:
    if cls not in _BODY_NAMES:
        _BODY_NAMES[cls] = tuple(field.name for field in fields(cls) if "Graph" in str(field.type))
    return _BODY_NAMES[cls]


def op_names() -> tuple[str, ...]:
    """Return the names of all known ops, sorted."""
    return tuple(sorted(_OPS))


def op_class(name: str) -> type[Op]:
    """Return the op class named `name`.

    Raises:
        GraphError: there is none; the message has the nearest known name.
    """
    try:
        return _OPS[name]
    except KeyError:
        raise GraphError(f"unknown operation '{name}'.{nearest(name, _OPS)}") from None


def make_op(name: str, attributes: Mapping[str, Any]) -> Op:
    """Build an op from attributes that come from outside, checking their names and types.

    Raises:
        GraphError: an attribute is unknown, missing, or of the wrong type.
    """
    cls = op_class(name)
    expected = {field.name: str(field.type) for field in fields(cls)}
    for key, value in attributes.items():
        if key not in expected:
            raise GraphError(f"operation '{name}' has no attribute '{key}'.{nearest(key, expected)}")
        if not _attribute_checks()[expected[key]](value):
            raise GraphError(f"attribute '{key}' of operation '{name}' must be {expected[key]}, got {value!r}")
        if expected[key] in ("int", "Dim", "Shape", "tuple[int, ...]") and _exceeds(value):
            raise GraphError(
                f"attribute '{key}' of operation '{name}' has a number that 64 bits cannot hold: {value!r}"
            )
    for field in fields(cls):
        if field.name not in attributes and field.default is MISSING:
            raise GraphError(f"operation '{name}' lacks attribute '{field.name}'")
    return cls(**attributes)


def _exceeds(value: Any) -> bool:
    """Whether there is a number among an attribute's that 64 bits cannot hold."""
    return any(map(_exceeds, value)) if isinstance(value, tuple) else isinstance(value, int) and abs(value) > LARGEST


@cache
def _attribute_checks() -> dict[str, Callable[[Any], bool]]:
    from nnc.ir.graph import Graph

    def is_int(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def is_number(value: Any) -> bool:
        return isinstance(value, float) or is_int(value)

    def tuple_of(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
        return lambda value: isinstance(value, tuple) and all(map(check, value))

    def is_dim(value: Any) -> bool:
        return is_int(value) or isinstance(value, SymbolicDim)

    return {
        "int": is_int,
        "float": is_number,
        "bool": lambda value: isinstance(value, bool),
        "str": lambda value: isinstance(value, str),
        "tuple[int, ...]": tuple_of(is_int),
        "tuple[float, ...]": tuple_of(is_number),
        "tuple[str, ...]": tuple_of(lambda value: isinstance(value, str)),
        "Dim": is_dim,
        "Shape": tuple_of(is_dim),
        "tuple[Shape, ...]": tuple_of(tuple_of(is_dim)),
        "Graph": lambda value: isinstance(value, Graph),
        "TensorType": lambda value: isinstance(value, TensorType),
        "tuple[int, ...] | None": lambda value: value is None or tuple_of(is_int)(value),
        "float | None": lambda value: value is None or is_number(value),
    }
