"""What `auto` takes: decided from the sizes of the work alone, once for each call, and said once."""

from __future__ import annotations

import copy
import logging
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import nnc
from nnc.backends import choice, notice
from nnc.backends.c import toolchain
from nnc.backends.c.toolchain import find_compiler
from nnc.backends.choice import cost_of
from nnc.callbacks import LambdaCallback
from nnc.errors import CompilerError, NonFiniteError
from nnc.layers import LSTM, BatchNormalization, Conv2D, Dense, DepthwiseConv2D, Input, TimeDistributed
from nnc.profiling import profile

ROOT = Path(__file__).parents[2]
X = numpy.random.default_rng(0).normal(size=(128, 2)).astype("float32")
Y = (X[:, :1] > X[:, 1:]).astype("float32")
needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler")


@pytest.fixture(autouse=True)
def _nobody_chose(tmp_path, monkeypatch):
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("NNC_C_LEVEL", "0")
    monkeypatch.delenv("NNC_BACKEND")
    monkeypatch.setattr(notice, "_SAID", set())


@pytest.fixture
def _some_compiler(tmp_path, monkeypatch):
    """Let there be what looks like a compiler; deciding does not run it."""
    path = tmp_path / "compiler"
    path.write_text("#!/bin/sh\nexit 9\n")
    path.chmod(0o755)
    monkeypatch.setenv("CC", str(path))


@pytest.fixture
def _no_compiler(monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(toolchain, "_zig", lambda: None)


@pytest.fixture
def cheap(monkeypatch):
    """Let a unit cost as much as 150 steps of the small network save."""
    monkeypatch.setattr(choice, "UNIT_SECONDS", 150 * 30e-6)


def small(name="small"):
    nnc.utils.set_random_seed(1)
    model = nnc.Sequential([Dense(2, "sigmoid", input_dim=2), Dense(1, "sigmoid")], name=name)
    model.compile("sgd", "mse")
    return model


def wide():
    model = nnc.Sequential([Dense(512, "relu", input_dim=784), Dense(512, "relu"), Dense(10, "softmax")], name="wide")
    model.compile("adam", "categorical_crossentropy")
    return model


def loop():
    model = nnc.Sequential([Input((None, 4)), LSTM(8, return_sequences=True), TimeDistributed(Dense(1))], name="loop")
    model.compile("adam", "mse")
    return model


RULE = [
    (small, "train", 4, 1, {"batch": 32}, "numpy"),
    (small, "train", 4, 100, {"batch": 32}, "numpy"),
    (small, "train", 4, 1_000, {"batch": 32}, "numpy"),
    (small, "train", 4, 5_000, {"batch": 32}, "c"),
    (small, "train", None, 1, {}, "numpy"),
    (small, "train", None, 100, {}, "c"),
    (small, "evaluate", 4, 1, {"batch": 32}, "numpy"),
    (small, "predict", 1, 1, {"batch": 5}, "numpy"),
    (small, "predict", 1_000, 1, {"batch": 256}, "numpy"),
    (small, "predict", 1_000_000, 1, {"batch": 256}, "c"),
    (wide, "train", 1, 1, {"batch": 128}, "numpy"),
    (wide, "train", 468, 1, {"batch": 128}, "numpy"),
    (wide, "train", 468, 20, {"batch": 128}, "c"),
    (wide, "predict", None, 1, {"batch": 1}, "numpy"),
    (loop, "train", 10, 10, {"batch": 32, "time": 4}, "numpy"),
    (loop, "train", 10, 10, {"batch": 32, "time": 4_000}, "c"),
]


@pytest.mark.usefixtures("_some_compiler")
@pytest.mark.parametrize(("network", "graph", "batches", "times", "sizes", "expected"), RULE)
def test_the_rule(network, graph, batches, times, sizes, expected):
    program = network().program
    with program.deciding():
        program.decide(graph, batches, sizes, times)
        assert program.engine(graph).name == expected
        assert program.engine(graph + "_weighted").name == expected
        assert program.engine("predict_prologue").name == "numpy"
        found = program.engines._choice(graph)
    assert (found.backend, found.reason) == (expected, "" if expected == "c" else "too little work to compile for")


def test_what_is_counted():
    program = loop().program
    graph = program.graph("predict")
    short, long = (cost_of(graph, {"batch": 1, "time": time}, 1) for time in (10, 110))
    [body] = [node.op.body for node in graph.nodes if node.op.name == "scan"]
    inside = sum(
        len([inner for inner in node.op.body.nodes if not inner.is_leaf]) if node.op.bodies else 1
        for node in body.nodes
        if not node.is_leaf
    )
    assert long.ops - short.ops == 100 * inside
    assert wide().program and cost_of(wide().program.graph("predict"), {"batch": 7}, 7).products == 3
    assert cost_of(small().program.graph("train"), {"batch": 32}, 32).products == 0
    deep = nnc.Sequential([Dense(512, input_dim=784), *[Dense(512) for _ in range(9)]])
    assert cost_of(nnc.compile(deep).graph("predict"), {"batch": 7}, 7).products == 2  # equal ones share their code


def test_windows_are_counted():
    """As many elements as `sliding_window_view` shows, once for each of the three ops that slide."""
    model = nnc.Sequential(
        [nnc.Input((9, 8, 4)), Conv2D(6, (3, 2), strides=2), Conv2D(6, 1), Conv2D(6, 2, groups=3), DepthwiseConv2D(2)]
    )
    model.compile("sgd", "mse")
    images = numpy.zeros((5, 9, 8, 4))
    first = sliding_window_view(images, (3, 2), (1, 2))[:, ::2, ::2]
    second = sliding_window_view(numpy.zeros((5, 4, 4, 6)), (2, 2), (1, 2))
    third = sliding_window_view(numpy.zeros((5, 3, 3, 6)), (2, 2), (1, 2))
    inputs = first.size, second.size, third.size
    assert cost_of(model.program.graph("predict"), {"batch": 5}, 5).patch_elements == sum(inputs)
    train = 2 * inputs[0] + 3 * (inputs[1] + inputs[2])  # nobody wants the gradient of the images
    assert cost_of(model.program.graph("train"), {"batch": 5}, 5).patch_elements == train


@pytest.mark.usefixtures("_no_compiler", "cheap")
def test_without_a_compiler_all_is_quiet(caplog, capfd):
    model, other = small(), small()
    found = model.fit(X, Y, epochs=100, verbose=0).history
    other.backend = "numpy"
    assert other.fit(X, Y, epochs=100, verbose=0).history == found
    assert str(model.program.choices["train"]) == "NumPy: no C compiler was found"
    assert model.predict(X).shape == (128, 1)
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("_some_compiler", "cheap")
def test_a_compiler_that_fails_is_passed_over_quietly(caplog, capfd):
    model, other = small(), small()
    found = model.fit(X, Y, epochs=100, verbose=0).history
    other.backend = "numpy"
    assert other.fit(X, Y, epochs=100, verbose=0).history == found
    assert str(model.program.choices["train"]) == "NumPy: the C compiler failed with exit code 9"
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []
    assert capfd.readouterr() == ("", "")


@needs_compiler
@pytest.mark.usefixtures("cheap")
def test_the_same_with_a_cold_cache_and_a_warm_one(caplog):
    caplog.set_level(logging.INFO, "nnc")
    models = [small(), small()]
    found = []
    for model in models:
        found.append(model.fit(X, Y, epochs=100, verbose=0).history)
        found[-1]["y"] = model.predict(X).tolist()
    assert found[0] == found[1]
    assert [str(model.program.choices["train"])[:8] for model in models] == ["C, compi"] * 2
    assert models[0].program.choices["train"].seconds > 0
    assert str(models[1].program.choices["train"]) == "C, compiled before"
    assert repr(models[1].program).endswith("auto backend (train: C, predict: NumPy)>")
    said = [record.getMessage() for record in caplog.records]
    assert said.count("'train' of 'small': C, compiled before") == 1
    assert "'predict' of 'small': NumPy: too little work to compile for" in said
    own = small()
    own.backend = "c"
    assert own.fit(X, Y, epochs=100, verbose=0).history["loss"] == found[0]["loss"]  # and it is C that ran


@needs_compiler
@pytest.mark.usefixtures("cheap")
def test_a_training_ends_on_what_it_began_with(tmp_path):
    model, seen = small(), []

    def look(epoch, logs):
        model.evaluate(X, Y), model.predict(X), model.program(X[:1])
        seen.append((model.program.engine("train").name, *map(str, model.program.choices.values())))

    model.fit(X, Y, epochs=100, verbose=0, callbacks=[LambdaCallback(on_epoch_end=look)])
    little = "NumPy: too little work to compile for"
    assert {(engine, *others) for engine, _, *others in seen} == {("c", little, little)}
    assert model.program.engine("train").name == "c"  # a thousand steps, where all is cheap
    model.fit(X, Y, epochs=100, verbose=0, initial_epoch=99)  # the end of a long training, as the whole of it
    assert model.program.choices["train"].backend == "c"
    error = CompilerError("no more")
    with pytest.raises(CompilerError, match="no more"):
        model.program.executor._fall_back(model.program.engines.optional("c"), "train", error)


def test_loops_of_single_calls_stay_where_they_began():
    program = small().program
    for _ in range(1_200):
        program.train_step(X[:4], Y[:4])
        program(X[:1])
    assert {name: found.backend for name, found in program.choices.items()} == {"train": "numpy", "predict": "numpy"}
    assert program.compilations == 3  # with what is derived for predictions


@needs_compiler
@pytest.mark.usefixtures("cheap")
def test_files_and_copies_do_the_same_to_the_bit(tmp_path):
    model = small()
    model.fit(X, Y, epochs=100, verbose=0)
    program = model.program
    program.save(tmp_path / "small.nnc")
    others = [nnc.load(tmp_path / "small.nnc"), pickle.loads(pickle.dumps(program)), copy.deepcopy(model).program]
    for epochs in (2, 100):  # on NumPy, then in C
        expected = program.fit(X, Y, epochs=epochs, verbose=0).history
        assert all(other.fit(X, Y, epochs=epochs, verbose=0).history == expected for other in others)
        engines = {other.choices["train"].backend for other in others}
        assert engines == {"numpy" if epochs == 2 else "c"}
    assert all(numpy.array_equal(other.predict(X), program.predict(X)) for other in others)


@needs_compiler
def test_both_engines_read_what_one_has_derived(monkeypatch):
    model = nnc.Sequential([Dense(3, "tanh", input_dim=2), BatchNormalization(), Dense(1)], name="normalized")
    few, many = X[:1], numpy.tile(X, (50, 1))
    monkeypatch.setattr(choice, "UNIT_SECONDS", 20 * 5e-6)
    monkeypatch.setattr(choice, "SINGLE_CALLS", 1)
    found = []
    for order in ((few, many), (many, few)):
        program = nnc.compile(copy.deepcopy(model))
        results = {len(x): program.predict(x, callbacks=[]) if len(x) > 1 else program(x) for x in order}
        found.append(results)
        assert program.engine().name == "numpy"
        assert program.choices["predict"].backend == ("c" if order[-1] is many else "numpy")
    for rows in (len(few), len(many)):
        numpy.testing.assert_array_equal(found[0][rows], found[1][rows])


@needs_compiler
@pytest.mark.usefixtures("cheap")
def test_what_else_a_training_can_be_asked_for_works_in_c(monkeypatch):
    model = small()
    program = nnc.compile(model, dtype="float64", check_nan=True)
    x = X.astype("float64")
    program.fit(x, Y, epochs=100, verbose=0)
    assert program.choices["train"].backend == "c"
    program.variables["dense/bias"][0] = numpy.nan
    with pytest.raises(NonFiniteError, match="parameters"):
        program.fit(x, Y, epochs=100, verbose=0)
    steps = ((X[start : start + 32], Y[start : start + 32]) for start in list(range(0, 128, 32)) * 100)
    streamed = small()
    monkeypatch.setattr(choice, "UNIT_SECONDS", 0)
    streamed.fit(steps, steps_per_epoch=4, epochs=100, verbose=0, validation_data=(X, Y), validation_freq=50)
    assert {name: found.backend for name, found in streamed.program.choices.items()} == {"train": "c", "evaluate": "c"}


@pytest.mark.slow
@needs_compiler
def test_what_single_calls_take_is_what_is_looked_into(monkeypatch):
    monkeypatch.setattr(choice, "UNIT_SECONDS", 0)
    program = small().program
    assert program.source("train").startswith("/* train")
    assert profile(program, X, Y, seconds=0.01).backend == "c"
    assert nnc.inspect(program).backend == "c"
    assert program.explain("train").backend == "C"
    assert program.choices == {}  # nothing has run


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX's")
@needs_compiler
@pytest.mark.usefixtures("cheap")
def test_a_forked_child_goes_on():
    model = small()
    model.fit(X, Y, epochs=100, verbose=0)
    expected = model.fit(X, Y, epochs=100, verbose=0).history["loss"]
    code = (
        "import os, sys, numpy\nfrom tests.backends import test_auto as t\n"
        "t.choice.UNIT_SECONDS = 150 * 30e-6\nmodel = t.small()\nmodel.fit(t.X, t.Y, epochs=100, verbose=0)\n"
        "if (child := os.fork()) == 0:\n"
        "    print(model.fit(t.X, t.Y, epochs=100, verbose=0).history['loss'] , flush=True)\n    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == str(expected)


@pytest.mark.slow
@pytest.mark.parametrize("has_compiler", [pytest.param(True, marks=needs_compiler), False])
def test_the_commands_of_the_readme(has_compiler, tmp_path):
    """The network is compiled, trained and drawn; tests find nothing that needs a compiler and does not say so."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if not has_compiler:
        environment |= {"CC": str(tmp_path / "none")}

    def call(*arguments):
        return subprocess.run(
            [sys.executable, *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        )

    done = call(str(ROOT / "main.py"), "run", str(ROOT / "examples/base.yaml"), "--epochs", "5000")
    assert {path.name for path in tmp_path.glob("base.*")} == {"base.nnc", "base.svg"}
    assert ("C, compiled in " if has_compiler else "NumPy: no C compiler was found\n") in done.stderr
    assert len(done.stderr.splitlines()) == 2  # and what was saved
    done = call("-m", "pytest", "-p", "no:cacheprovider", str(ROOT / "tests/backends/test_choice.py"))
    assert "failed" not in done.stdout
