"""Every operation of keras.ops beside Keras: numbers on both backends, from a file too, and gradients."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from frontends.keras_model import FRONTEND
from nnc.operations import OPERATIONS
from tests.operations.cases import FAMILIES, REFERENCES

X = numpy.random.default_rng(0).uniform(0.5, 1.5, (3, 4, 6)).astype("float32")
ELSEWHERE = {"Abs", "Cast", "Conj", "ConvTranspose", "GetItem", "Histogram", "OneHot", "Where"}
"""Abs and Conj are second names; Histogram is in `test_ordering`, ConvTranspose in `test_windows`, the others are with
the layer `Operation`."""


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def test_every_operation_is_tested():
    named = [name for calls in FAMILIES.values() for name in calls]
    assert len(named) == len(set(named))
    assert {name.partition(" ")[0] for name in named} | ELSEWHERE == set(OPERATIONS)


def flat(outputs):
    """Return the outputs of a call as a list."""
    return [part for item in outputs for part in flat(item)] if isinstance(outputs, list | tuple) else [outputs]


def model_of(family, keras, others=None):
    """A model that has all calls of a family as outputs, or others in their places, and what each of these is."""
    x = keras.Input((4, 6))
    calls = {name: (others or {}).get(name, call) for name, call in FAMILIES[family].items()}
    outputs = {name: flat(call(keras.ops, x)) for name, call in calls.items()}
    theirs = keras.Model(x, [part for parts in outputs.values() for part in parts])
    classes = {type(layer).__name__ for layer in theirs.operations}
    assert {name.partition(" ")[0] for name in outputs} <= classes
    return theirs, [name for name, parts in outputs.items() for _ in parts]


def check(source, backend, theirs, names):
    for name, one, other in zip(names, nnc.compile(source, backend=backend)(X), theirs(X), strict=True):
        expected = numpy.asarray(other)
        assert one.dtype == expected.dtype, (name, backend)
        numpy.testing.assert_allclose(one, expected, rtol=1e-5, atol=1e-6, err_msg=f"{name} on {backend}")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.sampled(1 / 2)
def test_numbers_are_those_of_keras(family, keras, tmp_path):
    """Live, and from a file in which no entry has a module."""
    theirs, names = model_of(family, keras)
    reference, _ = model_of(family, keras, REFERENCES)
    theirs.save(tmp_path / "model.h5")
    for source in (theirs, tmp_path / "model.h5"):
        check(source, "numpy", reference, names)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.sampled(1 / 9)
def test_numbers_in_c_are_those_of_keras(family, keras):
    theirs, names = model_of(family, keras)
    check(theirs, "c", model_of(family, keras, REFERENCES)[0], names)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.sampled(5)
def test_gradients_are_those_of_keras(family, keras):
    """The gradient of each call's floats with respect to its input, for cotangents that differ by element."""
    import tensorflow

    for name, call in FAMILIES[family].items():
        x = keras.Input((4, 6))
        parts = [part for part in flat(call(keras.ops, x)) if "float" in part.dtype]
        if not parts:
            continue
        theirs = reference = keras.Model(x, parts)
        if name in REFERENCES:
            reference = keras.Model(x, REFERENCES[name](keras.ops, x))
        with tensorflow.GradientTape() as tape:
            given = tensorflow.constant(X)
            tape.watch(given)
            outputs = flat(reference(given))
        seeds = [
            numpy.random.default_rng(number).uniform(-1.0, 1.0, output.shape).astype(output.dtype.name)
            for number, output in enumerate(outputs)
        ]
        expected = tape.gradient(outputs, given, seeds)
        ours = FRONTEND.read(theirs)
        ours.forward(X)
        found = ours.backward(seeds if len(seeds) > 1 else seeds[0])
        other = numpy.zeros_like(X) if expected is None else numpy.asarray(expected)
        numpy.testing.assert_allclose(found, other, rtol=2e-5, atol=2e-6, err_msg=name)
