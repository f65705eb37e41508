"""Numbers of trials: those of NumPy, and of the trial trained alone by `nnc train` and by `Program.fit`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest
from typer.testing import CliRunner

import nnc
from nnc.backends.c.toolchain import find_compiler
from nnc.cli import app
from nnc.distribute.sweeps import sweep
from nnc.distribute.sweeps.model_paths import with_value
from nnc.models import clone_model
from nnc.plugins import read_config
from nnc.utils import set_random_seed
from tests.distribute.sweeps import builders

BACKENDS = ["numpy", pytest.param("c", marks=pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler"))]
LINE: dict[str, Any] = {
    "input": [2],
    "layers": [{"Dense": {"units": 1, "kernel_initializer": {"Constant": {"value": 0.5}}}}],
    "compile": {"optimizer": {"SGD": {"learning_rate": 0.1}}, "loss": "mse"},
}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_line_has_the_numbers_of_numpy(folder: Path, backend: str):
    """Whole batches, so that the order of rows is none."""
    arrays = numpy.load("points.npz")
    x, y = arrays["x"].astype("float64"), arrays["y"].astype("float64")
    rates, momenta = [0.03125, 0.25, 0.5], [0.0, 0.5, 0.875]
    found = sweep(
        {"model": LINE, "space": {"optimizer.learning_rate": rates, "optimizer.momentum": momenta}},
        data=(arrays["x"], arrays["y"]),
        validation_data=(arrays["x"][:9], arrays["y"][:9]),
        epochs=6,
        batch_size=64,
        backend=backend,
    )
    assert [trial.together for trial in found.trials] == [9] * 9
    for trial in found.trials:
        rate, momentum = trial.parameters.values()
        kernel, bias = numpy.full((2, 1), 0.5), numpy.zeros(1)
        velocities = [numpy.zeros((2, 1)), numpy.zeros(1)]
        losses, checks = [], []
        for _ in range(6):
            wrong = x @ kernel + bias - y
            losses.append(numpy.mean(wrong**2))
            gradients = [x.T @ wrong * 2 / 64, wrong.sum(0) * 2 / 64]
            velocities = [momentum * v - rate * g for v, g in zip(velocities, gradients, strict=True)]
            kernel, bias = kernel + velocities[0], bias + velocities[1]
            checks.append(numpy.mean((x[:9] @ kernel + bias - y[:9]) ** 2))
        numpy.testing.assert_allclose(trial.history["loss"], losses, rtol=1e-5)
        numpy.testing.assert_allclose(trial.history["val_loss"], checks, rtol=1e-5)
        assert trial.value == trial.history["val_loss"][-1] == trial.metrics["val_loss"]
    assert found.best.number == int(numpy.argmin([trial.value for trial in found.trials]))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.slow
def test_a_trial_has_the_numbers_of_itself_alone(folder: Path, backend: str):
    """Alone: a clone with the seed's weights in a program of one network, without replicas."""
    model = {
        "input": [2],
        "layers": [{"Dense": {"units": 3, "activation": "tanh"}}, {"Dropout": 0.25}, {"Dense": 1}],
        "compile": {"optimizer": {"RMSprop": {"learning_rate": 0.01}}, "loss": "mse", "metrics": ["mae"]},
    }
    space = {"layers.1.rate": [0.125, 0.5], "optimizer.learning_rate": [0.015625, 0.0625], "seed": [0, 3, 11]}
    arrays = numpy.load("points.npz")
    x, y = arrays["x"], arrays["y"]
    found = sweep({"model": model, "space": space}, data=(x, y), validation_data=(x, y), epochs=5, backend=backend)
    assert [trial.together for trial in found.trials] == [12] * 12
    for trial in found.trials:
        values = model
        for name in ("layers.1.rate", "optimizer.learning_rate"):
            values = with_value(values, name, trial.parameters[name])
        set_random_seed(0)
        own = read_config(values)
        order = own.program.order_state
        set_random_seed(trial.parameters["seed"])
        clone = clone_model(own)
        clone.compile(own.optimizer, "mse", metrics=["mae"])
        program = nnc.compile(clone, backend=backend)
        program.resume({**program.checkpoint(), "order": order})
        history = program.fit(x, y, epochs=5, validation_data=(x, y), verbose=0).history
        for name, numbers in history.items():
            numpy.testing.assert_allclose(trial.history[name], numbers, rtol=1e-5, err_msg=f"{trial} {name}")
    best = found.program
    kept = best.evaluate(x, y, verbose=0)
    assert kept["loss"] == pytest.approx(found.best.value, rel=1e-5)


@pytest.mark.slow
def test_a_trial_has_the_numbers_of_nnc_train(folder: Path):
    result = sweep(
        {"model": "base.yaml", "data": "points.csv", "space": {"seed": [0], "optimizer.learning_rate": [0.125, 0.5]}},
        validation_split=0.25,
        epochs=3,
    )
    for trial in result.trials:
        rate = str(trial.parameters["optimizer.learning_rate"])
        arguments = ("train", "base.yaml", "--data", "points.csv", "--epochs", "3", "--validation-split", "0.25")
        done = CliRunner().invoke(app, [*arguments, "--seed", "0", "--lr", rate, "--json"])
        report = json.loads(done.stdout)
        assert dict(trial.metrics) == pytest.approx(report["result"], rel=1e-5)


def test_columns_of_tables_come_with_the_best(folder: Path):
    rows = [
        "size,colour,label",
        *(f"{k % 7},{'red' if k % 3 else 'blue'},{'yes' if k % 2 else 'no'}" for k in range(40)),
    ]
    Path("table.csv").write_text("\n".join(rows))
    model = {
        "layers": [{"Dense": {"units": 1, "activation": "sigmoid"}}],
        "columns": {"size": "number", "colour": "category", "label": "target"},
        "compile": {"optimizer": "sgd", "loss": "binary_crossentropy"},
    }
    found = sweep(
        {"model": model, "data": "table.csv", "validation_split": 0.25, "space": {"seed": [0, 1]}, "epochs": 2}
    )
    assert [trial.together for trial in found.trials] == [2, 2]
    assert [column.name for column in found.program.table.columns] == ["size", "colour"]


@pytest.mark.slow
def test_patience_ends_each_trial_by_itself_with_its_best_weights(folder: Path, plain: dict[str, Any]):
    whole = sweep({**plain, "epochs": 40, "batch_size": 8}, output="whole")
    found = sweep({**plain, "epochs": 40, "batch_size": 8, "patience": 2}, output="patient")
    ended = 0
    for trial, other in zip(found.trials, whole.trials, strict=True):
        curve = other.history["val_loss"]
        best, waited, length = float("inf"), 0, len(curve)
        for epoch, value in enumerate(curve):
            best, waited = (value, 0) if value < best else (best, waited + 1)
            if waited >= 2:
                length = epoch + 1
                break
        ended += length < 40
        assert trial.epochs == length
        assert trial.history["val_loss"] == pytest.approx(curve[:length], rel=1e-5)
        assert trial.value == min(trial.history["val_loss"])
    assert ended > 0
    arrays = numpy.load("points.npz")
    assert found.program.evaluate(arrays["x"], arrays["y"], verbose=0)["loss"] > 0


def test_a_trial_that_is_not_a_number_fails_and_others_do_not(folder: Path):
    arrays = numpy.load("points.npz")
    found = sweep(
        {"model": LINE, "space": {"optimizer.learning_rate": [0.125, 1e30]}, "objective": "loss"},
        data=(arrays["x"], arrays["y"]),
        epochs=9,
    )
    good, bad = found.trials
    assert (good.status, bad.status) == ("complete", "failed")
    assert bad.error.startswith("loss is nan after epoch 9") or bad.error.startswith("loss is inf")
    assert found.best is good
    alone = sweep(
        {"model": LINE, "space": {"optimizer.learning_rate": [0.125]}, "objective": "loss"},
        data=(arrays["x"], arrays["y"]),
        epochs=9,
        output="alone",
    )
    assert good.value == pytest.approx(alone.best.value, rel=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.slow
def test_what_a_function_builds_has_the_numbers_of_fit(folder: Path, backend: str):
    """Weights that the function gives a model count, and the seed decides those that it draws."""
    arrays = numpy.load("points.npz")
    x, y = arrays["x"], arrays["y"]

    def build(parameters: dict[str, Any]) -> Any:
        model = builders.build(parameters)
        weights = model.get_weights()
        model.set_weights([weights[0] * parameters["scale"], *weights[1:]])
        return model

    space = {"scale": [1.0, 4.0], "rate": [0.0, 0.5], "learning_rate": [0.25, 1.0]}
    found = sweep(build, space=space, data=(x, y), validation_data=(x, y), epochs=4, seed=7, backend=backend)
    assert {trial.together for trial in found.trials} == {8}
    for trial in found.trials:
        set_random_seed(7)
        model = build(dict(trial.parameters))
        model.backend = backend
        history = model.fit(x, y, epochs=4, validation_data=(x, y), verbose=0).history
        for name, numbers in history.items():
            numpy.testing.assert_allclose(trial.history[name], numbers, rtol=1e-5, err_msg=f"{trial} {name}")
    seeds = sweep(builders.build, space={"seed": [0, 1]}, data=(x, y), objective="loss", epochs=1, output="seeds")
    assert seeds.trials[0].value != seeds.trials[1].value
