"""Layers that change images while training only; see `tests.layers.test_augmentation` for what they do then."""

from __future__ import annotations

from typing import Any

from tests.layers.cases.case import Case

ROW = (4, 3, 3)


def unchanged(layer: str, *configs: dict[str, Any]) -> tuple[Case, ...]:
    """Return cases that let images pass; Keras changes them outside of models unless told not to."""
    return tuple(Case(layer, config, (ROW,), ROW, options={"training": False}) for config in configs)


CASES = (
    Case("AutoContrast", {}, (ROW,), ROW, options={"training": False}, tolerance=1e-5),
    Case("AutoContrast", {"value_range": (-1.0, 3.0)}, (ROW,), ROW, options={"training": False}, tolerance=1e-5),
    *(
        Case("ContrastLimitedAdaptiveHistogramEqualization", config, (row,), row, tolerance=1e-5)
        for config, row in (
            ({"value_range": (-3, 3), "tile_grid_size": (2, 2)}, (9, 7, 3)),
            ({"value_range": (-4, 4), "clip_limit": 1.0, "tile_grid_size": (3, 1)}, (8, 5, 1)),
            ({"value_range": (-3, 3), "clip_limit": 0, "data_format": "channels_first"}, (2, 16, 8)),
        )
    ),
    *unchanged("AugMix", {}, {"factor": (0.1, 0.4), "num_chains": 2, "seed": 1}),
    *unchanged("CutMix", {}, {"factor": 0.5, "seed": 2}),
    *unchanged("Equalization", {}, {"bins": 16, "value_range": (0, 1)}),
    *unchanged("MaxNumBoundingBoxes", {"max_number": 3}),
    *unchanged("MixUp", {}, {"alpha": 0.3, "seed": 4}),
    *unchanged("RandAugment", {}, {"factor": 0.1, "num_ops": 3}),
    *unchanged("RandomBrightness", {"factor": 0.2}, {"factor": (0.5, -0.1), "value_range": (0, 1), "seed": 3}),
    *unchanged("RandomColorDegeneration", {"factor": 0.2}, {"factor": (0.1, 0.5), "seed": 3}),
    *unchanged("RandomColorJitter", {}, {"brightness_factor": 0.2, "hue_factor": 0.1}),
    *unchanged("RandomContrast", {"factor": 0.2}, {"factor": (0.1, 0.5), "value_range": (0, 1), "seed": 3}),
    *unchanged("RandomCrop", {"height": 4, "width": 3, "seed": 1}),
    *unchanged("RandomElasticTransform", {}, {"factor": 0.3, "scale": (0.1, 0.2), "fill_mode": "nearest"}),
    *unchanged("RandomErasing", {}, {"factor": 0.5, "scale": (0.1, 0.2), "fill_value": 1.0}),
    *unchanged("RandomFlip", {}, {"mode": "vertical", "seed": 3, "data_format": "channels_first"}),
    *unchanged("RandomGaussianBlur", {}, {"factor": 0.5, "kernel_size": (3, 5), "sigma": (0.2, 0.4)}),
    *unchanged("RandomGrayscale", {}, {"factor": 0.2}),
    *unchanged("RandomHue", {"factor": 0.2}, {"factor": (0.1, 0.2), "value_range": (0, 1)}),
    *unchanged("RandomInvert", {}, {"factor": (0.1, 0.2), "value_range": (0, 1)}),
    *unchanged("RandomPerspective", {}, {"factor": 0.5, "scale": 0.3}),
    *unchanged("RandomPosterization", {"factor": 3}, {"factor": (2, 5), "value_range": (0, 1)}),
    *unchanged("RandomRotation", {"factor": 0.2}, {"factor": (-0.1, 0.3), "fill_mode": "constant", "seed": 1}),
    *unchanged("RandomSaturation", {"factor": 0.2}, {"factor": (0.1, 0.5)}),
    *unchanged("RandomSharpness", {"factor": 0.2}, {"factor": (0.1, 0.5)}),
    *unchanged("RandomShear", {}, {"x_factor": 0.2, "y_factor": (0.1, 0.3)}),
    *unchanged("RandomTranslation", {"height_factor": 0.2, "width_factor": (-0.2, 0.3)}),
    *unchanged("RandomZoom", {"height_factor": 0.2}, {"height_factor": (-0.2, 0.3), "width_factor": 0.1}),
    *unchanged("Solarization", {}, {"addition_factor": 0.2, "threshold_factor": (0.1, 0.3)}),
)
