"""Interpreter, NumPy and C make the same of random graphs over all ops, or refuse them with the same error."""

from __future__ import annotations

import subprocess
import sys

import numpy
import pytest

from nnc.backends.c.toolchain import find_compiler
from nnc.errors import NncError, ShapeError
from nnc.ir import Graph, op_class, op_names
from tests.backends.c.test_sanitizers import sanitized
from tests.graphs.__main__ import differences
from tests.graphs.bodies import grow
from tests.graphs.grower import Grower
from tests.graphs.steps import STEPS
from tests.graphs.subject import make_subject

OPS = [name for name in op_names() if op_class(name).__module__.startswith("nnc.")]
FEW = range(30)
MANY = 500


def test_every_op_has_a_step():
    assert sorted(set(OPS) - STEPS.keys()) == [], "ops without a step in tests/graphs/steps.py"


def test_every_step_adds_its_op():
    assert [name for name in OPS if not is_added(name)] == []


def is_added(name: str) -> bool:
    """Whether the step of an op adds it to a graph, if not each time."""
    for seed in range(20):
        grower = Grower(numpy.random.default_rng(seed), Graph("g"), tuple(STEPS))
        STEPS["input"](grower)
        grower.names = (name,)
        grow(grower, 1)
        if any(node.op.name == name for node in grower.graph.nodes):
            return True
    return False


def test_sizes_decide_whether_a_graph_has_a_meaning():
    """Most have one, and some have none: both are tried."""
    outcomes = [trial.expected for seed in FEW for trial in make_subject(seed).trials]
    refused = [outcome for outcome in outcomes if isinstance(outcome, ShapeError)]
    numbers = [outcome for outcome in outcomes if not isinstance(outcome, NncError)]
    assert len(refused) >= 3 and len(numbers) > len(outcomes) / 2


def test_a_seed_makes_the_same_graph_again():
    assert make_subject(3).text == make_subject(3).text


def test_all_make_the_same_of_a_graph():
    if find_compiler() is None:
        pytest.skip("needs a C compiler")
    assert differences(FEW) == []


@pytest.mark.slow
def test_many_graphs_under_sanitizers():
    if sanitized() is None:
        pytest.skip("needs gcc's sanitizers")
    command = [sys.executable, "-m", "tests.graphs", "--count", str(MANY), "--processes", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
