"""Errors of the user: one readable message on standard error, exit code 1, nothing half-written."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy
import pytest

import nnc
from nnc.cli.console import say
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]


def error(run: Run, *arguments: str) -> str:
    result = run(*arguments, code=1)
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr
    return result.stderr.removeprefix("error: ").rstrip("\n")


@pytest.fixture
def damaged(folder: Path) -> Path:
    nnc.compile("base.yaml").save("base.nnc")
    whole = Path("base.nnc").read_bytes()
    Path("cut.nnc").write_bytes(whole[: len(whole) // 2])
    Path("other.nnc").write_text("no program")
    Path("empty.nnc").write_bytes(b"")
    return folder


def test_messages_do_nothing_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("classes: 0 = \x1b[31mred\u202e\nsaved")
    assert capsys.readouterr().err == "classes: 0 = \\x1b[31mred\\u202e\nsaved\n"


def test_missing_files(run: Run) -> None:
    assert error(run, "compile", "bse.yaml") == "no such model file: 'bse.yaml'. Did you mean 'base.yaml'?"
    assert error(run, "compile", "missing.nnc") == "missing.nnc: No such file or directory"
    assert error(run, "opt", "missing.txt") == "missing.txt: No such file or directory"
    assert error(run, "train", "base.yaml", "--data", "missing.npz").startswith("missing.npz: cannot be read")
    assert error(run, "predict", "base.yaml", "--input", "no.npy", "--output", "y.npy").startswith("no.npy: cannot be")
    assert "suffix" in error(run, "compile", "points.npz")


@pytest.mark.parametrize("name", ["cut.nnc", "other.nnc", "empty.nnc"])
def test_damaged_program(run: Run, damaged: Path, name: str) -> None:
    for arguments in (
        ("compile", name),
        ("evaluate", name, "--data", "points.npz"),
        ("predict", name, "--input", "x.npy", "--output", "y.npy"),
        ("render", name, "--dot"),
    ):
        message = error(run, *arguments)
        assert message.startswith(f"{name} is ")
        assert "\n" not in message
    assert not (damaged / "y.npy").exists()


def test_newer_program(run: Run, damaged: Path) -> None:
    with zipfile.ZipFile("base.nnc") as whole, zipfile.ZipFile("newer.nnc", "w") as newer:
        for name in whole.namelist():
            text = whole.read(name)
            newer.writestr(name, text.replace(b'"version": 1', b'"version": 999') if name == "manifest.json" else text)
    message = error(run, "train", "newer.nnc", "--data", "points.npz", "-o", "base.nnc")
    assert "upgrade" in message
    assert "\n" not in message
    nnc.load("base.nnc")


def test_model_file_with_problems(run: Run) -> None:
    Path("bad.yaml").write_text("input: [2]\nlayers:\n  - Dens: {units: 2}\n  - Dense: {units: -1}\n")
    message = error(run, "train", "bad.yaml", "--data", "points.npz")
    assert message.splitlines()[0] == "bad.yaml: 2 problems"
    assert "Did you mean 'Dense'?" in message


def test_unknown_loss(run: Run, folder: Path) -> None:
    text = (folder / "base.yaml").read_text().replace("binary_crossentropy", "binary_crossentrpy")
    Path("loss.yaml").write_text(text)
    assert "Did you mean 'binary_crossentropy'?" in error(run, "compile", "loss.yaml")


def test_bad_data(run: Run) -> None:
    numpy.savez("wide.npz", x=numpy.zeros((4, 3), "f"), y=numpy.zeros((4, 1), "f"))
    numpy.savez("label.npz", x=numpy.zeros((4, 2), "f"), y=numpy.full((4, 1), 2, "f"))
    numpy.savez("nan.npz", x=numpy.full((4, 2), numpy.nan, "f"), y=numpy.zeros((4, 1), "f"))
    Path("bad.csv").write_text("left,right,label\n1,2,0\n1,two,0\n")
    for name, part in {"wide.npz": "(rows, 2)", "label.npz": "from 0 to 1", "nan.npz": "finite"}.items():
        assert part in error(run, "evaluate", "base.yaml", "--data", name)
    assert error(run, "evaluate", "base.yaml", "--data", "bad.csv").startswith("bad.csv, line 3, column 2 'right'")
    message = error(run, "train", "base.yaml", "--data", "points.csv", "--target", "lable")
    assert message.endswith("found columns left, right, label. Did you mean 'label'?")
    message = error(run, "predict", "base.yaml", "--data", "points.csv", "-o", "y.csv")
    assert message.startswith("points.csv: 'base' takes 2 columns, and there are 3: left, right, label; name the one")
    assert message.endswith("--target 'label'")


def test_output_is_checked_before_the_work(run: Run, folder: Path) -> None:
    train = ("train", "base.yaml", "--data", "points.npz", "--epochs", "1000000000", "-o")
    assert "the folder 'nowhere' does not exist" in error(run, *train, "nowhere/base.nnc")
    assert "expected a file named *.nnc" in error(run, *train, "base.onnx")
    (folder / "folder.nnc").mkdir()
    assert "it is a folder" in error(run, *train, "folder.nnc")


def test_a_program_without_loss(run: Run, folder: Path) -> None:
    text = (folder / "base.yaml").read_text()
    Path("plain.yaml").write_text(text[: text.index("compile:")])
    for command in ("train", "evaluate"):
        assert "only predicts" in run(command, "plain.yaml", "--data", "points.npz", code=1).stderr


def test_no_traceback_in_a_process(folder: Path) -> None:
    line = [sys.executable, str(ROOT / "main.py"), "evaluate", "missing.nnc", "--data", "points.npz"]
    found = subprocess.run(line, capture_output=True, text=True, cwd=folder, check=False)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == "error: missing.nnc: No such file or directory\n"


def test_a_model_with_several_outputs_is_not_written(run: Run) -> None:
    Path("two.yaml").write_text(
        "input: [2]\nlayers:\n  - Dense: {name: a, units: 1}\n  - Dense: {name: b, units: 1}\noutputs: [a, b]\n"
    )
    assert "need a file named *.npz" in error(run, "predict", "two.yaml", "--input", "x.npy", "--output", "y.npy")
