"""Initializers and regularizers of older files in the words of Keras 3."""

from __future__ import annotations

from dataclasses import replace

from frontends.legacy.entry import Entry
from frontends.nodes import Mapping, Scalar, ValueNode
from frontends.origin import is_null

_DISTRIBUTIONS = {"normal": "truncated_normal"}
"""VarianceScaling's names of distributions in Keras 1 and 2."""
_PENALTIES = {"WeightRegularizer": "L1L2", "ActivityRegularizer": "L1L2"}


def initializers_and_penalties(entry: Entry) -> None:
    """Write the initializers and regularizers of a layer in the words of Keras 3."""
    for key, node in list(entry.arguments.items()):
        if is_null(node) or not isinstance(node, Mapping):
            continue
        if key.endswith("_initializer"):
            entry.arguments[key] = _initializer(node)
        elif key.endswith("_regularizer"):
            entry.arguments[key] = _penalty(node)


def _initializer(node: Mapping) -> ValueNode:
    config = node.entries.get("config")
    if not isinstance(config, Mapping):
        return node
    kept = {key: item for key, item in config.entries.items() if key not in ("dtype", "partition_info")}
    distribution = kept.get("distribution")
    if isinstance(distribution, Scalar) and distribution.value in _DISTRIBUTIONS:
        kept["distribution"] = Scalar(line=distribution.line, value=_DISTRIBUTIONS[distribution.value])
    name = (node.text("class_name") or "").removesuffix("V2")
    entries = {
        **node.entries,
        "class_name": Scalar(line=node.line, value=name),
        "config": replace(config, entries=kept),
    }
    return replace(node, entries=entries)


def _penalty(node: Mapping) -> ValueNode:
    name = node.text("class_name")
    if name in _PENALTIES:
        return replace(node, entries={**node.entries, "class_name": Scalar(line=node.line, value=_PENALTIES[name])})
    return node
