"""Functions of Keras's without operations, which draw random numbers or make tensors: arguments, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

from nnc.errors import ModelError
from nnc.layers.draws import DRAWS

RANDOM = (
    *("beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle", "truncated_normal"),
    "uniform",
)
"""Functions of a backend of Keras's that draw random numbers."""
_NUMBERS = {"beta": ("alpha", "beta"), "gamma": ("alpha",), "randint": ("minval", "maxval")}
"""Arguments that must be numbers, not tensors."""
CREATIONS = ("arange", "broadcast_to", "empty", "eye", "full", "identity", "maximum", "minimum", "ones", "tri", "zeros")
"""Functions of a backend of Keras's that make a tensor of numbers alone, such as a length."""


@dataclass(frozen=True)
class Made:
    """A call of such a function.

    Args:
        tensors: the tensors among its arguments.
        arguments: the others by name.
        shape: shape of the result.
        dtype: element type of the result.
    """

    tensors: tuple[Any, ...]
    arguments: Mapping[str, Any]
    shape: tuple[int, ...]
    dtype: str


def drawn(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Made:
    """Return a call of a function of `keras.random`.

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
    given = _bound(function, args, kwargs)
    given.pop("seed", None)
    if name == "dropout":
        inputs = given.pop("inputs")
        return Made((inputs,), given, tuple(inputs.shape), str(inputs.dtype))
    if name == "shuffle":
        x = given.pop("x")
        return Made((x,), given, tuple(x.shape), str(x.dtype))
    for key in _NUMBERS.get(name, ()):
        if not isinstance(given[key], bool | int | float):
            raise ModelError(f"keras.random.{name}: {key} must be a number in traced layers, got {given[key]!r:.80}")
    if name == "categorical":
        logits = given.pop("logits")
        dtype = str(given["dtype"] or "int32")
        return Made((logits,), {**given, "dtype": dtype}, (*tuple(logits.shape)[:-1], int(given["num_samples"])), dtype)
    dtype = str(given.get("dtype") or ("int32" if name == "randint" else "float32"))
    return Made((), {**given, "dtype": dtype}, _shape(given["shape"]), dtype)


def made(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Made | None:
    """Return a call of a function that makes a tensor of whole numbers, None where it gets anything else."""
    given = _bound(function, args, kwargs)
    dtype = str(getattr(given.get("dtype"), "name", given.get("dtype")) or "float32")
    match name:
        case "arange":
            return _counted(given)
        case "broadcast_to":
            shape = given["shape"]
            if not hasattr(given["x"], "dtype") or not all(isinstance(dim, int) and dim >= 0 for dim in shape):
                return None
            kind = str(getattr(given["x"].dtype, "name", given["x"].dtype)).removeprefix("torch.")
            return Made((), {"x": given["x"], "shape": tuple(shape)}, tuple(shape), kind)
        case "maximum" | "minimum":
            if not all(isinstance(given[key], int) and not isinstance(given[key], bool) for key in ("x1", "x2")):
                return None
            return Made((), {"x1": given["x1"], "x2": given["x2"]}, (), "int32")
        case "eye" | "tri" | "identity":
            rows = given["n" if name == "identity" else "N"]
            columns = rows if given.get("M") is None else given["M"]
            numbers = {"rows": rows, "columns": columns, "k": given.get("k") or 0}
            if not all(isinstance(number, int) for number in numbers.values()):
                return None
            return Made((), {**numbers, "dtype": dtype}, (rows, columns), dtype)
        case _:
            number = given.get("fill_value", 1 if name == "ones" else 0)
            if not isinstance(number, bool | int | float):
                return None
            shape = _shape(given["shape"])
            return Made((), {"shape": shape, "fill_value": number, "dtype": dtype}, shape, dtype)


def _counted(given: Mapping[str, Any]) -> Made | None:
    start, stop, step = given["start"], given.get("stop"), given.get("step")
    start, stop, step = (0 if stop is None else start), (start if stop is None else stop), step or 1
    numbers = (start, stop, step)
    if not all(isinstance(number, int) or (isinstance(number, float) and number.is_integer()) for number in numbers):
        return None
    kind = "float32" if any(isinstance(number, float) for number in numbers) else "int32"
    dtype = str(getattr(given.get("dtype"), "name", given.get("dtype")) or kind)
    start, stop, step = map(int, numbers)
    length = max(0, -(-(stop - start) // step))
    return Made((), {"length": length, "start": start, "step": step, "dtype": dtype}, (length,), dtype)


def _bound(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    bound = signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    return dict(bound.arguments)


def _shape(shape: Any) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, int) else tuple(int(dim) for dim in shape)
