"""`nnc train`, `evaluate` and `predict`: there and back, going on, and Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy
import pytest

import nnc
from nnc.cli.console import print_json, print_table
from nnc.data import read_table, row_parts
from nnc.program.progress import Progress
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]


def result_of(run: Run, *arguments: str) -> dict[str, float]:
    found: dict[str, float] = json.loads(run(*arguments, "--json").stdout)["result"]
    return found


def test_there_and_back(run: Run) -> None:
    result = run("train", "base.yaml", "--data", "points.npz", "--epochs", "30", "-o", "base.nnc")
    assert "After 30 epochs" in result.stdout
    assert result.stderr == "training 'base' on 40 rows; Ctrl-C ends it\nsaved base.nnc\n"
    program = nnc.load("base.nnc")
    x, y = read_table("points.npz")
    expected = program.evaluate(x, y)
    found = result_of(run, "evaluate", "base.nnc", "--data", "points.npz")
    assert found == pytest.approx(expected)
    table = run("evaluate", "base.nnc", "--data", "points.csv").stdout
    assert f"{expected['loss']:.6f}" in table
    assert f"{expected['accuracy']:.6f}" in table
    for source in ("points.npz", "x.npy"):
        assert run("predict", "base.nnc", "--input", source, "--output", "y.npz").stderr == "wrote y.npz: 40 rows\n"
        numpy.testing.assert_array_equal(numpy.load("y.npz")["y"], program.predict(x))
    run("predict", "base.nnc", "--input", "points.csv", "--target", "label", "--output", "y.csv")
    written = numpy.loadtxt("y.csv", skiprows=1, dtype=numpy.float32)
    numpy.testing.assert_allclose(written, program.predict(x)[:, 0], rtol=1e-6)


def test_goes_on_where_it_was(run: Run) -> None:
    run("train", "base.yaml", "--data", "points.npz", "--epochs", "7", "--batch", "16", "-o", "whole.nnc")
    run("train", "base.yaml", "--data", "points.npz", "--epochs", "3", "--batch", "16", "-o", "part.nnc")
    run("train", "part.nnc", "--data", "points.npz", "--epochs", "4", "--batch", "16", "-o", "part.nnc")
    assert Path("part.nnc").read_bytes() == Path("whole.nnc").read_bytes()


def test_seed(run: Run) -> None:
    for seed in ("1", "2", "1"):
        run("train", "base.yaml", "--data", "points.npz", "--epochs", "1", "--seed", seed, "-o", f"{seed}.nnc")
        if Path("first.nnc").exists():
            continue
        Path("1.nnc").rename("first.nnc")
    assert Path("first.nnc").read_bytes() == Path("1.nnc").read_bytes()
    assert Path("first.nnc").read_bytes() != Path("2.nnc").read_bytes()


def test_validation_split(run: Run) -> None:
    found = result_of(run, "train", "base.yaml", "--data", "points.npz", "--validation-split", "0.25")
    assert list(found) == ["loss", "accuracy", "val_accuracy", "val_loss"]


def test_not_saved(run: Run, folder: Path) -> None:
    result = run("train", "base.yaml", "--data", "points.npz", "--epoch", "1")
    assert result.stderr.endswith("not saved; give -o OUT.nnc to keep what it learnt\n")
    assert not list(folder.glob("*.nnc"))


def test_target_column(run: Run, folder: Path) -> None:
    lines = (folder / "points.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines]
    Path("turned.csv").write_text("\n".join(f"{label},{left},{right}" for left, right, label in cells))
    expected = result_of(run, "train", "base.yaml", "--data", "points.csv")
    assert result_of(run, "train", "base.yaml", "--data", "turned.csv", "--target", "label") == expected
    assert result_of(run, "train", "base.yaml", "--data", "turned.csv", "--target", "0") == expected


@pytest.mark.parametrize("split", [(), ("--validation-split", "0.25")])
def test_parts_are_trained_as_one_file(run: Run, monkeypatch: pytest.MonkeyPatch, split: tuple[str, ...]) -> None:
    x, y = read_table("points.npz")
    Path("parts").mkdir()
    for number, begin in enumerate((0, 15, 30), 9):
        numpy.savez_compressed(f"parts/{number}.npz", x=x[begin : begin + 15], y=y[begin : begin + 15])
    monkeypatch.setattr(row_parts, "CACHE_BYTES", 300)
    for name, data in (("one.nnc", "points.npz"), ("parts.nnc", "parts/*.npz")):
        result = run("train", "base.yaml", "--data", data, "--epochs", "3", *split, "-o", name)
        assert ("note: unpacked, the parts are more than the 300 bytes that are kept" in result.stderr) == (
            name == "parts.nnc"
        )
    assert Path("parts.nnc").read_bytes() == Path("one.nnc").read_bytes()
    expected = result_of(run, "evaluate", "one.nnc", "--data", "points.npz")
    assert result_of(run, "evaluate", "one.nnc", "--data", "parts") == expected
    monkeypatch.setattr(row_parts, "CACHE_BYTES", 1000)
    assert "note: " not in run("train", "base.yaml", "--data", "parts", "--epochs", "1").stderr


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_names_of_classes(run: Run, folder: Path, loss: str) -> None:
    text = (folder / "points.csv").read_text()
    named = [line.rpartition(",") for line in text.splitlines()]
    rows = [f"{start},{'inside' if label == '1' else 'below'}" for start, _, label in named[1:]]
    Path("named.csv").write_text("\n".join(["left,right,label", *rows]))
    Path("classes.yaml").write_text(
        "input: [2]\nlayers:\n  - Dense: {units: 2, activation: softmax}\n"
        f"compile: {{optimizer: {{SGD: {{learning_rate: 0.5}}}}, loss: {loss}, metrics: [accuracy]}}\n"
    )
    arguments = ("train", "classes.yaml", "--data", "named.csv", "--epochs", "100")
    assert "label: target, 2 classes: below, inside\n" in run(*arguments).stderr
    assert result_of(run, *arguments)["accuracy"] > 0.7


def test_a_model_file_is_evaluated_as_it_is(run: Run) -> None:
    assert 0 < result_of(run, "evaluate", "base.yaml", "--data", "points.npz")["loss"] < 10


def test_interrupt_leaves_a_whole_file(folder: Path) -> None:
    line = ["train", "base.yaml", "--data", "points.npz", "--epochs", "1000000000", "-o", "base.nnc"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *line],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    with process:
        assert process.stderr.readline() == "training 'base' on 40 rows; Ctrl-C ends it\n"
        time.sleep(1.0)
        os.kill(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "interrupted in epoch " in errors
    assert errors.endswith("saved base.nnc\n")
    epochs = int(output.partition("After ")[2].split()[0])
    assert epochs > 0
    table = read_table(folder / "points.npz")
    program = nnc.load(folder / "base.nnc")
    loss = program.evaluate(*table)["loss"]
    assert program.fit(*table, epochs=5).history["loss"][-1] < loss + 0.05


TWO_ENDS = """
name: two_ends
input: {left: [3], right: [2]}
layers:
  - Concatenate: {name: both, inputs: [left, right]}
  - Dense: {name: sum, units: 1, inputs: both}
  - Dense: {name: kind, units: 2, activation: softmax, inputs: both}
outputs: [sum, kind]
compile: {optimizer: adam, loss: {sum: mse, kind: sparse_categorical_crossentropy}}
"""


def test_several_inputs_and_outputs_have_arrays_by_name(run: Run, folder: Path) -> None:
    generator = numpy.random.default_rng(0)
    left, right = generator.normal(size=(40, 3)), generator.normal(size=(40, 2))
    arrays = {"left": left, "right": right, "sum": left.sum(1, keepdims=True), "kind": (left[:, 0] > 0).astype("int64")}
    (folder / "ends.yaml").write_text(TWO_ENDS)
    numpy.savez(folder / "ends.npz", **arrays)
    run("train", "ends.yaml", "--data", "ends.npz", "--epochs", "3", "-o", "ends.nnc")
    loss = json.loads(run("evaluate", "ends.nnc", "--data", "ends.npz", "--json").stdout)["result"]["loss"]
    program = nnc.load(folder / "ends.nnc")
    assert loss == pytest.approx(program.evaluate([left, right], [arrays["sum"], arrays["kind"]])["loss"])
    run("predict", "ends.nnc", "--input", "ends.npz", "-o", "found.npz")
    with numpy.load(folder / "found.npz") as found:
        assert {key: found[key].shape for key in found} == {"sum": (40, 1), "kind": (40, 2)}
        numpy.testing.assert_array_equal(found["kind"], program.predict([left, right])[1])
    numpy.savez(folder / "less.npz", **{key: arrays[key] for key in ("left", "sum")})
    message = " ".join(run("train", "ends.yaml", "--data", "less.npz", code=1).stderr.split())
    assert "expected arrays named left, right, sum, kind, found left, sum; right, kind are missing" in message


def test_metrics_with_several_results_are_shown(run: Run, folder: Path) -> None:
    model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=[nnc.metrics.Recall([0.2, 0.9], name="recall")])
    model.save(folder / "model.nnc")
    assert re.search(r"recall +\[\d\.\d{6} \d\.\d{6}\]", run("evaluate", "model.nnc", "--data", "points.npz").stdout)
    found = json.loads(run("evaluate", "model.nnc", "--data", "points.npz", "--json").stdout)
    assert len(found["result"]["recall"]) == 2
    trained = run("train", "model.nnc", "--data", "points.npz", "--epochs", "1", "-o", "out.nnc").stdout
    assert re.search(r"recall +\[\d\.\d{6} \d\.\d{6}\]", trained)


def test_a_loss_of_the_weights_alone_needs_no_targets(run: Run, folder: Path) -> None:
    text = "input: [2]\nlayers: [{Dense: {units: 2, kernel_regularizer: l2}}]\ncompile: {optimizer: sgd}\n"
    (folder / "weights.yaml").write_text(text, encoding="utf-8")
    numpy.save("rows.npy", numpy.ones((4, 2)))
    found = json.loads(run("train", "weights.yaml", "--data", "rows.npy", "--epochs", "2", "--json").stdout)
    assert list(found["result"]) == ["loss"]
    assert json.loads(run("evaluate", "weights.yaml", "--data", "rows.npy", "--json").stdout)["rows"] == 4


def test_names_reach_no_terminal_as_they_are(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Classes are named by a table: what a terminal would act on is printed as its escape, and markup is none."""
    rows = "\n".join(f"{row},{-row},{'yes' if row % 2 else chr(27)}[2J" for row in range(8))
    Path("named.csv").write_text(f"left,right,label\n{rows}\n")
    said = run("train", "base.yaml", "--data", "named.csv", "--target", "label", "--epochs", "1").stderr
    assert r"\x1b[2J" in said
    assert "\x1b" not in said
    print_json({"\x9b1m": "\x1b[2J", "e": "é"})
    assert capsys.readouterr().out == '{\n  "\\u009b1m": "\\u001b[2J",\n  "e": "é"\n}\n'
    print_table(["\x1b[2J"], [["[/bold]\x9b1m"]])
    shown = capsys.readouterr().out
    assert r"\x1b[2J" in shown
    assert r"[/bold]\x9b1m" in shown
    progress = Progress(0, 1, 1, dict)
    with progress.running():
        progress.epochs_done(1, lambda _: {"[/bold]\x1b": 0.5})
    assert r"[/bold]\x1b 0.5" in capsys.readouterr().out


def test_predictions_of_a_model_that_nobody_trained_say_so(run: Run, folder: Path) -> None:
    predict = ("--input", "x.npy", "-o", "y.npy")
    note = "note: 'base' has not been trained: its weights are as they were drawn; 'nnc train' trains it\n"
    assert run("predict", "base.yaml", *predict).stderr.endswith(note)
    assert run("evaluate", "base.yaml", "--data", "points.npz").stderr.endswith(note)
    nnc.compile("base.yaml").save("new.nnc")
    assert run("predict", "new.nnc", *predict).stderr.endswith(note)
    run("train", "base.yaml", "--data", "points.npz", "--epochs", "1", "-o", "base.nnc")
    model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1)])
    model.set_weights([numpy.ones((2, 1)), numpy.ones(1)])
    model.save("given.nnc")
    model.save("given.h5")
    for name in ("base.nnc", "given.nnc", "given.h5"):
        assert "note:" not in run("predict", name, *predict).stderr


@pytest.mark.slow
def test_a_killed_training_is_resumed_to_the_bit(run: Run, folder: Path) -> None:
    line = ["train", "base.yaml", "--data", "points.npz", "--epochs", "2000"]
    run(*line, "-o", "whole.nnc")
    backup = ["--backup", "copies", "--backup-every", "7"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *line, *backup, "-o", "cut.nnc"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    copy = folder / "copies" / "latest.npz"
    with process:
        while not copy.exists() and process.poll() is None:
            time.sleep(0.002)
        process.kill()
    assert copy.exists()
    refused = run(*line, *backup, "-o", "cut.nnc", code=1)
    assert "error: copies has the copy of a training; --resume goes on from it, or delete it\n" in refused.stderr
    found = run(*line, *backup, "--resume", "-o", "cut.nnc").stdout
    assert "Epoch 1/2000 " not in found
    assert Path("cut.nnc").read_bytes() == Path("whole.nnc").read_bytes()
    assert not Path("copies").exists()


def test_options_of_copies_need_their_folder(run: Run) -> None:
    line = ["train", "base.yaml", "--data", "points.npz"]
    assert "--resume is about the copy of --backup" in run(*line, "--resume", code=2).stderr
    assert "--backup-every is about the copy of --backup" in run(*line, "--backup-every", "3", code=2).stderr


def test_one_process_may_be_asked_to_divide(run: Run) -> None:
    pytest.importorskip("mpi4py")
    run("train", "base.yaml", "--data", "points.npz", "--epochs", "3", "-o", "alone.nnc")
    found = run("train", "base.yaml", "--data", "points.npz", "--epochs", "3", "--distribute", "mpi", "-o", "mpi.nnc")
    assert "1 processes train together" not in found.stderr
    first, second = (nnc.load(name).get_weights() for name in ("alone.nnc", "mpi.nnc"))
    assert [weight.tobytes() for weight in first] == [weight.tobytes() for weight in second]
