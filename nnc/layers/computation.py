"""The part of a layer that is about what it computes: built for the types of its inputs, lowered to a graph."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from nnc.errors import ModelError, UnwrittenError
from nnc.identity import is_own
from nnc.ir import FLOATING, Graph, Placeholder, TensorType, Value, count_flops
from nnc.ir.ops import cast, maximum, size
from nnc.layers.call_arguments import TENSORS, Arguments, bind, build_arguments, default_training
from nnc.layers.constants import with_constants
from nnc.layers.description import Described
from nnc.layers.input_types import FLOAT
from nnc.layers.lowering import (
    LoweredCall,
    Lowering,
    computing_in,
    current_lowering,
    declare_weights,
    is_lowering,
    lowering,
    training_mode,
)
from nnc.layers.weights import weight_paths
from nnc.structure import leaves, map_leaves

_UNKNOWN_WEIGHTS = "Layer '{}' ({}) has weights, so layer '{}', which uses it, must have it as an attribute"


class Computation(Described):
    """The part of a layer that is about what it computes, for inputs whose types are known or that are graph values."""

    is_merging: bool = False
    """Whether `call` takes a list of inputs."""
    _is_operation: bool = False
    """Whether it is an operation of `keras.ops` between layers."""
    _is_a_users: bool = False
    """Whether what it computes is a user's, who may take several inputs as a list, though its class is not."""
    _measures_own_rows: bool = False
    """Whether it measures the rows of each process by themselves where several divide a batch."""
    supports_masking: bool = False
    """Whether masks pass through the layer, as `compute_mask` says; otherwise they end at it, with a warning.

    A class that defines `compute_mask` supports them.
    """
    keeps_integers: bool = False
    """Whether whole-number inputs stay whole numbers, as in a `call` of a user's; else they become floating-point."""
    keeps_integers_of_arrays: bool = False
    """Whether they stay whole numbers where the layer is applied to arrays, and become floating-point in a model."""
    autocast: bool = True
    """Whether floating-point inputs are converted to the element type that the layer computes in."""

    # ------------------------------------------------------------------ building

    def build(self, input_shape: Any) -> None:
        """Make the weights; called once, with the shape (a list of shapes for merging layers).

        Lengths that are not known, such as that of most batches, are None.

        Where `call` takes several tensors, ``build`` may name the shapes it wants: ``query_shape``, ``value_shape``.
        """
        self.built = True

    def build_sublayer(self, layer: Computation, *shapes: Any) -> None:
        """Build a layer inside this one, with this layer's element type, unless it is built.

        Raises:
            ModelError: the layer does not accept such inputs.
        """
        if layer.built:
            return
        layer.weights_dtype = layer.weights_dtype or self.weights_dtype
        with layer.blame():
            layer.build(*shapes)
        layer.built = True

    def _ensure_built(self, arguments: Arguments) -> None:
        if self.built:
            return
        if self.weights_dtype is None and any(item.dtype in FLOATING for item in leaves(arguments.tensors, TENSORS)):
            self.weights_dtype = (current_lowering().dtype if is_lowering() else None) or FLOAT
        with self.blame():
            self.build(**build_arguments(self.build, arguments))
        self.built = True

    # ------------------------------------------------------------------ lowering

    def call(self, *inputs: Any) -> Any:
        """Return the output for graph values, in graph arithmetic; a merging layer gets one list.

        Its keywords ``training`` and ``mask`` are filled in where it has them; with several tensors the masks are
        called ``NAME_mask``.
        """
        raise UnwrittenError(
            f"{type(self).__name__} does not have a `call` method implemented: define call(self, x), which says what it"
            " computes"
        )

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the output (or one per output), a value of bool, or None where everything counts.

        Args:
            inputs: the first argument of `call`.
            previous_mask: its mask, of the same structure.
        """
        del inputs
        return previous_mask

    def add_loss(self, value: Value) -> None:
        """Add a value to the loss; for use in `call`.

        Raises:
            ModelError: no graph is being built.
        """
        current_lowering().losses.append(value)

    def lower(self, *args: Any, **kwargs: Any) -> Any:
        """Add this layer's nodes to the graph that is being built, and return what `call` returns.

        Args:
            args: graph values, nested as `call` wants them.
            kwargs: likewise; ``training`` overrides the mode.

        Raises:
            ModelError: the layer does not accept such inputs.
        """
        context = current_lowering()
        graph = context.graph
        mode = kwargs.get("training")
        if "training" not in kwargs and context.is_undecided:
            mode = default_training(self.call)
        args, kwargs = with_constants((args, kwargs), graph)
        if self.autocast:
            args, kwargs = self._converted(context, args, kwargs)
        path = f"{graph.path}/{self.name}" if graph.path else self.name
        first = len(graph.nodes)
        with (
            self.blame(),
            graph.scope(path=path),
            nullcontext() if mode is None else training_mode(context, bool(mode)),
            computing_in(context, self.compute_dtype) if self.autocast else nullcontext(),
        ):
            arguments = bind(self, self.call, args, kwargs)
            masks = arguments.masks(context)
            previous = arguments.previous_mask(context, masks)  # the call may take it off
            is_given = leaves([arguments.given.get("mask"), masks.get("mask")], Value) and not self.is_merging
            built = previous if is_given else map_leaves(context.built_masks.get, arguments.first, Value)
            filled_in = masks | ({"training": context.training} if "training" in arguments.names else {})
            found = self._checked(context, self.call(*args, **{**_accepted(kwargs, arguments), **filled_in}))
            if self.activity_regularizer is not None:
                for value in map(self.as_floating, leaves(found, Value)):
                    rows = maximum(size(value, [0], value.dtype), 1.0) if value.rank else 1.0  # there may be none
                    self.add_loss(self.activity_regularizer(value) / rows)
            self._pass_masks(context, arguments.first, found, previous, built)
        if self._measures_own_rows:
            context.per_process.add(path)
        values = tuple(leaves(found, Value))
        nodes = range(first, len(graph.nodes))
        context.results.append(
            LoweredCall(path, self._class_title, values, self._is_operation, "", self, (args, kwargs), nodes)
        )
        return found

    def _checked(self, context: Lowering, found: Any) -> Any:
        """Return the outputs of `call`, as values with names."""
        graph = context.graph
        found = map_leaves(lambda item: item.value, found, Placeholder)
        values, others = leaves(found, Value), _others(found)
        if not values and not others:
            raise ModelError("call() must return a graph value, got nothing")
        if others:
            raise ModelError(
                f"call() must return a graph value, got {others[0]}; use nnc.ops instead of NumPy functions"
            )
        for number, value in enumerate(values):
            graph.set_name(value, graph.path if len(values) == 1 else f"{graph.path}.{number}")
        return found

    def _pass_masks(self, context: Lowering, first: Any, found: Any, previous: Any, built: Any) -> None:
        """Give outputs the masks that follow from those of inputs: what these carry, and what they had when built."""
        if not self.supports_masking:
            if leaves(previous, Value):
                warnings.warn(
                    f"Layer '{self.name}' (of type {type(self).__name__}) was passed an input with a mask attached to "
                    "it. However, this layer does not support masking and will therefore destroy the mask "
                    "information. Downstream layers will not see the mask.",
                    stacklevel=2,
                )
            return
        values = leaves(found, Value)
        if all(value in context.masks for value in values):
            return
        carried = self.compute_mask(first, previous)
        is_same = leaves(built, Value) == leaves(previous, Value)
        made = carried if is_same else self.compute_mask(first, built)
        _note_masks(context.masks, values, carried)
        _note_masks(context.built_masks, values, made)

    def _converted(
        self, context: Lowering, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments in the element type that the layer computes in; masks stay what they are."""
        dtype = context.dtype or self.compute_dtype
        keeps_integers = self.keeps_integers or not is_own(type(self).call)
        keeps_integers = keeps_integers or (self.keeps_integers_of_arrays and context.is_on_arrays)

        def convert(value: Value) -> Value:
            if value.dtype == dtype or (keeps_integers and not value.type.is_floating):
                return value
            converted = cast(value, dtype)
            for known in (context.masks, context.built_masks):
                if value in known:
                    known[converted] = known[value]
            return converted

        converted = map_leaves(convert, args, Value)
        masks = {key: map_leaves(_as_truth, value, Value) for key, value in kwargs.items() if key.endswith("mask")}
        return converted, map_leaves(convert, kwargs, Value) | masks

    def as_floating(self, x: Value) -> Value:
        """Return x as it is, or in the element type that the layer computes in where it holds whole numbers."""
        return x if x.type.is_floating else cast(x, current_lowering().dtype or self.compute_dtype)

    @property
    def compute_dtype(self) -> str:
        """Element type that floating-point numbers are computed in: that of the weights, once they have one."""
        dtypes = {weight.dtype for weight in self.own_weights if weight.dtype in FLOATING}
        chosen = self.weights_dtype if self.weights_dtype in FLOATING else FLOAT
        return dtypes.pop() if len(dtypes) == 1 else chosen

    def _apply(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Lower the layer inside the call() of another."""
        context = current_lowering()
        if not self.built:
            self._ensure_built(bind(self, self.call, args, kwargs))
        fresh = {weight: path for weight, path in weight_paths(self, f"{self.name}/").items() if not weight.has_value}
        if fresh and not context.declares:
            raise ModelError(_UNKNOWN_WEIGHTS.format(self.name, type(self).__name__, context.graph.path))
        prefix = f"{context.graph.path}/" if context.graph.path else ""
        for weight, path in fresh.items():
            context.declare(weight, prefix + path)
        return self.lower(*args, **kwargs)

    def output_types(self, *args: Any, **kwargs: Any) -> Any:
        """Return the types of the outputs for inputs of these types, nested as `call` returns them.

        Raises:
            ModelError: the layer does not accept such inputs.
        """
        return map_leaves(lambda value: value.type, self._lowered_alone(args, kwargs)[0], Value)

    def _flops(self, args: tuple[Any, ...], kwargs: dict[str, Any], rows: int) -> int:
        """Return the floating-point operations of a prediction of so many rows, for inputs of these types."""
        return count_flops(self._lowered_alone(args, kwargs)[1].graph, rows)

    def _opened(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return what a call consists of, for inputs of these types, as pictures know models; None where it is one."""
        del args, kwargs

    def _lowered_alone(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Lowering]:
        """Lower the layer to a graph of its own, for inputs of these types; return what `call` returns, and how."""
        self._ensure_built(bind(self, self.call, args, kwargs))
        graph = Graph("types")
        with lowering(graph, declares=True) as context:
            declare_weights(context, weight_paths(self, f"{self.name}/"))
            count = iter(range(len(leaves((args, kwargs), TensorType))))
            values = map_leaves(lambda item: graph.input(f"x{next(count)}", item), (args, kwargs), TensorType)
            found = self.lower(*values[0], **values[1])
        known = weight_paths(self)
        for weight in context.declared:
            if weight not in known:
                raise ModelError(_UNKNOWN_WEIGHTS.format(weight.owner.name, type(weight.owner).__name__, self.name))
        return found, context


def _note_masks(known: dict[Value, Value], values: list[Value], masks: Any) -> None:
    """Let values have masks, one or as many as there are, unless they have some."""
    for value, mask in zip(values, masks if isinstance(masks, list | tuple) else [masks], strict=False):
        if mask is not None and value not in known:
            known[value] = mask


def _as_truth(mask: Value) -> Value:
    """Return a mask of whole numbers as one of truth values, as Keras takes it."""
    return mask if mask.type.is_floating else cast(mask, "bool")


def _others(found: Any) -> list[str]:
    """Return the types of what is not a graph value among the outputs of a call."""
    if isinstance(found, list | tuple | dict):
        parts = found.values() if isinstance(found, dict) else found
        return [name for part in parts for name in _others(part)]
    return [] if isinstance(found, Value) else [type(found).__name__]


def _accepted(kwargs: Mapping[str, Any], arguments: Arguments) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if key in arguments.names or key in arguments.given}
