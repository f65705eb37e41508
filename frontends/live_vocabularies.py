"""Vocabularies that live layers of Keras's have learnt from data, which their configs lack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

LEARNT = frozenset({"vocabulary", "idf_weights"})
"""Arguments of layers that may have been learnt."""


def live_vocabulary(live: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a live layer's config about its vocabulary, nothing where it has none.

    Args:
        live: the layer.
        config: its config, which has what the layer was made with, and not what it has learnt since.
    """
    if not set(config) >= LEARNT or not hasattr(live, "get_vocabulary"):
        return {}
    tokens = [_plain(token) for token in live.get_vocabulary(include_special_tokens=False)]
    if not tokens:
        return {}
    special = [_plain(token) for token in live.get_vocabulary()[: -len(tokens)]]
    lookup = getattr(live, "_lookup_layer", live)
    weights = getattr(lookup, "idf_weights_const", None) if config.get("output_mode") == "tf_idf" else None
    first = 0 if None not in special else len(special)
    listed = [*special, *tokens][first:]
    if weights is None:
        return {"vocabulary": listed, "idf_weights": None}
    return {"vocabulary": listed, "idf_weights": numpy.asarray(weights)[first:][: len(listed)].tolist()}


def _plain(token: Any) -> Any:
    return str(token) if isinstance(token, str) else None if token is None else int(token)
