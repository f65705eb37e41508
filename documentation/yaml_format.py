"""The page of the YAML format: every key that the reader knows, each with a file that it reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from frontends.keys import COLUMN_KEYS, COMPILE_KEYS, INPUT_KEYS, LAYER_KEYS, MODEL_KEYS, Key
from nnc.arguments import REQUIRED, Argument, Declared, as_config
from nnc.layers.declared import KerasLayer
from nnc.layers.input_types import MISSING

_TEXT = """\
# YAML format

{generated} Every file on this page is read by a test.

A model in YAML or JSON says what a network is and how it is trained. Classes, names and defaults are those of Keras 3;
it never contains weights. Nothing in a file is run, and all its mistakes are reported at once, by line.

Files in Keras's own form, which `model.to_json()` writes and which begin with `class_name`, are read as well: see
[bring a Keras model](../guides/bring-a-keras-model.md).

## The file

{model}

## A column

A column is one of these, alone or with arguments.

{column}

## An input

An input that is more than a shape is a mapping with these keys.

{input}

## A layer

An item of `layers` is a class of [nnc.layers](nnc.layers.md), or [your own](../guides/your-own-layer.md), in one of
three forms:

<!-- file: forms.yaml -->
```yaml
input: [8]
layers:
  - Dense: {{units: 16, activation: relu}} # a class with its arguments
  - Dropout: 0.5 # a class with the one argument that it needs, or has
  - LayerNormalization # a class alone
  - Dense: {{units: 1}}
```

Arguments are Keras's, `trainable` and `dtype` included. An activation, initializer, regularizer or constraint is a
name, or a class with its arguments. A layer inside a layer, and a learning rate that follows a schedule, are written in
Keras's form, with `class_name` and `config`:

<!-- file: objects.yaml -->
```yaml
input: [null, 8]
layers:
  - Bidirectional: {{layer: {{class_name: LSTM, config: {{units: 4}}}}}}
  - Dense:
      units: 1
      activation: {{LeakyReLU: {{negative_slope: 0.1}}}}
      kernel_initializer: {{RandomNormal: {{stddev: 0.05}}}}
      kernel_regularizer: {{L2: {{l2: 0.01}}}}
compile:
  loss: mse
  optimizer:
    Adam:
      learning_rate:
        class_name: ExponentialDecay
        config: {{initial_learning_rate: 0.01, decay_steps: 1000, decay_rate: 0.9}}
```

Every layer takes these keys besides its own:

{layer}

These are the arguments of each class, with their defaults; those without one must be given:

{arguments}

## A training

{compile}

## Words and limits

Words are those of YAML 1.2: `true` and `false` are the booleans, `null` and `~` are nothing, `1e-3` is a number, and
`no` is a text. A file may have {megabytes} MiB, {values:,} values and {layers:,} layers.
"""


def yaml_format_page(generated: str) -> str:
    """Return the text of the page.

    Args:
        generated: how the page says that it is not written by hand.
    """
    from frontends.wiring import MAX_LAYERS
    from frontends.yaml_file import MAX_BYTES
    from frontends.yaml_nodes import MAX_VALUES

    return _TEXT.format(
        generated=generated,
        model=_keys(MODEL_KEYS, "model"),
        column=_keys(COLUMN_KEYS, "column"),
        input=_keys(INPUT_KEYS, "input"),
        layer=_keys(LAYER_KEYS, "layer"),
        arguments="\n".join(_layer_arguments()),
        compile=_keys(COMPILE_KEYS, "compile"),
        megabytes=MAX_BYTES // 1024**2,
        values=MAX_VALUES,
        layers=MAX_LAYERS,
    )


def _keys(keys: Mapping[str, Key], place: str) -> str:
    return "\n\n".join(_lines(keys, place))


def _lines(keys: Mapping[str, Key], place: str) -> Iterator[str]:
    for name, key in keys.items():
        yield f"### `{name}`"
        yield key.meaning
        yield f"<!-- file: {place}_{name}.yaml -->\n```yaml\n{key.example}```"


def _layer_arguments() -> Iterator[str]:
    """Yield a line for each layer class, as it declares its arguments."""
    from nnc.layers.registry import layer_classes

    common = KerasLayer.declared_arguments()

    def is_left_out(key: str, item: Argument) -> bool:
        return not item.is_supported or (key in common if item.passed_on else item.written == "never")

    def text(name: str, item: Argument) -> str:
        return f"`{name}`" if item.default in (REQUIRED, MISSING) else f"`{name}: {_as_yaml(item.default)}`"

    for name, cls in sorted(layer_classes().items()):
        if issubclass(cls, Declared):
            own = {key: item for key, item in cls.declared_arguments().items() if not is_left_out(key, item)}
            yield f"- `{name}`: {', '.join(text(*pair) for pair in own.items()) or 'none'}"


def _as_yaml(value: Any) -> str:
    """Return a default as a file has it."""
    return json.dumps(as_config(value)).replace('"', "")
