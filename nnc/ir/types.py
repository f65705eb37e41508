"""Tensor types: an element type and a shape whose dimensions are numbers, or known at run time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import prod

from nnc.errors import ShapeError
from nnc.ir.dimensions import Dim, SymbolicDim

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
LARGEST = 2**63 - 1
"""The largest number, and the most bytes of a value, that an offset of 64 bits can hold."""

Shape = tuple[Dim, ...]


def size_of(shape: Iterable[Dim]) -> Dim:
    """Return the number of elements of a shape, as a dimension.

    >>> from nnc.ir import symbol
    >>> size_of((symbol("batch"), 2, 3))
    6*batch
    """
    size: Dim = 1
    for dim in shape:
        size = size * dim
    return size


def solve_symbols(shapes: Mapping[str, tuple[Shape, tuple[int, ...]]]) -> dict[str, int]:
    """Return the size of each symbol that can be read off the shapes.

    A symbol is read off a dimension that names it alone or, with others known, in a sum such as ``2*time+batch``.

    Args:
        shapes: for each array, by what messages call it, its declared and its numeric shape.

    Raises:
        ShapeError: a shape does not fit its numbers, or two shapes need different sizes for a symbol.

    >>> from nnc.ir import symbol
    >>> solve_symbols({"input 'x'": ((symbol("batch"), 2 * symbol("time") + 1), (32, 11))})
    {'batch': 32, 'time': 5}
    """
    sizes: dict[str, int] = {}
    pending = [
        (dim, number)
        for shape, numbers in shapes.values()
        for dim, number in zip(shape, numbers, strict=False)
        if isinstance(dim, SymbolicDim)
    ]
    count = 0
    while len(pending) != count:
        count, remaining = len(pending), []
        for dim, number in pending:
            found = dim.solve(number, sizes)
            if found is not None:
                sizes[found[0]] = found[1]
            elif not dim.symbols <= sizes.keys():
                remaining.append((dim, number))
        pending = remaining
    negative = {name for name, size in sizes.items() if size < 0}
    for name, (shape, numbers) in shapes.items():
        if len(shape) != len(numbers) or any(map(_differs(sizes, negative), shape, numbers)):
            known = ", ".join(f"{symbol} = {size}" for symbol, size in sizes.items())
            hint = f" where {known}" if known else ""
            raise ShapeError(f"{name} must have shape ({_listed(shape)}){hint}, got ({_listed(numbers)})")
    return sizes


def _differs(sizes: Mapping[str, int], negative: set[str]) -> Callable[[Dim, int], bool]:
    def differs(dim: Dim, number: int) -> bool:
        if isinstance(dim, int):
            return dim != number
        return dim.bind(sizes) != number or not negative.isdisjoint(dim.symbols)

    return differs


def _listed(shape: Iterable[Dim]) -> str:
    return ", ".join(map(str, shape))


def bind_shape(shape: Shape, bindings: Mapping[str, int]) -> tuple[int, ...]:
    """Return `shape` with numbers instead of its symbols.

    Raises:
        SymbolError: a symbol has no size.
        ShapeError: a dimension would be negative.
    """
    numbers = tuple(dim if isinstance(dim, int) else dim.bind(bindings) for dim in shape)
    if numbers and min(numbers) < 0:
        dim = shape[numbers.index(min(numbers))]
        names = sorted(dim.symbols) if isinstance(dim, SymbolicDim) else []
        sizes = ", ".join(f"{name} = {bindings[name]}" for name in names)
        raise ShapeError(f"dimension {dim} would be {min(numbers)}, less than 0, where {sizes}")
    return numbers


@dataclass(frozen=True, slots=True)
class TensorType:
    """Element type and shape of a value; printed as ``f32[batch,2]``.

    Args:
        dtype: NumPy's name of the element type, one of ``SHORT_NAMES``.
        shape: dimensions, each an int ≥ 0 or a `SymbolicDim`.

    Raises:
        ShapeError: the dtype is unknown, a dimension is not a dimension, or an array would have more bytes than an
            offset can hold.
    """

    dtype: str
    shape: Shape = ()

    def __post_init__(self) -> None:
        if self.dtype not in SHORT_NAMES:
            raise ShapeError(f"unknown element type {self.dtype!r}; known are {', '.join(SHORT_NAMES)}")
        nbytes = ITEM_SIZES[self.dtype]
        for dim in self.shape:
            if isinstance(dim, SymbolicDim):
                fits = not dim.is_negative
            else:
                fits = isinstance(dim, int) and not isinstance(dim, bool) and dim >= 0
                nbytes *= dim or 1
            if not fits:
                raise ShapeError(f"a dimension must be an int of at least 0 or a symbol, got {dim!r}")
        if nbytes > LARGEST:
            check_bytes(self, [dim for dim in self.shape if isinstance(dim, int)])

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
        """Return this type with numbers instead of symbols."""
        if all(isinstance(dim, int) for dim in self.shape):
            return self
        return TensorType(self.dtype, bind_shape(self.shape, bindings))

    def substitute(self, dims: Mapping[str, Dim]) -> TensorType:
        """Return this type with dimensions instead of symbols; symbols that are not named stay."""
        if self.symbols.isdisjoint(dims):
            return self
        return self.with_shape(dim if isinstance(dim, int) else dim.substitute(dims) for dim in self.shape)

    def with_shape(self, shape: Iterable[Dim]) -> TensorType:
        """Return the type of the same elements in another shape."""
        return TensorType(self.dtype, tuple(shape))

    def with_dtype(self, dtype: str) -> TensorType:
        """Return the type of the same shape with other elements."""
        return TensorType(dtype, self.shape)

    def __str__(self) -> str:
        return f"{SHORT_NAMES[self.dtype]}[{','.join(map(str, self.shape))}]"

    __repr__ = __str__


def check_bytes(type: TensorType, lengths: Iterable[int]) -> None:
    """Check that offsets inside an array can be computed, whichever axes are multiplied with each other.

    Args:
        type: what the message names.
        lengths: of its axes, or what is at least as much.

    Raises:
        ShapeError: it has more bytes than an offset can hold.
    """
    nbytes = ITEM_SIZES[type.dtype] * prod(length or 1 for length in lengths)
    if nbytes > LARGEST:
        raise ShapeError(f"{type} would take {nbytes} bytes, more than an offset of 64 bits can hold")


def broadcast_shapes(*shapes: Shape) -> Shape:
    """Return the shape NumPy's broadcasting rule gives, symbols included.

    Raises:
        ShapeError: two dimensions differ and neither is 1.

    >>> from nnc.ir import symbol
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
            raise ShapeError(
                f"shapes {listed} do not broadcast: axis {axis} is {' and '.join(map(str, wide))}",
                unequal=(wide[0], next(dim for dim in wide[1:] if dim != wide[0])),
            )
        result.append(wide[0] if wide else 1)
    return tuple(result)
