"""Common parts of initializers, and the adapter that makes one of a plain function."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, ClassVar, dataclass_transform

import numpy
from numpy.typing import NDArray

from nnc.arguments import Declared, argument, choice, fixed, number, passed_on
from nnc.errors import ModelError
from nnc.settings import SETTINGS


class Initializer(Declared):
    """Makes the first value of a state; a subclass defines `__call__`, and `get_config` where it has arguments."""

    noun = "initializer"
    registered: ClassVar[dict[str, type[Initializer]]] = {}

    def __call__(
        self, shape: tuple[int, ...], dtype: str | None = None, generator: numpy.random.Generator | None = None
    ) -> NDArray[Any]:
        """Return an array of this shape and element type.

        Args:
            shape: shape of the state.
            dtype: NumPy's name of its element type; by default that of `nnc.config.floatx`.
            generator: where random numbers come from; a fresh one by default.

        Raises:
            ModelError: the shape or an argument does not suit the initializer.
        """
        raise ModelError(f"{self._where} must define __call__(self, shape, dtype, generator)")


@dataclass_transform(eq_default=False, field_specifiers=(argument, choice, fixed, number, passed_on))
class DeclaredInitializer(Initializer):
    """An initializer whose class declares its arguments; see `nnc.arguments`."""


class FunctionInitializer(Initializer):
    """A user's function of shape and dtype, and of a generator where it has a parameter of that name.

    Args:
        function: returns the array, like ``function(shape, dtype="float32", generator=None)``.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._takes_generator = takes_generator(function)

    def __call__(
        self, shape: tuple[int, ...], dtype: str | None = None, generator: numpy.random.Generator | None = None
    ) -> NDArray[Any]:
        """Return what the function returns, as `dtype`.

        Raises:
            ModelError: the result has another shape than asked for.
        """
        dtype = dtype or SETTINGS.floatx
        found = self.function(shape, dtype, generator) if self._takes_generator else self.function(shape, dtype)
        array = numpy.array(found, dtype)
        if array.shape != tuple(shape):
            name = getattr(self.function, "__name__", type(self.function).__name__)
            raise ModelError(
                f"Expected `shape` to be {array.shape}, which initializer '{name}' returns, got {tuple(shape)}"
            )
        return array


def takes_generator(function: Callable[..., Any]) -> bool:
    """Return whether the third parameter of an initializer is the random generator."""
    try:
        names = list(signature(function).parameters)
    except ValueError:  # some built-in functions do not tell
        return False
    return names[2:3] == ["generator"]
