"""Layers that move the pixels of images at random while training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import pi
from typing import Any, ClassVar, Unpack

import numpy

from nnc.checks import check_positive
from nnc.choices import DataFormat, FillMode, FlipMode, Interpolation
from nnc.errors import ModelError
from nnc.ir import Value, size_of
from nnc.layers.augmentation import Augmentation, Factor, Pair, check_range
from nnc.layers.drawing import draw_uniform
from nnc.layers.interpolation import resize_axis
from nnc.layers.options import ImageOptions
from nnc.layers.resizing import known_sizes
from nnc.layers.spatial import spatial_axes
from nnc.layers.warping import FILL_MODES, WAYS, warp
from nnc.ops import cos, flip, floor, matmul, reshape, sin, take, where
from nnc.ops.comparison import Equal
from nnc.ops.elementwise import apply

_MODES = ("horizontal", "vertical", "horizontal_and_vertical")


class RandomFlip(Augmentation):
    """While training, mirrors half of the images."""

    config_keys = ("seed", "mode")
    mode: str

    def __init__(
        self,
        mode: FlipMode = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        arguments = {"mode": mode, "seed": seed}
        super().__init__(arguments, data_format=data_format, **options)

    def _checked_argument(self, where: str, name: str, value: Any) -> Any:
        if name == "mode" and value not in _MODES:
            raise ModelError(f"{where}: mode must be {', '.join(_MODES[:2])} or {_MODES[2]}, got {value!r}")
        return super()._checked_argument(where, name, value)

    def augment(self, x: Value) -> Value:
        vertical, horizontal = spatial_axes(self.data_format, 2)
        flipped = x
        for name, axis in (("horizontal", horizontal), ("vertical", vertical)):
            if name in self.mode:
                flipped = flip(flipped, axis)
        return where(self.draw(x) <= 0.5, flipped, x)


class RandomCrop(Augmentation):
    """While training, a part of the images at a random place; smaller ones are interpolated.

    As in Keras, images stay as they are when predicting, even if they have another size than the layer's output, after
    which layers behind it are built.
    """

    key_arguments = ("height", "width")
    keeps_integers_of_arrays = True
    config_keys = ("height", "width", "seed")
    height: int
    width: int

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: DataFormat | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        arguments = {"height": height, "width": width, "seed": seed}
        super().__init__(arguments, data_format=data_format, **options)

    def _checked_argument(self, where: str, name: str, value: Any) -> Any:
        if name in ("height", "width"):
            return check_positive(where, name, value)
        return super()._checked_argument(where, name, value)

    def output_types(self, *args: Any, **kwargs: Any) -> Any:
        """Return the types of the outputs in training, as Keras does."""
        return super().output_types(*args, **kwargs | {"training": True})

    def augment(self, x: Value) -> Value:
        sizes, size = known_sizes(x, self.data_format), (self.height, self.width)
        axes = spatial_axes(self.data_format, 2)
        if all(length > wanted for length, wanted in zip(sizes, size, strict=True)):
            for axis, length, wanted in zip(axes, sizes, size, strict=True):
                x = self._cut(x, axis, length, wanted)
            return x
        fitting = int(sizes[1] * size[0] / size[1]), int(sizes[0] * size[1] / size[0])
        for axis, length, wanted, part in zip(axes, sizes, size, fitting, strict=True):
            start = (length - max(min(length, part), 1)) // 2
            x = take(x, axis, start, min(start + wanted, length))
            x = resize_axis(x, axis, wanted, "bilinear")
        return x

    def _cut(self, x: Value, axis: int, length: int, wanted: int) -> Value:
        """Return a part of an axis from a random place on, by the product with rows of a unit matrix."""
        start = floor(draw_uniform(x, (1, 1), self.seed) * float(length - wanted + 1))
        rows = x.graph.constant(numpy.arange(wanted)[:, None], x.dtype) + start
        chosen = apply(Equal(dtype=x.dtype), rows, x.graph.constant(numpy.arange(length), x.dtype))
        before, after = x.shape[:axis], x.shape[axis + 1 :]
        columns = reshape(x, (size_of(before), length, size_of(after)))
        return reshape(matmul(chosen, columns), (*before, wanted, *after))


class Warping(Augmentation):
    """Base of layers that read pixels at other places."""

    interpolation: str
    fill_mode: str
    fill_value: float

    def _checked_argument(self, where: str, name: str, value: Any) -> Any:
        known = {"interpolation": WAYS, "fill_mode": FILL_MODES}.get(name)
        if known is not None and value not in known:
            raise ModelError(f"{where}: {name} must be one of {', '.join(known)}, got {value!r}")
        return super()._checked_argument(where, name, value)

    def augment(self, x: Value) -> Value:
        matrix = self.matrix(x, *known_sizes(x, self.data_format))
        return warp(x, matrix, self.interpolation, self.fill_mode, self.fill_value, self.data_format)

    def matrix(self, x: Value, height: int, width: int) -> Sequence[Any]:
        """Return the six numbers that `warp` takes."""
        raise NotImplementedError

    def draw_for(self, x: Value, bounds: Pair) -> Value:
        """Return a uniform random number per image, of shape (batch, 1, 1)."""
        return reshape(self.draw(x, *bounds), (x.shape[0], 1, 1))


class RandomRotation(Warping):
    """While training, turns each image around its centre by a share of a whole turn."""

    config_keys = ("factor", "fill_mode", "fill_value", "interpolation", "seed")
    bounds: ClassVar[Mapping[str, Pair]] = {"factor": (-1, 1)}

    def __init__(
        self,
        factor: Factor,
        fill_mode: FillMode = "reflect",
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: DataFormat | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        arguments = {
            "factor": factor,
            "fill_mode": fill_mode,
            "interpolation": interpolation,
            "seed": seed,
            "fill_value": fill_value,
        }
        super().__init__(arguments, data_format=data_format, **options)

    def matrix(self, x: Value, height: int, width: int) -> Sequence[Any]:
        angle = self.draw_for(x, self.factor) * (2.0 * pi)
        cosine, sine = cos(angle), sin(angle)
        middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
        return (
            cosine,
            -sine,
            middle_x - cosine * middle_x + sine * middle_y,
            sine,
            cosine,
            middle_y - sine * middle_x - cosine * middle_y,
        )


class RandomShear(Warping):
    """While training, slants each image, in either direction."""

    config_keys = ("x_factor", "y_factor", "fill_mode", "interpolation", "seed", "fill_value")
    bounds: ClassVar[Mapping[str, Pair]] = {"x_factor": (-1, 1), "y_factor": (-1, 1)}
    x_factor: Pair
    y_factor: Pair

    def __init__(
        self,
        x_factor: Factor = 0.0,
        y_factor: Factor = 0.0,
        interpolation: Interpolation = "bilinear",
        fill_mode: FillMode = "reflect",
        fill_value: float = 0.0,
        data_format: DataFormat | None = None,
        seed: int | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        arguments = {
            "x_factor": x_factor,
            "y_factor": y_factor,
            "interpolation": interpolation,
            "fill_mode": fill_mode,
            "fill_value": fill_value,
            "seed": seed,
        }
        super().__init__(arguments, data_format=data_format, **options)

    def matrix(self, x: Value, height: int, width: int) -> Sequence[Any]:
        direction = where(self.draw_for(x, (0.0, 1.0)) > 0.5, x.graph.constant(-1.0, x.dtype), 1.0)
        across, down = (self.draw_for(x, bounds) * direction for bounds in (self.x_factor, self.y_factor))
        return 1.0, across, 0.0, down, 1.0, 0.0


class Sizing(Warping):
    """Base of layers whose factors are shares of an image's height and width."""

    config_keys = ("height_factor", "width_factor", "fill_mode", "interpolation", "seed", "fill_value")
    height_factor: Any
    width_factor: Any

    def _checked_argument(self, where: str, name: str, value: Any) -> Any:
        if name in ("height_factor", "width_factor") and value is not None:
            check_range(where, name, value, (-1, 1))
        return super()._checked_argument(where, name, value)

    def _bounds(self, name: str) -> Pair:
        return check_range(type(self).__name__, name, getattr(self, name), (-1, 1))


class RandomTranslation(Sizing):
    """While training, moves each image by a share of its size: down and to the right where it is positive."""

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor,
        fill_mode: FillMode = "reflect",
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: DataFormat | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        arguments = {
            "height_factor": height_factor,
            "width_factor": width_factor,
            "fill_mode": fill_mode,
            "interpolation": interpolation,
            "seed": seed,
            "fill_value": fill_value,
        }
        super().__init__(arguments, data_format=data_format, **options)

    def matrix(self, x: Value, height: int, width: int) -> Sequence[Any]:
        down = self.draw_for(x, self._bounds("height_factor")) * float(height)
        across = self.draw_for(x, self._bounds("width_factor")) * float(width)
        return 1.0, 0.0, -across, 0.0, 1.0, -down


class RandomZoom(Sizing):
    """While training, shrinks each image where the factor is positive, and enlarges it where it is negative."""

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor | None = None,
        fill_mode: FillMode = "reflect",
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: DataFormat | None = None,
        **options: Unpack[ImageOptions],
    ) -> None:
        arguments = {
            "height_factor": height_factor,
            "width_factor": width_factor,
            "fill_mode": fill_mode,
            "interpolation": interpolation,
            "seed": seed,
            "fill_value": fill_value,
        }
        super().__init__(arguments, data_format=data_format, **options)

    def matrix(self, x: Value, height: int, width: int) -> Sequence[Any]:
        down = self.draw_for(x, self._bounds("height_factor")) + 1.0
        across = down if self.width_factor is None else self.draw_for(x, self._bounds("width_factor")) + 1.0
        shifts = (1.0 - across) * ((width - 1) / 2), (1.0 - down) * ((height - 1) / 2)
        return across, 0.0, shifts[0], 0.0, down, shifts[1]
