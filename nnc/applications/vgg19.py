"""VGG with 19 layers of weights."""

from __future__ import annotations

from nnc.applications.imagenet_utils import blue_first as preprocess_input
from nnc.applications.imagenet_utils import decode_predictions
from nnc.applications.vgg import vgg

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]

VGG19 = vgg(
    "VGG19", __name__, (2, 2, 4, 4, 4), ("cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6")
)
