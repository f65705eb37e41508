"""Functions of `keras.random`, which have no operations: what they are called with, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from nnc.errors import ModelError
from nnc.layers.draws import DRAWS

FUNCTIONS = (
    *("beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle", "truncated_normal"),
    "uniform",
)
"""Names of these functions in a backend of Keras's."""


def drawn(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], tuple[int, ...], str]:
    """Return the tensors and the other arguments of a call, and shape and element type of its result.

    The seed is left out: a compiled program draws from its own stream, which differs from Keras's anyway.

    Args:
        name: name of the function.
        function: the function.
        args: what it is called with, by position.
        kwargs: what it is called with by name.

    Raises:
        ModelError: nnc has no such numbers.
    """
    if name not in DRAWS:
        raise ModelError(f"keras.random.{name} is not supported in traced layers; there are {', '.join(DRAWS)}")
    bound = signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    given = {key: item for key, item in bound.arguments.items() if key != "seed"}
    if name == "dropout":
        inputs = given.pop("inputs")
        return (inputs,), given, tuple(inputs.shape), str(inputs.dtype)
    if name == "categorical":
        logits = given.pop("logits")
        return (logits,), given, (*tuple(logits.shape)[:-1], int(given["num_samples"])), str(given["dtype"] or "int32")
    dtype = given.get("dtype") or ("int32" if name == "randint" else "float32")
    return (), {**given, "dtype": str(dtype)}, tuple(int(dim) for dim in given["shape"]), str(dtype)
