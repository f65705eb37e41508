"""Base of layers that change images at random while training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from nnc.arguments import argument, number, passed_on, positive
from nnc.choices import DataFormat
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.layers.arguments import image_format
from nnc.layers.declared import CommonLayer
from nnc.layers.lowering import current_lowering
from nnc.layers.random_numbers import draw_uniform
from nnc.layers.unbatched import ImageLayer
from nnc.operations.data_formats import check_rank

BYTES = (0, 255)
"""Range of the pixels of most images."""
Pair = tuple[float, float]
Factor = float | Sequence[float]
"""How much is changed: a number, which stands for a range, or a range."""


class NamelessAugmentation(ImageLayer, CommonLayer):
    """Images unchanged when predicting; while training changed at random.

    A subclass declares its arguments, ``name`` and ``data_format`` among them, and says what it does in `augment`. It
    is applied to images, or to a dictionary of ``images`` and ``labels``.

    Args:
        bounding_box_format: kept for the config.

    Raises:
        ModelError: an argument is unknown or wrong.
    """

    noted_arguments = ("factor {factor}", "height {height_factor}", "width {width_factor}", "{mode}")
    spatial: ClassVar[int] = 2
    acts_always: ClassVar[bool] = False
    """Whether images are changed when predicting, too."""

    activity_regularizer: Any = passed_on(default=None, kw_only=True)
    bounding_box_format: Any = argument(default=None, kw_only=True, written="unless default")

    def __post_init__(self) -> None:
        self.data_format: DataFormat | None
        self.seed: int | None

    def call(self, x: Any, training: bool = True) -> Any:
        if isinstance(x, Mapping):
            return self._with_labels(x, training)
        if not (training or self.acts_always):
            return x
        return self.augment(self._images(x))

    def _images(self, x: Value) -> Value:
        check_rank(x, 2, self.data_format)
        return x if x.type.is_floating else ops.cast(x, current_lowering().dtype or self.compute_dtype)

    def _with_labels(self, given: Mapping[str, Value], training: bool) -> dict[str, Value]:
        """Return images and labels that come together."""
        unknown = [key for key in given if key not in ("images", "labels")]
        if unknown or "images" not in given:
            found = ", ".join(map(str, given))
            raise ModelError(
                f"a dictionary must have images, and may have labels, got {found}; change others separately"
            )
        if not (training or self.acts_always):
            return dict(given)
        labels = given.get("labels")
        images, changed = self.augment_with_labels(self._images(given["images"]), labels)
        return (
            {"images": images}
            if changed is None
            else {key: {"images": images, "labels": changed}[key] for key in given}
        )

    def augment(self, x: Value) -> Value:
        """Return images as they are for training."""
        raise NotImplementedError

    def augment_with_labels(self, x: Value, labels: Value | None) -> tuple[Value, Value | None]:
        """Return images and their labels as they are for training; labels are None where there are none."""
        return self.augment(x), labels

    def draw(self, x: Value, factor: Factor = (0.0, 1.0)) -> Value:
        """Return a uniform random number per image from a range, to be broadcast over it."""
        low, high = limits(factor)
        uniform = draw_uniform(x, (x.shape[0], 1, 1, 1), self.seed)
        return uniform * (high - low) + low if (low, high) != (0.0, 1.0) else uniform


class Augmentation(NamelessAugmentation):
    """Base of layers that change images at random, and that take their name by keyword."""

    _name_given: str | None = passed_on(default=None, kw_only=True, alias="name")


def limits(factor: Factor) -> Pair:
    """Return the range that a factor is kept as once it is checked."""
    low, high = cast("Pair", factor)
    return low, high


class MaxNumBoundingBoxes(Augmentation):
    """Images, unchanged; Keras limits the number of boxes, which come along with images only in its data pipelines."""

    keeps_integers_of_arrays = True

    max_number: int = positive()
    fill_value: float = number(default=-1, written="never")
    data_format: DataFormat | None = image_format(default=None, kw_only=True)

    def augment(self, x: Value) -> Value:
        """Images by themselves have no boxes."""
        return x
