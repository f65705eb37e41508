"""Schedule-free AdamW against Keras on JAX.

On TensorFlow, Keras 3.15 reads the momentum of the step before after it has overwritten it (``momentum.value`` is no
copy there), so that what it averages is not what the paper does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy
import pytest

from nnc import optimizers
from nnc.errors import ModelError
from tests.optimizers.test_keras import SHAPES, STEPS, WINDOWS, draw, run_nnc

ARGUMENTS: list[dict[str, Any]] = [
    {"learning_rate": 0.01},
    {"learning_rate": 0.01, "warmup_steps": 20, "beta_1": 0.7, "beta_2": 0.99, "weight_decay": 0.1, "clipnorm": 0.5},
    {"learning_rate": 0.01, "gradient_accumulation_steps": 3, "use_ema": True, "ema_overwrite_frequency": 7},
]
CODE = """
import sys
import keras, numpy
given = numpy.load("given.npz", allow_pickle=False)
shapes = [tuple(given[key]) for key in sorted(key for key in given if key.startswith("shape"))]
ends = numpy.cumsum([int(numpy.prod(shape)) for shape in shapes])[:-1]
for number in range(int(given["count"])):
    optimizer = keras.optimizers.ScheduleFreeAdamW(**eval(str(given[f"arguments{number}"])))
    parts = numpy.split(given["parameter"], ends)
    variables = [keras.Variable(part.reshape(shape)) for part, shape in zip(parts, shapes)]
    optimizer.build(variables)
    path = []
    for x in given["inputs"]:
        flat = numpy.concatenate([numpy.ravel(variable.numpy()) for variable in variables]) * numpy.float32(0.5) + x
        gradients = [part.reshape(shape) for part, shape in zip(numpy.split(flat, ends), shapes)]
        optimizer.apply([keras.ops.convert_to_tensor(item) for item in gradients], variables)
        path.append(numpy.concatenate([numpy.ravel(variable.numpy()) for variable in variables]))
    numpy.savez(f"found{number}.npz", path, *[variable.numpy() for variable in optimizer.variables])
"""


def test_steps_are_those_of_keras_on_jax(tmp_path):
    pytest.importorskip("jax")
    pytest.importorskip("keras")
    parameter, inputs = draw()
    shapes = {f"shape{number}": numpy.array(shape) for number, shape in enumerate(SHAPES.values())}
    texts = {f"arguments{number}": numpy.array(repr(item)) for number, item in enumerate(ARGUMENTS)}
    steps = {"parameter": parameter, "inputs": inputs[: STEPS // 2], "count": numpy.array(len(ARGUMENTS))}
    numpy.savez(tmp_path / "given.npz", **shapes, **texts, **steps)
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", CODE], cwd=tmp_path, env=environment, check=True, timeout=600)
    for number, arguments in enumerate(ARGUMENTS):
        with numpy.load(tmp_path / f"found{number}.npz") as expected:
            path, *variables = expected.values()
        found = run_nnc(optimizers.ScheduleFreeAdamW(**arguments), first=0)
        numpy.testing.assert_allclose(found.weights[: len(path)], path, rtol=1e-4, atol=2e-5)
        assert len(found.variables) == len(variables)
        assert len(WINDOWS) * 2 + 2 <= len(variables)


def test_arguments():
    optimizer = optimizers.get("schedulefreeadamw")
    assert {"beta_1", "beta_2", "epsilon", "warmup_steps"} <= set(optimizer.get_config())
    assert optimizer.name == "schedule_free_adam_w"
    for wrong in ({"beta_1": 0.0}, {"beta_2": 1.0}, {"warmup_steps": -1}, {"epsilon": -1.0}):
        with pytest.raises(ModelError, match=next(iter(wrong))):
            optimizers.ScheduleFreeAdamW(**wrong)
