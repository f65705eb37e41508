"""Backends that other packages bring, under the entry-point group `nnc.backends`."""

from __future__ import annotations

import json
import pickle
import re

import numpy
import pytest
from typer.testing import CliRunner

import nnc
from nnc.backends import GROUP, find_backend
from nnc.backends.numpy.backend import NumpyBackend
from nnc.cli import app, completion
from nnc.errors import ModelError

X = numpy.random.default_rng(0).normal(size=(6, 3)).astype("float32")


class Other(NumpyBackend):
    """NumPy under another name."""

    name = "other"
    title = "Other"


@pytest.fixture
def _installed(tmp_path, monkeypatch):
    """Let a package bring the backend `other`, and another one be broken."""
    folder = tmp_path / "other-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[{GROUP}]\nother = {__name__}:Other\nbroken = no_such_module:Backend\n")
    monkeypatch.syspath_prepend(tmp_path)


def network() -> nnc.Sequential:
    return nnc.Sequential([nnc.Input((3,)), nnc.layers.Dense(2, activation="tanh")], name="net")


@pytest.mark.usefixtures("_installed")
@pytest.mark.numpy_backend
def test_an_installed_backend_is_found_by_its_name(monkeypatch):
    model = network()
    expected = model.predict(X)
    program = nnc.compile(model, backend="other")
    assert repr(program).endswith("Other backend>")
    numpy.testing.assert_array_equal(program.predict(X), expected)
    assert pickle.loads(pickle.dumps(program)).backend.name == "other"
    program.use_backend("numpy")
    assert program.backend.name == "numpy"
    monkeypatch.setenv("NNC_BACKEND", "other")
    assert isinstance(find_backend(), Other)


@pytest.mark.usefixtures("_installed")
def test_a_broken_package_is_named():
    message = r"^backend 'broken' could not be used \(ModuleNotFoundError: No module named 'no_such_module'\)$"
    with pytest.raises(ModelError, match=message):
        find_backend("broken")


UNKNOWN = "unknown backend 'othr'; there are auto, numpy, c, broken, other. Did you mean 'other'?"


@pytest.mark.usefixtures("_installed")
def test_unknown_names_list_it():
    with pytest.raises(ModelError, match=f"^{re.escape(UNKNOWN)}$"):
        nnc.compile(network(), backend="othr")


@pytest.mark.usefixtures("_installed")
def test_commands_run_on_it(tmp_path):
    model = tmp_path / "net.yaml"
    model.write_text("input: [3]\nlayers: [Dense: 2]\n")
    plan = ["compile", str(model), "--json", "--backend"]
    found = CliRunner().invoke(app, [*plan, "other"])
    assert json.loads(found.stdout)["backend"] == "other"
    refused = CliRunner().invoke(app, [*plan, "othr"])
    assert refused.exit_code == 2
    assert UNKNOWN in " ".join(refused.stderr.replace("│", " ").split())
    assert completion.backends("o") == ["other"]
