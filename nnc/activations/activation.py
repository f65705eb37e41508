"""The base class of activations that a user writes as a class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.objects import snake_case


class Activation:
    """An activation with settings of its own; a subclass says in `call` what it computes, its gradient is derived.

    >>> class Cubic(Activation):
    ...     def call(self, x: Value) -> Value:
    ...         return x * x * x
    >>> Cubic().name
    'cubic'
    """

    @property
    def name(self) -> str:
        """The class name in snake case; a subclass may set another one."""
        return snake_case(type(self).__name__)

    def call(self, x: Value) -> Value:
        """Return the activation of x, as graph arithmetic.

        Raises:
            ModelError: the subclass does not define it.
        """
        raise ModelError(f"activation '{self.name}': class {type(self).__name__} must define call(self, x)")

    def __call__(self, x: Value) -> Value:
        """Return the activation of x.

        Raises:
            ModelError: `call` returned something other than a graph value.
        """
        result: object = self.call(x)
        if not isinstance(result, Value):
            raise ModelError(f"activation '{self.name}' must return a graph value, got {result!r}")
        return result

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, for `from_config`; empty unless a subclass has some."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build the activation from what `get_config` returned.

        Raises:
            ModelError: the constructor does not take these arguments.
        """
        try:
            return cls(**config)
        except TypeError as error:
            raise ModelError(f"activation '{cls.__name__}' cannot be built from {dict(config)}: {error}") from error
