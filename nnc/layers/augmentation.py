"""Base of layers that change images at random while training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Unpack

from nnc.choices import DataFormat
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.layers.drawing import check_seed, draw_uniform
from nnc.layers.lowering import current_lowering
from nnc.layers.options import AugmentationOptions, LayerOptions
from nnc.layers.spatial import check_data_format, check_rank
from nnc.ops import cast

BYTES = (0, 255)
"""Range of the pixels of most images."""
Pair = tuple[float, float]
Factor = float | Sequence[float]
"""How much is changed: a number, which stands for a range, or a range."""


class Augmentation(Layer):
    """Images unchanged when predicting; while training changed at random.

    A subclass says what it does in `augment`. It is applied to images, or to a dictionary of ``images`` and ``labels``.

    Args:
        arguments: those of the subclass by name, which become attributes once they are checked.
        data_format: ``channels_last`` or ``channels_first``.
        bounding_box_format: kept for the config.
        options: the arguments of `Layer`.

    Raises:
        ModelError: an argument is unknown or wrong.
    """

    noted_arguments = ("factor {factor}", "height {height_factor}", "width {width_factor}", "{mode}")
    config_keys: ClassVar[tuple[str, ...]] = ()
    """The arguments that Keras's configs have behind ``data_format``."""
    bounds: ClassVar[Mapping[str, Pair]] = {}
    """Limits of arguments that are a number, which stands for a range around 0, or a range."""
    acts_always: ClassVar[bool] = False
    """Whether images are changed when predicting, too."""
    factor: Pair
    value_range: Any
    seed: int | None = None
    data_format: str

    def __init__(
        self,
        arguments: Mapping[str, Any],
        *,
        data_format: DataFormat | None = None,
        bounding_box_format: Any = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.bounding_box_format = bounding_box_format
        for name, value in {**arguments, "data_format": data_format}.items():
            setattr(self, name, self._checked_argument(type(self).__name__, name, value))

    def _checked_argument(self, where: str, name: str, value: Any) -> Any:
        if name == "data_format":
            return check_data_format(where, value)
        if name == "seed":
            return check_seed(where, value)
        if name in self.bounds:
            return check_range(where, name, value, self.bounds[name])
        if name == "value_range":
            if not isinstance(value, list | tuple) or len(value) != 2:
                raise ModelError(f"{where}: value_range must be two numbers, got {value!r}")
            return tuple(sorted(value))
        return value

    def call(self, x: Any, training: bool = True) -> Any:
        if isinstance(x, Mapping):
            return self._with_labels(x, training)
        if not (training or self.acts_always):
            return x
        return self.augment(self._images(x))

    def _images(self, x: Value) -> Value:
        check_rank(x, 2, self.data_format)
        return x if x.type.is_floating else cast(x, current_lowering().dtype or self.compute_dtype)

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

    def draw(self, x: Value, low: float = 0.0, high: float = 1.0) -> Value:
        """Return a uniform random number per image, to be broadcast over it."""
        uniform = draw_uniform(x, (x.shape[0], 1, 1, 1), self.seed)
        return uniform * (high - low) + low if (low, high) != (0.0, 1.0) else uniform

    def get_config(self) -> dict[str, Any]:
        formats = {} if self.bounding_box_format is None else {"bounding_box_format": self.bounding_box_format}
        own = {key: as_config(getattr(self, key)) for key in self.config_keys}
        return {**super().get_config(), "data_format": self.data_format, **formats, **own}


def check_range(where: str, name: str, value: Any, bounds: Pair) -> Pair:
    """Return a range (lowest, highest): of a number, from its negative, or the lower bound, to it.

    Raises:
        ModelError: it is neither a number nor two, or they lie outside the bounds.
    """
    numbers = list(value) if isinstance(value, list | tuple) else [value]
    low, high = bounds
    if (
        len(numbers) != (2 if isinstance(value, list | tuple) else 1)
        or any(isinstance(item, bool) or not isinstance(item, int | float) for item in numbers)
        or any(not low <= item <= high for item in numbers)
    ):
        raise ModelError(f"{where}: {name} must be a number from {low} to {high}, or two of them, got {value!r}")
    if len(numbers) == 2:
        return min(numbers), max(numbers)
    return max(-abs(numbers[0]), low), abs(numbers[0])


def as_config(value: Any) -> Any:
    """Return a value with lists instead of tuples."""
    return [as_config(item) for item in value] if isinstance(value, list | tuple) else value


class MaxNumBoundingBoxes(Augmentation):
    """Images, unchanged; Keras limits the number of boxes, which come along with images only in its data pipelines."""

    keeps_integers_of_arrays = True
    config_keys = ("max_number",)

    def __init__(self, max_number: int, fill_value: float = -1, **options: Unpack[AugmentationOptions]) -> None:
        arguments = {"max_number": max_number, "fill_value": fill_value}
        super().__init__(arguments, **options)

    def augment(self, x: Value) -> Value:
        """Images by themselves have no boxes."""
        return x
