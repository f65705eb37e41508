"""The example models compile, and learn real data."""

from __future__ import annotations

import os
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(path.name for path in EXAMPLES.iterdir() if path.suffix in (".yaml", ".json"))


@pytest.mark.parametrize("name", FILES)
def test_example_compiles_and_predicts(name: str) -> None:
    program = nnc.compile(EXAMPLES / name)
    rows = [
        numpy.ones((3, *(size if isinstance(size, int) else 8 for size in spec.shape)), spec.dtype)
        for spec in program.spec.inputs
    ]
    outputs = program(*rows)
    assert all(numpy.isfinite(array).all() for array in (outputs if isinstance(outputs, list) else [outputs]))
    assert program.plan("train", 4).peak_bytes > 0


def run(name: str, **options: Any) -> dict[str, float]:
    """Return what an example's script finds."""
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    return script.main(**options)


@pytest.fixture
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let C run what takes long, where there is a compiler, as it does for everybody."""
    if os.environ["NNC_BACKEND"] == "numpy":
        monkeypatch.delenv("NNC_BACKEND")


def test_each_has_a_script_and_a_network() -> None:
    scripts = {path.stem for path in EXAMPLES.glob("*.py")}
    assert scripts == {"diabetes", "digits", "photographs", "text"}
    page = (EXAMPLES / "README.md").read_text()
    assert all(f"[YAML]({name}.yaml)" in page and f"[{name}]({name}.py)" in page for name in scripts)
    assert scripts <= {Path(name).stem for name in FILES}


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_digits_are_told_apart(seed: int) -> None:
    """At least 97% of a held-out fifth of scikit-learn's 1,797 digits, whatever the split."""
    assert run("digits", seed=seed)["accuracy"] >= 0.97


def test_the_course_of_diabetes_is_foreseen() -> None:
    """As well as by linear regression, at least; each patient by a network that has not seen it."""
    found = run("diabetes")
    assert found["network"] >= max(0.48, found["linear"] - 0.01)


@pytest.mark.slow
@pytest.mark.usefixtures("_fast")
def test_the_next_character_is_guessed() -> None:
    """Better than by counting, and more than 60%."""
    found = run("text")
    assert found["accuracy"] >= max(0.6, found["counting"] + 0.02)


@pytest.mark.slow
@pytest.mark.usefixtures("_fast")
def test_photographs_are_cleaned() -> None:
    """The squared error is less than half of that of smoothing, and a sixth of that of the noise."""
    found = run("photographs")
    assert found["cleaned"] >= max(found["smoothed"] + 2.5, found["noisy"] + 7.5)
