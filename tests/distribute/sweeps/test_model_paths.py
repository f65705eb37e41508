"""Paths into model files: where they lead, and that a model has what is set there."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from nnc.distribute.sweeps.model_paths import NoSuchPathError, with_value
from nnc.plugins import read_config

MODEL: dict[str, Any] = {
    "input": [2],
    "layers": [
        {"Dense": {"units": 2, "kernel_regularizer": "l2"}},
        {"Dropout": 0.25},
        "Flatten",
        {"Dense": 3, "name": "out"},
    ],
    "compile": {"optimizer": "adam", "loss": "mse"},
}


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("layers.0.units", 5, lambda model: model.layers[0].units),
        ("layers.0.Dense.units", 5, lambda model: model.layers[0].units),
        ("layers.0.activation", "relu", lambda model: model.layers[0].get_config()["activation"]),
        ("layers.0.kernel_regularizer.l2", 0.5, lambda model: model.layers[0].kernel_regularizer.get_config()["l2"]),
        ("layers.1.rate", 0.5, lambda model: model.layers[1].rate),
        ("layers.out.units", 7, lambda model: model.layers[3].units),
        ("optimizer.learning_rate", 0.5, lambda model: model.optimizer.get_config()["learning_rate"]),
        ("compile.optimizer.learning_rate", 0.5, lambda model: model.optimizer.get_config()["learning_rate"]),
        ("optimizer", {"SGD": {"momentum": 0.5}}, lambda model: {"SGD": {"momentum": model.optimizer.momentum}}),
        ("loss", "mae", lambda model: model.objective.loss),
        ("metrics", ["mae"], lambda model: model.objective.metrics),
        ("input", [9], lambda model: [model.inputs[0].shape[1]]),
    ],
)
def test_a_model_has_what_is_set(path: str, value: Any, found: Any):
    before = copy.deepcopy(MODEL)
    model = read_config(with_value(MODEL, path, value))
    assert found(model) == value
    assert before == MODEL


def test_what_stands_beside_it_stays():
    model = read_config(with_value(MODEL, "layers.1.seed", 4))
    assert (model.layers[1].rate, model.layers[1].seed) == (0.25, 4)
    nested = with_value(
        {**MODEL, "compile": {"optimizer": {"SGD": {"momentum": 0.5}}, "loss": "mse"}}, "optimizer.learning_rate", 2
    )
    assert nested["compile"]["optimizer"] == {"SGD": {"momentum": 0.5, "learning_rate": 2}}


def test_files_in_keras_form_are_walked_as_they_are():
    keras = {
        "class_name": "Sequential",
        "config": {"name": "m", "layers": [{"class_name": "Dense", "config": {"name": "a", "units": 1}}]},
    }
    changed = with_value(keras, "config.layers.0.config.units", 4)
    assert changed["config"]["layers"][0]["config"]["units"] == 4
    assert with_value(keras, "config.layers.a.config.units", 4) == changed
    with pytest.raises(NoSuchPathError):
        with_value(keras, "config.layers.0.config.activation", "relu")


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("layers.0.unit", "layers.0.units"),
        ("layer.0.units", "layers.0.units"),
        ("layers.7.units", "layers.0.units|layers.3.units"),
        ("optimizer.learning_rat", "optimizer.learning_rate"),
        ("layers.0.units.more", "layers.0.units"),
        ("losss", "loss"),
        ("layers..units", "layers.\\d.units"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(path: str, hint: str):
    with pytest.raises(NoSuchPathError, match=f"'{path}' leads nowhere in the model. Did you mean '({hint})'"):
        with_value(MODEL, path, 1)
