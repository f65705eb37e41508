"""The config of a layer as a text that is equal for layers that do the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nnc.errors import NncError


def config_text(layer: Any) -> str | None:
    """Return a layer's config without the names in it, or None where it has no config that can be compared."""
    try:
        config = layer.get_config()
        return json.dumps(_nameless(config), sort_keys=True, default=_plain)
    except (AttributeError, NncError, TypeError, ValueError):
        return None


def _nameless(config: Any) -> Any:
    if isinstance(config, Mapping):
        return {str(key): _nameless(value) for key, value in config.items() if key != "name"}
    return [_nameless(item) for item in config] if isinstance(config, list | tuple) else config


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"not a plain value: {value!r:.80}")
