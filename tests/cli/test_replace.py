"""`--replace`: a layer instead of a class that a model file names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy

import nnc
from tests.cli.conftest import Run
from tests.frontends.zoo.old_files import layer, random_arrays, write_h5


def model_file(folder: Path) -> Path:
    """Write a model with two layers of its author's."""
    layers = [
        layer("Dense", "one", units=3, activation="own", batch_input_shape=[None, 2]),
        layer("Gate", "two", slope=3),
    ]
    kernel, bias = random_arrays(1, (2, 3), (3,))
    weights = {"one": [("one/kernel:0", kernel), ("one/bias:0", bias)]}
    return write_h5(folder / "model.h5", {"class_name": "Sequential", "config": layers}, weights)


def test_replacements_on_the_command_line(run: Run, folder: Path) -> None:
    name = model_file(folder).name
    options = ["--replace", "own=tanh", "--replace", "Gate=Activation('relu')"]
    run("compile", name, *options, "-o", "model.nnc")
    x = numpy.load("x.npy")
    kernel, bias = random_arrays(1, (2, 3), (3,))
    right = numpy.maximum(numpy.tanh(x @ kernel + bias), 0)
    numpy.testing.assert_allclose(nnc.load("model.nnc").predict(x), right, atol=1e-5)
    run("predict", name, *options, "--input", "x.npy", "-o", "y.npy")
    numpy.testing.assert_allclose(numpy.load("y.npy"), right, atol=1e-5)
    assert "tanh" in run("render", name, *options, "--mermaid").stdout
    assert json.loads(run("compile", name, *options, "--json").stdout)["parameters"] == 9
    found = nnc.compile(name, replace={"own": "tanh", "Gate": nnc.layers.Activation("relu")})
    numpy.testing.assert_allclose(found.predict(x), right, atol=1e-5)


def test_what_is_missing_is_said_with_its_remedy(run: Run, folder: Path) -> None:
    result = run("compile", model_file(folder).name, code=1)
    assert "layer 'two' (Gate): unknown layer class 'Gate'" in result.output.replace("\n", " ")
    assert "--replace 'Gate=Layer(args)'" in result.output.replace("\n", " ")
    assert "--replace takes OLD=LAYER(ARGS)" in run("compile", "model.h5", "--replace", "Gate", code=1).output
    run("compile", "base.yaml", "-o", "base.nnc")
    assert "compiled already" in run("compile", "base.nnc", "--replace", "a=Flatten()", code=1).output


def test_replacements_in_the_short_form(run: Run, folder: Path) -> None:
    (folder / "short.yaml").write_text("input: [2]\nlayers: [{Gate: 3, name: gate}]\n", encoding="utf-8")
    assert "--replace 'Gate=Layer(args)'" in run("compile", "short.yaml", code=1).output.replace("\n", " ")
    shown = json.loads(run("compile", "short.yaml", "--replace", "Gate=Dense(4)", "--json").stdout)
    assert shown["parameters"] == 12
