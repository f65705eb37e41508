"""Names inside Keras that its tests import, and what stands for them."""

from __future__ import annotations

from typing import Any

import nnc
from nnc.objects import layer_snake_case
from tests.keras_suite import backend, testing


class Absent:
    """A package that a test can do without."""

    available = False


NAMES = {
    ("", "KerasTensor"): backend.KerasTensor,
    ("testing", "TestCase"): testing.TestCase,
    ("testing.test_case", "TestCase"): testing.TestCase,
    ("testing.test_utils", "named_product"): testing.named_product,
    ("testing.test_utils", "get_test_data"): testing.get_test_data,
    ("utils.module_utils", "tensorflow"): Absent(),
    ("utils.module_utils", "scipy"): Absent(),
    ("utils.naming", "to_snake_case"): layer_snake_case,
    ("utils.rng_utils", "set_random_seed"): nnc.utils.set_random_seed,
}
"""Names by the module below ``keras.src``."""
_BOXES = "layers.preprocessing.image_preprocessing.bounding_boxes"
"""Where Keras has what is public in ``keras.utils.bounding_boxes``."""


def lookup(inner: str, name: str) -> Any:
    """Return what a name inside Keras stands for, None where the bridge has nothing.

    Args:
        inner: the module below ``keras.src``.
        name: the name.
    """
    if name.endswith(("uses_gpu", "uses_tpu")) and inner.startswith("testing"):
        return lambda: False
    if inner.startswith(_BOXES) and name in nnc.utils.bounding_boxes.__all__:
        return getattr(nnc.utils.bounding_boxes, name)
    return NAMES.get((inner, name))
