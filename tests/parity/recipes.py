"""Random functional models as recipes, which build the same model with nnc and with Keras."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from hypothesis import strategies as st

Shape = tuple[int, ...]
ACTIVATIONS = st.sampled_from(["linear", "tanh", "sigmoid", "softplus", "elu", "gelu", "softmax"])
"""Smooth ones: near a kink rounding decides which derivative is taken."""


@dataclass(frozen=True)
class Step:
    """One layer applied to earlier tensors.

    Args:
        layer: class name.
        config: its arguments.
        sources: positions of the tensors it reads; the inputs come first.
        is_list: whether it takes them as a list.
    """

    layer: str
    config: tuple[tuple[str, Any], ...]
    sources: tuple[int, ...]
    is_list: bool = False


@dataclass(frozen=True)
class Recipe:
    """A model.

    Args:
        inputs: shape of a row of each input.
        steps: the layers, in order.
        outputs: positions of the tensors that come out.
    """

    inputs: tuple[Shape, ...]
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]

    def build(self, nn: Any) -> Any:
        """Return the model; `nn` is nnc or Keras."""
        inputs = [nn.Input(shape) for shape in self.inputs]
        tensors = list(inputs)
        for step in self.steps:
            layer = getattr(nn.layers, step.layer)(**dict(step.config))
            given = [tensors[source] for source in step.sources]
            tensors.append(layer(given) if step.is_list else layer(*given))
        return nn.Model(inputs, [tensors[position] for position in self.outputs])


@st.composite
def recipes(draw: st.DrawFn, steps: int = 6) -> Recipe:
    """Draw a model of up to `steps` layers over one or two inputs."""
    shapes: list[Shape] = [draw(st.sampled_from([(4,), (5, 3), (6, 6, 2)])) for _ in range(draw(st.integers(1, 2)))]
    inputs, made = tuple(shapes), []
    for _ in range(draw(st.integers(1, steps))):
        step, shape = draw(_steps(tuple(shapes)))
        made.append(step)
        shapes.append(shape)
    read = {source for step in made for source in step.sources}
    ends = tuple(position for position in range(len(shapes)) if position not in read and position >= len(inputs))
    unread = [position for position in range(len(inputs)) if position not in read]
    for position in unread:
        made.append(Step("Flatten", (), (position,)))
        ends = (*ends, len(inputs) + len(made) - 1)
    return Recipe(inputs, tuple(made), ends)


@st.composite
def _steps(draw: st.DrawFn, shapes: tuple[Shape, ...]) -> tuple[Step, Shape]:
    """Draw a layer that fits some of the tensors, and the shape that comes out."""
    source = draw(st.integers(0, len(shapes) - 1))
    shape = shapes[source]
    partners = [position for position, other in enumerate(shapes) if other == shape]
    choices = ["Dense", "Activation", "Flatten", "LayerNormalization"]
    if len(shape) == 2:
        choices += ["Conv1D", "Permute", "GlobalAveragePooling1D", "AveragePooling1D", "SimpleRNN", "LSTM", "GRU"]
    if len(shape) == 3:
        choices += ["Conv2D", "DepthwiseConv2D", "AveragePooling2D", "ZeroPadding2D", "UpSampling2D", "Conv2DTranspose"]
    if len(partners) > 1:
        choices += ["Add", "Multiply", "Subtract", "Average", "Concatenate"]
    name = draw(st.sampled_from(choices))
    if name in ("Add", "Multiply", "Subtract", "Average", "Concatenate"):
        other = draw(st.sampled_from(partners))
        result = (*shape[:-1], 2 * shape[-1]) if name == "Concatenate" else shape
        return Step(name, (), (source, other), is_list=True), result
    config, result = draw(_configured(name, shape))
    return Step(name, tuple(config.items()), (source,)), result


@st.composite
def _configured(draw: st.DrawFn, name: str, shape: Shape) -> tuple[dict[str, Any], Shape]:
    width = draw(st.integers(1, 4))
    window = draw(st.integers(1, min(3, min(shape[:-1], default=1))))
    strides = draw(st.integers(1, 2))
    padding = draw(st.sampled_from(["valid", "same"]))
    space = shape[:-1]
    slid = tuple(-(-n // strides) if padding == "same" else (n - window) // strides + 1 for n in space)
    sliding = {"strides": strides, "padding": padding}
    match name:
        case "Dense":
            return {"units": width, "activation": draw(ACTIVATIONS)}, (*space, width)
        case "Activation":
            return {"activation": draw(ACTIVATIONS)}, shape
        case "Flatten":
            return {}, (prod(shape),)
        case "LayerNormalization":
            return {"epsilon": 0.1}, shape
        case "Conv1D" | "Conv2D":
            config = {"filters": width, "kernel_size": window, "activation": draw(ACTIVATIONS)}
            return config | sliding, (*slid, width)
        case "DepthwiseConv2D":
            return {"kernel_size": window, "depth_multiplier": strides, "padding": "same"}, (
                *space,
                shape[-1] * strides,
            )
        case "Conv2DTranspose":
            # A window narrower than the step: TensorFlow's gradient of the kernel writes past its memory.
            steps = min(strides, window)
            config = {"filters": width, "kernel_size": window, "strides": steps, "padding": "same"}
            return config, (*(n * steps for n in space), width)
        case "AveragePooling1D" | "AveragePooling2D":
            return {"pool_size": window} | sliding, (*slid, shape[-1])
        case "GlobalAveragePooling1D":
            return {}, shape[-1:]
        case "Permute":
            return {"dims": (2, 1)}, shape[::-1]
        case "ZeroPadding2D":
            return {"padding": strides}, (*(n + 2 * strides for n in space), shape[-1])
        case "UpSampling2D":
            return {"size": strides}, (*(n * strides for n in space), shape[-1])
        case _:
            sequences = draw(st.booleans())
            config = {"units": width, "return_sequences": sequences, "go_backwards": draw(st.booleans())}
            return config, ((space[0], width) if sequences else (width,))
