"""Backbones of KerasHub that nnc does not compute as Keras does, and why; docs/coverage.md lists them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """Why a backbone is refused.

    Args:
        reason: for the page.
        error: a part of the error's text.
    """

    reason: str
    error: str


REFUSED = {
    "RWKV7Backbone": Refusal("TensorFlow's `TensorArray`", "cannot be traced"),
    "SAM3PromptableConceptBackbone": Refusal("a mask whose batch is broadcast against queries", "do not broadcast"),
}
"""By name."""
UNTRIED = {"BASNetBackbone": "its smallest configuration has 92 million weights"}
"""Those that are not compared, by name, and why."""
