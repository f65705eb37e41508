"""Layers that normalise: over the batch (as they predict), over rows, over groups of channels."""

from __future__ import annotations

from tests.layers.cases.case import Case


def inside(layer, config, **more):
    """Return the arguments of a layer around another one."""
    return lambda nn: {"layer": getattr(nn.layers, layer)(**config, name="inner"), **more}


CASES = (
    Case("SpectralNormalization", inside("Dense", {"units": 3}), ((5,),), (3,)),
    Case(
        "SpectralNormalization",
        inside("Conv1D", {"filters": 2, "kernel_size": 2}, power_iterations=3),
        ((5, 2),),
        (4, 2),
    ),
    Case("SpectralNormalization", inside("Conv2D", {"filters": 3, "kernel_size": 2}), ((4, 3, 2),), (3, 2, 3)),
    Case("SpectralNormalization", inside("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 2}), ((3,),), (2,)),
    Case("BatchNormalization", {}, ((5,),), (5,), positive=True),
    Case("BatchNormalization", {}, ((4, 3, 2),), (4, 3, 2), positive=True),
    Case("BatchNormalization", {"axis": 1, "epsilon": 0.1}, ((3, 4, 2),), (3, 4, 2), positive=True),
    Case("BatchNormalization", {"axis": -2, "center": False, "momentum": 0.5}, ((3, 4),), (3, 4), positive=True),
    Case("BatchNormalization", {"scale": False, "gamma_initializer": "zeros"}, ((3,),), (3,), positive=True),
    Case(
        "BatchNormalization",
        {
            "scale": False,
            "center": False,
            "moving_variance_initializer": {"class_name": "Constant", "config": {"value": 2.0}},
        },
        ((2, 3),),
        (2, 3),
        positive=True,
    ),
    Case("BatchNormalization", {"renorm": True, "renorm_momentum": 0.5}, ((3,),), (3,), positive=True),
    Case(
        "BatchNormalization",
        {"renorm": True, "renorm_clipping": {"rmax": 2.0, "dmax": 1}, "scale": False, "axis": 1},
        ((2, 3),),
        (2, 3),
        positive=True,
    ),
    Case("BatchNormalization", {"beta_regularizer": "l2", "gamma_constraint": "non_neg"}, ((3,),), (3,), positive=True),
    Case("LayerNormalization", {}, ((5,),), (5,), tolerance=2e-6),
    Case("LayerNormalization", {"epsilon": 1e-6}, ((3, 4),), (3, 4), tolerance=2e-6),
    Case("LayerNormalization", {"axis": 1}, ((3, 4, 2),), (3, 4, 2), tolerance=2e-6),
    Case("LayerNormalization", {"axis": [1, 2]}, ((3, 4),), (3, 4), tolerance=2e-6),
    Case("LayerNormalization", {"axis": [-3, -1], "center": False}, ((3, 4, 2),), (3, 4, 2), tolerance=2e-6),
    Case("LayerNormalization", {"axis": (-1, 1), "scale": False}, ((3, 4, 2),), (3, 4, 2), tolerance=2e-6),
    Case("LayerNormalization", {"scale": False, "center": False}, ((6,),), (6,), tolerance=2e-6),
    Case("RMSNormalization", {}, ((5,),), (5,)),
    Case("RMSNormalization", {"axis": [1, 2], "epsilon": 0.1}, ((3, 4),), (3, 4)),
    Case("UnitNormalization", {}, ((5,),), (5,)),
    Case("UnitNormalization", {"axis": [1, 2]}, ((3, 4),), (3, 4)),
    Case("UnitNormalization", {"axis": -2}, ((3, 4),), (3, 4)),
    Case("GroupNormalization", {"groups": 2}, ((6,),), (6,), tolerance=2e-6),
    Case("GroupNormalization", {"groups": 3}, ((4, 2, 6),), (4, 2, 6), tolerance=2e-6),
    Case("GroupNormalization", {"groups": 2, "axis": 1, "epsilon": 0.1}, ((4, 3, 2),), (4, 3, 2), tolerance=2e-6),
    Case("GroupNormalization", {"groups": 1, "center": False}, ((4, 3),), (4, 3), tolerance=2e-6),
    Case("GroupNormalization", {"groups": 3, "scale": False, "axis": -2}, ((6, 2),), (6, 2), tolerance=2e-6),
)
