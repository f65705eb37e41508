"""Holds that those of Keras's own tests which are recorded as passing pass, and that the harness runs them on nnc."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.keras_suite.report import RECORD, cause, scope_table, table
from tests.keras_suite.running import Outcome, files, run_file
from tests.keras_suite.scope import OUT_OF_SCOPE, pattern_of, reason_of

RECORDED = json.loads(RECORD.read_text())
PASSING = RECORDED["passing"]


@pytest.mark.slow
@pytest.mark.parametrize("name", PASSING)
def test_what_is_recorded_passes(name):
    found = {outcome.name: outcome for outcome in run_file(name)}
    failed = [test for test in PASSING[name] if getattr(found.get(f"{name}::{test}"), "outcome", "") != "passed"]
    assert failed == [], found[f"{name}::{failed[0]}"].text if f"{name}::{failed[0]}" in found else "it is gone"


def test_one_file():
    name = "constraints/constraints_test.py"
    passed = {item.name.partition("::")[2] for item in run_file(name) if item.outcome == "passed"}
    assert set(PASSING[name]) <= passed
    assert len(passed) > 5


def test_it_is_nnc_that_is_tested():
    code = """
from tests.keras_suite.bridge import install
install()
import keras, sys
from keras.src import layers, testing
from keras.src.layers.core.dense import Dense
from keras.src.backend.common.keras_tensor import KerasTensor
import nnc
assert Dense is layers.Dense is nnc.layers.Dense
assert isinstance(nnc.Input((2,)), KerasTensor) and KerasTensor((None, 3)).shape == (None, 3)
assert testing.TestCase.__module__ == "tests.keras_suite.testing"
print([name for name in sys.modules if name.startswith("keras") and getattr(sys.modules[name], "__file__", None)])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "[]\n", done.stderr


def test_scope():
    assert reason_of("layers/core/dense_test.py::DenseTest::test_dense_basics") is None
    assert reason_of("layers/core/dense_test.py::DenseTest::test_quantize_int8") in OUT_OF_SCOPE
    assert all(reason and patterns for reason, patterns in OUT_OF_SCOPE.items())
    names = files()
    assert len(names) > 150
    assert sorted(name for part in (1, 2, 3) for name in files((part, 3))) == names


def test_failures_that_differ_in_numbers_have_one_cause():
    texts = ["ModelError: Layer 'dense_1' (Dense): got 3", "ModelError: Layer 'dense' (Dense): got 17"]
    assert len({cause(Outcome("a", "failed", text)) for text in texts}) == 1


def test_table():
    assert table({"layers": {"passed": 3, "failed": 1}}).splitlines()[-2:] == [
        "| `layers` | 3 | 1 | 75 % | 0 | 0 |",
        "| All | 3 | 1 | 75 % | 0 | 0 |",
    ]


def test_scope_table():
    found = scope_table({"*ragged*": {"layers": 2, "ops": 1}}).splitlines()
    assert found[2:] and "| **Sparse and ragged tensors** | **3** | |" in found
    assert "| `*ragged*` | 3 | `layers` 2, `ops` 1 |" in found
    assert pattern_of("layers/core/dense_test.py::DenseTest::test_dense_sparse") == "*_sparse"


def test_what_is_private_in_keras_is_what_is_public():
    code = """
from tests.keras_suite.bridge import install
install()
import nnc, numpy
from keras.src import layers
from keras.src.ops import numpy as knp
from keras.src.trainers.trainer import Trainer
x = numpy.arange(6.0).reshape(2, 3)
assert (knp.Pad(1)(x) == nnc.ops.pad(x, 1)).all() and knp.Sum(axis=1).symbolic_call(nnc.Input((3,))).shape == (None,)
class Network(Trainer, layers.Dense):
    def __init__(self, units):
        layers.Dense.__init__(self, units=units, kernel_initializer="ones")
        Trainer.__init__(self)
network = Network(4)
network.compile("sgd", "mse")
dense = nnc.layers.Dense(4, kernel_initializer="ones")
assert isinstance(network, nnc.Model) and (network.predict(x, verbose=0) == dense(x)).all()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
