"""`Lambda`: a layer that a Python function is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, NoReturn, Unpack

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.layers.options import LayerOptions


class Lambda(Layer):
    """Applies a function of graph values, such as ``lambda x: x ** 2`` (keras.io/api/layers/core_layers/lambda).

    Args:
        function: returns a value of the layer's inputs; it may take `mask` and `training`.
        output_shape: accepted: shapes follow from what the function does.
        mask: mask of the output, or a function of inputs and mask that returns it; by default it has none.
        arguments: further arguments of the function.
        options: those of every layer.

    Raises:
        ModelError: `function` is none.
    """

    keeps_integers = True
    _is_a_users = True

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        if not callable(function):
            raise ModelError(f"Lambda: function must be a function, got {function!r:.80}")
        self.function, self.mask, self.arguments = function, mask, dict(arguments or {})
        self._output_shape = output_shape
        self.supports_masking = mask is not None
        self._known = frozenset(signature(function).parameters) & {"mask", "training"}

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """Return what the function returns."""
        given = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{key: given[key] for key in self._known})

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask that the layer was given, or what its function of inputs and mask returns."""
        found: Value | None = self.mask(inputs, previous_mask) if callable(self.mask) else self.mask
        return found

    def copied(self) -> Lambda:
        """Return another layer of the same function and name."""
        return Lambda(self.function, self._output_shape, self.mask, self.arguments, name=self.name)

    def get_config(self) -> NoReturn:
        """Refuse: a file would hold Python code, which is never run.

        Raises:
            ModelError: always.
        """
        raise ModelError(
            f"Layer '{self.name}' (Lambda) is a Python function, which no config holds; write a subclass of"
            " nnc.layers.Layer with get_config instead"
        )
