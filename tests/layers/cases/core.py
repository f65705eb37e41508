"""The layers that everything is made of: dense, activations, reshaping, dropout, merging."""

from __future__ import annotations

from tests.layers.cases.case import ACTIVATIONS, Case, with_layers

CASES = (
    *(Case("Dense", {"units": 3, "activation": name}, ((5,),), (3,)) for name in ACTIVATIONS),
    Case("Dense", {"units": 1}, ((1,),), (1,)),
    Case("Dense", {"units": 2, "use_bias": False}, ((3,),), (2,)),
    Case("Dense", {"units": 4, "activation": "softmax"}, ((2, 3),), (2, 4)),
    Case("Dense", {"units": 2, "activation": "tanh", "use_bias": False}, ((2, 3, 5),), (2, 3, 2)),
    Case(
        "Dense",
        {
            "units": 2,
            "kernel_regularizer": "l2",
            "bias_regularizer": "l1",
            "kernel_constraint": "max_norm",
            "bias_constraint": "non_neg",
        },
        ((3,),),
        (2,),
    ),
    Case("Dense", {"units": 2, "activity_regularizer": "l1l2"}, ((3,),), (2,)),
    Case("Dense", with_layers(units=3, activation=("PReLU", {})), ((5,),), (3,)),
    Case("Dense", with_layers(units=3, activation=("PReLU", {"shared_axes": [1]})), ((2, 5),), (2, 3)),
    Case("Dense", with_layers(units=3, activation=("LeakyReLU", {"negative_slope": 0.1})), ((5,),), (3,)),
    Case("Dense", with_layers(units=3, activation=("LayerNormalization", {})), ((5,),), (3,), tolerance=2e-6),
    Case("Activation", with_layers(activation=("PReLU", {})), ((3, 4),), (3, 4)),
    *(Case("Activation", {"activation": name}, ((3, 4),), (3, 4)) for name in ACTIVATIONS),
    Case("ReLU", {}, ((6,),), (6,)),
    Case("ReLU", {"max_value": 0.5}, ((6,),), (6,)),
    Case("ReLU", {"negative_slope": 0.2}, ((6,),), (6,)),
    Case("ReLU", {"threshold": 0.4}, ((6,),), (6,)),
    Case("ReLU", {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.3}, ((2, 6),), (2, 6)),
    Case("Softmax", {}, ((5,),), (5,)),
    Case("Softmax", {"axis": 1}, ((3, 4),), (3, 4)),
    Case("Softmax", {"axis": -2}, ((2, 3, 4),), (2, 3, 4)),
    Case("Flatten", {}, ((2, 3, 4),), (24,)),
    Case("Flatten", {}, ((),), (1,)),
    Case("Flatten", {"data_format": "channels_first"}, ((2, 3, 4),), (24,)),
    Case("Reshape", {"target_shape": (4, 3)}, ((2, 6),), (4, 3)),
    Case("Reshape", {"target_shape": (-1,)}, ((2, 3),), (6,)),
    Case("Reshape", {"target_shape": (2, -1, 2)}, ((12,),), (2, 3, 2)),
    Case("Reshape", {"target_shape": ()}, ((1,),), ()),
    Case("Dropout", {"rate": 0.5}, ((5,),), (5,)),
    Case("Dropout", {"rate": 0.0, "seed": 3, "noise_shape": (None, 1)}, ((5,),), (5,)),
    Case("Add", {}, ((3,), (3,)), (3,)),
    Case("Add", {}, ((2, 3), (2, 1), (1, 3)), (2, 3)),
    Case("Concatenate", {}, ((2,), (3,), (1,)), (6,)),
    Case("Concatenate", {"axis": 1}, ((2, 3), (4, 3)), (6, 3)),
    Case("Concatenate", {"axis": -2}, ((2, 3), (1, 3)), (3, 3)),
)
