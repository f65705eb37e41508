"""Tensor types: an element type and a shape whose dimensions are numbers or named symbols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from nnc.errors import ShapeError, SymbolError
from nnc.ir.names import RESERVED, SIMPLE

SHORT_NAMES = {
    "float32": "f32",
    "float64": "f64",
    "int32": "i32",
    "int64": "i64",
    "uint32": "u32",
    "uint64": "u64",
    "uint8": "u8",
    "bool": "bool",
}
LONG_NAMES = {short: name for name, short in SHORT_NAMES.items()}
ITEM_SIZES = {"float32": 4, "float64": 8, "int32": 4, "int64": 8, "uint32": 4, "uint64": 8, "uint8": 1, "bool": 1}
FLOATING = frozenset({"float32", "float64"})
NUMERIC = frozenset(SHORT_NAMES) - {"bool"}


@dataclass(frozen=True, slots=True)
class SymbolicDim:
    """A dimension known at run time: a whole number times a product of named symbols.

    >>> batch = symbol("batch")
    >>> 3 * batch
    3*batch
    >>> (3 * batch).bind({"batch": 32})
    96
    """

    factor: int
    symbols: tuple[str, ...]

    def __mul__(self, other: Dim) -> Dim:
        if isinstance(other, int):
            return SymbolicDim(self.factor * other, self.symbols) if other else 0
        return SymbolicDim(self.factor * other.factor, tuple(sorted(self.symbols + other.symbols)))

    __rmul__ = __mul__

    def __floordiv__(self, other: Dim) -> Dim:
        factor, remaining = self.factor, list(self.symbols)
        divisor, symbols = (other, ()) if isinstance(other, int) else (other.factor, other.symbols)
        for name in symbols:
            if name not in remaining:
                raise SymbolError(f"dimension {self} cannot be divided by {other}: it has no factor '{name}'")
            remaining.remove(name)
        if divisor == 0 or factor % divisor:
            raise SymbolError(f"dimension {self} cannot be divided by {other} without a remainder")
        return _product(factor // divisor, tuple(remaining))

    def __rfloordiv__(self, other: int) -> Dim:
        return self._unsupported("divided into a number")

    def __add__(self, other: Dim) -> Dim:
        return self._unsupported("added to")

    __radd__ = __add__

    def __sub__(self, other: Dim) -> Dim:
        return self._unsupported("subtracted from")

    __rsub__ = __sub__

    def __index__(self) -> int:
        raise SymbolError(f"a number is needed here, but dimension '{self}' is only known at run time")

    def _unsupported(self, action: str) -> Dim:
        raise SymbolError(f"dimension '{self}' is only known at run time, so it cannot be {action}")

    def bind(self, bindings: Mapping[str, int]) -> int:
        """Return the number that this dimension is when each symbol has the given size."""
        missing = [name for name in self.symbols if name not in bindings]
        if missing:
            raise SymbolError(f"no size is given for symbol '{missing[0]}'")
        return self.factor * prod(bindings[name] for name in self.symbols)

    def __str__(self) -> str:
        text = "*".join(self.symbols)
        return text if self.factor == 1 else f"{self.factor}*{text}"

    __repr__ = __str__


Dim = int | SymbolicDim
Shape = tuple[Dim, ...]


def symbol(name: str) -> SymbolicDim:
    """Return the dimension named `name`.

    Raises:
        SymbolError: the name could be taken for something else in a text.
    """
    if not SIMPLE.fullmatch(name) or name in RESERVED or name in LONG_NAMES:
        raise SymbolError(f"a symbol needs a name of letters, digits and _ that is no other word, got {name!r}")
    return SymbolicDim(1, (name,))


def _product(factor: int, symbols: tuple[str, ...]) -> Dim:
    return SymbolicDim(factor, symbols) if symbols else factor


def size_of(shape: Iterable[Dim]) -> Dim:
    """Return the number of elements of a shape, as a dimension.

    >>> size_of((symbol("batch"), 2, 3))
    6*batch
    """
    size: Dim = 1
    for dim in shape:
        size = size * dim
    return size


def solve_symbols(shapes: Mapping[str, tuple[Shape, tuple[int, ...]]]) -> dict[str, int]:
    """Return the size of each symbol that some dimension names alone.

    Args:
        shapes: for each array, by what messages call it, its declared and its numeric shape.

    Raises:
        ShapeError: a shape does not fit its numbers, or two shapes need different sizes for a symbol.

    >>> solve_symbols({"input 'x'": ((symbol("batch"), 2 * symbol("time")), (32, 10))})
    {'batch': 32, 'time': 5}
    """
    sizes: dict[str, int] = {}
    for shape, numbers in shapes.values():
        for dim, number in zip(shape, numbers, strict=False):
            if isinstance(dim, SymbolicDim) and len(dim.symbols) == 1:
                sizes.setdefault(dim.symbols[0], number // dim.factor)
    for name, (shape, numbers) in shapes.items():
        if len(shape) != len(numbers) or bind_shape(shape, sizes) != numbers:
            known = ", ".join(f"{symbol} = {size}" for symbol, size in sizes.items())
            hint = f" where {known}" if known else ""
            raise ShapeError(f"{name} must have shape ({_listed(shape)}){hint}, got ({_listed(numbers)})")
    return sizes


def _listed(shape: Iterable[Dim]) -> str:
    return ", ".join(map(str, shape))


def bind_shape(shape: Shape, bindings: Mapping[str, int]) -> tuple[int, ...]:
    """Return `shape` with numbers in the place of its symbols."""
    return tuple(dim if isinstance(dim, int) else dim.bind(bindings) for dim in shape)


@dataclass(frozen=True, slots=True)
class TensorType:
    """Element type and shape of a value; printed as ``f32[batch,2]``.

    Args:
        dtype: NumPy's name of the element type, one of ``SHORT_NAMES``.
        shape: dimensions, each an int ≥ 0 or a `SymbolicDim`.

    Raises:
        ShapeError: the dtype is unknown or a dimension is not a dimension.
    """

    dtype: str
    shape: Shape = ()

    def __post_init__(self) -> None:
        if self.dtype not in SHORT_NAMES:
            raise ShapeError(f"unknown element type {self.dtype!r}; known are {', '.join(SHORT_NAMES)}")
        for dim in self.shape:
            number = dim.factor if isinstance(dim, SymbolicDim) else dim
            if not isinstance(number, int) or isinstance(number, bool) or number < 0:
                raise ShapeError(f"a dimension must be an int of at least 0 or a symbol, got {dim!r}")

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> Dim:
        """Number of elements."""
        return size_of(self.shape)

    @property
    def is_floating(self) -> bool:
        """Whether elements are floating-point numbers."""
        return self.dtype in FLOATING

    @property
    def symbols(self) -> frozenset[str]:
        """Names of the symbols that occur in the shape."""
        return frozenset(name for dim in self.shape if isinstance(dim, SymbolicDim) for name in dim.symbols)

    @property
    def nbytes(self) -> int:
        """Bytes of a dense array of this type; the shape must be numeric."""
        return ITEM_SIZES[self.dtype] * prod(int(dim) for dim in self.shape)

    def bind(self, bindings: Mapping[str, int]) -> TensorType:
        """Return this type with numbers in the place of symbols."""
        return TensorType(self.dtype, bind_shape(self.shape, bindings))

    def with_shape(self, shape: Iterable[Dim]) -> TensorType:
        """Return the type of the same elements in another shape."""
        return TensorType(self.dtype, tuple(shape))

    def with_dtype(self, dtype: str) -> TensorType:
        """Return the type of the same shape with other elements."""
        return TensorType(dtype, self.shape)

    def __str__(self) -> str:
        return f"{SHORT_NAMES[self.dtype]}[{','.join(map(str, self.shape))}]"

    __repr__ = __str__


def broadcast_shapes(*shapes: Shape) -> Shape:
    """Return the shape NumPy's broadcasting rule gives, symbols included.

    Raises:
        ShapeError: two dimensions differ and neither is 1.

    >>> broadcast_shapes((symbol("batch"), 2), (2,))
    (batch, 2)
    """
    rank = max((len(shape) for shape in shapes), default=0)
    result: list[Dim] = []
    for axis in range(-rank, 0):
        dims = [shape[axis] for shape in shapes if len(shape) >= -axis]
        wide = [dim for dim in dims if dim != 1]
        if any(dim != wide[0] for dim in wide[1:]):
            listed = " and ".join(f"({_listed(shape)})" for shape in shapes)
            raise ShapeError(f"shapes {listed} do not broadcast: axis {axis} is {' and '.join(map(str, wide))}")
        result.append(wide[0] if wide else 1)
    return tuple(result)
