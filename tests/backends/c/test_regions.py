"""Equal regions are printed once, long functions and units are divided, and none of it changes a bit of a result."""

from __future__ import annotations

import re
from pathlib import Path

import numpy
import pytest

import nnc
from nnc.backends.c import halves, regions, stretches
from nnc.layers import BatchNormalization, Conv2D, Dense, Embedding, GlobalAveragePooling2D

GOLDEN = Path(__file__).parent.parent / "golden" / "two_blocks.c"
APART = re.compile(rf"^{regions.APART} void (\w+)\(", re.MULTILINE)


@pytest.fixture(autouse=True)
def _level(monkeypatch):
    monkeypatch.setenv("NNC_C_LEVEL", "1")


def perceptron(blocks: int) -> nnc.Model:
    x = inputs = nnc.Input((24,))
    for _ in range(blocks):
        x = x + Dense(24, activation="gelu")(x)
    return nnc.Model(inputs, x, name="perceptron")


def convolutional(blocks: int) -> nnc.Model:
    x = image = nnc.Input((6, 6, 4))
    for _ in range(blocks):
        x = x + Conv2D(4, 3, padding="same", activation="relu")(BatchNormalization()(x))
    return nnc.Model(image, Dense(1)(GlobalAveragePooling2D()(x)), name="convolutional")


def of_words(blocks: int) -> nnc.Model:
    """Return a network that ends early where a word has no row."""
    x = words = nnc.Input((5,), dtype="int32")
    x = nnc.layers.Flatten()(Embedding(30, 4)(x))
    for _ in range(blocks):
        x = x + Dense(20, activation="tanh")(x)
    return nnc.Model(words, Dense(1)(x), name="of_words")


def text(model: nnc.Model, graph: str = "train") -> str:
    if graph == "train":
        model.compile("adam", "mse")
    return nnc.compile(model, backend="c").source(graph)


def body(printed: str) -> str:
    """Return a unit from its first region on."""
    return printed[printed.index(f"{regions.APART} void") :]


def test_two_equal_blocks_share_a_function():
    assert body(text(perceptron(2), "predict")) == GOLDEN.read_text()


@pytest.mark.parametrize(("make", "most"), [(perceptron, 24), (convolutional, 66)])  # it also turns its kernel
def test_each_further_block_is_comments_and_calls(make, most, monkeypatch):
    monkeypatch.setattr(stretches, "LONGEST", 10**9)
    lines = [text(make(blocks)).count("\n") for blocks in (6, 8, 10)]
    assert lines[2] - lines[1] == lines[1] - lines[0] <= 2 * most


def test_what_differs_in_more_than_places_has_a_function_of_its_own():
    x = inputs = nnc.Input((24,))
    for activation in ("gelu", "tanh", "gelu", "tanh"):
        x = x + Dense(24, activation=activation)(x)
    printed = text(nnc.Model(inputs, x, name="mixed"), "predict")
    called = [len(re.findall(rf"^    {name}\(", printed, re.MULTILINE)) for name in APART.findall(printed)]
    assert called == [2, 2]


def trained(model: nnc.Model) -> list[numpy.ndarray]:
    """Return predictions and weights after some training."""
    nnc.utils.set_random_seed(3)
    generator = numpy.random.default_rng(2)
    shape = (8, *model.input_shape[1:])
    x = generator.integers(0, 30, shape) if model.name == "of_words" else generator.normal(size=shape)
    model.compile("adam", "mse")
    model.fit(x, generator.normal(size=(8, *model.output_shape[1:])), batch_size=4, epochs=2, verbose=0)
    return [model.predict(x, verbose=0), *model.get_weights()]


@pytest.mark.parametrize("make", [perceptron, pytest.param(convolutional, marks=pytest.mark.slow), of_words])
def test_results_are_the_same_to_the_bit(make, monkeypatch):
    monkeypatch.setenv("NNC_BACKEND", "c")
    found = []
    for saved, longest, least in ((8, 10**9, 10**9), (10**9, 10**9, 10**9), (8, 10, 10**9), (8, 10, 1)):
        monkeypatch.setattr(regions, "_LEAST_SAVED", saved)
        monkeypatch.setattr(stretches, "LONGEST", longest)
        monkeypatch.setattr(halves, "LEAST_LINES", least)
        nnc.utils.set_random_seed(1)
        found.append(trained(make(3)))
    for arrays in found[1:]:
        assert all(map(numpy.array_equal, found[0], arrays))


def test_a_divided_run_ends_where_an_index_has_no_row(monkeypatch):
    monkeypatch.setattr(stretches, "LONGEST", 5)
    model = of_words(2)
    printed = text(model, "predict")
    assert "    nnc_predict_1(run);\n    if (run->fault[0]) {\n        return;\n    }\n" in printed
    with pytest.raises(nnc.errors.DataError, match="30"):
        nnc.compile(model, backend="c").predict(numpy.full((2, 5), 30))


if __name__ == "__main__":
    GOLDEN.write_text(body(text(perceptron(2), "predict")))
