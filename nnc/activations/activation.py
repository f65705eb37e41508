"""The base class of activations that a user writes as a class."""

from __future__ import annotations

from typing import dataclass_transform

from nnc.arguments import Declared, argument, number, upper_limit
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.objects import snake_case


class Activation(Declared):
    """An activation with settings of its own; a subclass says in `call` what it computes, its gradient is derived.

    >>> class Cubic(Activation):
    ...     def call(self, x: Value) -> Value:
    ...         return x * x * x
    >>> Cubic().name
    'cubic'
    """

    noun = "activation"

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


@dataclass_transform(eq_default=False, field_specifiers=(argument, number, upper_limit))
class DeclaredActivation(Activation):
    """An activation whose class declares its arguments; see `nnc.arguments`."""
