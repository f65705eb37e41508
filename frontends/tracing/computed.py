"""Computes what was recorded of a live model with Keras, call by call, so that each operation's numbers are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy

from frontends.keras_calls import safe_name
from frontends.tracing.functions import CREATIONS
from frontends.tracing.recording import Assigned, Body, Call, Frame, is_variable
from nnc.labels import OPERATION
from nnc.layers.trace import step_names


@dataclass(frozen=True)
class Computed:
    """The numbers of an operation inside a layer of its author's, or inside the model.

    Args:
        path: its path, behind the names of the layers around it, as in nnc's graphs.
        op: its class in Keras.
        outputs: what it returned; None instead of random numbers, and of what is made of them.
        place: the author's line, as ``file:line``.
        layer: path of the layer that it is, among layers alone, where it was called in a loop; empty for an operation.
    """

    path: str
    op: str
    outputs: tuple[numpy.ndarray | None, ...]
    place: str
    layer: str = ""


@dataclass(frozen=True)
class _Named:
    name: str


class Evaluation:
    """Computes the calls of one recorded run with Keras's own operations and layers.

    Args:
        keras: the package of the model.
        keeps_names: whether operations have the names that Keras gives them, as in a model that has a config.

    Attributes:
        found: the operations, in the order in which they are computed.
    """

    def __init__(self, keras: Any, keeps_names: bool = False) -> None:
        self.keras, self.keeps_names = keras, keeps_names
        self.found: list[Computed] = []
        self._values: dict[int, Any] = {}
        self._weights: dict[int, Any] = {}
        self._loops: list[int] = []

    def run(self, frame: Frame, inputs: list[Any], path: str = "") -> None:
        """Compute the steps of a call.

        Args:
            frame: the call.
            inputs: the numbers of its inputs; None for those that are not known.
            path: path of the layer, with a slash behind it; empty for the model.
        """
        self._set(frame.inputs, inputs)
        for name, step in zip(self._names(frame), frame.steps, strict=True):
            if isinstance(step, Assigned):
                self._weights[id(step.variable)] = self._resolved(step.value)
            elif isinstance(step, Call):
                self._call(step, f"{path}{name}")

    def _call(self, call: Call, path: str) -> None:
        if isinstance(call.target, Frame):
            self.run(call.target, [self._resolved(item) for item in call.args], f"{path}/")
            results: list[Any] = [self._resolved(item) for item in call.target.outputs]
            self._set(call.outputs, results)
            self._add_layer(call, call.target.layer, path, results)
            return
        args, kwargs = self._resolved(call.args), self._resolved(dict(call.kwargs))
        if any(item is _UNKNOWN for item in _flat((args, kwargs))):
            results = [_UNKNOWN] * len(call.outputs)
        elif isinstance(call.target, Body):
            results = self._looped(call.target, list(_flat(args)), path)
        elif isinstance(call.target, str):
            made = self._made(call.target, kwargs) if call.target in CREATIONS else _UNKNOWN
            results = [made]
        else:
            if type(call.target).__name__ == "Add":
                args = self._broadcast(args)
            results = [item for item in _flat(call.target(*args, **kwargs)) if hasattr(item, "shape")]
        self._set(call.outputs, results)
        if hasattr(call.target, "_layers"):
            self._add_layer(call, call.target, path, results)
        else:
            op = call.target if isinstance(call.target, str) else type(call.target).__name__
            op = "Scan" if isinstance(call.target, Body) else op
            path = f"{path}{OPERATION}" if "/" in path else path  # the model's own stand between layers
            self.found.append(Computed(path, op, tuple(map(self._array, results)), call.place))

    def _broadcast(self, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return operands of a sum in its shape: Keras on TensorFlow takes a column beside a square for a bias."""
        shapes = [tuple(item.shape) for item in operands if hasattr(item, "shape")]
        if len(shapes) < len(operands):
            return operands
        shape = numpy.broadcast_shapes(*shapes)
        return tuple(self.keras.ops.broadcast_to(item, shape) for item in operands)

    def _add_layer(self, call: Call, layer: Any, path: str, results: list[Any]) -> None:
        """Note what a layer in a loop returns in a step; outside of loops, layers are watched while the model runs."""
        if self._loops:
            parts = path.split("/")
            name = "/".join(part for place, part in enumerate(parts) if place not in self._loops)
            outputs = tuple(map(self._array, results))
            self.found.append(Computed(path, type(layer).__name__, outputs, call.place, name))

    def _looped(self, body: Body, given: list[Any], path: str) -> list[Any]:
        """Return the last states of a loop, and its outputs side by side; so is in `found` what is inside it."""
        states, sequences = given[: body.carries], given[body.carries : body.carries + body.sequences]
        count, steps, inside, known = int(sequences[0].shape[0]), [], [], len(self.found)
        self._loops.append(path.count("/"))
        for number in reversed(range(count)) if body.backwards else range(count):
            self.run(body.frame, [*states, *(sequence[number] for sequence in sequences)], f"{path}/")
            inside.append(self.found[known:])
            del self.found[known:]
            results = list(_flat(self._resolved(body.frame.outputs)))
            states = results[: body.carries]
            steps.append(results[body.carries :])
        self._loops.pop()
        self.found += map(_side_by_side, zip(*(reversed(inside) if body.backwards else inside), strict=True))
        stacks = zip(*(reversed(steps) if body.backwards else steps), strict=True)
        if any(item is _UNKNOWN for item in _flat((states, steps))):
            return [_UNKNOWN] * (len(states) + len(steps[0]))
        return [*states, *(self.keras.ops.stack(list(stack)) for stack in stacks)]

    def _made(self, name: str, given: Mapping[str, Any]) -> Any:
        """Return a tensor that is made of numbers alone, as `frontends.tracing.functions.made` has them."""
        ops = self.keras.ops
        match name:
            case "arange":
                stop = given["start"] + given["length"] * given["step"]
                return ops.arange(given["start"], stop, given["step"], dtype=given["dtype"])
            case "eye" | "identity":
                return ops.eye(given["rows"], given["columns"], k=given["k"], dtype=given["dtype"])
            case "broadcast_to":
                return ops.broadcast_to(given["x"], given["shape"])
            case "maximum" | "minimum":
                return getattr(ops, name)(given["x1"], given["x2"])
            case "tri":
                return ops.tri(given["rows"], given["columns"], k=given["k"], dtype=given["dtype"])
            case _:
                return ops.full(given["shape"], given["fill_value"], dtype=given["dtype"])

    def _names(self, frame: Frame) -> tuple[str, ...]:
        """Return what the steps of a call are called, as in its trace, or as the config of its model has it."""
        targets: list[Any] = []
        for step in frame.steps:
            target: Any = step.target if isinstance(step, Call) else None
            if isinstance(target, Frame):
                target = target.layer
            is_operation = target is not None and not hasattr(target, "_layers")
            if target is None or isinstance(target, str):
                targets.append(target)
            elif isinstance(target, Body):
                targets.append("Scan")
            elif is_operation and not self.keeps_names:
                targets.append(type(target).__name__)
            else:
                targets.append(_Named(safe_name(target.name)))
        return step_names(targets)

    # ------------------------------------------------------------------ values

    def _set(self, tensors: list[Any], values: list[Any]) -> None:
        self._values.update(zip(map(id, tensors), values, strict=True))

    def _resolved(self, item: Any) -> Any:
        """Return a structure with numbers in place of symbolic tensors and of the weights that were assigned."""
        if is_variable(item) or hasattr(item, "_traced_variable"):
            variable = getattr(item, "_traced_variable", item)
            return self._weights.get(id(variable), variable)
        if isinstance(item, self.keras.KerasTensor):
            return self._values[id(item)]
        if isinstance(item, dict):
            return {key: self._resolved(part) for key, part in item.items()}
        if isinstance(item, list | tuple):
            parts = [self._resolved(part) for part in item]
            if isinstance(item, tuple) and hasattr(item, "_fields"):
                return type(item)(*parts)
            return parts if isinstance(item, list) else tuple(parts)
        return item

    def _array(self, value: Any) -> numpy.ndarray | None:
        return None if value is _UNKNOWN else numpy.array(self.keras.ops.convert_to_numpy(value))


_UNKNOWN = object()
"""Stands for what was made of random numbers."""


def _side_by_side(steps: tuple[Computed, ...]) -> Computed:
    """Return what a call in a loop gave in all steps, along a first axis; None for what is not known."""
    columns = zip(*(step.outputs for step in steps), strict=True)
    stacks = [None if any(item is None for item in column) else numpy.stack(column) for column in columns]
    return replace(steps[0], outputs=tuple(stacks))


def _flat(structure: Any) -> Iterator[Any]:
    if isinstance(structure, list | tuple | dict):
        for item in structure.values() if isinstance(structure, dict) else structure:
            yield from _flat(item)
    else:
        yield structure
