"""Activations that are layers, beside those of the core table."""

from __future__ import annotations

from tests.layers.cases.case import Case

CASES = (
    Case("LeakyReLU", {}, ((6,),), (6,)),
    Case("LeakyReLU", {"negative_slope": 0.0}, ((2, 3),), (2, 3)),
    Case("LeakyReLU", {"negative_slope": 1.5}, ((2, 3),), (2, 3)),
    Case("ELU", {}, ((6,),), (6,)),
    Case("ELU", {"alpha": 0.3}, ((2, 3),), (2, 3)),
    Case("PReLU", {}, ((6,),), (6,)),
    Case("PReLU", {"shared_axes": 1, "alpha_initializer": "ones"}, ((4, 3),), (4, 3)),
    Case("PReLU", {"shared_axes": [1, 2], "alpha_constraint": "non_neg"}, ((2, 3, 2),), (2, 3, 2)),
    Case("PReLU", {"shared_axes": (-1,)}, ((2, 3, 2),), (2, 3, 2)),
    Case("Softmax", {"axis": [1]}, ((3, 4),), (3, 4)),
    Case("Softmax", {"axis": [1, 2]}, ((3, 4),), (3, 4)),
    Case("Softmax", {"axis": (-1, 1)}, ((3, 2, 4),), (3, 2, 4)),
)
