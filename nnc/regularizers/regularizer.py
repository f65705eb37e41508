"""The base class of regularizers, and Keras's penalties on large weights."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack, dataclass_transform

import numpy

from nnc.arguments import Argument, ArgumentOptions, Declared, choice
from nnc.checks import check_number
from nnc.eager import method_on_arrays
from nnc.errors import ModelError
from nnc.identity import is_own
from nnc.ir import Value, ops


def penalty_factor(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare a finite number of at least 0; None is the default."""

    def check(owner: Any, key: str, value: Any) -> Any:
        return check_number(owner._where, key, item.default if value is None else value, 0.0)

    options.setdefault("optional", False)
    item = Argument(check, **options)
    return item


class Regularizer(Declared):
    """A penalty on a weight or an output; a subclass says in `__call__` what is added to the loss.

    >>> class Largest(Regularizer):
    ...     def __call__(self, x: Value) -> Value:
    ...         return ops.max(ops.absolute(x)) * 0.01
    >>> Largest().get_config()
    {}
    """

    noun = "regularizer"
    registered: ClassVar[dict[str, type[Regularizer]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if is_own(cls) and "__call__" in vars(cls):
            cls.__call__ = method_on_arrays(cls.__call__)  # type: ignore[method-assign]

    def __call__(self, x: Value) -> Value:
        """Return the penalty, a scalar of x's element type, as graph arithmetic.

        Args:
            x: a weight of any shape, or a layer's output.

        Raises:
            ModelError: the subclass does not define it, or x has a shape that it does not take.
        """
        raise ModelError(f"{self._where} must define __call__(self, x)")


@dataclass_transform(eq_default=False, field_specifiers=(choice, penalty_factor))
class DeclaredRegularizer(Regularizer):
    """A regularizer whose class declares its arguments; see `nnc.arguments`."""


class L1(DeclaredRegularizer, names=("L1", "l1")):
    """l1 · sum(|x|) (keras.io/api/layers/regularizers).

    Args:
        l1: the factor; kept as float32, as in Keras.

    Raises:
        ModelError: the factor is not a finite number of at least 0.
    """

    l1: float = penalty_factor(default=0.01)

    def __post_init__(self) -> None:
        self.l1 = float(numpy.float32(self.l1))

    def __call__(self, x: Value) -> Value:
        """Return the penalty."""
        return ops.sum(ops.absolute(x)) * self.l1


class L2(DeclaredRegularizer, names=("L2", "l2")):
    """l2 · sum(x²) (keras.io/api/layers/regularizers).

    Args:
        l2: the factor.

    Raises:
        ModelError: the factor is not a finite number of at least 0.
    """

    l2: float = penalty_factor(default=0.01)

    def __call__(self, x: Value) -> Value:
        """Return the penalty."""
        return ops.sum(ops.square(x)) * self.l2


class L1L2(DeclaredRegularizer, names=("L1L2", "l1_l2", "l1l2")):
    """l1 · sum(|x|) + l2 · sum(x²) (keras.io/api/layers/regularizers).

    Args:
        l1: factor of the first part; 0, the default, leaves it out.
        l2: factor of the second part; 0, the default, leaves it out.

    Raises:
        ModelError: a factor is not a finite number of at least 0.
    """

    l1: float = penalty_factor(default=0.0)
    l2: float = penalty_factor(default=0.0)

    def __call__(self, x: Value) -> Value:
        """Return the penalty."""
        parts = [ops.sum(ops.absolute(x)) * self.l1] if self.l1 else []
        parts += [ops.sum(ops.square(x)) * self.l2] if self.l2 else []
        return parts[0] + parts[1] if len(parts) == 2 else parts[0] if parts else x.graph.constant(0.0, x.dtype)
