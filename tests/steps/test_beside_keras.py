"""Training steps of a user's own compute what they compute in TensorFlow, on both backends."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy
import pytest

from tests.steps.engines import keras_engine, nnc_engine
from tests.steps.fitting import (
    batches_of_one_size,
    customised_fit,
    distillation,
    momentum_teacher,
    siamese_network,
    subclassed_model,
    weights_of_steps,
)
from tests.steps.generative import generative_adversarial_network, gradient_penalty, variational_autoencoder
from tests.steps.loops import compiled_loop, deep_dream, neural_style, plain_loop

TASKS = (
    variational_autoencoder,
    generative_adversarial_network,
    gradient_penalty,
    distillation,
    siamese_network,
    customised_fit,
    momentum_teacher,
    neural_style,
    deep_dream,
    plain_loop,
    compiled_loop,
    subclassed_model,
    batches_of_one_size,
    weights_of_steps,
)


@cache
def expected(task: Any) -> dict[str, Any]:
    return task(keras_engine())


FAST = {
    generative_adversarial_network: ("c",),
    customised_fit: ("numpy", "c"),
    deep_dream: ("c",),
    plain_loop: ("numpy",),
}
"""What runs among the fast tests."""


def runs() -> list[Any]:
    marked = []
    for task in TASKS:
        for backend in ("numpy", "c"):
            marks = () if backend in FAST.get(task, ()) else pytest.mark.slow
            marked.append(pytest.param(task, backend, id=f"{task.__name__}-{backend}", marks=marks))
    return marked


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("task", "backend"), runs())
def test_twenty_steps_are_those_of_tensorflow(task, backend):
    found, wanted = task(nnc_engine(backend)), expected(task)
    assert found.keys() == wanted.keys()
    for key, numbers in wanted.items():
        # twenty steps in float32, of which each divides by roots of small squares
        numpy.testing.assert_allclose(found[key], numbers, rtol=1e-4, atol=2e-5, err_msg=key)
