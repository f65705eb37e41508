"""A program is a picklable function: other processes, Dask and Spark call it, with NumPy alone and with equal bits."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from nnc.errors import MemoryBudgetError
from tests.distribute.tables import program

X = numpy.random.default_rng(5).normal(size=(40, 3)).astype("float32")
_ROOT = Path(__file__).parents[2]
_ELSEWHERE = """
import pickle, sys
import numpy
class Refused:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("nnc", "numpy"):
            raise ImportError(f"{name} is not there")
sys.meta_path.insert(0, Refused())
program = pickle.load(open(sys.argv[1], "rb"))
numpy.save(sys.argv[2], program.predict(numpy.load(sys.argv[3]), verbose=0))
"""


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("replicas", [None, 3])
def test_another_process_predicts_the_same_bits_with_numpy_alone(tmp_path, backend, replicas):
    made = program(2, replicas, backend)
    made.fit(X, X[:, :2], epochs=2, verbose=0)
    (tmp_path / "program.pickle").write_bytes(pickle.dumps(made))
    numpy.save(tmp_path / "x.npy", X)
    command = [sys.executable, "-c", _ELSEWHERE, "program.pickle", "y.npy", "x.npy"]
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    numpy.testing.assert_array_equal(numpy.load(tmp_path / "y.npy"), made.predict(X, verbose=0))


def test_limits_and_checks_go_along():
    made = program()
    made.max_bytes, made.check_nan = "1M", True
    again = pickle.loads(pickle.dumps(made))
    assert (again.max_bytes, again.check_nan) == (2**20, True)
    made.max_bytes = 2
    with pytest.raises(MemoryBudgetError):
        pickle.loads(pickle.dumps(made)).predict(X, verbose=0)


@pytest.mark.parametrize("scheduler", ["threads", pytest.param("processes", marks=pytest.mark.slow)])
def test_dask_arrays(scheduler):
    dask_array = pytest.importorskip("dask.array")
    made = program(2)
    rows = dask_array.from_array(X, chunks=(16, 3))
    found = rows.map_blocks(made, dtype="float32", chunks=(rows.chunks[0], (2,)))
    numpy.testing.assert_array_equal(found.compute(scheduler=scheduler), in_blocks(made))


def in_blocks(made):
    """The rows in the blocks that Dask has them in."""
    return numpy.concatenate([made(X[start : start + 16]) for start in range(0, len(X), 16)])
