"""Functions of `nnc.ops` with the argument names of TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any


def renamed(function: Callable[..., Any], *names: str, **defaults: Any) -> Callable[..., Any]:
    """Return a function whose arguments have other names, in their order; it also takes a ``name``, to no effect.

    Args:
        function: the function.
        names: of arguments without defaults.
        defaults: names of further arguments, and their defaults.

    >>> renamed(pow, "x", "y")(y=3, x=2)
    8
    """
    kind = Parameter.POSITIONAL_OR_KEYWORD
    parameters = [Parameter(name, kind) for name in names]
    parameters += [Parameter(name, kind, default=value) for name, value in defaults.items()]
    signature = Signature([*parameters, Parameter("name", kind, default=None)])

    def call(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return function(*(value for name, value in bound.arguments.items() if name != "name"))

    call.__name__ = call.__qualname__ = getattr(function, "__name__", "function")
    call.__doc__ = function.__doc__
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call
