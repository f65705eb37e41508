"""Layers that do nothing when predicting; see `tests.layers.test_noise` for what they do while training."""

from __future__ import annotations

from tests.layers.cases.case import Case

CASES = (
    Case("GaussianNoise", {"stddev": 0.3}, ((5,),), (5,)),
    Case("GaussianNoise", {"stddev": 0.0, "seed": 3}, ((2, 3),), (2, 3)),
    Case("GaussianDropout", {"rate": 0.5, "seed": 1}, ((5,),), (5,)),
    Case("GaussianDropout", {"rate": 0.0}, ((5,),), (5,)),
    Case("AlphaDropout", {"rate": 0.5}, ((5,),), (5,)),
    Case("AlphaDropout", {"rate": 0.2, "noise_shape": (None, 1, 3), "seed": 2}, ((2, 3),), (2, 3)),
    Case("SpatialDropout1D", {"rate": 0.5}, ((3, 2),), (3, 2)),
    Case("SpatialDropout2D", {"rate": 0.2, "seed": 4}, ((3, 2, 2),), (3, 2, 2)),
    Case("SpatialDropout2D", {"rate": 0.2, "data_format": "channels_first"}, ((3, 2, 2),), (3, 2, 2)),
    Case("SpatialDropout3D", {"rate": 0.5}, ((2, 1, 2, 2),), (2, 1, 2, 2)),
    Case("ActivityRegularization", {}, ((4,),), (4,)),
    Case("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, ((2, 3),), (2, 3)),
)
