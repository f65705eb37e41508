"""Models: layers wired together, with Keras's methods."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnc.models.model import Model
from nnc.models.sequential import Sequential

if TYPE_CHECKING:
    from nnc.models.cloning import clone_model
    from nnc.models.saving import load_model, model_from_json, save_model

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]

_FUNCTIONS = {"clone_model": "cloning", "load_model": "saving", "model_from_json": "saving", "save_model": "saving"}


def __getattr__(name: str) -> Any:
    if name not in _FUNCTIONS:
        raise AttributeError(f"module 'nnc.models' has no attribute {name!r}")
    return getattr(import_module(f"nnc.models.{_FUNCTIONS[name]}"), name)
