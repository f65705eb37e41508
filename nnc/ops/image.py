"""Images: resizing, transforms, colours, patches.

Arguments are those of `keras.ops`; see `nnc.ops`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnc.absent_names import absence
from nnc.ops.dispatch import operate

__all__ = [
    "affine_transform",
    "crop_images",
    "extract_patches",
    "extract_patches_3d",
    "gaussian_blur",
    "hsv_to_rgb",
    "map_coordinates",
    "pad_images",
    "perspective_transform",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "scale_and_translate",
    "sobel_edges",
    "ssim",
]


def affine_transform(
    images: Any,
    transform: Any,
    interpolation: Any = "bilinear",
    fill_mode: Any = "constant",
    fill_value: Any = 0,
    data_format: Any = None,
) -> Any:
    """Return images whose pixel (x, y) is what was at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k)."""
    return operate(
        "AffineTransform",
        images,
        transform,
        interpolation=interpolation,
        fill_mode=fill_mode,
        fill_value=fill_value,
        data_format=data_format,
    )


def crop_images(
    images: Any,
    top_cropping: Any = None,
    left_cropping: Any = None,
    bottom_cropping: Any = None,
    right_cropping: Any = None,
    target_height: Any = None,
    target_width: Any = None,
    data_format: Any = None,
) -> Any:
    """Return the inside of images: along each axis, two of what is cut off before and behind and of the new length."""
    return operate(
        "CropImages",
        images,
        top_cropping=top_cropping,
        left_cropping=left_cropping,
        bottom_cropping=bottom_cropping,
        right_cropping=right_cropping,
        target_height=target_height,
        target_width=target_width,
        data_format=data_format,
    )


def extract_patches(
    images: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: Any = "valid", data_format: Any = None
) -> Any:
    """Return the pixels of each window of images or volumes, as channels of one pixel."""
    return operate(
        "ExtractPatches",
        images,
        size=size,
        strides=strides,
        dilation_rate=dilation_rate,
        padding=padding,
        data_format=data_format,
    )


def extract_patches_3d(
    volumes: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: Any = "valid",
    data_format: Any = None,
) -> Any:
    """Return the voxels of each window of volumes, as channels of one voxel."""
    return operate(
        "ExtractPatches",
        volumes,
        size=(size,) * 3 if isinstance(size, int) else size,
        strides=strides,
        dilation_rate=dilation_rate,
        padding=padding,
        data_format=data_format,
    )


def gaussian_blur(images: Any, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: Any = None) -> Any:
    """Return images each pixel of which is the mean of those around, with weights of a normal distribution."""
    return operate("GaussianBlur", images, kernel_size=kernel_size, sigma=sigma, data_format=data_format)


def hsv_to_rgb(images: Any, data_format: Any = None) -> Any:
    """Return images of red, green and blue."""
    return operate("HSVToRGB", images, data_format=data_format)


def map_coordinates(inputs: Any, coordinates: Any, order: Any, fill_mode: Any = "constant", fill_value: Any = 0) -> Any:
    """Return what is found in x at places between its elements; those along each axis may be in a list."""
    if isinstance(coordinates, list | tuple):
        coordinates = operate("Stack", *coordinates, axis=0)
    return operate("MapCoordinates", inputs, coordinates, order=order, fill_mode=fill_mode, fill_value=fill_value)


def pad_images(
    images: Any,
    top_padding: Any = None,
    left_padding: Any = None,
    bottom_padding: Any = None,
    right_padding: Any = None,
    target_height: Any = None,
    target_width: Any = None,
    data_format: Any = None,
) -> Any:
    """Return images with zeros around: along each axis, two of what is before and behind and of the new length."""
    return operate(
        "PadImages",
        images,
        top_padding=top_padding,
        left_padding=left_padding,
        bottom_padding=bottom_padding,
        right_padding=right_padding,
        target_height=target_height,
        target_width=target_width,
        data_format=data_format,
    )


def perspective_transform(
    images: Any,
    start_points: Any,
    end_points: Any,
    interpolation: Any = "bilinear",
    fill_value: Any = 0,
    data_format: Any = None,
) -> Any:
    """Return images seen from elsewhere: what was at the start points is at the end points."""
    return operate(
        "PerspectiveTransform",
        images,
        start_points,
        end_points,
        interpolation=interpolation,
        fill_value=fill_value,
        data_format=data_format,
    )


def resize(
    images: Any,
    size: Any,
    interpolation: Any = "bilinear",
    antialias: Any = False,
    crop_to_aspect_ratio: Any = False,
    pad_to_aspect_ratio: Any = False,
    fill_mode: Any = "constant",
    fill_value: Any = 0.0,
    data_format: Any = None,
) -> Any:
    """Return images of another height and width; see `nnc.layers.Resizing`."""
    return operate(
        "Resize",
        images,
        size=size,
        interpolation=interpolation,
        antialias=antialias,
        data_format=data_format,
        crop_to_aspect_ratio=crop_to_aspect_ratio,
        pad_to_aspect_ratio=pad_to_aspect_ratio,
        fill_mode=fill_mode,
        fill_value=fill_value,
    )


def rgb_to_grayscale(images: Any, data_format: Any = None) -> Any:
    """Return images with one channel, the luminance; whole numbers are cut off."""
    return operate("RGBToGrayscale", images, data_format=data_format)


def rgb_to_hsv(images: Any, data_format: Any = None) -> Any:
    """Return images of hue, saturation and value, all from 0 to 1."""
    return operate("RGBToHSV", images, data_format=data_format)


def scale_and_translate(
    images: Any, output_shape: Any, scale: Any, translation: Any, spatial_dims: Any, method: Any, antialias: Any = True
) -> Any:
    """Return images some axes of which are stretched and moved."""
    return operate(
        "ScaleAndTranslate",
        images,
        output_shape,
        scale,
        translation,
        spatial_dims=spatial_dims,
        method=method,
        antialias=antialias,
    )


def sobel_edges(images: Any, data_format: Any = None) -> Any:
    """Return by how much images change downwards and to the right, along a new last axis."""
    return operate("SobelEdges", images, data_format=data_format)


def ssim(
    image1: Any,
    image2: Any,
    max_val: Any = 1.0,
    filter_size: Any = 11,
    filter_sigma: Any = 1.5,
    k1: Any = 0.01,
    k2: Any = 0.03,
    data_format: Any = None,
) -> Any:
    """Return for each image how similar it is to another: 1 where both are equal."""
    return operate(
        "SSIM",
        image1,
        image2,
        max_val=max_val,
        filter_size=filter_size,
        filter_sigma=filter_sigma,
        k1=k1,
        k2=k2,
        data_format=data_format,
    )


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> object:
        raise absence("nnc.ops.image", name)
