"""`nnc verify`: exit codes, the table, JSON, and the layer it names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnc.backends.c.toolchain import find_compiler
from tests.cli.conftest import Run

pytestmark = pytest.mark.filterwarnings("ignore:.*__array__.*:DeprecationWarning")


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_a_model_that_agrees(run: Run, folder: Path, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if backend == "c" and find_compiler() is None:
        pytest.skip("needs a C compiler")
    monkeypatch.setenv("NNC_CACHE_DIR", str(folder / "cache"))
    result = run("verify", "base.yaml", "--train", "--batch", "8", "--backend", backend)
    assert (folder / "cache").exists() == (backend == "c")
    for kind in ("forward", "training", "backward", "gradient", "update"):
        assert kind in result.stdout
    assert result.stderr.endswith("and keras agree to 0.0001\n")


def test_a_model_that_differs(run: Run, folder: Path) -> None:
    import keras

    def save(name: str, slope: float) -> None:
        keras.utils.set_random_seed(1)
        layers = [keras.layers.Dense(3), keras.layers.LeakyReLU(negative_slope=slope, name="leaky")]
        keras.Sequential([keras.Input((2,)), *layers]).save(folder / name)

    save("one.keras", 0.1)
    save("two.keras", 0.3)
    run("verify", "one.keras", code=0)
    result = run("verify", "one.keras", "--against", "two.keras", code=1)
    assert "first difference: forward at 'leaky' (LeakyReLU), shape (4, 3): largest difference 0." in result.stderr
    data = json.loads(run("verify", "one.keras", "--against", "two.keras", "--json", code=1).stdout)
    assert (data["agrees"], data["reference"]) == (False, "two.keras")
    assert data["first"]["path"] == "leaky"
    run("verify", "one.keras", "--against", "two.keras", "--rtol", "1", code=0)


def test_files_that_cannot_be_compared(run: Run, folder: Path) -> None:
    (folder / "bad.keras").write_bytes(b"nothing")
    result = run("verify", "base.yaml", "--against", "bad.keras", code=1)
    assert result.stderr.startswith("error: Keras cannot make a model from 'bad.keras'")


def test_float64(run: Run) -> None:
    data = json.loads(run("verify", "base.yaml", "--train", "--dtype", "float64", "--json").stdout)
    assert data["agrees"]
    assert data["rtol"] == 1e-7
    assert max(item["difference"] for item in data["comparisons"]) < 1e-12
    assert run("verify", "base.yaml", "--dtype", "float64").stderr.endswith("agree to 1e-07\n")
    assert "real difference stays" in " ".join(run("verify", "--help").stdout.replace("│", " ").split())
