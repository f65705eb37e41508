"""The keys of the short form of a model file: what each of them says, with a file that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent
from types import MappingProxyType


@dataclass(frozen=True)
class Key:
    """A key.

    Args:
        meaning: what it says, in Markdown: what may stand there, and what holds without it.
        file: a whole file that has it.
    """

    meaning: str
    file: str

    @property
    def example(self) -> str:
        """The file, as it is written."""
        return dedent(self.file).lstrip("\n")


MODEL_KEYS: Mapping[str, Key] = MappingProxyType(
    {
        "name": Key(
            "Name of the model, used when it is printed, drawn and exported: 1 to 200 printable characters without"
            " `/`. By default the model is called `sequential` if its layers form a chain, otherwise `model`.",
            """
            name: base
            input: [2]
            layers:
              - Dense: 1
            """,
        ),
        "input": Key(
            "The shape of one row, without the batch: a list of lengths, `null` where a length is not known before"
            " there are data. Or a mapping with the [keys of an input](#an-input). Or, for several inputs, a mapping"
            " from name to either. It may be missing if the first layer has `input_shape`, `input_dim` or"
            " `batch_input_shape`, as in old Keras code, or if the model is trained on a table, whose columns give the"
            " length of a row.",
            """
            input:
              image: [28, 28, 1]
              notes: {shape: [null], dtype: int32}
            layers:
              - GlobalAveragePooling2D: {inputs: image}
              - Embedding: {input_dim: 100, output_dim: 8, inputs: notes}
              - GlobalAveragePooling1D
              - Concatenate: {inputs: [global_average_pooling2d, global_average_pooling1d]}
              - Dense: 1
            """,
        ),
        "columns": Key(
            "The meaning of a table's columns, by name: a mapping to a [kind of column](#a-column), alone or with its"
            " arguments. Anything left out is learnt from the training rows; see [train on a"
            " table](../guides/tables.md).",
            """
            columns:
              age: {number: {missing: median}}
              city: category
              remark: ignore
              bought: label
            layers:
              - Dense: {units: 8, activation: relu}
              - Dense: {units: 1, activation: sigmoid}
            compile: {optimizer: adam, loss: binary_crossentropy}
            """,
        ),
        "layers": Key(
            "The layers, in the order they run in; see [a layer](#a-layer).",
            """
            input: [28, 28, 1]
            layers:
              - Conv2D: {filters: 8, kernel_size: 3, activation: relu}
              - MaxPooling2D
              - Flatten
              - Dropout: 0.5
              - Dense: {units: 10, activation: softmax}
            """,
        ),
        "outputs": Key(
            "The names of the layers whose outputs are those of the model: a name, or a list in the order in which"
            " `predict` returns them. By default, they are the outputs that no layer reads.",
            """
            input: [4]
            layers:
              - Dense: {name: hidden, units: 8, activation: relu}
              - Dense: {name: mean, units: 1, inputs: hidden}
              - Dense: {name: spread, units: 1, activation: softplus, inputs: hidden}
            outputs: [mean, spread]
            """,
        ),
        "compile": Key(
            "The settings for training: a mapping with the [keys of a training](#a-training). Without it, the model"
            " can predict, but be neither trained nor evaluated.",
            """
            input: [2]
            layers:
              - Dense: {units: 1, activation: sigmoid}
            compile: {optimizer: adam, loss: binary_crossentropy, metrics: [accuracy]}
            """,
        ),
        "dtype": Key(
            "The element type of weights and inputs: `float32`, the default, or `float64`. Inputs and layers may have"
            " a `dtype` of their own.",
            """
            dtype: float64
            input: [2]
            layers:
              - Dense: 1
            """,
        ),
    }
)
"""Those of the file."""

COLUMN_KEYS: Mapping[str, Key] = MappingProxyType(
    {
        "number": Key(
            "A number. Arguments: `missing`, which replaces a missing one: `mean`, `median` (of the training rows), a"
            " number, or `error`; by default the mean, if a cell is missing in the file, otherwise an error."
            " `standardize`: whether the model gets numbers of mean 0 and variance 1, by default `true`.",
            """
            columns: {age: {number: {missing: 30, standardize: false}}}
            layers:
              - Dense: {units: 1, activation: sigmoid}
            compile: {loss: binary_crossentropy}
            """,
        ),
        "category": Key(
            "A text, or a number used as a name; each becomes an input that is 1 in its rows. Arguments: `categories`,"
            " a list of them in order, by default those of the file; `missing`, which replaces a missing one: a"
            " category, `most_frequent`, `category` for one of its own, or `error`; `unknown`: `error`, the default, or"
            " `category` for one input that all unknown ones share.",
            """
            columns: {city: {category: {categories: [Oslo, Rome], missing: most_frequent, unknown: category}}}
            layers:
              - Dense: {units: 1, activation: sigmoid}
            compile: {loss: binary_crossentropy}
            """,
        ),
        "ignore": Key(
            "Nothing: the model does not get the column.",
            """
            columns: {remark: ignore}
            layers:
              - Dense: {units: 1, activation: sigmoid}
            compile: {loss: binary_crossentropy}
            """,
        ),
        "label": Key(
            "The target, which is a class. Argument: `classes`, a list of their names in the order of the outputs; by"
            " default they are sorted.",
            """
            columns: {bought: {label: {classes: [no, yes]}}}
            layers:
              - Dense: {units: 1, activation: sigmoid}
            compile: {loss: binary_crossentropy}
            """,
        ),
        "target": Key(
            "The target: a class if it has texts or the loss is one for classes, otherwise a number.",
            """
            columns: {bought: target}
            layers:
              - Dense: {units: 1, activation: sigmoid}
            compile: {loss: binary_crossentropy}
            """,
        ),
    }
)
"""Kinds of columns."""

INPUT_KEYS: Mapping[str, Key] = MappingProxyType(
    {
        "name": Key(
            "The name by which layers read a single input; by default `input`. Several inputs are named by the mapping"
            " they are in, and keep these names in the program; a program calls a single input `x`.",
            """
            input: {shape: [4], name: measurements}
            layers:
              - Dense: 1
            """,
        ),
        "shape": Key(
            "The shape of one row: a list of lengths, `null` where one is not known, or a single number for rows of"
            " that length.",
            """
            input: {shape: [null, 3]}
            layers:
              - LSTM: 4
              - Dense: 1
            """,
        ),
        "batch_shape": Key(
            "The same with the number of rows in front, as Keras 3 writes it; `null` for any number.",
            """
            input: {batch_shape: [null, 4]}
            layers:
              - Dense: 1
            """,
        ),
        "batch_input_shape": Key(
            "The name that Keras 1 and 2 give `batch_shape`.",
            """
            input: {batch_input_shape: [null, 4]}
            layers:
              - Dense: 1
            """,
        ),
        "batch_size": Key(
            "The number of rows in the model's symbolic shapes; programs take any number of rows.",
            """
            input: {shape: [4], batch_size: 16}
            layers:
              - Dense: 1
            """,
        ),
        "dtype": Key(
            "Its element type: `float32`, `float64`, `int32`, `int64`, `uint8` or `bool`; by default that of the file.",
            """
            input: {shape: [20], dtype: int32}
            layers:
              - Embedding: {input_dim: 1000, output_dim: 8}
              - GRU: 8
              - Dense: 1
            """,
        ),
        "sparse": Key(
            "May be `false`, as Keras writes it; sparse inputs are an error.",
            """
            input: {shape: [4], sparse: false}
            layers:
              - Dense: 1
            """,
        ),
        "ragged": Key(
            "May be `false`, as Keras 2 writes it; ragged inputs are an error.",
            """
            input: {shape: [4], ragged: false}
            layers:
              - Dense: 1
            """,
        ),
    }
)
"""Those of an input."""

LAYER_KEYS: Mapping[str, Key] = MappingProxyType(
    {
        "name": Key(
            "Its name, by which other layers read it and its weights are found; by default the class with a number, as"
            " in Keras: `dense`, `dense_1`. It may be among the arguments or beside the class.",
            """
            input: [4]
            layers:
              - Dense: 8
                name: hidden
              - Dense: {units: 1, name: score}
            """,
        ),
        "inputs": Key(
            "The name of the layer or input that it reads, or a list of them for layers that take several. By default,"
            " it reads the layer before it. Use `inputs` to write branches, shortcuts and shared inputs.",
            """
            input: [4]
            layers:
              - Dense: {units: 4, activation: relu, name: hidden}
              - Dense: {units: 4, name: more}
              - Add: {inputs: [hidden, more]}
              - Dense: 1
            """,
        ),
    }
)
"""Those that each layer takes beside its own arguments."""

COMPILE_KEYS: Mapping[str, Key] = MappingProxyType(
    {
        "optimizer": Key(
            "A [name](nnc.optimizers.md), or a class with its arguments; by default `rmsprop`, as in Keras. A learning"
            " rate may be a [schedule](nnc.optimizers.schedules.md).",
            """
            input: [2]
            layers:
              - Dense: 1
            compile:
              optimizer: {SGD: {learning_rate: 0.1, momentum: 0.9}}
              loss: mse
            """,
        ),
        "loss": Key(
            "A [name](nnc.losses.md), or a class with its arguments; for several outputs a list, or a mapping from the"
            " name of an output. A single loss applies to all outputs.",
            """
            input: [2]
            layers:
              - Dense: {units: 1, activation: sigmoid}
            compile:
              loss: {BinaryCrossentropy: {label_smoothing: 0.1}}
            """,
        ),
        "loss_weights": Key(
            "Factors of the losses of outputs in their sum: a list, or a mapping from the name of an output.",
            """
            input: [2]
            layers:
              - Dense: {name: hidden, units: 4}
              - Dense: {name: a, units: 1, inputs: hidden}
              - Dense: {name: b, units: 1, inputs: hidden}
            outputs: [a, b]
            compile:
              loss: {a: mse, b: mae}
              loss_weights: {a: 1.0, b: 0.2}
            """,
        ),
        "metrics": Key(
            "A list of [names](nnc.metrics.md) or of classes with their arguments; for several outputs a list "
            "of lists, or a mapping from the name of an output.",
            """
            input: [2]
            layers:
              - Dense: {units: 1, activation: sigmoid}
            compile:
              loss: binary_crossentropy
              metrics: [accuracy, {AUC: {num_thresholds: 50}}]
            """,
        ),
        "weighted_metrics": Key(
            "The same, for metrics weighted by rows and classes.",
            """
            input: [2]
            layers:
              - Dense: {units: 1, activation: sigmoid}
            compile:
              loss: binary_crossentropy
              weighted_metrics: [accuracy]
            """,
        ),
    }
)
"""Those of a training."""
