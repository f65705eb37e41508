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


_PAIRS = Refusal("an output with a number for each pair of rows of the batch", "with the batch only in front")
REFUSED = {
    "CLIPBackbone": _PAIRS,
    "MetaCLIP2Backbone": _PAIRS,
    "SigLIPBackbone": Refusal("a `compute_loss` of its own, and outputs like CLIP's", "SigLIPBackbone"),
    "DFineBackbone": Refusal("empty parts of `keras.ops.split`", "must ascend"),
    "RWKV7Backbone": Refusal("TensorFlow's `TensorArray`", "cannot be traced"),
    "SAM3PromptableConceptBackbone": Refusal("a mask whose batch is broadcast against queries", "do not broadcast"),
    "SAMBackbone": Refusal("an output without rows", "with the batch only in front"),
    "Qwen3_5Backbone": Refusal("empty parts of tensors", "is empty"),
    "Qwen3_5MoeBackbone": Refusal("empty parts of tensors", "is empty"),
}
"""By name."""
UNTRIED = {"BASNetBackbone": "its smallest configuration has 92 million weights"}
"""Those that are not compared, by name, and why."""
