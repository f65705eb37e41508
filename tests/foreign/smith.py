"""Models by NNSmith: graphs of operators, with shapes that a solver has found, written as functional models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy
import z3
from keras import layers, ops
from nnsmith.abstract.dtype import DType
from nnsmith.abstract.op import FULL_OPERATOR_SETS
from nnsmith.gir import GraphIR
from nnsmith.graph_gen import model_gen

import tests.foreign.vocabulary  # noqa: F401  (adds its words to FULL_OPERATOR_SETS)

ELEMENTS = 1500
"""Elements of the largest tensors, of one row."""
WIDEST = 64
"""Units of the trained layers in front."""
FEWEST = 5
"""Layers and functions of a model; one with less is made anew."""
LEFT_OUT = frozenset({"LinearInterp", "NearestInterp", "TrilinearInterp", "ReplicatePad"})
"""Operators that Keras has nothing for."""
REFUSED = frozenset({"Acos", "Asin", "Atan"})
"""Operators that nnc refuses by name."""
UNARY = {
    "ReLU": "relu",
    "Sigmoid": "sigmoid",
    "LeakyReLU": "leaky_relu",
    "Sin": "sin",
    "Cos": "cos",
    "Tan": "tan",
    "Asin": "arcsin",
    "Acos": "arccos",
    "Atan": "arctan",
    "Abs": "absolute",
    "Ceil": "ceil",
    "Floor": "floor",
    "Round": "round",
    "Sqrt": "sqrt",
    "Log2": "log2",
    "Neg": "negative",
}
BINARY = {
    "Add": "add",
    "Sub": "subtract",
    "Mul": "multiply",
    "Div": "divide",
    "Max": "maximum",
    "Min": "minimum",
    "Pow": "power",
    "Equal": "equal",
    "Greater": "greater",
    "Less": "less",
    "And": "logical_and",
    "Or": "logical_or",
    "Xor": "logical_xor",
}
TYPES = frozenset({"bool", "float32", "float64", "int32", "int64", "uint8"})
"""Element types of graphs that are written; now and then NNSmith makes others, though it is told not to."""
REDUCED = {
    "ReduceSum": "sum",
    "ReduceMin": "min",
    "ReduceMax": "max",
    "ReduceMean": "mean",
    "ReduceProd": "prod",
    "ArgMin": "argmin",
    "ArgMax": "argmax",
    "Squeeze": "squeeze",
}
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": lambda x, y: x + y,
    "Sub": lambda x, y: x - y,
    "Mul": lambda x, y: x * y,
    "Div": lambda x, y: x / y,
    "Pow": lambda x, y: x**y,
    "Greater": lambda x, y: x > y,
    "Less": lambda x, y: x < y,
}
MERGING = {"Add": "Add", "Sub": "Subtract", "Mul": "Multiply", "Max": "Maximum", "Min": "Minimum"}


def make_graph(seed: int) -> GraphIR:
    """Return the graph of a seed: some with functions of a limited domain, or of all types."""
    domain = seed % 4 == 0
    z3.z3._main_ctx = None  # what was solved before changes what a solver finds
    left_out = LEFT_OUT | REFUSED
    core = [op for op in FULL_OPERATOR_SETS["core"] if op.__name__ not in left_out and (domain or not op.limit_domain)]
    generated = model_gen(
        [*core, *FULL_OPERATOR_SETS["keras"], *FULL_OPERATOR_SETS["keras"]],
        method="symbolic-cinit" if seed % 2 else "concolic",
        seed=seed,
        max_nodes=4 + seed % 9,
        timeout_ms=600_000,  # never reached: time decides nothing
        max_elem_per_tensor=ELEMENTS,
        dtype_choices=["f32", "i32", "f64", "i64", "u8"] if seed % 3 == 0 else ["f32", "i32"],
        concr_ph_dim_rng=(1, 8),
    )
    return generated.make_concrete()


def make_model(seed: int, floatx: str) -> Any:
    """Return the model of a seed; the numbers in it are those that Keras draws.

    Args:
        seed: of structure and numbers.
        floatx: what float32 and float64 in the graph become, where it is float64.
    """
    attempt = 0
    while True:
        graph = make_graph(seed + 1_000_003 * attempt)
        if all(tensor.dtype.name in TYPES for tensor in graph.vars.values()):
            model = Writer(graph, numpy.random.default_rng([seed, attempt]), floatx).model(f"smith_{seed}")
            if model is not None:
                return model
        attempt += 1


class Writer:
    """Writes a graph as a functional model: each tensor gets a batch axis in front, constants have none.

    Args:
        graph: what NNSmith has made.
        random: decides in which of Keras's ways an operator is written, and the numbers of constants.
        floatx: see `make_model`.
    """

    def __init__(self, graph: GraphIR, random: numpy.random.Generator, floatx: str) -> None:
        self.graph = graph
        self.random = random
        self.floatx = floatx
        self.values: dict[str, Any] = {}

    def model(self, name: str) -> Any | None:
        """Return the model, None where nothing is left of it that could be trained."""
        inputs = []
        for inst in self.graph.insts:
            if type(inst.iexpr.op).__name__ == "Input":
                x, self.values[inst.retval()] = self.input(inst.iexpr.op.abs_tensor, len(inputs))
                inputs.append(x)
        self.like = inputs[0]
        for inst in self.graph.insts:
            kind = type(inst.iexpr.op).__name__
            if kind == "Input":
                continue
            if kind == "Constant":
                value = self.constant(inst.iexpr.op.abs_tensor)
            else:
                value = self.apply(kind, inst.iexpr.op, [self.values[name] for name in inst.iexpr.args])
                expected = tuple(self.graph.vars[inst.retval()].shape)
                found = tuple(value.shape)[1:] if is_symbolic(value) else value.shape
                assert found == expected, (kind, inst.iexpr.op.extra_attrs, found, expected)
            self.values[inst.retval()] = value
        leaves = [self.values[name] for name in self.graph.leaf_var()]
        ends = [self.end(value) for value in leaves if is_symbolic(value) and not any(value is x for x in inputs)]
        if not any("float" in str(end.dtype) for end in ends):
            return None
        model = keras.Model(inputs, ends, name=name)
        return model if len(model.operations) - len(inputs) >= FEWEST and model.trainable_weights else None

    def typed(self, dtype: DType) -> str:
        return (
            self.floatx
            if dtype == DType.float32 or (self.floatx == "float64" and DType.is_float(dtype))
            else dtype.name
        )

    def choose(self, *items: Any) -> Any:
        return items[int(self.random.integers(len(items)))]

    def input(self, tensor: Any, number: int) -> tuple[Any, Any]:
        """Return an input, and what is computed with: where it has floats and an axis, a trained layer comes first."""
        x = keras.Input(tuple(tensor.shape), dtype=self.typed(tensor.dtype), name=f"x{number}")
        trained = DType.is_float(tensor.dtype) and tensor.shape and tensor.shape[-1] <= WIDEST
        return x, layers.Dense(tensor.shape[-1])(x) if trained else x

    def constant(self, tensor: Any) -> Any:
        shape, dtype = tuple(tensor.shape), self.typed(tensor.dtype)
        if DType.is_float(tensor.dtype):
            return self.random.normal(size=shape).astype("float32").astype(dtype)
        whole = self.random.integers(0, 4, size=shape)
        return numpy.asarray(whole if dtype in ("uint8", "bool") else whole - 2).astype(dtype)

    def end(self, x: Any) -> Any:
        """Return an output: a tensor as it is, or what a head makes of it; one number per row gets an axis."""
        if len(x.shape) == 1:
            x = ops.expand_dims(x, 1)
        head = self.choose(None, None, "softmax", "sigmoid") if "float" in str(x.dtype) else None
        if head is None:
            return x
        flat = layers.Flatten()(x)
        return layers.Dense(3 if head == "softmax" else 1, activation=head)(flat)

    def apply(self, kind: str, op: Any, args: list[Any]) -> Any:
        if type(op).dialect == "keras" or kind in WITH_ROWS:
            args = [arg if is_symbolic(arg) else self.with_rows(arg, self.like) for arg in args]
        elif not any(map(is_symbolic, args)):
            return numpy.asarray(ops.convert_to_numpy(self.written(kind, op, args, 0)))
        return self.written(kind, op, args, 1)

    def with_rows(self, array: Any, like: Any) -> Any:
        """Return a constant once for each row of a tensor."""
        one = ops.ones_like(like[(slice(None), *[slice(0, 1)] * (len(like.shape) - 1))])
        one = ops.reshape(one, (-1, *[1] * array.ndim))
        return ops.cast(one, str(array.dtype)) * array if array.dtype != bool else ops.logical_and(one, array)

    def written(self, kind: str, op: Any, args: list[Any], first: int) -> Any:
        """Return what an operator gives, axes being counted from `first`."""
        x = args[0]
        if kind in UNARY:
            return self.unary(kind, x)
        if kind in BINARY:
            return self.binary(kind, *self.aligned(args))
        if kind in REDUCED:
            return getattr(ops, REDUCED[kind])(x, axis=op.extra_attrs["reduce_dim"] + first)
        if kind.startswith("Cast"):
            return self.cast(x, op.extra_attrs["to"])
        if kind.startswith("Concat"):
            axis = op.extra_attrs["axis"] + first
            return (
                ops.concatenate(args, axis=axis)
                if len(args) == 1 or self.choose(0, 1)
                else (layers.Concatenate(axis=axis)(args) if is_symbolic(x) else ops.concatenate(args, axis=axis))
            )
        if kind.startswith("Expand"):
            return self.expand(x, op, first)
        return getattr(self, f"write_{kind.lower()}")(x, *args[1:], op=op, first=first)

    def unary(self, kind: str, x: Any) -> Any:
        if kind == "ReLU" and is_symbolic(x):
            return self.choose(ops.relu, layers.ReLU(), layers.Activation("relu"))(x)
        if kind == "Neg":
            return -x
        return getattr(ops, UNARY[kind])(x)

    def binary(self, kind: str, x: Any, y: Any) -> Any:
        ways = [getattr(ops, BINARY[kind])]
        if kind in OPERATORS and is_symbolic(x):
            ways.append(OPERATORS[kind])
        if kind in MERGING and is_symbolic(x) and is_symbolic(y) and x.shape == y.shape:
            ways.append(lambda x, y: getattr(layers, MERGING[kind])()([x, y]))
        return self.choose(*ways)(x, y)

    def aligned(self, args: list[Any]) -> list[Any]:
        """Return operands of which each with rows has as many axes as the longest."""
        rank = max(len(arg.shape) - is_symbolic(arg) for arg in args)
        return [
            ops.reshape(arg, (-1, *[1] * (rank + 1 - len(arg.shape)), *arg.shape[1:]))
            if is_symbolic(arg) and len(arg.shape) <= rank
            else arg
            for arg in args
        ]

    def cast(self, x: Any, dtype: DType) -> Any:
        """Return a tensor of another type; what has no whole number is limited before, as that is not defined."""
        if dtype in (DType.int32, DType.int64) and "float" in str(x.dtype):
            x = ops.clip(x, -1e6, 1e6)
        return ops.cast(x, self.typed(dtype))

    def expand(self, x: Any, op: Any, first: int) -> Any:
        rank = len(x.shape) - first
        while rank < op.expand_last_dim:
            x = ops.expand_dims(x, first)
            rank += 1
        axis = rank - op.expand_last_dim + first
        if self.choose(0, 1):
            return ops.repeat(x, op.expand_n, axis=axis)
        return ops.tile(x, tuple(op.expand_n if place == axis else 1 for place in range(rank + first)))

    # ---------------------------------------------------------------- the core operators of NNSmith

    def write_gelu(self, x: Any, op: Any, first: int) -> Any:
        return ops.gelu(x, approximate=False) if not is_symbolic(x) else layers.Activation("gelu")(x)

    def write_prelu(self, x: Any, op: Any, first: int) -> Any:
        return layers.PReLU()(x) if is_symbolic(x) and len(x.shape) > 1 else ops.relu(x)

    def write_where(self, condition: Any, x: Any, y: Any, op: Any, first: int) -> Any:
        return ops.where(*self.aligned([condition, x, y]))

    def write_clip(self, x: Any, op: Any, first: int) -> Any:
        dtype = op.input_like[0].dtype
        return ops.clip(x, -1.5, 1.5) if DType.is_float(dtype) else ops.clip(x, 0 if dtype == DType.uint8 else -1, 1)

    def write_softmax(self, x: Any, op: Any, first: int) -> Any:
        axis = op.dim + first
        return layers.Softmax(axis)(x) if is_symbolic(x) and self.choose(0, 1) else ops.softmax(x, axis=axis)

    def write_slice(self, x: Any, op: Any, first: int) -> Any:
        axis = op.extra_attrs["axis"]
        length = x.shape[axis + first]
        part = slice(op.start, min(op.end, length), op.step)
        if self.choose(0, 1):
            part = slice(op.start - length, None if op.end >= length else op.end - length, op.step)
        return x[(*[slice(None)] * (axis + first), part)]

    def write_reshape(self, x: Any, op: Any, first: int) -> Any:
        shape = tuple(op.target_shape)
        return (
            ops.reshape(x, (-1, *shape) if first else shape)
            if self.choose(0, 1) or not first
            else layers.Reshape(shape)(x)
        )

    def write_transpose(self, x: Any, op: Any, first: int) -> Any:
        axes = list(range(len(x.shape)))
        one, two = (op.extra_attrs[name] + first for name in ("dim0", "dim1"))
        axes[one], axes[two] = axes[two], axes[one]
        return layers.Permute(axes[1:])(x) if first and self.choose(0, 1) else ops.transpose(x, axes)

    def write_tril(self, x: Any, op: Any, first: int) -> Any:
        return ops.tril(x, op.diagonal)

    def write_triu(self, x: Any, op: Any, first: int) -> Any:
        return ops.triu(x, op.diagonal)

    def padded(self, x: Any, op: Any, mode: str) -> Any:
        """Return a tensor with more, or less, at the ends of its last axes."""
        rank = len(x.shape)
        amounts = [(0, 0)] * rank
        for place in range(len(op.padding_list) // 2):
            amounts[rank - 1 - place] = tuple(op.padding_list[2 * place : 2 * place + 2])
        if any(number < 0 for pair in amounts for number in pair):
            x = x[tuple(slice(max(-before, 0), min(after, 0) or None) for before, after in amounts)]
        amounts = [(max(before, 0), max(after, 0)) for before, after in amounts]
        return ops.pad(x, amounts, mode=mode)

    def write_constpad(self, x: Any, op: Any, first: int) -> Any:
        return self.padded(x, op, "constant")

    def write_reflectpad(self, x: Any, op: Any, first: int) -> Any:
        return self.padded(x, op, "reflect")

    def over_rows(self, layer: Any, x: Any) -> Any:
        """Return what a layer makes of a tensor that has an axis more, in front, than it takes."""
        return layers.TimeDistributed(layer)(x)

    def moved(self, x: Any, last: bool) -> Any:
        """Return a tensor of (rows, n, channels, ...) with channels last, or first again."""
        axes = range(1, len(x.shape))
        order = [1, *list(axes)[2:], 2] if last else [1, len(x.shape) - 1, *list(axes)[1:-1]]
        return layers.Permute(order)(x)

    def with_channels(self, layer: Any, x: Any, padding: int = 0) -> Any:
        """Return what a layer with channels last makes of a tensor of (rows, n, channels, ...)."""
        if padding:
            x = ops.pad(x, [(0, 0)] * 3 + [(padding, padding)] * (len(x.shape) - 3))
        return self.moved(self.over_rows(layer, self.moved(x, True)), False)

    def write_conv1d(self, x: Any, op: Any, first: int) -> Any:
        if type(op).dialect == "keras":
            return self.convolution(layers.Conv1D, x, op)
        return self.dilated(layers.Conv1D, x, op, op.kernel_size, op.dilation)

    def write_nchwconv2d(self, x: Any, op: Any, first: int) -> Any:
        window, dilation = (op.kernel_h_size, op.kernel_w_size), (op.dilation_h, op.dilation_w)
        return self.dilated(layers.Conv2D, x, op, window, dilation)

    def dilated(self, layer: Any, x: Any, op: Any, window: Any, dilation: Any) -> Any:
        """Return a convolution; Keras has strides or dilation: where both are wanted, the strides come afterwards."""
        both = op.stride > 1 and numpy.max(dilation) > 1
        made = layer(op.out_channels, window, 1 if both else op.stride, dilation_rate=dilation)
        y = self.with_channels(made, x, op.padding)
        return y[(..., *[slice(None, None, op.stride)] * (len(y.shape) - 3))] if both else y

    def write_maxpool2d(self, x: Any, op: Any, first: int) -> Any:
        return self.with_channels(layers.MaxPooling2D((op.kernel_h_size, op.kernel_w_size), op.stride), x, op.padding)

    def write_avgpool2d(self, x: Any, op: Any, first: int) -> Any:
        layer = layers.AveragePooling2D((op.kernel_h_size, op.kernel_w_size), op.stride)
        return self.with_channels(layer, x, op.padding)

    def write_batchnorm2d(self, x: Any, op: Any, first: int) -> Any:
        return layers.BatchNormalization(axis=2)(x)

    def resized(self, x: Any, op: Any, how: str) -> Any:
        return self.with_channels(layers.Resizing(*op.size, interpolation=how), x)

    def write_nearestinterp2d(self, x: Any, op: Any, first: int) -> Any:
        return self.resized(x, op, "nearest")

    def write_bilinearinterp(self, x: Any, op: Any, first: int) -> Any:
        return self.resized(x, op, "bilinear")

    def write_bicubicinterp(self, x: Any, op: Any, first: int) -> Any:
        return self.resized(x, op, "bicubic")

    # ---------------------------------------------------------------- the words of tests.foreign.vocabulary

    def convolution(self, layer: Any, x: Any, op: Any) -> Any:
        window, stride, filters, dilation = op.numbers
        return layer(filters, window, stride, dilation_rate=dilation, **op.extra_attrs)(x)

    def write_conv2d(self, x: Any, op: Any, first: int) -> Any:
        return self.convolution(layers.Conv2D, x, op)

    def write_conv3d(self, x: Any, op: Any, first: int) -> Any:
        return self.convolution(layers.Conv3D, x, op)

    def write_separableconv2d(self, x: Any, op: Any, first: int) -> Any:
        return self.convolution(layers.SeparableConv2D, x, op)

    def write_depthwiseconv2d(self, x: Any, op: Any, first: int) -> Any:
        return layers.DepthwiseConv2D(op.numbers[0], op.numbers[1], **op.extra_attrs)(x)

    def write_conv2dtranspose(self, x: Any, op: Any, first: int) -> Any:
        window, stride, filters = op.numbers
        return layers.Conv2DTranspose(filters, window, stride, padding="same")(x)

    def window(self, layer: Any, x: Any, op: Any) -> Any:
        return layer(op.numbers[0], op.numbers[1], **op.extra_attrs)(x)

    def write_maxpooling1d(self, x: Any, op: Any, first: int) -> Any:
        return self.window(layers.MaxPooling1D, x, op)

    def write_maxpooling2d(self, x: Any, op: Any, first: int) -> Any:
        return self.window(layers.MaxPooling2D, x, op)

    def write_averagepooling1d(self, x: Any, op: Any, first: int) -> Any:
        return self.window(layers.AveragePooling1D, x, op)

    def write_averagepooling2d(self, x: Any, op: Any, first: int) -> Any:
        return self.window(layers.AveragePooling2D, x, op)

    def write_globalaveragepooling1d(self, x: Any, op: Any, first: int) -> Any:
        return layers.GlobalAveragePooling1D()(x)

    def write_globalmaxpooling2d(self, x: Any, op: Any, first: int) -> Any:
        return layers.GlobalMaxPooling2D()(x)

    def write_upsampling2d(self, x: Any, op: Any, first: int) -> Any:
        return layers.UpSampling2D(tuple(op.numbers), **op.extra_attrs)(x)

    def write_zeropadding2d(self, x: Any, op: Any, first: int) -> Any:
        top, bottom, left, right = op.numbers
        return layers.ZeroPadding2D(((top, bottom), (left, right)))(x)

    def write_recurrentsteps(self, x: Any, op: Any, first: int) -> Any:
        return self.recurrent(x, op, True)

    def write_recurrentend(self, x: Any, op: Any, first: int) -> Any:
        return self.recurrent(x, op, False)

    def recurrent(self, x: Any, op: Any, steps: bool) -> Any:
        way = op.extra_attrs["way"]
        options = {"return_sequences": steps, "go_backwards": way == "backward"}
        layer = getattr(layers, op.extra_attrs["cell"])(op.numbers[0], **options)
        return (layers.Bidirectional(layer) if way == "both" else layer)(x)

    def write_normalized(self, x: Any, op: Any, first: int) -> Any:
        return getattr(layers, op.extra_attrs["kind"])()(x)

    def write_activated(self, x: Any, op: Any, first: int) -> Any:
        name = op.extra_attrs["activation"]
        return layers.Activation(name)(x) if not hasattr(ops, name) or self.choose(0, 1) else getattr(ops, name)(x)

    def write_flatten(self, x: Any, op: Any, first: int) -> Any:
        return layers.Flatten()(x)

    def write_dense(self, x: Any, op: Any, first: int) -> Any:
        return layers.Dense(op.numbers[0], **op.extra_attrs)(x)

    def write_embedding(self, x: Any, op: Any, first: int) -> Any:
        return layers.Embedding(10, op.numbers[0])(ops.clip(x, 0, 9))

    def write_multiheadattention(self, x: Any, y: Any, op: Any, first: int) -> Any:
        return layers.MultiHeadAttention(*op.numbers)(x, y, **op.extra_attrs)

    def write_matmul(self, x: Any, y: Any, op: Any, first: int) -> Any:
        return ops.matmul(*self.aligned([x, y]))


WITH_ROWS = frozenset(
    {
        *("Concat1", "Concat2", "Concat3", "Concat4", "Concat5", "Conv1d", "NCHWConv2d", "MaxPool2d", "AvgPool2d"),
        *("BatchNorm2d", "BilinearInterp", "BicubicInterp"),
    }
)
"""Operators whose constant operands need an axis of rows."""


def is_symbolic(x: Any) -> bool:
    return isinstance(x, keras.KerasTensor)
