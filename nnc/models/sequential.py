"""A chain of layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from nnc.arrays import shape_of
from nnc.errors import ModelError
from nnc.layers import InputLayer, Layer
from nnc.layers.symbolic import SymbolicTensor
from nnc.models.model import Model
from nnc.program.streams import first_inputs, is_stream
from nnc.structure import leaves


class Sequential(Model):
    """A chain of layers, the output of each the input of the next.

    Args:
        layers: the layers, optionally with an `nnc.Input` in front; a model may be one of them.
        trainable: whether its weights are trained.
        name: name of the model.

    Raises:
        ModelError: something in the list is not a layer, or layers do not fit each other.
    """

    draws_seed_first: ClassVar[bool] = True

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name, trainable=trainable)
        self._chain: list[Layer] = []
        self._input: InputLayer | None = None
        for layer in layers or ():
            self._append(layer)
        self._wire_chain()

    def add(self, layer: Any) -> None:
        """Append a layer.

        Raises:
            ModelError: it is not a layer, or does not fit.
        """
        before = list(self._chain), self._input
        try:
            self._append(layer)
            self._wire_chain()
        except Exception:
            self._chain, self._input = before
            self._wire_chain()
            raise

    def pop(self) -> Layer:
        """Remove the last layer and return it.

        Raises:
            ModelError: there is none.
        """
        if not self._chain:
            raise ModelError(f"model '{self.name}' has no layers to remove")
        layer = self._chain.pop()
        self._wire_chain()
        return layer

    def _append(self, layer: Any) -> None:
        if isinstance(layer, SymbolicTensor) and layer.call is not None and isinstance(layer.call.layer, InputLayer):
            layer = layer.call.layer
        if isinstance(layer, InputLayer):
            if self._chain or self._input is not None:
                raise ModelError(f"model '{self.name}': it has already been configured, an Input can only come first")
            self._input = layer
            return
        if not isinstance(layer, Layer):
            hint = f"; write {layer.__name__}(...)" if isinstance(layer, type) and issubclass(layer, Layer) else ""
            raise ModelError(f"model '{self.name}': Only instances of nnc.Layer can be added, got {layer!r}{hint}")
        if any(layer is other for other in self._chain):
            raise ModelError(f"model '{self.name}': layer '{layer.name}' is added twice; make a second one")
        if not self._chain and self._input is None:
            self._input = _input_of(layer)
        self._chain.append(layer)

    def _wire_chain(self) -> None:
        self.inputs, self.outputs, self.calls = [], [], ()
        self._program = None
        if self._input is None or not self._chain:
            return
        tensor: Any = self._input.output
        for layer in self._chain:
            if isinstance(tensor, tuple | list):
                raise ModelError(f"model '{self.name}': a layer with several outputs can only come last")
            tensor = layer([tensor] if layer.is_merging else tensor)
        self._connect((self._input.output,), tuple(leaves(tensor, SymbolicTensor)))

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape, the batch (None) first.

        Raises:
            ModelError: the layers do not accept such inputs.
        """
        if self.outputs:
            return
        before = self._input
        if self._input is None:
            first = self._chain[0] if self._chain else None
            dtype = first.input_dtype if first is not None and first.takes_texts else None
            self._input = InputLayer(batch_shape=tuple(input_shape), dtype=dtype)
        try:
            self._wire_chain()
        except Exception:
            self._input = before
            raise

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without the input, as in Keras."""
        return list(self._chain)

    @layers.setter
    def layers(self, given: Any) -> None:
        raise AttributeError("`Sequential.layers` attribute is reserved. Use `add()` and `pop()` to change the layers")

    def _ensure_wired(self, x: Any) -> None:
        if self.outputs or not self._chain:
            return
        x = first_inputs(x) if is_stream(x) else x
        shape = shape_of(x[0] if isinstance(x, list | tuple) and len(x) == 1 and hasattr(x[0], "shape") else x)
        if shape:
            self.build((None, *shape[1:]))

    def _ensure_wired_for(self, tensors: Sequence[Any]) -> None:
        if not self.outputs and self._chain and len(tensors) == 1:
            dims = tensors[0].shape[1:]
            self.build((None, *(size if isinstance(size, int) else None for size in dims)))

    @property
    def is_authored(self) -> bool:
        """Return False: the chain says what is computed."""
        return False

    @property
    def operations(self) -> list[Layer]:
        """The layers in order."""
        return self.layers

    @property
    def keras_class(self) -> tuple[str, str, str | None]:
        """Module, name and registered name of a Sequential, whatever subclass it is."""
        return "keras", "Sequential", None

    @classmethod
    def _base(cls) -> type[Model]:
        return Sequential

    def _construction(self) -> tuple[Any, ...]:
        return ([call.layer for call in self.calls] or self.layers,)

    def get_config(self) -> dict[str, Any]:
        """Return the model's config in Keras's form."""
        from nnc.models.config import sequential_config

        return sequential_config(self, self._chain, self.input_shape if self.inputs else ())


def _input_of(layer: Layer) -> InputLayer | None:
    """Return the input that a first layer says its model has, by its arguments or as a model of its own."""
    if isinstance(layer, Model) and len(layer.inputs) == 1:
        return InputLayer(batch_shape=layer.inputs[0].shape, dtype=layer.inputs[0].dtype)
    if layer.batch_input_shape is None:
        return None
    return InputLayer(batch_shape=layer.batch_input_shape, dtype=layer.input_dtype)
