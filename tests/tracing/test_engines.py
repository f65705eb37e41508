"""Live models whose Keras runs on JAX or on PyTorch, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["jax", "torch"])
def test_live_models_of_other_engines(engine):
    pytest.importorskip(engine)
    command = [sys.executable, "-m", "tests.tracing.engines"]
    environment = os.environ | {"KERAS_BACKEND": engine}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
