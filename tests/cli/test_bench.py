"""`nnc bench`: what is chosen, what is printed and written, and what is said where it cannot run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import command, document, engines
from benchmarks.record import read_record
from benchmarks.report import Row
from benchmarks.settings import Settings
from benchmarks.suites import SUITES
from tests.benchmarks.rows import FACTS, measured
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
INSTALLED = ("torch", "jax")
START = "from nnc.cli import main; import sys; sys.argv[0] = 'nnc'; main()"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Settings]]:
    """Let the suites return made-up rows; return what was asked of them."""
    found: list[tuple[str, Settings]] = []

    def run_suite(name: str, settings: Settings) -> list[Row]:
        found.append((name, settings))
        return measured()[:4] if name == "base" else []

    monkeypatch.setattr(command, "run_suite", run_suite)
    monkeypatch.setattr(command, "facts", lambda: FACTS)
    monkeypatch.setattr(
        engines.Engine, "missing", lambda engine: [] if engine.title in ("JAX", "PyTorch") else ["keras"]
    )
    return found


def test_help_names_what_there_is(run: Run) -> None:
    text = " ".join(run("bench", "--help").stdout.replace("│", " ").split())
    for names in (SUITES, engines.ENGINES):
        assert f"Any of {', '.join(list(names)[:-1])} and {list(names)[-1]}, separated by commas" in text


def test_everything_that_is_installed_by_default(run: Run, asked: list[tuple[str, Settings]]) -> None:
    run("bench", code=1)
    assert [name for name, _ in asked] == list(SUITES)
    settings = asked[0][1]
    assert (settings.engines, settings.named, settings.backends) == (INSTALLED, (), ("numpy", "c"))
    assert settings.rounds == 15


def test_choices(run: Run, asked: list[tuple[str, Settings]]) -> None:
    run("bench", "--suite", "memory, mlp", "--against", "torch", "--quick", "--only", "c")
    assert [name for name, _ in asked] == ["mlp", "memory"]  # in the order of the table
    settings = asked[0][1]
    assert (settings.engines, settings.named, settings.backends) == (("torch",), ("torch",), ("c",))
    assert settings.rounds == 5


def test_a_name_for_several_suites(run: Run, asked: list[tuple[str, Settings]]) -> None:
    run("bench", "--suite", "train,mlp,train-gpt")
    names = [name for name, _ in asked]
    assert names == ["mlp", *(name for name in SUITES if name.startswith("train-"))] and len(names) == 7


def test_names_that_are_unknown(run: Run, asked: list[tuple[str, Settings]]) -> None:
    assert run("bench", "--suite", "base,latncy", code=1).stderr == (
        f"error: unknown suite 'latncy'; there are {', '.join(SUITES)}, train. Did you mean 'latency'?\n"
    )
    assert run("bench", "--against", "pytorch", code=1).stderr == (
        f"error: unknown peer 'pytorch'; there are {', '.join(engines.ENGINES)}. Did you mean 'torch'?\n"
    )
    assert asked == []


def test_a_peer_that_is_not_installed(run: Run, asked: list[tuple[str, Settings]]) -> None:
    assert run("bench", "--against", "jax,keras-jax,keras-tf", code=1).stderr == (
        "error: keras-tf and keras-jax cannot take part, for keras cannot be imported: run 'pip install keras'; "
        "'pip install -e .[bench]' in the repository brings all peers\n"
    )
    assert asked == []


def test_packages_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = "a_package_that_there_is_not"
    monkeypatch.setitem(engines.ENGINES, "new", engines.Engine("New", {"numpy": "numpy", absent: "that-package"}))
    assert engines.ENGINES["new"].missing() == ["that-package"]
    assert "new" not in engines.installed()


def test_two_speeds(run: Run) -> None:
    result = run("bench", "--quick", "--hurry", code=2)
    assert "--quick and --hurry are two speeds" in result.stderr


def test_tables(run: Run, asked: list[tuple[str, Settings]]) -> None:
    result = run("bench", "--suite", "base", code=1)  # a ratio that is wanted is not reached
    head, steps, sums = result.stdout.split("\n\n")
    assert head == "Python: 3.11\nProcessor: one | two"
    assert steps.startswith("Work ") and "1.25× its time" in steps
    assert sums.startswith("Work ") and "20 epochs from nothing" in sums
    assert result.stderr == "measuring base …\n"


def test_json_and_nothing_else(run: Run, asked: list[tuple[str, Settings]]) -> None:
    data = json.loads(run("bench", "--suite", "base,startup", "--json", code=1).stdout)
    assert data["facts"] == FACTS
    assert [row["contestant"] for row in data["rows"][:2]] == ["nnc fit, C", "JAX, jitted step"]
    assert data["rows"][0]["samples"] == [0.001, 0.0011, 0.0009, 0.001]


def test_a_suite_that_fails_does_not_stop_the_others(run: Run, monkeypatch: pytest.MonkeyPatch, asked: Any) -> None:
    def run_suite(name: str, settings: Settings) -> list[Row]:
        if name == "base":
            raise RuntimeError("it broke")
        return [Row(name, "nnc", "1 s")]

    monkeypatch.setattr(command, "run_suite", run_suite)
    data = json.loads(run("bench", "--suite", "base,mlp", "--json", code=1).stdout)
    assert [(row["work"], row["contestant"], row["median"]) for row in data["rows"]] == [
        ("base", "failed", "it broke"),
        ("mlp", "nnc", "1 s"),
    ]


@pytest.fixture
def written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that data, page and pictures are written to."""
    (folder / "images").mkdir()
    places = {"DOCUMENT": "page.md", "RUNS": "runs.md", "PICTURES": "images", "LINES": "table.csv"}
    for place, name in places.items():
        monkeypatch.setattr(document, place, folder / name)
    monkeypatch.setattr(command, "DATA", folder / "data.json")
    return folder


def test_page_plot_and_data(run: Run, asked: list[tuple[str, Settings]], written: Path) -> None:
    result = run("bench", "--suite", "base", "--against", "torch", "--hurry", "--only", "c", "--write", code=1)
    page = (written / "page.md").read_text()
    line = "nnc bench --suite base --against torch --hurry --only c --write"
    assert f"- Command: `{line.replace('--suite base', '--suite NAME')}`\n" in (written / "runs.md").read_text()
    assert "| benchmark | nnc on C |" in page
    assert (written / "images" / "benchmarks-training.svg").read_text().startswith("<svg ")
    (kept,) = read_record(written / "data.json").runs
    assert (kept.command, {name: len(rows) for name, rows in kept.suites.items()}) == (line, {"base": 4})
    names = ("data.json", "page.md", "runs.md", "table.csv", "images/benchmarks-training.svg")
    assert result.stderr.endswith(f"wrote {', '.join(str(written / name) for name in names)}\n")


@pytest.mark.usefixtures("written")
def test_without_earlier_data_the_readme_waits(run: Run, asked: list[tuple[str, Settings]]) -> None:
    result = run("bench", "--suite", "base,mlp", "--write", code=1)
    assert [name for name, _ in asked] == ["base", "mlp"]
    assert "the table of the README stays: 'base network' of 'training' was not measured; run 'nnc" in result.stderr


# ---------------------------------------------------------------------- where it runs


def process(*arguments: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(path)} if path else {}
    line = [sys.executable, "-P", *arguments] if path else [sys.executable, *arguments]
    import os

    return subprocess.run(line, capture_output=True, text=True, cwd=cwd, check=False, env={**os.environ, **environment})


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """Return a folder with nnc as a wheel installs it."""
    shutil.copytree(ROOT / "nnc", tmp_path / "site" / "nnc", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "site"


def test_outside_of_a_checkout(wheel: Path, tmp_path: Path) -> None:
    found = process("-c", START, "bench", "--suite", "base", cwd=tmp_path, path=wheel)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == (
        "error: the benchmarks are part of nnc's repository, and this nnc is installed without it: go to a clone of "
        f"the repository and run 'pip install -e .[bench]', then 'nnc bench' there; looked in {wheel} and {tmp_path}\n"
    )


@pytest.mark.slow
def test_in_a_checkout_from_an_nnc_that_is_elsewhere(wheel: Path) -> None:
    found = process("-c", START, "bench", "--suite", "bse", cwd=ROOT, path=wheel)
    assert found.returncode == 1
    assert found.stderr.startswith("error: unknown suite 'bse'; there are base, ")


def test_python_m_is_the_same_command() -> None:
    found = process("-m", "benchmarks", "--suite", "bse", cwd=ROOT)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("error: unknown suite 'bse'; there are base, ")
    assert "Usage: nnc bench" in process("-m", "benchmarks", "--bogus", cwd=ROOT).stderr


@pytest.mark.slow
def test_a_run(run: Run) -> None:
    pytest.importorskip("torch")
    result = run(
        "bench", "--suite", "base", "--against", "torch", "--hurry", "--json", code=1
    )  # too noisy to reach all
    data = json.loads(result.stdout)
    names = {row["contestant"] for row in data["rows"]}
    assert {"nnc fit", "nnc fit, C", "PyTorch, eager, fused SGD", "NumPy by hand, the same calls"} <= names
    assert not any(name.startswith(("JAX", "Keras")) for name in names)
    (same,) = [row for row in data["rows"] if row["contestant"] == "same numbers"]
    assert same["reached"]
    (trained,) = [row for row in data["rows"] if row["parts"] and row["contestant"].startswith("PyTorch")]
    assert set(trained["parts"]) == {"import", "build", "warm-up", "epochs"}
