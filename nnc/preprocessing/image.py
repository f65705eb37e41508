"""Images as arrays and files, and batches of images that are changed at random."""

from __future__ import annotations

from nnc.preprocessing.image_data_generator import ImageDataGenerator
from nnc.preprocessing.image_file_iterators import DirectoryIterator
from nnc.preprocessing.image_iterators import Iterator, NumpyArrayIterator
from nnc.preprocessing.image_transforms import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
)
from nnc.utils.images import array_to_img, img_to_array, load_img, save_img, smart_resize

__all__ = [
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "img_to_array",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
    "smart_resize",
]
