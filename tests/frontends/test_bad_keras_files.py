"""What is said about bad files in Keras's own form."""

# ruff: noqa: E501 (a message is one line here too)

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.frontends.samples import KERAS_2_FUNCTIONAL, KERAS_2_SEQUENTIAL, report

SEQUENTIAL: list[tuple[str, str, list[str]]] = [
    (
        '"units": 3',
        '"units": "3"',
        ["line 9: layer 'dense_12' (Dense): units must be a positive integer, got '3'; write 3 without quotes"],
    ),
    ('"units"', '"unit"', ["line 9: layer 'dense_12' (Dense): has no argument 'unit'. Did you mean 'units'?"]),
    (
        '"Dropout"',
        '"Quux"',
        [
            "line 13: layer 'dropout_3' (Quux): unknown layer class 'Quux'. A class of your own: register it with @nnc.layers.register, or replace it with a layer: --replace 'Quux=Layer(args)'"
        ],
    ),
    (
        '"activation_3"',
        '"dense_12"',
        [
            "line 15: layer 'dense_12' (Activation): two layers are named 'dense_12', the first (Dense) on line 8; rename one"
        ],
    ),
    (
        '"ragged": false',
        '"ragged": true',
        ["line 7: layer 'dense_12_input' (InputLayer): ragged is not supported; leave it out"],
    ),
    (
        '"sparse"',
        '"spars"',
        ["line 6: layer 'dense_12_input' (InputLayer): has no argument 'spars'. Did you mean 'sparse'?"],
    ),
    ('"rate": 0.5,', '"rate": 0.5', ["line 14: this is not valid JSON"]),
    ('"class_name": "Dropout", ', "", ["line 13: a layer's class_name must be the name of a class, got nothing"]),
    (
        '"config": {"name": "dropout_3"',
        '"config": 3, "x": {"name": "dropout_3"',
        ["line 13: a layer's config must be a mapping, got 3"],
    ),
    (
        '"class_name": "Dropout"',
        '"class_name": "Functional"',
        ["line 13: the config of a model needs a list of layers, got none"],
    ),
    (
        '"config": {\n\t\t"name"',
        '"config": 3, "x": {\n\t\t"name"',
        ["line 3: the config of a model needs a list of layers, got 3"],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), SEQUENTIAL)
def test_bad_sequential_of_keras(old: str, new: str, expected: list[str]) -> None:
    assert old in KERAS_2_SEQUENTIAL
    found = report(KERAS_2_SEQUENTIAL.replace(old, new), is_json=True)
    assert len(found) == len(expected)
    assert all(problem.startswith(start) for problem, start in zip(found, expected, strict=True)), found


FUNCTIONAL = [
    ('["shared", 1, 0, {"mask": null}]', '["shared", 2, 0, {}]', ["line 10: layer 'concatenate' (Concatenate): call 2 of layer 'shared' is read, but it has 2, counted from 0"]),
    ('["shared", 1, 0, {"mask": null}]', '["shred", 1, 0, {}]', ["line 10: layer 'concatenate' (Concatenate): there is no layer or input 'shred'. Did you mean 'shared'?"]),
    ('["shared", 1, 0, {"mask": null}]', '["shared", 1, 3, {}]', ["line 10: output 3 of layer 'shared' is read, but it has 1, from 0"]),
    ('["shared", 1, 0, {"mask": null}]', "3", ["line 10: layer 'concatenate' (Concatenate): expected the output of a layer, as [name, call, output], got 3"]),
    ('[["input_2", 0, 0, {}]]', '[["concatenate", 0, 0, {}]]', ["line 7: layer 'shared' (Dense): the layers form a cycle: shared → concatenate → shared; cut it"]),
    ('"inbound_nodes": [[["concatenate", 0, 0, {}]]]', '"inbound_nodes": []', ["line 11: layer 'out' (Dense): inbound_nodes must be a list that says what the layer is applied to"]),
    ('"output_layers": [["out", 0, 0]]', '"output_layers": []', ["line 13: model: output_layers must be a list of [name, call, output]"]),
    ('"output_layers": [["out", 0, 0]]', '"output_layers": [["uot", 0, 0]]', ["line 13: outputs: there is no layer or input 'uot'. Did you mean 'out'?"]),
    ('"axis": -1', '"axis": 0', ["line 9: layer 'concatenate' (Concatenate): axis must be an integer other than 0 (the batch), got 0"]),
    ('"input_2"}', '"input_2", "shape": [-1]}', ["line 6: layer 'input_2' (InputLayer): shape must be a list of positive integers, got -1"]),
    ('"batch_input_shape": [null, 4], "dtype": "float32", "sparse": false, "ragged": false, "name": "input_2"', '"batch_input_shape": [null, 3], "name": "input_2"', ["line 7: layer 'shared' (Dense): the input is incompatible with the layer: expected one whose last axis is 4 long, got f32[batch,3]"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), FUNCTIONAL)
def test_bad_functional_of_keras(old: str, new: str, expected: list[str]) -> None:
    assert old in KERAS_2_FUNCTIONAL
    assert report(KERAS_2_FUNCTIONAL.replace(old, new), is_json=True) == expected


def test_bad_compile_config_of_keras() -> None:
    content: dict[str, Any] = json.loads(KERAS_2_SEQUENTIAL)
    content["compile_config"] = {
        "optimizer": {"module": "keras.optimizers", "class_name": "Zzz", "config": {"learning_rate": 0.1}},
        "loss": {"module": "keras.losses", "class_name": "MeanSquaredError", "config": {"reduction": "some"}},
        "metrics": ["f1"],
        "jit_compile": True,
    }
    found = report(json.dumps(content, indent=1), is_json=True)
    assert len(found) == 3
    assert found[0].endswith("compile: unknown optimizer 'Zzz'.")
    assert "reduction must be one of" in found[1]
    assert "unknown metric 'f1'" in found[2]
