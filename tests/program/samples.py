"""A small model with everything that has state, its data, and Python processes to run parts of a test in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy

import nnc
from nnc.layers import Dense, Dropout

X = numpy.random.default_rng(0).normal(size=(50, 3)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
SETUP = """
import sys, hashlib
import numpy
X = numpy.random.default_rng(0).normal(size=(50, 3)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
def digest(program):
    found = hashlib.sha256()
    for label in sorted(program.states):
        found.update(label.encode() + program.states[label].tobytes())
    return found.hexdigest()
"""
"""The same data for another process, which need not have the tests, and `digest` of all state."""


def network(optimizer: str | nnc.optimizers.Optimizer = "adam", seed: int = 0) -> nnc.Sequential:
    """Return a model with dropout, metrics and an optimizer with slots."""
    nnc.utils.set_random_seed(seed)
    model = nnc.Sequential(
        [Dense(8, "tanh", input_dim=3, name="hidden"), Dropout(0.5), Dense(1, "sigmoid", name="out")], name="net"
    )
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    return model


def digest(program: nnc.Program) -> str:
    """Return a hash of all state."""
    namespace: dict = {}
    exec(SETUP, namespace)
    return namespace["digest"](program)


def process(code: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `SETUP` and code in a fresh Python, warnings as errors; ``sys.argv[1:]`` are the arguments."""
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", SETUP + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=root,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )


def output(code: str, *arguments: object, **environment: str) -> str:
    """Return what a process that succeeds prints; see `process`."""
    done = process(code, *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
