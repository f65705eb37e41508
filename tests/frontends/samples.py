"""Model files that several tests read, and what is said about bad ones."""

from __future__ import annotations

import pytest

from frontends.yaml_file import read_text
from nnc.errors import ModelFileError

SHORT = """\
name: sample
input: {a: [4], b: [2, 2]}
layers:
  - Dense: {units: 3, activation: relu, inputs: a, name: left}
  - Flatten: {inputs: b}
  - Dense: {units: 3, kernel_initializer: {RandomNormal: {stddev: 0.1}}}
  - Add: {inputs: [left, dense]}
  - Dropout: 0.5
  - Dense: 1
compile: {optimizer: {SGD: {learning_rate: 1e-1}}, loss: mse, metrics: [mae]}
"""

KERAS_2_SEQUENTIAL = """\
{
\t"class_name": "Sequential",
\t"config": {
\t\t"name": "sequential_7",
\t\t"layers": [
\t\t\t{"class_name": "InputLayer", "config": {"batch_input_shape": [null, 4], "dtype": "float32", "sparse": false,
\t\t\t\t"ragged": false, "name": "dense_12_input"}},
\t\t\t{"class_name": "Dense", "config": {"name": "dense_12", "trainable": true, "batch_input_shape": [null, 4],
\t\t\t\t"dtype": "float32", "units": 3, "activation": "relu", "use_bias": true,
\t\t\t\t"kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": null}},
\t\t\t\t"bias_initializer": {"class_name": "Zeros", "config": {}}, "kernel_regularizer": null,
\t\t\t\t"bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null, "bias_constraint": null}},
\t\t\t{"class_name": "Dropout", "config": {"name": "dropout_3", "trainable": true, "dtype": "float32", "rate": 0.5,
\t\t\t\t"noise_shape": null, "seed": null}},
\t\t\t{"class_name": "Activation", "config": {"name": "activation_3", "trainable": true, "dtype": "float32",
\t\t\t\t"activation": "softmax"}}
\t\t]
\t},
\t"keras_version": "2.11.0",
\t"backend": "tensorflow"
}
"""

KERAS_2_FUNCTIONAL = """\
{"class_name": "Functional", "keras_version": "2.11.0", "backend": "tensorflow", "config": {"name": "model_1",
  "trainable": true, "layers": [
  {"class_name": "InputLayer", "name": "input_1", "inbound_nodes": [],
   "config": {"batch_input_shape": [null, 4], "dtype": "float32", "sparse": false, "ragged": false, "name": "input_1"}},
  {"class_name": "InputLayer", "name": "input_2", "inbound_nodes": [],
   "config": {"batch_input_shape": [null, 4], "dtype": "float32", "sparse": false, "ragged": false, "name": "input_2"}},
  {"class_name": "Dense", "name": "shared", "inbound_nodes": [[["input_1", 0, 0, {}]], [["input_2", 0, 0, {}]]],
   "config": {"name": "shared", "trainable": true, "dtype": "float32", "units": 3, "activation": "tanh"}},
  {"class_name": "Concatenate", "name": "concatenate", "config": {"name": "concatenate", "axis": -1},
   "inbound_nodes": [[["shared", 0, 0, {}], ["shared", 1, 0, {"mask": null}], ["input_1", 0, 0, {}]]]},
  {"class_name": "Dense", "name": "out", "inbound_nodes": [[["concatenate", 0, 0, {}]]],
   "config": {"name": "out", "units": 1}}],
  "input_layers": [["input_1", 0, 0], ["input_2", 0, 0]], "output_layers": [["out", 0, 0]]}}
"""


def report(text: str, is_json: bool = False) -> list[str]:
    """Return the problems of a bad file, without its name."""
    with pytest.raises(ModelFileError) as caught:
        read_text(text, "folder/model.yaml", is_json)
    assert str(caught.value).startswith("folder/model.yaml: ")
    assert all(problem.startswith("model.yaml") for problem in caught.value.problems)
    return [problem.removeprefix("model.yaml ") for problem in caught.value.problems]
