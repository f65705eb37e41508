"""Training steps of a user's own compute what they compute in TensorFlow, on both backends."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy
import pytest

from tests.steps.tasks import TASKS, keras_engine, nnc_engine


@cache
def expected(task: Any) -> dict[str, Any]:
    return task(keras_engine())


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_twenty_steps_are_those_of_tensorflow(task, backend):
    found, wanted = task(nnc_engine(backend)), expected(task)
    assert found.keys() == wanted.keys()
    for key, numbers in wanted.items():
        # twenty steps in float32, of which each divides by roots of small squares
        numpy.testing.assert_allclose(found[key], numbers, rtol=1e-4, atol=2e-5, err_msg=key)
