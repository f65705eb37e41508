"""Details of a layer beside its box on a page: arguments, and weights in numbers and as histograms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy

from nnc.errors import NncError

BINS = 24
"""Bars of a histogram."""
MOST_VALUES = 32
"""Values of a weight that are shown, the first ones."""
LONGEST = 160
"""Characters of an argument."""


def arguments_of(layer: Any) -> list[tuple[str, str]]:
    """Return the arguments of a layer with their values in words, as its config has them; nothing where it has none.

    Of an operation in an author's layer, the author's line is the last.
    """
    try:
        config = layer.get_config()
    except (AttributeError, NncError, TypeError, ValueError):
        return []
    found = [(name, _value_text(value)[:LONGEST]) for name, value in config.items() if name not in ("name", "layers")]
    return [*found, ("line", layer.place)] if getattr(layer, "place", "") else found


def _value_text(value: Any) -> str:
    if isinstance(value, Mapping) and "class_name" in value:
        config = value.get("config")
        inner = config if isinstance(config, Mapping) else {}
        words = (f"{key}={_value_text(item)}" for key, item in inner.items() if item is not None and key != "name")
        return f"{value['class_name']}({', '.join(words)})"
    if isinstance(value, str):
        return value
    value = value.tolist() if hasattr(value, "tolist") else value
    return json.dumps(value, ensure_ascii=False, default=str)


def weights_of(layer: Any) -> list[dict[str, Any]]:
    """Return what there is to say of a layer's own weights: shape, range, mean, spread, histogram and first values.

    Args:
        layer: a layer; of one that opens the layers inside say it, but for weights that are no other one's.
    """
    opens = bool(getattr(layer, "calls", None) or getattr(layer, "traces", None))
    return [_weight(variable) for variable in getattr(layer, "own_weights" if opens else "weights", ())]


def _weight(variable: Any) -> dict[str, Any]:
    array = numpy.asarray(variable.memory)
    finite = array[numpy.isfinite(array)].astype("float64") if array.size else numpy.zeros(0)
    counts, edges = numpy.histogram(finite, BINS) if finite.size else (numpy.zeros(BINS, int), numpy.zeros(2))
    figures = {"mean": finite.mean(), "spread": finite.std()} if finite.size else {}
    return {
        "name": variable.name,
        "shape": "×".join(map(str, variable.shape)) or "scalar",
        "bins": counts.tolist(),
        "least": f"{edges[0]:.4g}",
        "most": f"{edges[-1]:.4g}",
        "figures": [[name, f"{value:.4g}"] for name, value in figures.items()],
        "values": [f"{value:.4g}" for value in array.reshape(-1)[:MOST_VALUES].tolist()],
        "more": max(prod(variable.shape) - MOST_VALUES, 0),
        "not_finite": int(array.size - finite.size),
    }
