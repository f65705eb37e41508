"""Copies of models with layers of their own, as `keras.models.clone_model` makes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nnc.errors import ModelError
from nnc.execution.spec import packed
from nnc.layers import InputLayer, Lambda, Layer
from nnc.layers.symbolic import SymbolicTensor
from nnc.models.model import Model
from nnc.models.nesting import one_or_list
from nnc.models.sequential import Sequential
from nnc.models.wiring import rewire
from nnc.structure import leaves

CloneFunction = Callable[[Layer], Layer]
CallFunction = Callable[..., Any]


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: CloneFunction | None = None,
    call_function: CallFunction | None = None,
    recursive: bool = False,
) -> Model:
    """Return a model that is wired like another, of new layers with first weights of their own.

    It is compiled as the other is, with an optimizer of its own; for replicas, if the other is.

    Args:
        model: the model.
        input_tensors: symbolic inputs to build upon, one or a list; by default new ones.
        clone_function: returns the layer that replaces one; by default ``type(layer).from_config(config)``.
        call_function: called as ``(layer, *args, **kwargs)`` instead of a layer, for functional models.
        recursive: whether models inside are cloned layer by layer as well, and not as one layer.

    Raises:
        ModelError: an argument is wrong, or a function gives no layer.
    """
    if not isinstance(model, Model):
        raise ModelError(f"clone_model takes a Sequential or functional model, got {model!r:.80}")
    for key, given in (("clone_function", clone_function), ("call_function", call_function)):
        if given is not None and not callable(given):
            raise ModelError(f"clone_model: {key} must be a function, got {given!r:.80}")
    if isinstance(model, Sequential) and call_function is not None:
        raise ModelError(f"clone_model: call_function is for functional models, '{model.name}' is a Sequential")
    return _Cloning(clone_function, call_function, recursive).model(model, input_tensors)


class _Cloning:
    def __init__(self, clone: CloneFunction | None, call: CallFunction | None, recursive: bool) -> None:
        self.clone, self.call, self.recursive = clone, call, recursive
        self.clones: dict[Layer, Layer] = {}

    def model(self, model: Model, inputs: Any = None) -> Model:
        given = None if inputs is None else list(leaves(inputs, SymbolicTensor))
        if given is not None and len(given) != len(model.inputs):
            raise ModelError(f"clone_model: model '{model.name}' has {len(model.inputs)} inputs, got {len(given)}")
        made = self._chain(model, given) if isinstance(model, Sequential) else self._functional(model, given)
        if model.compiled:
            objective = model.objective
            made.compile(
                type(model.optimizer).from_config(model.optimizer.get_config()),
                objective.loss,
                objective.loss_weights,
                objective.metrics,
                objective.weighted_metrics,
                **model.replica_options,
            )
        return made

    def _chain(self, model: Sequential, inputs: Sequence[SymbolicTensor] | None) -> Model:
        layers: list[Any] = [self.layer(layer) for layer in model.layers]
        first = list(inputs or ())
        if inputs is None and model.inputs:
            first = [_new_input(tensor) for tensor in model.inputs]
        return Sequential([*first, *layers], name=model.name)

    def _functional(self, model: Model, inputs: Sequence[SymbolicTensor] | None) -> Model:
        new = [_new_input(tensor) for tensor in model.inputs] if inputs is None else list(inputs)
        known: dict[SymbolicTensor, Any] = dict(zip(model.inputs, new, strict=True))
        rewire(model.calls, known, self._applied)
        outputs = packed(model.output_structure, [known[tensor] for tensor in model.outputs])
        return Model(one_or_list(new), outputs, name=model.name)

    def _applied(self, layer: Layer, *args: Any, **kwargs: Any) -> Any:
        clone = self.layer(layer)
        return clone(*args, **kwargs) if self.call is None else self.call(clone, *args, **kwargs)

    def layer(self, layer: Layer) -> Layer:
        """Return the clone of a layer, one for all its calls."""
        if layer not in self.clones:
            found: Any
            if self.recursive and isinstance(layer, Model):
                found = _Cloning(self.clone, None if isinstance(layer, Sequential) else self.call, True).model(layer)
            elif self.clone is not None:
                found = self.clone(layer)
            elif isinstance(layer, Lambda):
                found = layer.copied()
            else:
                config = layer.get_config()
                if not layer.is_named:  # as those of a chain whose input is not known yet: the clone's model will
                    config.pop("name", None)
                found = type(layer).from_config(config)
            if not isinstance(found, Layer):
                raise ModelError(f"clone_model: clone_function must return a layer, got {found!r:.80}")
            self.clones[layer] = found
        return self.clones[layer]


def _new_input(tensor: SymbolicTensor) -> SymbolicTensor:
    layer = tensor.call.layer if tensor.call is not None else None
    assert isinstance(layer, InputLayer)
    return InputLayer.from_config(layer.get_config()).output
