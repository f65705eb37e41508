"""Arguments of layers over images and sequences: paddings, axes, numbers for each axis, and ranges."""

from __future__ import annotations

from typing import Any

from nnc.checks import is_number, is_whole, plain_number
from nnc.errors import ArgumentError, ModelError


def check_padding(where: str, padding: Any, known: tuple[str, ...] = ("valid", "same")) -> str:
    """Return a kind of padding in lower case.

    Raises:
        ModelError: it is none of the known ones.
    """
    if not isinstance(padding, str) or padding.lower() not in known:
        raise ModelError(f"{where}: padding must be {' or '.join(known)}, got {padding!r}")
    return padding.lower()


def axis_list(axis: Any) -> list[int]:
    """Return one axis or several as a list."""
    return list(axis) if isinstance(axis, list | tuple) else [axis]


def check_axes(where: str, key: str, value: Any) -> Any:
    """Return an axis, or a list of axes.

    Raises:
        ModelError: it is neither.
    """
    axes = axis_list(value)
    if not axes or not all(map(is_whole, axes)):
        raise ArgumentError(f"{where}: Expected an int or a list/tuple of ints for the argument '{key}', got {value!r}")
    return axes if isinstance(value, list | tuple) else value


def check_strictly_positive(where: str, key: str, value: Any) -> int:
    """Return a positive whole number.

    Raises:
        ModelError: it is none.
    """
    if not is_whole(value) or value <= 0:
        raise ModelError(
            f"{where}: Invalid value for argument `{key}`. Expected a strictly positive value. Received "
            f"{key}={value!r}."
        )
    return int(value)


def check_count(where: str, key: str, value: Any) -> int:
    """Return how often something is repeated.

    Raises:
        ModelError: it is no positive whole number.
    """
    if not is_whole(value):
        raise ArgumentError(f"{where}: Expected an integer value for `{key}`, got {value!r}")
    if value <= 0:
        raise ModelError(f"{where}: `{key}` should be a positive integer, got {value!r}")
    return int(value)


def check_numbers(where: str, key: str, value: Any, count: int, least: int = 1) -> tuple[int, ...]:
    """Return `count` whole numbers from so many, or from one for all.

    Args:
        where: what has the argument, for messages.
        key: the argument's name.
        value: what the user gave.
        count: how many numbers it stands for.
        least: the smallest that each may be.

    Raises:
        ModelError: they are not so many whole numbers, or one is too small.
    """
    given = tuple(value) if isinstance(value, list | tuple) else (value,) * count
    if len(given) != count or not all(map(is_whole, given)):
        numbers = "an integer" if count == 1 else f"an integer or a tuple of {count} integers"
        raise ModelError(f"{where}: The `{key}` argument must be {numbers}. Received {key}={value!r}")
    small = {int(item) for item in given if item < least}
    if small:
        numbers = "an integer" if count == 1 else f"a tuple of {count} integers"
        bound = "value > 0" if least == 1 else f"value >= {least}"
        raise ModelError(
            f"{where}: The `{key}` argument must be {numbers}. Received {key}={value!r}, including values {small} that "
            f"do not satisfy `{bound}`"
        )
    return tuple(int(item) for item in given)


def check_pairs(where: str, key: str, value: Any, count: int) -> tuple[tuple[int, int], ...]:
    """Return a pair (before, after) of whole numbers per axis: from one number for all, one per axis, or pairs.

    Where there is one axis, two numbers are its pair.

    Raises:
        ModelError: it is none of these, or a number is negative.
    """
    given = tuple(value) if isinstance(value, list | tuple) and count > 1 else (value,) * count
    if len(given) != count:
        raise ModelError(f"{where}: {key} must be an integer, or {count} integers or pairs of integers, got {value!r}")
    pairs = [check_numbers(where, key, item, 2, least=0) for item in given]
    return tuple((first, second) for first, second in pairs)


def pairs_config(pairs: tuple[tuple[int, int], ...]) -> list[Any]:
    """Return pairs in the form of Keras's configs, where one axis has the pair itself."""
    return list(pairs[0]) if len(pairs) == 1 else [list(pair) for pair in pairs]


def check_range(where: str, key: str, value: Any, low: float, high: float) -> tuple[float, float]:
    """Return a range (lowest, highest): of a number, from its negative, or the lower bound, to it.

    Args:
        where: what has the argument, for messages.
        key: the argument's name.
        value: what the user gave.
        low: the lower bound.
        high: the upper bound.

    Raises:
        ModelError: it is neither a number nor two, or they lie outside the bounds.
    """
    is_pair = isinstance(value, list | tuple)
    numbers = list(value) if is_pair else [value]
    if len(numbers) != 1 + is_pair or not all(is_number(item) and low <= item <= high for item in numbers):
        raise ModelError(
            f"{where}: The `{key}` argument should be a number (or a list of two numbers) in the range [{low}, "
            f"{high}], got {value!r}"
        )
    first, last = plain_number(min(numbers)), plain_number(max(numbers))
    return (first, last) if is_pair else (max(-abs(first), low), abs(first))


def check_pixel_range(where: str, key: str, value: Any) -> tuple[float, float]:
    """Return the range of pixels, of which the lower number comes first.

    Raises:
        ModelError: it is not two numbers.
    """
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(map(is_number, value)):
        raise ModelError(f"{where}: The `{key}` argument should be a list of two numbers, got {value!r}")
    low, high = sorted(map(plain_number, value))
    return low, high
