"""Images of another size: interpolated, or their centre."""

from __future__ import annotations

from nnc.arguments import argument, choice, flag, number, positive
from nnc.choices import DataFormat, ResizeMethod
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.arguments import image_format
from nnc.layers.declared import KerasLayer
from nnc.layers.input_types import FLOAT
from nnc.layers.unbatched import ImageLayer
from nnc.layers.upsampling import check_interpolation
from nnc.operations.data_formats import check_rank, known_sizes
from nnc.operations.resizing import center, resized, smart_resize


class Resizing(ImageLayer, KerasLayer):
    """Images of a given size.

    Args:
        height: height of the result.
        width: width of the result.
        interpolation: ``bilinear``, ``nearest``, ``bicubic``, ``area``, ``lanczos3`` or ``lanczos5``.
        crop_to_aspect_ratio: whether what does not fit the new shape is cut off, so that nothing is distorted.
        pad_to_aspect_ratio: whether images are extended instead.
        fill_mode: ``constant``.
        fill_value: what images are extended by.
        antialias: whether pixels are averaged where images become smaller.
        data_format: ``channels_last`` or ``channels_first``.

    Raises:
        ModelError: an argument is wrong, or an image's size is not known before the run, where anything but
            ``bilinear`` needs it.
    """

    key_arguments = ("height", "width")
    noted_arguments = ("{interpolation}", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")
    keeps_integers_of_arrays = True

    height: int = positive()
    width: int = positive()
    interpolation: ResizeMethod = argument(check_interpolation, default="bilinear")
    crop_to_aspect_ratio: bool = flag(default=False)
    pad_to_aspect_ratio: bool = flag(default=False)
    fill_mode: str = choice("constant", default="constant")
    fill_value: float = number(default=0.0)
    antialias: bool = flag(default=False)
    data_format: DataFormat | None = image_format(default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ModelError(f"{self._where}: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be True")

    def call(self, x: Value) -> Value:
        check_rank(x, 2, self.data_format)
        return resized(
            x,
            (self.height, self.width),
            self.interpolation,
            antialias=self.antialias,
            crop=self.crop_to_aspect_ratio,
            fill_value=self.fill_value if self.pad_to_aspect_ratio else None,
            data_format=self.data_format,
            computes_in=self.weights_dtype or FLOAT,
        )


class CenterCrop(ImageLayer, KerasLayer):
    """The centre of images; those that are too small are cropped to the new shape and interpolated.

    Args:
        height: height of the result.
        width: width of the result.
        data_format: ``channels_last`` or ``channels_first``.

    Raises:
        ModelError: an argument is wrong, or an image's size is not known before the run.
    """

    key_arguments = ("height", "width")

    height: int = positive()
    width: int = positive()
    data_format: DataFormat | None = image_format(default=None)

    def call(self, x: Value) -> Value:
        sizes, size = known_sizes(x, self.data_format), (self.height, self.width)
        if all(length >= wanted for length, wanted in zip(sizes, size, strict=True)):
            return center(x, self.data_format, sizes, size)
        return smart_resize(x, self.data_format, sizes, size)
