"""Compiled code is loaded as long as something can run it, and no longer."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import numpy
import pytest

import nnc
from nnc.backends.c import loading
from nnc.backends.c.toolchain import build
from nnc.layers import Dense
from tests.backends.c.helpers import TEXT

pytestmark = [
    pytest.mark.usefixtures("compiler"),
    pytest.mark.unsanitized,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


def loaded(folder: Path) -> int:
    """Return the number of libraries in a folder that are loaded."""
    gc.collect()
    lines = Path("/proc/self/maps").read_text().splitlines()
    return len({line.split()[-1] for line in lines if str(folder) in line})


def test_a_library_is_unloaded_with_its_last_user(folder):
    path = build(TEXT)
    assert loaded(folder) == 0  # though it was tried
    library, again = loading.load(path), loading.load(path)
    function = library["twice_sine"]
    del library, again
    assert loaded(folder) == 1
    del function
    assert loaded(folder) == 0


def test_a_run_keeps_what_it_runs(folder, monkeypatch):
    monkeypatch.setenv("NNC_C_LEVEL", "0")
    model = nnc.Sequential([nnc.Input((3,)), Dense(300, "sigmoid"), Dense(2)])
    program = nnc.compile(model, backend="c")
    x = numpy.ones((4, 3), "float32")
    expected = program(x)
    bound = program.bound("predict", {"batch": 4})
    del program, model
    assert loaded(folder) > 0
    (given,), (found,) = bound.inputs.values(), bound.outputs.values()
    numpy.copyto(given, x)
    bound.run()
    numpy.testing.assert_array_equal(found, expected)
    del bound
    assert loaded(folder) == 0
