"""Which trials are trained in one plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nnc
from nnc.distribute.sweeps.document import read_document
from nnc.distribute.sweeps.grouping import Group
from nnc.distribute.sweeps.running import Sweep
from nnc.distribute.sweeps.trials import planned
from tests.distribute.sweeps.builders import build

MODEL: dict[str, Any] = {
    "input": [2],
    "layers": [
        {"Dense": {"units": 3, "kernel_regularizer": "l2"}},
        {"Dropout": 0.25},
        {"Dense": {"name": "out", "units": 1}},
    ],
    "compile": {"optimizer": {"SGD": {"momentum": 0.5}}, "loss": "mse", "loss_weights": {"out": 1.0}},
}


def groups(space: dict[str, Any], **others: Any) -> list[Group]:
    document = read_document({"model": MODEL, "data": "points.npz", "objective": "loss", "space": space, **others})
    return Sweep(document, Path("out")).groups(planned(document))


def numbers(found: list[Group]) -> list[list[int]]:
    return [[trial.number for trial in group.trials] for group in found]


@pytest.mark.parametrize(
    ("path", "values", "name"),
    [
        ("optimizer.learning_rate", [0.25, 0.5], "learning_rate"),
        ("optimizer.momentum", [0, 0.5], "momentum"),
        ("layers.1.rate", [0.0, 0.5], "dropout/rate"),
        ("loss_weights.out", [1.0, 2.0], "loss_weights/out"),
    ],
)
def test_numbers_that_replicas_may_differ_in_are_one_plan(folder: Path, path: str, values: list[Any], name: str):
    (found,) = groups({path: values})
    assert found.hyperparameters == {name: tuple(map(float, values))}
    assert found.seeds == (0, 0)


def test_seeds_are_one_plan(folder: Path):
    (found,) = groups({"seed": [4, 5, 6]})
    assert (found.seeds, found.hyperparameters) == ((4, 5, 6), {})


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("layers.0.units", [2, 4]),
        ("layers.0.activation", ["relu", "tanh"]),
        ("layers.0.kernel_regularizer.l2", [0.25, 0.5]),
        ("layers.1.seed", [1, 2]),
        ("optimizer.nesterov", [True, False]),
        ("optimizer.clipnorm", [None, 1.0]),
        ("optimizer", ["sgd", "adam"]),
        ("epochs", [2, 3]),
        ("batch_size", [16, 32]),
        ("loss", ["mse", "mae"]),
    ],
)
def test_what_decides_the_graph_or_the_loop_divides(folder: Path, path: str, values: list[Any]):
    assert numbers(groups({path: values, "seed": [0, 1]})) == [[0, 1], [2, 3]]


def test_a_number_that_decides_what_is_computed_divides_others_do_not(folder: Path):
    found = groups({"optimizer": [{"Adam": {}}], "optimizer.beta_1": [0.5, 0.9], "optimizer.learning_rate": [0.1, 0.2]})
    assert numbers(found) == [[0, 1], [2, 3]]
    assert all(list(group.hyperparameters) == ["learning_rate"] for group in found)


def test_trials_of_a_plan_are_at_most_so_many(folder: Path):
    assert numbers(groups({"seed": [0, 1, 2, 3, 4]}, replicas=2)) == [[0, 1], [2, 3], [4]]


def test_a_trial_without_a_model_is_by_itself(folder: Path):
    assert numbers(groups({"layers.0.units": [2, 0], "seed": [0, 1]})) == [[0, 1], [2], [3]]


def test_what_a_function_builds_is_compared_too(folder: Path):
    space = {"units": [2, 3], "rate": [0.0, 0.5], "learning_rate": [0.25, 0.5]}
    document = read_document({"space": space, "data": "points.npz", "objective": "loss"}, builds=True)
    found = Sweep(document, Path("out"), build).groups(planned(document))
    assert numbers(found) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert found[0].hyperparameters == {"dropout/rate": (0, 0, 0.5, 0.5), "learning_rate": (0.25, 0.5, 0.25, 0.5)}


def test_what_a_function_hides_from_configs_is_seen_in_graphs(folder: Path):
    def hiding(parameters: dict[str, Any]) -> Any:
        factor = parameters["factor"]

        def loss(target: Any, output: Any) -> Any:
            return nnc.ir.ops.mean((target - output) ** 2 * factor)

        model = nnc.Sequential([nnc.layers.Input((2,)), nnc.layers.Dense(1)])
        model.compile(nnc.optimizers.SGD(parameters["rate"]), loss)
        return model

    space = {"factor": [1.0, 2.0], "rate": [0.25, 0.5]}
    document = read_document({"space": space, "data": "points.npz", "objective": "loss"}, builds=True)
    assert numbers(Sweep(document, Path("out"), hiding).groups(planned(document))) == [[0, 1], [2, 3]]
