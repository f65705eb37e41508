"""Pooling over windows and over everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.layers.cases.case import Case

LENGTHS = (7, 5, 6)
FIRST = {"data_format": "channels_first"}


def channels(form: dict[str, Any], axes: tuple[int, ...], count: int = 2) -> tuple[int, ...]:
    """Return a row's shape in the data format of a config."""
    return (count, *axes) if form.get("data_format") == "channels_first" else (*axes, count)


def windows() -> Iterator[Case]:
    for count in (1, 2, 3):
        sizes = LENGTHS[:count]
        for config, output in (
            ({"pool_size": 2}, [size // 2 for size in sizes]),
            ({"pool_size": 3, "strides": 2}, [(size - 3) // 2 + 1 for size in sizes]),
            ({"pool_size": 3, "strides": 2, "padding": "same"}, [-(-size // 2) for size in sizes]),
            ({"pool_size": (3, 2, 1)[:count], "strides": (1, 3, 2)[:count], **FIRST}, None),
            ({"pool_size": 2, "padding": "same", "strides": 1, **FIRST}, list(sizes)),
            ({"pool_size": 2, "strides": 3}, [(size - 2) // 3 + 1 for size in sizes]),
        ):
            if output is None:
                windows = zip(sizes, (3, 2, 1), (1, 3, 2), strict=False)
                output = [(size - window) // stride + 1 for size, window, stride in windows]
            for kind in ("Max", "Average"):
                row = channels(config, sizes)
                yield Case(f"{kind}Pooling{count}D", config, (row,), channels(config, tuple(output)))


def everything() -> Iterator[Case]:
    for count in (1, 2, 3):
        sizes = LENGTHS[:count]
        for form in ({}, FIRST):
            for kind in ("Max", "Average"):
                name = f"Global{kind}Pooling{count}D"
                yield Case(name, form, (channels(form, sizes),), (2,))
                kept = channels(form, (1,) * count)
                yield Case(name, {**form, "keepdims": True}, (channels(form, sizes),), kept)


def adaptive() -> Iterator[Case]:
    """Sizes of which some divide the input's; TensorFlow crashes in the gradient of maxima to a single element."""
    for count in (1, 2, 3):
        sizes = LENGTHS[:count]
        for kind in ("Average", "Max"):
            least = 1 if kind == "Average" else 2
            for size, form in ((3, {}), ((5, 5, 2), {}), ((2, least, 6), FIRST), (least, {}), ((7, 7, 4), {})):
                numbers = (size,) * count if isinstance(size, int) else size[:count]
                given = size if isinstance(size, int) else numbers if count > 1 else numbers[0]
                row, output = channels(form, sizes), channels(form, numbers)
                yield Case(f"Adaptive{kind}Pooling{count}D", {"output_size": given, **form}, (row,), output)


CASES = (*windows(), *everything(), *adaptive())
