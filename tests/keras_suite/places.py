"""Names inside Keras that its tests import, and what stands for them."""

from __future__ import annotations

import os
from collections import OrderedDict, deque
from typing import Any

import nnc
from nnc import registration
from nnc.objects import layer_snake_case
from tests.keras_suite import backend, testing, trainers


class Absent:
    """A package that a test can do without."""

    available = False


def index_lookup(
    max_tokens: Any, num_oov_indices: Any, mask_token: Any, oov_token: Any, vocabulary_dtype: str, **options: Any
) -> Any:
    """Return the lookup of texts or of numbers, whose common base in Keras has no public name."""
    chosen = nnc.layers.StringLookup if vocabulary_dtype == "string" else nnc.layers.IntegerLookup
    given = {"num_oov_indices": num_oov_indices, "mask_token": mask_token, "oov_token": oov_token}
    return chosen(max_tokens=max_tokens, **given, **options)


class Present:
    """A package that is not asked for anything, as what a test wants of it is nnc's."""

    available = True


class Spelled:
    """An enumeration of Keras's, of which nnc keeps the words."""

    PR, ROC, PRGAIN = "PR", "ROC", "PRGAIN"
    INTERPOLATION, MAJORING, MINORING = "interpolation", "majoring", "minoring"


NAMES = {
    ("api_export", "keras_export"): lambda *names, **options: lambda item: item,
    ("", "KerasTensor"): backend.KerasTensor,
    ("layers", "IndexLookup"): index_lookup,
    ("legacy.saving.legacy_h5_format", "load_model_from_hdf5"): nnc.saving.load_model,
    ("legacy.saving.legacy_h5_format", "save_model_to_hdf5"): nnc.saving.save_model,
    ("metrics.metrics_utils", "AUCCurve"): Spelled,
    ("metrics.metrics_utils", "AUCSummationMethod"): Spelled,
    ("models", "Functional"): nnc.Model,  # which a model of inputs and outputs is in Keras, whatever it is called
    ("models.functional", "Functional"): nnc.Model,
    ("saving.object_registration", "GLOBAL_CUSTOM_NAMES"): registration._NAMES,
    ("saving.saving_lib", "load_weights_only"): nnc.saving.load_weights,
    ("saving.saving_lib", "save_weights_only"): nnc.saving.save_weights,
    ("trainers.trainer", "Trainer"): trainers.Trainer,
    ("testing", "TestCase"): testing.TestCase,
    ("testing.test_case", "TestCase"): testing.TestCase,
    ("testing.test_utils", "named_product"): testing.named_product,
    ("testing.test_utils", "get_test_data"): testing.get_test_data,
    ("utils.file_utils", "exists"): os.path.exists,
    ("utils.file_utils", "join"): os.path.join,
    ("utils.io_utils", "set_logging_verbosity"): lambda level: None,
    ("utils.module_utils", "dmtree"): Absent(),
    ("utils.module_utils", "optree"): Present(),
    ("utils.module_utils", "tensorflow"): Absent(),
    ("utils.module_utils", "scipy"): Absent(),
    ("utils.naming", "to_snake_case"): layer_snake_case,
    ("utils.rng_utils", "set_random_seed"): nnc.utils.set_random_seed,
    ("utils.tracking", "TrackedDict"): dict,  # what layers of Keras make of attributes, and those of nnc leave alone
    ("utils.tracking", "TrackedList"): list,
    ("utils.tracking", "TrackedOrderedDict"): OrderedDict,
    ("utils.tracking", "TrackedSet"): deque,
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
