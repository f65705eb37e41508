"""``tensorflow.config``: there are no accelerators."""

from __future__ import annotations

from typing import Any

__all__ = ["list_physical_devices"]


def list_physical_devices(device_type: Any = None) -> list[Any]:
    """Return the devices of a kind: none, as nnc runs on the processor without one's asking."""
    del device_type
    return []
