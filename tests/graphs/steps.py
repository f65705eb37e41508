"""One step of a random graph for each op, by its name: operands and attributes that fit, or nearly so."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from nnc.ir import Dim, Op, Shape, TensorType, Value, make_op, op_class, ops
from nnc.ir.ops.random import START_TYPE
from tests.graphs.grower import ELEMENTS, EXACT, FLOATS, LARGEST, LIMIT, NUMBERS, ROUNDED, WHOLES, WILD, Grower, Known

Step = Callable[[Grower], None]
STEPS: dict[str, Step] = {}
OFTEN = (
    *("broadcast_to", "cast", "concatenate", "flip", "gather", "matmul", "max", "reshape", "scan", "scatter"),
    *("scatter_add", "slice", "sum", "transpose", "convolution", "convolution_input_gradient"),
    *("convolution_kernel_gradient", "max_pool", "max_pool_gradient", "sum_pool", "sum_pool_gradient"),
)
"""What has more to go wrong, and is chosen three times as often."""


def step(*names: str) -> Callable[[Callable[[Grower, str], None]], Callable[[Grower, str], None]]:
    """Register a function as the step of some ops."""

    def register(function: Callable[[Grower, str], None]) -> Callable[[Grower, str], None]:
        STEPS.update({name: lambda grower, name=name: function(grower, name) for name in names})  # type: ignore[misc]
        return function

    return register


def plain(name: str) -> Op:
    """Return an op without attributes."""
    return make_op(name, {})


# ---------------------------------------------------------------------- leaves


@step("input", "state", "constant")
def leaf(grower: Grower, name: str) -> None:
    dtype = grower.choose([*FLOATS, *FLOATS, *WHOLES, "bool"])
    if name == "constant":
        shape = tuple(grower.choose(NUMBERS[:4]) for _ in range(grower.whole(0, 2)))
        numbers = grower.random.integers(0, 2 if dtype == "bool" else 5, shape)
        grower.known[grower.graph.constant(numbers, dtype)] = EXACT
        return
    shape = grower.shape()
    if name == "state" and not grower.depth:
        shape = tuple(dim if isinstance(dim, int) else 3 for dim in shape)
    grower.fresh(dtype, shape, grower.choose([EXACT, EXACT, ROUNDED, WILD]))


# ---------------------------------------------------------------------- elementwise


@step("absolute", "negative", "relu", "sign", "floor")
def jump(grower: Grower, name: str) -> None:
    """What is the same for rounded numbers, or may be wild."""
    x = grower.number(is_exact=name in ("floor", "sign"), is_wild=True)
    grower.add(plain(name), x, known=grower.known[x])


@step("square")
def square(grower: Grower, name: str) -> None:
    x = grower.number(is_wild=grower.chance(0.2), limit=1024.0, wraps_around=True)
    known = grower.known[x]
    grower.add(plain(name), x, known=known.but(known.limit**2))


@step(
    *("arcsinh", "cos", "sin", "sinh", "erf", "erfc", "erfinv", "exp", "expm1", "tanh"),
    *("log", "log1p", "reciprocal", "sqrt"),
)
def smooth(grower: Grower, name: str) -> None:
    x = grower.floating(limit=8.0)
    if name in ("log", "log1p", "reciprocal", "sqrt"):
        x = ops.square(x) + 1.0  # away from where it is steep
    if name == "erfinv":
        x = ops.tanh(x) * 0.75
    limits = {"arcsinh": 3.0, "erfc": 2.0, "exp": 3000.0, "expm1": 3000.0, "log": 5.0, "log1p": 5.0, "sinh": 1500.0}
    limit = {**limits, "sqrt": 9.0}.get(name, 1.0)
    grower.add(plain(name), x, known=Known(limit, is_exact=False))


@step("sigmoid")
def sigmoid(grower: Grower, name: str) -> None:
    op = make_op(name, {"negated": grower.chance(0.5)})
    grower.add(op, grower.floating(), known=Known(1.0, is_exact=False))


@step("add", "subtract", "multiply", "maximum", "minimum")
def binary(grower: Grower, name: str) -> None:
    chooses = name in ("maximum", "minimum")
    x = grower.number(is_wild=chooses, wraps_around=True)
    known = grower.known[x]
    y = grower.beside(x, known=WILD if known.is_wild else ROUNDED)
    other = grower.known[y]
    limits = known.limit, other.limit
    limit = prod(limits) if name == "multiply" else max(limits) if chooses else sum(limits)
    both = Known(limit, known.is_exact and other.is_exact, known.is_wild or other.is_wild)
    grower.add(plain(name), *swapped(grower, x, y), known=both)


def swapped(grower: Grower, x: Value, y: Value) -> tuple[Value, Value]:
    """Return both, in one order or the other."""
    return (x, y) if grower.chance(0.5) else (y, x)


@step("arctan2", "divide", "power", "logaddexp")
def smooth_binary(grower: Grower, name: str) -> None:
    x = grower.floating(limit=8.0)
    y = ops.tanh(grower.beside(x, known=ROUNDED))
    if name in ("arctan2", "divide"):
        y = ops.square(y) + 1.0
    elif name == "power":
        x = ops.tanh(x) + 1.5
    grower.add(plain(name), x, y, known=Known(10.0, is_exact=False))


@step("floor_divide", "remainder", "gcd", "bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift")
def whole_binary(grower: Grower, name: str) -> None:
    """What is for whole numbers only, or jumps between others, as the remainder does."""
    dtypes = (*FLOATS, *WHOLES) if name == "remainder" else WHOLES
    x = grower.number(is_exact=True, dtypes=dtypes, wraps_around=True)
    y = grower.beside(x)
    grower.add(plain(name), *swapped(grower, x, y), known=WILD if name == "remainder" else EXACT.but(1e9))


@step("equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or")
def comparison(grower: Grower, name: str) -> None:
    x = grower.number(is_exact=True, is_wild=True)
    if name.startswith("logical") and grower.chance(0.5):
        x = grower.pick(lambda value: value.dtype == "bool", "bool")
    y = grower.beside(x, known=Known(is_wild=grower.known[x].is_wild))
    op = make_op(name, {"dtype": grower.choose(["bool", "bool", *FLOATS, *WHOLES])})
    grower.add(op, *swapped(grower, x, y), known=Known(1.0))


@step("where")
def where(grower: Grower, name: str) -> None:
    x = grower.number(is_wild=True)
    y = grower.beside(x, known=WILD if grower.known[x].is_wild else ROUNDED)
    known, other = grower.known[x], grower.known[y]
    both = Known(max(known.limit, other.limit), known.is_exact and other.is_exact, known.is_wild or other.is_wild)
    condition = grower.beside(x, "bool", known=Known(1.0))
    grower.add(plain(name), condition, *swapped(grower, x, y), known=both)


@step("cast")
def cast(grower: Grower, name: str) -> None:
    dtype = grower.choose([*FLOATS, *WHOLES, "bool"])
    if grower.chance(0.4) and not grower.depth:
        x = grower.fresh(grower.choose(FLOATS), grower.shape(), WILD)
    else:
        x = grower.number(is_exact=dtype not in FLOATS, is_wild=True, dtypes=(*FLOATS, *WHOLES))
    known = grower.known[x]
    if dtype == "bool":
        known = Known(1.0)
    elif dtype.startswith("u") or known.is_wild:
        known = WILD
    grower.add(make_op(name, {"dtype": dtype}), x, known=known)


@step("straight_through")
def straight_through(grower: Grower, name: str) -> None:
    x = grower.floating()
    grower.add(plain(name), x, grower.of_type(x.type, is_exact=False), known=grower.known[x])


# ---------------------------------------------------------------------- along axes


@step("sum", "max")
def reduction(grower: Grower, name: str) -> None:
    x = grower.number(is_wild=name == "max", wraps_around=True)
    axes = tuple(axis for axis in range(x.rank) if grower.chance(0.5))
    known = grower.known[x]
    count = grower.elements(tuple(x.shape[axis] for axis in axes)) if name == "sum" else 1
    op = make_op(name, {"axes": axes, "keepdims": grower.chance(0.5)})
    grower.add(op, x, known=known.but(known.limit * max(count, 1)))


@step("argmax")
def argmax(grower: Grower, name: str) -> None:
    x = grower.number(1, is_exact=True, is_wild=True)
    axis = grower.whole(0, x.rank - 1)
    grower.add(make_op(name, {"axis": axis}), x, known=Known(grower.elements((x.shape[axis],))))


@step("cumulative_sum", "cumulative_product")
def accumulation(grower: Grower, name: str) -> None:
    x = grower.number(1, wraps_around=True)
    axis = grower.whole(0, x.rank - 1)
    known = grower.known[x]
    if name == "cumulative_product":
        if x.type.is_floating:
            x = ops.tanh(x)  # so that no product is too large
            known = Known(1.0, is_exact=False)
        else:
            known = WILD
    count = grower.elements((x.shape[axis],)) if name == "cumulative_sum" else 1
    grower.add(make_op(name, {"axis": axis}), x, known=known.but(known.limit * max(count, 1)))


@step("argsort")
def argsort(grower: Grower, name: str) -> None:
    x = grower.number(1, is_exact=True, is_wild=True)
    op = make_op(name, {"descending": grower.chance(0.5)})
    grower.add(op, x, known=Known(max(grower.elements((x.shape[-1],)), 1)))


@step("softmax", "log_softmax", "sparsemax")
def normalized(grower: Grower, name: str) -> None:
    x = grower.floating(1)
    op = make_op(name, {"axis": grower.whole(0, x.rank - 1)})
    grower.add(op, x, known=Known(1.0 if name != "log_softmax" else 2 * LIMIT + 9.0, is_exact=False))


@step("softmax_crossentropy", "sigmoid_crossentropy")
def crossentropy(grower: Grower, name: str) -> None:
    logits = grower.floating(1, limit=16.0)
    labels = ops.sigmoid(grower.of_type(logits.type, is_exact=False))
    grower.add(plain(name), logits, labels, known=Known(40.0 * LARGEST, is_exact=False))


@step("matmul")
def matmul(grower: Grower, name: str) -> None:
    x = grower.number(2, 4, wraps_around=True)
    batch = x.shape[:-2] if grower.chance(0.4) else ()
    few = (columns for columns in (grower.dim(), 2) if grower.elements((*x.shape[:-1], columns)) <= 4 * ELEMENTS)
    columns = next(few, 1)
    y = grower.of_type(TensorType(x.dtype, (*batch, x.shape[-1], columns)), is_exact=False)
    known, other = grower.known[x], grower.known[y]
    count = max(grower.elements((x.shape[-1],)), 1)
    both = Known(known.limit * other.limit * count, known.is_exact and other.is_exact)
    grower.add(plain(name), x, y, known=both)


@step("lane_matmul")
def lane_matmul(grower: Grower, name: str) -> None:
    x = grower.number(3, 4, wraps_around=True)
    few = (columns for columns in (grower.dim(), 2) if grower.elements((*x.shape, columns)) <= 4 * ELEMENTS)
    columns, lanes = next(few, 1), x.shape[-1] if grower.chance(0.7) else 1
    y = grower.of_type(TensorType(x.dtype, (x.shape[-2], columns, lanes)), is_exact=False)
    known, other = grower.known[x], grower.known[y]
    count = max(grower.elements((x.shape[-2],)), 1)
    both = Known(known.limit * other.limit * count, known.is_exact and other.is_exact)
    grower.add(plain(name), x, y, known=both)


# ---------------------------------------------------------------------- movement


@step("copy")
def copy(grower: Grower, name: str) -> None:
    x = anything(grower)
    grower.add(plain(name), x, known=grower.known[x])


def anything(grower: Grower, least: int = 0, most: int = 5) -> Value:
    """Return a value of any element type and of some rank."""
    return grower.pick(lambda value: least <= value.rank <= most, shape=grower.shape(least, min(most, 4)))


@step("reshape")
def reshape(grower: Grower, name: str) -> None:
    x = anything(grower, 1)
    at = grower.whole(0, x.rank - 1)
    merged = (*x.shape[:at], prod(x.shape[at : at + 2]), *x.shape[at + 2 :])
    length = x.shape[at]
    halved = (*x.shape[:at], 2, length // 2, *x.shape[at + 1 :])
    shapes = [(x.type.size,), (*x.shape[:at], 1, *x.shape[at:]), merged]
    shapes += [halved] if isinstance(length, int) and length % 2 == 0 else []
    grower.add(make_op(name, {"shape": grower.choose(shapes)}), x, known=grower.known[x])


@step("transpose")
def transpose(grower: Grower, name: str) -> None:
    x = anything(grower)
    axes = tuple(int(axis) for axis in grower.random.permutation(x.rank))
    grower.add(make_op(name, {"axes": axes}), x, known=grower.known[x])


@step("flip")
def flip(grower: Grower, name: str) -> None:
    x = anything(grower, 1)
    axes = tuple(axis for axis in range(x.rank) if grower.chance(0.5))
    grower.add(make_op(name, {"axes": axes}), x, known=grower.known[x])


@step("broadcast_to")
def broadcast_to(grower: Grower, name: str) -> None:
    x = anything(grower, 0, 4)
    shape = tuple(grower.dim() if dim == 1 else dim for dim in x.shape)
    shape = (grower.dim(), *shape) if grower.chance(0.5) else shape
    if grower.elements(shape) <= 4 * ELEMENTS:
        grower.add(make_op(name, {"shape": shape}), x, known=grower.known[x])


def part_of(grower: Grower, length: Dim) -> tuple[Dim, Dim, int]:
    """Return the start, the stop and the step of a part of an axis, which some sizes may have no room for."""
    step = grower.choose([1, 1, 1, 2, 3])
    if grower.chance(0.25):
        return 0, -1, step
    if isinstance(length, int) and length and grower.chance(0.7):
        start = grower.whole(0, length - 1)
        return start, grower.whole(start, length), step
    known = [(0, length // 2), (length // 2, length), (0, length - 1), (1, length)]
    bold = [(0, grower.offset()), (grower.offset(), -1), (grower.offset(), grower.offset()), (grower.whole(0, 3), 5)]
    start, stop = grower.choose([*known, *bold])
    return start, stop, step


@step("slice")
def slice_(grower: Grower, name: str) -> None:
    x = anything(grower, 1)
    parts = [part_of(grower, dim) if grower.chance(0.6) else (0, -1, 1) for dim in x.shape]
    starts, stops, steps = zip(*parts, strict=True)
    grower.add(make_op(name, {"starts": starts, "stops": stops, "steps": steps}), x, known=grower.known[x])


@step("scatter")
def scatter(grower: Grower, name: str) -> None:
    x = grower.number(1, 3, is_wild=True)
    shape, starts, stops, steps = [], [], [], []
    for dim in x.shape:
        start, more = grower.choose([(0, 0), (grower.whole(0, 2), grower.whole(0, 2)), (0, grower.offset())])
        step = grower.choose([1, 1, 2])
        if (start, more, step) == (0, 0, 1):
            stops.append(-1)
        else:
            stops.append(start + (dim - 1) * step + 1 if step > 1 else start + dim)
        shape.append(start + (dim - 1) * step + 1 + more if step > 1 else start + dim + more)
        starts.append(start)
        steps.append(step)
    if grower.chance(0.2):  # room for some sizes only
        shape[0] = grower.dim()
    op = op_class(name)(tuple(shape), tuple(starts), tuple(stops), tuple(steps))  # type: ignore[call-arg]
    if grower.elements(op.infer(x.type)[0].shape) <= 4 * ELEMENTS:
        grower.add(op, x, known=grower.known[x])


@step("concatenate")
def concatenate(grower: Grower, name: str) -> None:
    x = anything(grower, 1)
    axis = grower.whole(0, x.rank - 1)
    known, others = grower.known[x], []
    for _ in range(grower.whole(0, 2)):
        length = grower.choose([x.shape[axis], grower.dim()])
        shape = (*x.shape[:axis], length, *x.shape[axis + 1 :])
        if grower.elements(shape) <= 4 * ELEMENTS:
            others.append(
                grower.pick(lambda value, shape=shape: value.type == TensorType(x.dtype, shape), x.dtype, shape)
            )
    for other in others:
        also = grower.known[other]
        known = Known(max(known.limit, also.limit), known.is_exact and also.is_exact, known.is_wild or also.is_wild)
    grower.add(make_op(name, {"axis": axis}), x, *others, known=known)


@step("pack")
def pack(grower: Grower, name: str) -> None:
    grower.add(plain(name), *(grower.of_type(type, False) for type in small_types(grower)), known=Known(LIMIT, False))


def small_types(grower: Grower) -> list[TensorType]:
    """Return types of known size, of one element type."""
    dtype = grower.choose(FLOATS)
    known = [value.type for value in grower.known if value.dtype == dtype and not value.type.symbols]
    fresh = [TensorType(dtype, shape) for shape in ((3,), (2, 2), ())]
    small = [type for type in [*known[-4:], *fresh] if type.nbytes <= 800]
    return [grower.choose(small) for _ in range(grower.whole(1, 3))]


@step("unpack")
def unpack(grower: Grower, name: str) -> None:
    shapes = tuple(type.shape for type in small_types(grower))
    dtype = grower.choose(FLOATS)
    slab = grower.of_type(TensorType(dtype, (sum(prod(map(int, shape)) for shape in shapes),)), False)
    grower.add(make_op(name, {"shapes": shapes}), slab, known=grower.known[slab].but(is_exact=False))


# ---------------------------------------------------------------------- sizes, numbers, tables


@step("iota")
def iota(grower: Grower, name: str) -> None:
    length = grower.offset() if grower.chance(0.3) else grower.dim()
    dtype = grower.choose([*WHOLES, *FLOATS])
    grower.add(op_class(name)(length, dtype), known=Known(2.0 * LARGEST))  # type: ignore[call-arg]


@step("size")
def size(grower: Grower, name: str) -> None:
    shape = tuple(grower.dim() for _ in range(grower.whole(0, 2)))
    op = make_op(name, {"shape": shape, "dtype": grower.choose(["float32", "float64", "int64"])})
    grower.add(op, known=Known(float(max(grower.elements(shape), 1))))


@step("random_uniform")
def random_uniform(grower: Grower, name: str) -> None:
    key = grower.pick(lambda value: value.type == TensorType("uint32", (2,)), "uint32", (2,), WILD)
    shape = tuple(dim for dim in grower.shape(0, 3))
    op = make_op(name, {"shape": shape, "stream": grower.whole(0, 5), "dtype": grower.choose(FLOATS)})
    start = [grower.pick(lambda value: value.type == START_TYPE, "uint32", (), WILD)] if grower.chance(0.3) else []
    grower.add(op, key, *start, known=Known(1.0, is_exact=False))


def indices(grower: Grower, shape: Shape | None = None) -> Value:
    """Return whole numbers, most of which are rows of most tables."""

    def accepts(value: Value) -> bool:
        return value.dtype in WHOLES and shape in (None, value.shape) and grower.elements(value.shape) < 300

    return grower.pick(
        accepts, grower.choose(["int32", "int64", "uint8"]), grower.shape(0, 2) if shape is None else shape
    )


@step("resize")
def resize(grower: Grower, name: str) -> None:
    x = grower.floating(1, 4, limit=8.0)
    axes = [axis for axis, length in enumerate(x.shape) if length != 0]
    if axes:
        axis = grower.choose(axes)
        methods, length = ["bilinear", "nearest", "bicubic", "area", "lanczos3"], x.shape[axis]
        is_known = isinstance(length, int)
        op = make_op(
            name,
            {
                "axis": axis,
                "length": grower.choose([grower.whole(1, 6), length * 2]),
                "method": grower.choose(methods if is_known else methods[:1]),
                "antialias": is_known and grower.chance(0.3),
                "transposed": grower.chance(0.3),
            },
        )
        grower.add(op, x, known=Known(64.0 * grower.known[x].limit, is_exact=False))


@step("gather")
def gather(grower: Grower, name: str) -> None:
    table, chosen = anything(grower, 1, 3), indices(grower)
    if grower.elements((*chosen.shape, *table.shape[1:])) <= 4 * ELEMENTS:
        grower.add(plain(name), table, chosen, known=grower.known[table])


@step("scatter_add")
def scatter_add(grower: Grower, name: str) -> None:
    values = grower.number(0, 3, wraps_around=True)
    leading = grower.whole(0, values.rank)
    chosen = indices(grower, values.shape[:leading])
    shape = (grower.choose([grower.dim(), 8]), *values.shape[leading:])
    known = grower.known[values]
    op = make_op(name, {"shape": shape})
    grower.add(op, values, chosen, known=known.but(known.limit * max(grower.elements(values.shape[:leading]), 1)))


@step("take_along_axis")
def take_along_axis(grower: Grower, name: str) -> None:
    x = anything(grower, 1, 3)
    axis = grower.whole(0, x.rank - 1)
    shape = (*x.shape[:axis], grower.dim(), *x.shape[axis + 1 :])
    if grower.elements(shape) < 300:
        grower.add(make_op(name, {"axis": axis}), x, indices(grower, shape), known=grower.known[x])


@step("add_along_axis")
def add_along_axis(grower: Grower, name: str) -> None:
    values = grower.number(1, 3, wraps_around=True)
    axis = grower.whole(0, values.rank - 1)
    known = grower.known[values]
    op = make_op(name, {"axis": axis, "length": grower.choose([grower.dim(), 8])})
    (type,) = op.infer(values.type, values.type.with_dtype("int32"))
    if grower.elements(type.shape) <= 4 * ELEMENTS and grower.elements(values.shape) < 300:
        count = max(grower.elements((values.shape[axis],)), 1)
        grower.add(op, values, indices(grower, values.shape), known=known.but(known.limit * count))


# ---------------------------------------------------------------------- windows


def geometry(grower: Grower, rank: int, groups: int) -> dict[str, Any]:
    """Return the attributes of a convolution; some sizes may leave no place for its window."""

    def padding() -> Shape:
        return tuple(grower.offset() if grower.chance(0.15) else grower.choose([0, 0, 1, 2]) for _ in range(rank))

    return {
        "strides": tuple(grower.choose([1, 1, 2, 3]) for _ in range(rank)),
        "dilation": tuple(grower.choose([1, 1, 1, 2]) for _ in range(rank)),
        "before": padding(),
        "after": padding(),
        "groups": groups,
    }


def spatial(grower: Grower, channels: int, dtype: str, rank: int) -> Value:
    """Return an input of a convolution."""
    shape = (grower.choose([1, 2, grower.dim()]), *(grower.choose([3, 5, 9, grower.dim()]) for _ in range(rank)))
    type = TensorType(dtype, (*shape, channels))
    return grower.of_type(type, False)


@step("convolution", "convolution_input_gradient", "convolution_kernel_gradient")
def convolution(grower: Grower, name: str) -> None:
    rank = grower.choose([1, 1, 2, 2, 3])
    groups = grower.choose([1, 1, 1, 2, 4])
    channels, filters = groups * grower.choose([1, 2, 5]), groups * grower.choose([1, 2, 8])
    window = tuple(grower.choose([1, 2, 3, 3]) for _ in range(rank))
    dtype, attributes = grower.choose(FLOATS), geometry(grower, rank, groups)
    x = spatial(grower, channels, dtype, rank)
    if grower.elements(x.shape) > 4 * ELEMENTS:
        return
    kernel = grower.of_type(TensorType(dtype, (*window, channels // groups, filters)), False)
    forward = make_op("convolution", attributes)
    (type,) = forward.infer(x.type, kernel.type)
    if grower.elements(type.shape) > 8 * ELEMENTS:
        return
    count = prod(window) * channels
    if name == "convolution":
        known, other = grower.known[x], grower.known[kernel]
        both = Known(known.limit * other.limit * count, known.is_exact and other.is_exact)
        grower.add(forward, x, kernel, known=both)
        return
    cotangent = grower.of_type(type, False)
    known = grower.known[cotangent]
    if name == "convolution_input_gradient":
        other, count = grower.known[kernel], prod(window) * filters
        op, operands = make_op(name, attributes | {"shape": x.shape[1:-1]}), (cotangent, kernel)
    else:
        other, count = grower.known[x], grower.elements(type.shape[:-1])
        op, operands = make_op(name, attributes | {"window": window}), (x, cotangent)
    both = Known(known.limit * other.limit * max(count, 1), known.is_exact and other.is_exact)
    grower.add(op, *operands, known=both)


@step("max_pool", "max_pool_gradient", "sum_pool", "sum_pool_gradient")
def pooling(grower: Grower, name: str) -> None:
    x = grower.floating(1, is_exact=name.startswith("max"))
    axes = range(x.rank)
    attributes = {
        "window": tuple(grower.choose([1, 1, 2, 3, 5]) for _ in axes),
        "strides": tuple(grower.choose([1, 1, 2, 3]) for _ in axes),
        "padding": grower.choose(["same", "valid"]),
    }
    known, count = grower.known[x], prod(attributes["window"])
    if name == "sum_pool_gradient":
        (type,) = make_op("sum_pool", attributes).infer(x.type)
        cotangent = grower.of_type(type, False)
        found = grower.known[cotangent]
        op = make_op(name, attributes | {"shape": x.shape})
        grower.add(op, cotangent, known=found.but(found.limit * count))
        return
    pooled = make_op(name.removesuffix("_gradient"), attributes)
    limit = known.limit * (count if name == "sum_pool" else 1)
    (result,) = grower.add(pooled, x, known=known.but(limit))
    if name == "max_pool_gradient":
        cotangent = grower.of_type(result.type, False)
        found = grower.known[cotangent]
        grower.add(make_op(name, attributes), x, result, cotangent, known=found.but(found.limit * count))
