"""Models and graphs to draw: stand-ins for `nnc.models.Model`, and graphs as the passes leave them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nnc.ir import Graph, TensorType, Value, symbol
from nnc.ir.ops import Fusion, Pack, Unpack, matmul, mean, sigmoid, square, transpose
from nnc.ir.ops import sum as reduce_sum

BATCH = symbol("batch")


def f32(*shape: Any) -> TensorType:
    return TensorType("float32", shape)


# ------------------------------------------------------------------------------ models


@dataclass(eq=False)
class FakeLayer:
    name: str
    parameters: int = 0
    cost: int = field(default=0, kw_only=True)

    def count_params(self) -> int:
        return self.parameters


class InputLayer(FakeLayer):
    pass


class Add(FakeLayer):
    pass


class Concatenate(FakeLayer):
    pass


@dataclass(eq=False)
class Dense(FakeLayer):
    units: int = 1
    summary_note: str = ""

    @property
    def summary_arguments(self) -> list[str]:
        return [str(self.units)]


@dataclass(eq=False)
class Dropout(FakeLayer):
    summary_note: str = "rate 0.5"


@dataclass(eq=False)
class Conv2D(FakeLayer):
    filters: int = 1
    kernel_size: tuple[int, ...] = (3, 3)
    summary_note: str = ""

    @property
    def summary_arguments(self) -> list[str]:
        return [str(self.filters), "×".join(map(str, self.kernel_size))]


@dataclass(frozen=True, eq=False)
class FakeTensor:
    type: TensorType


@dataclass(frozen=True)
class FakeCall:
    layer: FakeLayer
    inputs: tuple[FakeTensor, ...]
    outputs: tuple[FakeTensor, ...]

    def flops(self, rows: int = 1) -> int:
        return rows * self.layer.cost


@dataclass
class FakeModel:
    name: str
    calls: list[FakeCall] = field(default_factory=list)
    inputs: tuple[FakeTensor, ...] = ()
    outputs: tuple[FakeTensor, ...] = ()

    def input(self, name: str, *shape: Any) -> FakeTensor:
        tensor = self.call(InputLayer(name), (), shape)
        self.inputs += (tensor,)
        return tensor

    def call(self, layer: FakeLayer, inputs: Any, shape: Any) -> FakeTensor:
        tensor = FakeTensor(f32(BATCH, *shape))
        self.calls.append(FakeCall(layer, tuple(inputs), (tensor,)))
        return tensor

    def dense(self, name: str, x: FakeTensor, units: int, activation: str = "sigmoid") -> FakeTensor:
        inner = int(x.type.shape[-1])
        layer = Dense(name, inner * units + units, units, activation, cost=2 * inner * units + 2 * units)
        return self.call(layer, (x,), (units,))


def base_model() -> FakeModel:
    """Input → Layer1 → Layer2 → Output."""
    model = FakeModel("xor")
    hidden = model.dense("dense", model.input("input", 2), 2)
    model.outputs = (model.dense("dense_1", hidden, 1),)
    return model


def chain_model(depth: int = 12) -> FakeModel:
    model = FakeModel("chain")
    x = model.input("input", 16)
    for number in range(depth):
        x = model.dense(f"dense_{number}", x, 16, "relu")
    model.outputs = (x,)
    return model


def branching_model() -> FakeModel:
    """Two inputs, two outputs, a shared layer, a residual connection, and a layer that reads one tensor twice."""
    model = FakeModel("branches")
    image, words = model.input("image", 28, 28, 1), model.input("words", 64)
    convolved = model.call(Conv2D("conv", 320, 32, (3, 3), "relu"), (image,), (26, 26, 32))
    flat = model.call(FakeLayer("flatten"), (convolved,), (21632,))
    left = model.dense("project_image", flat, 64, "relu")
    shared = Dense("shared", 4160, 64, "tanh")
    first = model.call(shared, (left,), (64,))
    second = model.call(shared, (words,), (64,))
    doubled = model.call(Add("double"), (second, second), (64,))
    residual = model.call(Add("residual"), (first, left), (64,))
    both = model.call(Concatenate("join"), (residual, doubled), (128,))
    dropped = model.call(Dropout("dropout"), (both,), (128,))
    model.outputs = (model.dense("label", dropped, 10, "softmax"), model.dense("score", both, 1))
    return model


HOSTILE_NAMES = (
    'say "hi"',
    "two\nlines",
    "back\\slash\\N\\",
    "<b>bold</b> &amp; <br/>",
    "node",
    "} -> { ; end",
    "größe λ 層",
    "`code` #quot; $x$ [y] (z) {{w}} |v|",
    "nul\x00bell\x07",
    "end",
    "",
    " ",
)


def hostile_model() -> FakeModel:
    model = FakeModel('model "<&>\\"\n}')
    x = model.input('in "put" <&>', 2)
    for name in HOSTILE_NAMES:
        x = model.dense(name, x, 2, "relu")
    model.outputs = (x,)
    return model


# ------------------------------------------------------------------------------ graphs


def dense_fusion(rows: Any, inner: int, units: int) -> Fusion:
    body = Graph("dense_sigmoid")
    x, w, b = body.input("x", f32(rows, inner)), body.input("w", f32(inner, units)), body.input("b", f32(units))
    body.output("y", sigmoid(matmul(x, w) + b))
    return Fusion("dense_sigmoid", body)


def _parameters(graph: Graph, shapes: dict[str, tuple[int, ...]]) -> tuple[Value, dict[str, Value]]:
    total = sum(int(f32(*shape).size) for shape in shapes.values())
    slab = graph.state("parameters", f32(total), "parameter")
    parts = graph.add(Unpack(tuple(shapes.values())), slab, names=tuple(shapes))
    return slab, dict(zip(shapes, parts, strict=True))


def _forward(graph: Graph, widths: list[int]) -> tuple[list[Value], Value, dict[str, Value]]:
    names = ["dense" if number == 0 else f"dense_{number}" for number in range(len(widths) - 1)]
    shapes: dict[str, tuple[int, ...]] = {}
    for name, inner, units in zip(names, widths, widths[1:], strict=False):
        shapes[f"{name}/kernel"], shapes[f"{name}/bias"] = (inner, units), (units,)
    values = [graph.input("x", f32(BATCH, widths[0]))]
    slab, parts = _parameters(graph, shapes)
    for name, inner, units in zip(names, widths, widths[1:], strict=False):
        with graph.scope(path=name):
            operands = values[-1], parts[f"{name}/kernel"], parts[f"{name}/bias"]
            values.append(graph.add(dense_fusion(BATCH, inner, units), *operands, names=(name,))[0])
    return values, slab, parts


def forward_graph() -> Graph:
    graph = Graph("predict")
    values, _, _ = _forward(graph, [2, 2, 1])
    graph.output("y", values[-1])
    return graph


def train_graph(widths: tuple[int, ...] = (2, 2, 1)) -> Graph:
    """A training step of dense layers, unfused backward, with stochastic gradient descent."""
    graph = Graph("train")
    values, slab, parts = _forward(graph, list(widths))
    target = graph.input("target", f32(BATCH, widths[-1]))
    with graph.scope(path="mean_squared_error", phase="loss"):
        error = values[-1] - target
        loss = mean(square(error))
    graph.output("loss", loss)
    gradients: dict[str, Value] = {}
    with graph.scope(phase="backward"):
        with graph.scope(path="mean_squared_error"):
            cotangent = error * 2.0
        for number in reversed(range(len(widths) - 1)):
            name = "dense" if number == 0 else f"dense_{number}"
            with graph.scope(path=name):
                y = values[number + 1]
                slope = cotangent * (y * (1.0 - y))
                gradients[f"{name}/kernel"] = matmul(transpose(values[number]), slope)
                gradients[f"{name}/bias"] = reduce_sum(slope, axis=0)
                if number:
                    cotangent = matmul(slope, transpose(parts[f"{name}/kernel"]))
    with graph.scope(phase="update"):
        packed = graph.add(Pack(), *(gradients[label] for label in parts))[0]
        rate = graph.state("learning_rate", f32(), "hyperparameter")
        graph.update("parameters", slab - packed * rate)
    return graph


def nested_graph() -> Graph:
    """Unfused ops of layers inside layers, with an operand that is read twice and constants."""
    graph = Graph("nested")
    x = graph.input("x", f32(BATCH, 4))
    with graph.scope(path="encoder/first"):
        first = sigmoid(x * x)
    with graph.scope(path="encoder/second"):
        second = 1.0 - first
    with graph.scope(path="head"):
        table = graph.constant([1.0, 2.0, 3.0, 4.0], "float32")
        total = reduce_sum(second * table + graph.constant([0.5] * 4, "float32"), axis=-1, keepdims=True)
    graph.output("total", total)
    return graph
