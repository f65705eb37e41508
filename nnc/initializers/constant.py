"""Initializers that draw nothing: zeros, ones, given numbers, the identity matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy
from numpy.typing import NDArray

from nnc.arguments import Argument, number
from nnc.errors import ModelError
from nnc.initializers.initializer import DeclaredInitializer, Initializer
from nnc.settings import SETTINGS


class Zeros(Initializer, names=("Zeros", "zeros", "zero")):
    """All zeros. https://keras.io/api/layers/initializers/#zeros-class."""

    def __call__(
        self, shape: tuple[int, ...], dtype: str | None = None, generator: numpy.random.Generator | None = None
    ) -> NDArray[Any]:
        """Return zeros."""
        return numpy.zeros(shape, dtype or SETTINGS.floatx)


class Ones(Initializer, names=("Ones", "ones", "one")):
    """All ones. https://keras.io/api/layers/initializers/#ones-class."""

    def __call__(
        self, shape: tuple[int, ...], dtype: str | None = None, generator: numpy.random.Generator | None = None
    ) -> NDArray[Any]:
        """Return ones."""
        return numpy.ones(shape, dtype or SETTINGS.floatx)


def _check_value(owner: Initializer, key: str, value: Any) -> Any:
    try:
        array = numpy.asarray(value)
    except ValueError:
        array = numpy.asarray(None)
    if array.dtype.kind not in "biuf":
        raise ModelError(f"{owner._where}: {key} must be a number or an array of numbers, got {value!r}")
    return value


def _encode_value(value: Any) -> Any:
    """Return a value as it is; an array in the form in which Keras writes arrays."""
    if not isinstance(value, numpy.ndarray):
        return value
    return {"class_name": "__numpy__", "config": {"value": value.tolist(), "dtype": str(value.dtype)}}


class Constant(DeclaredInitializer, names=("Constant", "constant")):
    """One number everywhere, or an array that is repeated to the shape.

    https://keras.io/api/layers/initializers/#constant-class

    Args:
        value: a number, nested lists of numbers, or an array.

    Raises:
        ModelError: the value is none of these.
    """

    value: Any = Argument(_check_value, _encode_value, default=0.0)

    def __call__(
        self, shape: tuple[int, ...], dtype: str | None = None, generator: numpy.random.Generator | None = None
    ) -> NDArray[Any]:
        """Return the value, repeated.

        Raises:
            ModelError: an array's shape cannot be repeated to this one.
        """
        array = numpy.asarray(self.value, dtype or SETTINGS.floatx)
        try:
            return numpy.broadcast_to(array, shape).copy()
        except ValueError:
            raise ModelError(
                f"initializer Constant: a value of shape {array.shape} cannot be repeated to {tuple(shape)}"
            ) from None

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build the initializer from what `get_config`, Keras's too, returned.

        Raises:
            ModelError: an argument is unknown or wrong.
        """
        value = config.get("value")
        if not isinstance(value, Mapping):
            return super().from_config(config)
        stored = value.get("config")
        if value.get("class_name") not in ("__numpy__", "__tensor__") or not isinstance(stored, Mapping):
            raise ModelError(f"initializer Constant: value must be a number or an array of numbers, got {dict(value)}")
        try:
            array = numpy.array(stored.get("value"), stored.get("dtype"))
        except (TypeError, ValueError) as error:
            raise ModelError(f"initializer Constant: value cannot be read: {error}") from error
        return super().from_config({**config, "value": array})


class Identity(DeclaredInitializer, names=("Identity", "IdentityInitializer", "identity")):
    """`gain` on the diagonal of a matrix, zeros elsewhere.

    https://keras.io/api/layers/initializers/#identity-class

    Raises:
        ModelError: the gain is not a number.
    """

    # Keras never writes the gain, so that a model that is loaded again has lost it.
    gain: float = number(default=1.0, written="unless default")

    def __call__(
        self, shape: tuple[int, ...], dtype: str | None = None, generator: numpy.random.Generator | None = None
    ) -> NDArray[Any]:
        """Return the matrix, square or not.

        Raises:
            ModelError: the shape is not a matrix's.
        """
        if len(shape) != 2:
            raise ModelError(f"initializer Identity makes matrices, got shape {tuple(shape)}")
        return numpy.asarray(self.gain * numpy.eye(*shape), dtype or SETTINGS.floatx)


CONSTANT_CLASSES = frozenset({Zeros, Ones, Constant, Identity})
"""Classes whose objects make the same array in each call; classes of users that derive from them may not."""
