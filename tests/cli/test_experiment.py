"""The experiment and the comparison from the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from nnc.experiment import PUBLISHED, VARIANTS
from tests.cli.conftest import Run

SHORT = ("--epochs", "3", "--repeat", "2", "--size", "16")


def test_needs_no_command(run: Run) -> None:
    found = json.loads(run(*SHORT, "--json").stdout)
    named = json.loads(run("experiment", *SHORT, "--json").stdout)
    assert found["settings"] == named["settings"]
    assert found["loss"] == named["loss"]
    assert found["accuracy"] == named["accuracy"]


def test_table_and_json_agree(run: Run) -> None:
    table = run(*SHORT).stdout
    found = json.loads(run(*SHORT, "--json").stdout)
    assert table.startswith("nnc: 2-2-1, SGD 0.1, binary_crossentropy, 3 epochs, 2 trainings\n")
    for name, row in {"training": "training set", "test": "test set", "further": "further points"}.items():
        line = next(line for line in table.splitlines() if line.startswith(row))
        loss, accuracy = found["loss"][name], found["accuracy"][name]
        assert f"{loss['mean']:.4f} ± {loss['spread']:.4f}" in line
        assert f"{100 * accuracy['mean']:.2f} ± {100 * accuracy['spread']:.2f} %" in line
    assert "a training" in table


def test_spellings_of_the_issue(run: Run) -> None:
    line = "--mode np --lr .2 --optimizer SGD --loss mse --epoch 2 --size 8 --layer 8,4 --repeat 1 --seed 3 --normal"
    assert json.loads(run(*line.split(), "--json").stdout)["settings"] == {
        "learning_rate": 0.2,
        "optimizer": "SGD",
        "loss": "mse",
        "epochs": 2,
        "size": 8,
        "hidden": [8, 4],
        "batch": 32,
        "normal": True,
        "seed": 3,
        "repeat": 1,
        "backend": None,
    }


def test_seed_decides_all(run: Run) -> None:
    first, second, other = (json.loads(run(*SHORT, "--seed", seed, "--json").stdout)["loss"] for seed in "454")
    assert first == other
    assert first != second


@pytest.mark.parametrize(
    ("option", "given", "taken"),
    [
        ("--loss", "binary_corssentropy", "binary_crossentropy"),
        ("--loss", "mean_square_error", "mean_squared_error"),
        ("--optimizer", "RMSpropp", "RMSprop"),
    ],
)
def test_a_slip_is_corrected(run: Run, option: str, given: str, taken: str) -> None:
    result = run(*SHORT, option, given, "--json", "--no-hints")
    assert result.stderr == f"note: {option[2:]} {given!r} is taken as {taken!r}\n"
    assert json.loads(result.stdout)["settings"][option[2:]] == taken


def test_other_spellings_are_no_slips(run: Run) -> None:
    for option, given in {"--loss": "BinaryCrossentropy", "--optimizer": "sgd"}.items():
        assert run(*SHORT, option, given).stderr == ""


@pytest.mark.parametrize(
    ("option", "given", "hint"),
    [
        ("--loss", "binary_entropy", "Did you mean 'binary_crossentropy'?"),
        ("--loss", "maep", "Did you mean 'mae'?"),
        ("--optimizer", "Adamantine", "Did you mean 'Adam"),
        ("--mode", "torch", "known are np, tf"),
        ("--layer", "8;4", "widths such as 2 or 8,4"),
        ("--layer", "0", "widths such as 2 or 8,4"),
        ("--lr", "-1", "must be above 0"),
        ("--loss", "categorical_crossentropy", "one unit per class"),
    ],
)
def test_errors(run: Run, option: str, given: str, hint: str) -> None:
    result = run(*SHORT, option, given, code=1)
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert hint in result.stderr


def test_without_tensorflow(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    error = run(*SHORT, "--mode", "tf", code=1).stderr
    assert error.startswith("error: mode tf needs TensorFlow, which is not installed")
    assert error.endswith("pip install 'nnc-keras[tf]'\n")


@pytest.mark.slow
def test_tensorflow(run: Run) -> None:
    line = ("--epochs", "30", "--repeat", "1", "--size", "64", "--lr", "0.5")
    ours, theirs = (json.loads(run(*line, "--mode", mode, "--json").stdout) for mode in ("np", "tf"))
    assert theirs["mode"] == "tf"
    assert ours["settings"] == theirs["settings"]
    assert theirs["loss"]["test"]["mean"] == pytest.approx(ours["loss"]["test"]["mean"], abs=0.2)


@pytest.mark.slow
def test_compare(run: Run) -> None:
    line = ("compare", "--epochs", "1", "--repeat", "1", "-o", "results.md")
    result = run(*line)
    page = Path("results.md").read_text()
    found = json.loads(run(*line, "--json").stdout)
    assert Path("results.md").read_text() == page, "the page must be the same on every run"
    assert result.stderr == "wrote results.md\n"
    assert "```sh\npython main.py compare --repeat 1 --epochs 1 --seed 2\n```\n" in page
    assert "TensorFlow was not run" in page
    rows = {cells[1]: cells[2:-1] for line in page.splitlines() if len(cells := _cells(line)) == 2 + 1 + len(VARIANTS)}
    assert rows["Accuracy, %"] == list(VARIANTS)
    for title, numbers in PUBLISHED.items():
        assert rows[title] == [f"{number:.2f}" for number in numbers]
    assert [row["title"] for row in found["rows"]] == ["nnc, batches of 32", "nnc, full batch"]
    for row in found["rows"]:
        assert rows[row["title"]] == [f"{row['accuracy']['test'][variant]['mean']:.2f}" for variant in VARIANTS]
        for variant in VARIANTS:
            printed = next(line for line in result.stdout.splitlines() if line.startswith(variant))
            assert f"{row['accuracy']['test'][variant]['mean']:.2f}" in printed


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]


def test_compare_checks_its_output_first(run: Run) -> None:
    assert "the folder 'docs' does not exist" in run("compare", "--epochs", "1000000000", code=1).stderr
