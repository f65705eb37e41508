"""What pictures and summaries show of models and layers that users wrote: the layers that they call."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.render import render

layers = nnc.layers


class Block(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense, self.dropout = layers.Dense(4, activation="relu"), layers.Dropout(0.5)
        self.inside = nnc.Sequential([nnc.Input((4,)), layers.Dense(4)])

    def build(self, input_shape):
        self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")

    def call(self, inputs):
        return inputs + self.inside(self.dropout(self.dense(inputs * self.scale)))


class Network(nnc.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first, self.blocks, self.last = layers.Dense(4), [Block(), Block()], layers.Dense(2)

    def call(self, inputs):
        x = self.first(inputs["x"])
        for block in self.blocks:
            x = block(x, training=False)
        return {"y": self.last(x), "z": nnc.ops.sum(x, axis=-1)}


@pytest.fixture(scope="module")
def model():
    found = Network(name="network")
    found({"x": numpy.zeros((2, 3), "float32")})
    return found


SUMMARY = """\
Model: network
Layer                       Output shape  Parameters  Connected to
──────────────────────────  ────────────  ──────────  ────────────
dense (Dense)               (None, 4)             16
block (Block)               (None, 4)             44  dense
 └ multiply (Multiply)      (None, 4)              4
 └ dense (Dense)            (None, 4)             20  multiply
 └ dropout (Dropout)        (None, 4)              0  dense
 └ sequential (Sequential)  (None, 4)             20  dropout
    └ input (InputLayer)    (None, 4)              0
    └ dense (Dense)         (None, 4)             20  input
 └ add (Add)                (None, 4)              0  sequential
block_1 (Block)             (None, 4)             44  block
 └ multiply (Multiply)      (None, 4)              4
 └ dense (Dense)            (None, 4)             20  multiply
 └ dropout (Dropout)        (None, 4)              0  dense
 └ sequential (Sequential)  (None, 4)             20  dropout
    └ input (InputLayer)    (None, 4)              0
    └ dense (Dense)         (None, 4)             20  input
 └ add (Add)                (None, 4)              0  sequential
dense_1 (Dense)             (None, 2)             10  block_1
sum (Sum)                   (None,)                0  block_1
Parameters: 114 (114 trainable, 0 not)
"""


def test_summary(model):
    texts = []
    model.summary(print_fn=texts.append, expand_nested=True)
    assert texts[0] == SUMMARY.strip()
    model.summary(print_fn=texts.append)
    rows = [line.split()[0] for line in texts[1].splitlines()[3:]]
    assert rows == ["dense", "block", "block_1", "dense_1", "sum", "Parameters:"]


PICTURE = """\
network · 114 parameters · 218 FLOPs per row
├─ Input  x  → batch×3
├─ network  (Network)
│  ├─ Layer1.1  dense · Dense(4)  16 parameters · 28 FLOPs  → batch×4
│  ├─ Layer1.2  block · Block of 5 layers  44 parameters · 84 FLOPs  → batch×4
│  │  ├─ ║ identity
│  │  ├─ ║ Multiply(scale)
│  │  ├─   Dense(4, relu) · Dropout(rate 0.5)
│  │  ├─   sequential · Sequential of 1 layer
│  │  └─ Add
│  ├─ Layer1.3  block_1 · Block of 5 layers  44 parameters · 84 FLOPs  → batch×4
│  │  ├─ ║ identity
│  │  ├─ ║ Multiply(scale)
│  │  ├─   Dense(4, relu) · Dropout(rate 0.5)
│  │  ├─   sequential · Sequential of 1 layer
│  │  └─ Add
│  ├─ Layer1.4  dense_1 · Dense(2)  10 parameters · 18 FLOPs  → batch×2
│  └─ Layer1.5  sum · Sum  4 FLOPs  ← Layer1.3  → batch
├─ Output1  ← Layer1.4
└─ Output2  ← Layer1.5
"""


def test_a_picture_opens_the_model(model):
    assert render(model, format="txt").strip() == PICTURE.strip()
    assert "block_1" in nnc.utils.model_to_dot(model).to_string()


def test_operations_of_a_call_are_all_counted(model):
    call = model.calls[-1]
    assert sum(inner.flops(5) for inner in call.inner.calls) == call.flops(5)
    block = next(inner for inner in call.inner.calls if inner.layer.name == "block")
    assert sum(inner.flops(5) for inner in block.inner.calls) == block.flops(5)
    assert sum(inner.layer.count_params() for inner in block.inner.calls) == block.layer.count_params()
