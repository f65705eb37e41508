"""ResNet50 by itself."""

from __future__ import annotations

from nnc.applications.resnet import ResNet50, decode_predictions, preprocess_input

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]
