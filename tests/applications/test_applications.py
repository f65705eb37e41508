"""Networks of keras.applications give Keras's outputs: one of each family on small images, all of them when slow."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy
import pytest

from nnc.layers import layer_class
from tests.applications.networks import BOUND, NAMES, SMALL, compare

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def applications():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras.applications


def test_every_network_is_listed(applications):
    public = {name for name in dir(applications) if name[0].isupper()}
    assert public == set(NAMES)
    assert set(SMALL) <= public


@pytest.mark.parametrize(("name", "edge"), SMALL.items())
@pytest.mark.slow
def test_small_images(name, edge, applications):
    assert compare(name, edge, rows=2).error <= BOUND


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_whole_networks(name):
    """Each in a process of its own, which gives its memory back."""
    command = [sys.executable, "-m", "tests.applications", "--one", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.strip().splitlines()[-1])["error"] <= BOUND


@pytest.mark.parametrize(
    ("module", "name", "config", "shapes"),
    [
        ("inception_resnet_v2", "CustomScaleLayer", {"scale": 0.3}, [(5, 3), (5, 3)]),
        ("convnext", "LayerScale", {"init_values": 0.5, "projection_dim": 3}, [(5, 3)]),
        ("convnext", "StochasticDepth", {"drop_path_rate": 0.2}, [(5, 3)]),
    ],
)
def test_layers_of_applications(module, name, config, shapes, applications):
    from importlib import import_module

    cls = getattr(import_module(f"keras.src.applications.{module}"), name)
    theirs, ours = cls(**config, name="layer"), layer_class(name)(**config, name="layer")
    inputs = [numpy.random.default_rng(0).normal(size=(4, *shape)).astype("float32") for shape in shapes]
    given = inputs if len(inputs) > 1 else inputs[0]
    numpy.testing.assert_allclose(ours(given), numpy.asarray(theirs(given)), rtol=1e-6)
    assert set(ours.get_config()) == set(theirs.get_config())
    assert type(ours).from_config(theirs.get_config()).get_config() == ours.from_config(ours.get_config()).get_config()


def test_a_row_is_dropped_as_a_whole(applications):
    layer = layer_class("StochasticDepth")(0.5)
    found = layer(numpy.ones((200, 4, 3), "float32"), training=True)
    rows = found.reshape(200, -1)
    assert set(numpy.unique(rows)) == {0.0, 2.0}
    assert (rows == rows[:, :1]).all()
    assert 60 < (rows[:, 0] > 0).sum() < 140
