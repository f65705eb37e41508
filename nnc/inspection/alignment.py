"""Which layer of one model is which of another: an alignment of both in order, so that one more is one more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Any

from nnc.inspection.layer_table import LayerRecord


@dataclass(frozen=True)
class Match:
    """A layer of the first model and the same layer of the second; or one of them alone.

    Args:
        first: of the first model.
        second: of the second.
        is_moved: whether it stands elsewhere among the others.
    """

    first: LayerRecord | None
    second: LayerRecord | None
    is_moved: bool = False


_NAME, _NUMBER, _KIND, _CONFIG = 10, 1, 4, 3
"""Scores for two layers with the same name, or one that nobody chose; the same class; the same config."""


def match_layers(first: Sequence[LayerRecord], second: Sequence[LayerRecord]) -> list[Match]:
    """Return pairs of equal or similar layers, and those without a partner, in the order of both models.

    The pairs are the best alignment of the two sequences (Needleman and Wunsch, 1970): layers of the same class, name
    and config are worth most. Layers that are left on both sides and have the same name and class were moved, and are a
    pair as well.

    Args:
        first: layers of one model.
        second: layers of the other.
    """
    start = _common(first, second)
    end = _common(first[start:][::-1], second[start:][::-1])
    middle = _align(first[start : len(first) - end], second[start : len(second) - end])
    before = zip(first[:start], second[:start], strict=True)
    behind = zip(first[len(first) - end :], second[len(second) - end :], strict=True)
    return _with_moved([*starmap(Match, before), *middle, *starmap(Match, behind)])


def _common(first: Sequence[LayerRecord], second: Sequence[LayerRecord]) -> int:
    """Return how many layers both begin with; a model in a model stays together with what is in it."""
    count = 0
    for x, y in zip(first, second, strict=False):
        if (x.path, x.kind, x.config) != (y.path, y.kind, y.config):
            break
        count += 1
    return count


def _align(first: Sequence[LayerRecord], second: Sequence[LayerRecord]) -> list[Match]:
    best = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i in range(len(first) - 1, -1, -1):
        for j in range(len(second) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], _worth(first[i], second[j]) + best[i + 1][j + 1])
    pairs: list[Match] = []
    i = j = 0
    while i < len(first) and j < len(second):
        worth = _worth(first[i], second[j])
        if worth and best[i][j] == worth + best[i + 1][j + 1]:
            pairs.append(Match(first[i], second[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            pairs.append(Match(first[i], None))
            i += 1
        else:
            pairs.append(Match(None, second[j]))
            j += 1
    rest = [Match(layer, None) for layer in first[i:]] + [Match(None, layer) for layer in second[j:]]
    return pairs + rest


def _worth(x: LayerRecord, y: LayerRecord) -> int:
    """Return the score of taking two layers for the same; 0 if they cannot be."""
    if x.depth != y.depth:
        return 0
    is_named, is_kind = x.name == y.name, x.kind == y.kind
    if not (is_named or is_kind):
        return 0
    name = _NUMBER if is_automatic(x) else _NAME
    return name * is_named + _KIND * is_kind + _CONFIG * (is_kind and plain_config(x) == plain_config(y))


def is_automatic(layer: LayerRecord) -> bool:
    """Return whether a layer's name is its class in small letters, with or without a number, as nobody would choose it.

    >>> is_automatic(LayerRecord("encoder/conv2d_3", "Conv2D")), is_automatic(LayerRecord("stem", "Conv2D"))
    (True, False)
    """
    name, kind = re.sub(r"_\d+$", "", layer.name).replace("_", ""), layer.kind.lower()
    return name == kind or (name == "input" and kind == "inputlayer")


def plain_config(layer: LayerRecord) -> dict[str, Any]:
    """Return the part of a layer's config that says what it does: everything but its name."""
    return {key: value for key, value in layer.config.items() if key != "name"}


def _with_moved(matches: Sequence[Match]) -> list[Match]:
    added = {(item.second.path, item.second.kind): item.second for item in matches if item.second and not item.first}
    found: list[Match] = []
    moved: list[LayerRecord] = []
    for match in matches:
        layer = match.first
        partner = added.get((layer.path, layer.kind)) if layer is not None and match.second is None else None
        if partner is None:
            found.append(match)
        else:
            found.append(Match(layer, partner, is_moved=True))
            moved.append(partner)
    return [match for match in found if match.first is not None or match.second not in moved]


def config_changes(first: Mapping[str, Any], second: Mapping[str, Any], prefix: str = "") -> dict[str, tuple[Any, Any]]:
    """Return the old and the new value of what differs between two configs, by key; keys of nested ones have dots."""
    found: dict[str, tuple[Any, Any]] = {}
    for key in dict.fromkeys([*first, *second]):
        old, new = first.get(key), second.get(key)
        if old == new:
            continue
        old, new = _object(old), _object(new)
        if isinstance(old, Mapping) and isinstance(new, Mapping) and old.get("class_name") == new.get("class_name"):
            inner = config_changes(_settings(old), _settings(new), f"{prefix}{key}.")
            found |= inner
        else:
            found[prefix + key] = _short(old), _short(new)
    return found


def _object(value: Any) -> Any:
    """Return an object's class and config alone; where its module is from says nothing of what it does."""
    if isinstance(value, Mapping) and "class_name" in value:
        return {"class_name": value["class_name"], "config": value.get("config") or {}}
    return value


def _settings(value: Mapping[str, Any]) -> Mapping[str, Any]:
    config = value.get("config") if "class_name" in value else value
    return config if isinstance(config, Mapping) else {}


def _short(value: Any) -> Any:
    """Return the class of an object instead of all it says."""
    return value["class_name"] if isinstance(value, Mapping) and "class_name" in value else value
