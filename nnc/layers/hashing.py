"""Texts and whole numbers by the bucket that they are hashed to, one by one or several together."""

from __future__ import annotations

from typing import Any

from nnc.arguments import argument, passed_on, positive, unsupported
from nnc.checks import is_whole
from nnc.choices import OutputMode
from nnc.errors import ModelError
from nnc.layers.encoding import MODES, mode_among
from nnc.layers.input_types import FLOAT
from nnc.layers.string_lookup import check_salt
from nnc.layers.text_layer import TextLayer
from nnc.text import Crossing, Encoding, Step
from nnc.text import Hashing as HashingStep

_ANY_NUMBERS = ("float32", "float64", "int32", "int64")


def _encoding(layer: TextLayer, mode: str, bins: int) -> Encoding:
    """Return what a layer makes of buckets.

    Raises:
        ModelError: indices are wanted of an element type that is not one of whole numbers.
    """
    dtype = layer.weights_dtype or ("int64" if mode == "int" else FLOAT)
    if dtype not in (_ANY_NUMBERS if mode != "int" else ("int32", "int64")):
        raise ModelError(
            f'When `output_mode="{mode}"`, `dtype` should be an integer type, int32 or int64, got {dtype!r}'
        )
    return Encoding(mode, 0 if mode == "int" else bins, dtype)


def _check_mask(where: str, key: str, value: Any) -> str | int:
    if not isinstance(value, str) and not is_whole(value):
        raise ModelError(f"{where}: {key} must be a text, a whole number or None, got {value!r:.80}")
    return value if isinstance(value, str) else int(value)


def _check_num_bins(where: str, key: str, value: Any) -> int:
    if not is_whole(value) or value <= 0:
        raise ModelError(
            f"The `{key}` for `{where}` cannot be `None` or non-positive, it is a whole number, got {value!r}"
        )
    return int(value)


class Hashing(TextLayer):
    """The bucket that each text or whole number is hashed to, or its encoding.

    The layer stands at the beginning of a model: a program hashes before its graphs run.

    Args:
        num_bins: number of buckets.
        mask_value: text or number that has bucket 0 for itself.
        salt: a number, or two, that are the key of SipHash; FarmHash by default.
        output_mode: ``int``, ``one_hot``, ``multi_hot`` or ``count``.
        sparse: must be False.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("num_bins",)
    noted_arguments = ("{output_mode}",)
    encodes_elements = True

    num_bins: int = argument(_check_num_bins)
    mask_value: Any = argument(_check_mask, default=None)
    salt: Any = argument(check_salt, default=None)
    output_mode: OutputMode = argument(mode_among(*MODES), default="int")
    sparse: bool = unsupported(default=False, written="always")
    _name_given: str | None = passed_on(default=None, kw_only=True, alias="name")
    _dtype_given: Any = passed_on(default=None, kw_only=True, alias="dtype")
    activity_regularizer: Any = passed_on(default=None, kw_only=True)

    def __post_init__(self) -> None:
        with self.blame():
            _encoding(self, self.output_mode, self.num_bins)

    @property
    def input_dtype(self) -> str | None:
        """Element type of the input of a model that begins with the layer: as in Keras, that of the output."""
        return self.weights_dtype or "int64"

    def make_step(self, is_known: bool = True) -> Step:
        """Return what the layer does, as plain data."""
        del is_known
        return HashingStep(self.num_bins, self.mask_value, self.salt, _encoding(self, self.output_mode, self.num_bins))


class HashedCrossing(TextLayer):
    """The bucket that texts or whole numbers of several inputs are hashed to together, or its encoding.

    The layer stands at the beginning of a model: a program hashes before its graphs run.

    Args:
        num_bins: number of buckets.
        output_mode: ``int`` or ``one_hot``.
        sparse: must be False.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("num_bins",)
    noted_arguments = ("{output_mode}",)
    is_merging = True
    encodes_elements = True

    num_bins: int = positive()
    output_mode: OutputMode = argument(mode_among(*MODES[:2]), default="int")
    sparse: bool = unsupported(default=False, written="always")
    _name_given: str | None = passed_on(default=None, alias="name")
    _dtype_given: Any = passed_on(default=None, alias="dtype")
    activity_regularizer: Any = passed_on(default=None, kw_only=True)

    def make_step(self, is_known: bool = True) -> Step:
        """Return what the layer does, as plain data."""
        del is_known
        return Crossing(self.num_bins, _encoding(self, self.output_mode, self.num_bins))
