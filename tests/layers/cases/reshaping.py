"""Zeros around an input and their removal, and other changes of shape."""

from __future__ import annotations

from tests.layers.cases.case import Case

FIRST = {"data_format": "channels_first"}

CASES = (
    Case("Permute", {"dims": (2, 1)}, ((3, 2),), (2, 3)),
    Case("Permute", {"dims": (3, 1, 2)}, ((3, 2, 4),), (4, 3, 2), integers=(9,)),
    Case("Permute", {"dims": (1,)}, ((3,),), (3,)),
    Case("RepeatVector", {"n": 3}, ((4,),), (3, 4)),
    Case("RepeatVector", {"n": 1}, ((2,),), (1, 2), integers=(9,)),
    Case("UpSampling1D", {}, ((3, 2),), (6, 2)),
    Case("UpSampling1D", {"size": 3}, ((2, 2),), (6, 2), integers=(9,)),
    Case("UpSampling2D", {}, ((3, 2, 2),), (6, 4, 2)),
    Case("UpSampling2D", {"size": (1, 3), **FIRST}, ((2, 3, 2),), (2, 3, 6)),
    Case("UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}, ((3, 2, 2),), (6, 6, 2)),
    Case("UpSampling2D", {"size": 2, "interpolation": "bilinear", **FIRST}, ((2, 4, 3),), (2, 8, 6)),
    Case("UpSampling2D", {"size": (3, 2), "interpolation": "bicubic"}, ((5, 4, 1),), (15, 8, 1), tolerance=1e-5),
    Case("UpSampling2D", {"interpolation": "lanczos3"}, ((5, 4, 2),), (10, 8, 2), tolerance=1e-5),
    Case("UpSampling2D", {"interpolation": "lanczos5"}, ((5, 4, 2),), (10, 8, 2), tolerance=1e-5),
    Case("UpSampling3D", {}, ((1, 2, 3, 2),), (2, 4, 6, 2)),
    Case("UpSampling3D", {"size": (1, 3, 2), **FIRST}, ((2, 1, 2, 3),), (2, 1, 6, 6)),
    Case("ZeroPadding1D", {}, ((3, 2),), (5, 2)),
    Case("ZeroPadding1D", {"padding": (0, 2)}, ((3, 2),), (5, 2)),
    Case("ZeroPadding1D", {"padding": (2, 1), **FIRST}, ((3, 2),), (3, 5)),
    Case("ZeroPadding1D", {"padding": 0}, ((3, 2),), (3, 2)),
    Case("ZeroPadding2D", {}, ((3, 2, 2),), (5, 4, 2)),
    Case("ZeroPadding2D", {"padding": (0, 2)}, ((3, 2, 2),), (3, 6, 2)),
    Case("ZeroPadding2D", {"padding": ((0, 1), (2, 0)), **FIRST}, ((2, 3, 4),), (2, 4, 6)),
    Case("ZeroPadding2D", {"padding": 2}, ((3, 2, 1),), (7, 6, 1), integers=(5,)),
    Case("ZeroPadding3D", {}, ((1, 2, 3, 2),), (3, 4, 5, 2)),
    Case("ZeroPadding3D", {"padding": (1, 0, 2), **FIRST}, ((2, 1, 2, 3),), (2, 3, 2, 7)),
    Case("ZeroPadding3D", {"padding": ((0, 1), (1, 0), (2, 1))}, ((1, 2, 1, 2),), (2, 3, 4, 2)),
    Case("Cropping1D", {}, ((5, 2),), (3, 2)),
    Case("Cropping1D", {"cropping": 2}, ((5, 2),), (1, 2)),
    Case("Cropping1D", {"cropping": (0, 3)}, ((5, 2),), (2, 2)),
    Case("Cropping2D", {}, ((3, 4, 2),), (3, 4, 2)),
    Case("Cropping2D", {"cropping": 1}, ((3, 4, 2),), (1, 2, 2)),
    Case("Cropping2D", {"cropping": ((1, 0), (0, 2)), **FIRST}, ((2, 3, 4),), (2, 2, 2)),
    Case("Cropping2D", {"cropping": ((0, 1), (2, 1))}, ((3, 4, 2),), (2, 1, 2), integers=(5,)),
    Case("Cropping3D", {}, ((3, 4, 5, 2),), (1, 2, 3, 2)),
    Case("Cropping3D", {"cropping": ((1, 0), (0, 2), (0, 0)), **FIRST}, ((2, 3, 4, 3),), (2, 2, 2, 3)),
    Case("Cropping3D", {"cropping": ((0, 2), (1, 1), (2, 0))}, ((3, 4, 3, 1),), (1, 2, 1, 1)),
)
