"""Vocabularies that Keras's layers have learnt from data, which lie beside their configs in files of Keras 3."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from frontends.hdf5 import Group
from frontends.inner_groups import group_name
from frontends.nodes import Mapping, Sequence, ValueNode, from_plain
from frontends.origin import is_null

LOOKUPS = frozenset({"IntegerLookup", "StringLookup", "TextVectorization"})
"""Classes of layers that have a vocabulary."""
_ASSET = "vocabulary.txt"


def with_vocabularies(
    model: Mapping,
    names: Iterable[str],
    read_text: Callable[[str], str],
    weights: Group | None,
    path: str = "",
    folder: str = "layers",
) -> Mapping:
    """Return a model's config with the vocabularies that its file has beside it.

    Args:
        model: class name and config, or the config alone.
        names: the members of the file.
        read_text: returns the text of one.
        weights: the file's weights, among them those of texts.
        path: where the file has the model's layers, behind those of the models around it.
        folder: the name of the group that they are in.
    """
    known = frozenset(names)
    config = model.entries.get("config", model)
    layers = config.entries.get("layers") if isinstance(config, Mapping) else None
    if not isinstance(config, Mapping) or not isinstance(layers, Sequence):
        return model
    counts: dict[str, int] = {}
    items: list[ValueNode] = []
    for item in layers.items:
        class_name = item.text("class_name") if isinstance(item, Mapping) else None
        if not isinstance(item, Mapping) or class_name is None:
            items.append(item)
            continue
        name = group_name(class_name)
        number = counts[name] = counts.get(name, -1) + 1
        place = f"{path}{folder}/{name}_{number}" if number else f"{path}{folder}/{name}"
        if class_name in LOOKUPS:
            items.append(_with_vocabulary(item, f"assets/{place}/{_ASSET}", place, known, read_text, weights))
        else:
            items.append(with_vocabularies(item, known, read_text, weights, f"{place}/"))
    changed = replace(config, entries={**config.entries, "layers": replace(layers, items=tuple(items))})
    return changed if config is model else replace(model, entries={**model.entries, "config": changed})


def _with_vocabulary(
    layer: Mapping,
    asset: str,
    place: str,
    names: frozenset[str],
    read_text: Callable[[str], str],
    weights: Group | None,
) -> Mapping:
    config = layer.entries.get("config")
    if not isinstance(config, Mapping) or asset not in names:
        return layer
    given = config.entries.get("vocabulary")
    if given is not None and not is_null(given):
        return layer
    size = config.entries.get("vocabulary_size")
    tokens: list[Any] = _lines(read_text(asset), size.plain() if size is not None else None)
    if layer.text("class_name") == "IntegerLookup":
        tokens = [int(token) if token.lstrip("-").isdecimal() else token for token in tokens]
    learnt: dict[str, Any] = {"vocabulary": tokens}
    stored = None if weights is None else weights.array(f"{place}/vars/idf_weights")
    if config.text("output_mode") == "tf_idf" and stored is not None:
        learnt["idf_weights"] = stored.read().tolist()[: len(tokens)]
    line = config.line
    entries = {key: replace(from_plain(value), line=line) for key, value in learnt.items()}
    return replace(layer, entries={**layer.entries, "config": replace(config, entries={**config.entries, **entries})})


def _lines(text: str, count: Any) -> list[str]:
    """Return the tokens of a file, one a line.

    Where there is a line for each token, they are what the model was trained with; Keras itself reads other characters
    that end lines, and empty last tokens, otherwise than it has written them.

    Args:
        text: the file.
        count: how many tokens there are, by the layer's config.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) != count:
        lines = text.splitlines()
        while lines and lines[-1] == "":
            lines.pop()
    return lines
