"""Numbers and images prepared for a model: other scales and sizes, classes and bins."""

from __future__ import annotations

from typing import Any

from tests.layers.cases.case import Case

FIRST = {"data_format": "channels_first"}
VOCABULARY = [7, 2, 5, 11]
MODES = ("one_hot", "multi_hot", "count")


def pipeline(nn: Any) -> dict[str, Any]:
    return {"layers": [nn.layers.Resizing(4, 6, name="resize"), nn.layers.Rescaling(0.5, 1.0, name="rescale")]}


CASES = (
    Case("Pipeline", pipeline, ((3, 5, 2),), (4, 6, 2)),
    Case("Rescaling", {"scale": 0.5}, ((4,),), (4,)),
    Case("Rescaling", {"scale": 1 / 255, "offset": -0.5}, ((3, 2, 1),), (3, 2, 1)),
    Case("Rescaling", {"scale": [0.5, 2.0, 1.0], "offset": [1.0, 0.0, -1.0]}, ((2, 3),), (2, 3)),
    Case("Normalization", {"mean": 0.5, "variance": 2.0}, ((4,),), (4,)),
    Case("Normalization", {"mean": [0.5, -1.0, 0.0], "variance": [2.0, 1.0, 0.25], "invert": True}, ((2, 3),), (2, 3)),
    Case("Normalization", {"axis": None, "mean": 1.0, "variance": 4.0}, ((2, 3),), (2, 3)),
    Case("Normalization", {"axis": (1, 2), "mean": [1.0, 2.0, 3.0], "variance": [1.0, 2.0, 4.0]}, ((2, 3),), (2, 3)),
    Case("Resizing", {"height": 4, "width": 6}, ((3, 5, 2),), (4, 6, 2)),
    Case("Resizing", {"height": 2, "width": 3, "antialias": True}, ((5, 7, 2),), (2, 3, 2), tolerance=1e-5),
    Case("Resizing", {"height": 2, "width": 3, "interpolation": "nearest"}, ((5, 7, 2),), (2, 3, 2)),
    Case("Resizing", {"height": 7, "width": 4, "interpolation": "bicubic"}, ((5, 5, 1),), (7, 4, 1), tolerance=1e-5),
    Case(
        "Resizing",
        {"height": 3, "width": 4, "interpolation": "lanczos3", "antialias": True},
        ((7, 5, 1),),
        (3, 4, 1),
        tolerance=1e-5,
    ),
    Case(
        "Resizing",
        {"height": 3, "width": 4, "interpolation": "bicubic", "antialias": True},
        ((7, 5, 1),),
        (3, 4, 1),
        tolerance=1e-5,
    ),
    Case("Resizing", {"height": 4, "width": 4, "crop_to_aspect_ratio": True}, ((5, 8, 2),), (4, 4, 2)),
    Case(
        "Resizing",
        {"height": 4, "width": 6, "pad_to_aspect_ratio": True, "fill_value": 2.0, **FIRST},
        ((2, 8, 3),),
        (2, 4, 6),
    ),
    Case("Resizing", {"height": 4, "width": 6, "pad_to_aspect_ratio": True}, ((3, 8, 2),), (4, 6, 2)),
    Case("Resizing", {"height": 4, "width": 6}, ((3, 3, 2),), (4, 6, 2), integers=(256,)),
    Case("CenterCrop", {"height": 2, "width": 3}, ((5, 4, 2),), (2, 3, 2)),
    Case("CenterCrop", {"height": 3, "width": 4, **FIRST}, ((2, 3, 7),), (2, 3, 4)),
    Case("CenterCrop", {"height": 6, "width": 3}, ((4, 5, 2),), (6, 3, 2)),
    *(
        Case(
            "CategoryEncoding",
            {"num_tokens": 5, "output_mode": mode},
            ((3,),),
            (3, 5) if mode == "one_hot" else (5,),
            integers=(5,),
        )
        for mode in MODES
    ),
    Case("CategoryEncoding", {"num_tokens": 6, "output_mode": "one_hot"}, ((1,),), (6,), integers=(5,)),
    Case("Discretization", {"bin_boundaries": [-0.5, 0.0, 1.0]}, ((4,),), (4,)),
    *(
        Case(
            "Discretization",
            {"bin_boundaries": [-0.5, 0.0, 1.0], "output_mode": mode},
            ((3,),),
            (3, 4) if mode == "one_hot" else (4,),
        )
        for mode in MODES
    ),
    Case("IntegerLookup", {"vocabulary": VOCABULARY}, ((3,),), (3,), integers=(12,)),
    Case(
        "IntegerLookup",
        {"vocabulary": VOCABULARY, "num_oov_indices": 3, "mask_token": 0},
        ((2, 6),),
        (2, 6),
        integers=(12,),
    ),
    Case(
        "IntegerLookup",
        {"vocabulary": [0, -1, *VOCABULARY], "mask_token": 0, "max_tokens": 9},
        ((6,),),
        (6,),
        integers=(12,),
    ),
    Case(
        "IntegerLookup",
        {"vocabulary": VOCABULARY, "invert": True, "mask_token": 0, "oov_token": -5},
        ((6,),),
        (6,),
        integers=(9,),
    ),
    *(
        Case(
            "IntegerLookup",
            {"vocabulary": VOCABULARY, "output_mode": mode},
            ((3,),),
            (3, 5) if mode == "one_hot" else (5,),
            integers=(12,),
        )
        for mode in MODES
    ),
    Case(
        "IntegerLookup",
        {"vocabulary": VOCABULARY, "output_mode": "count", "max_tokens": 7, "pad_to_max_tokens": True, "mask_token": 0},
        ((6,),),
        (7,),
        integers=(12,),
    ),
    Case(
        "IntegerLookup",
        {"vocabulary": VOCABULARY, "output_mode": "tf_idf", "idf_weights": [0.5, 1.5, 1.0, 2.0]},
        ((6,),),
        (5,),
        integers=(12,),
    ),
)
