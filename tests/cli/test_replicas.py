"""Several networks at once in the command line: trained, judged, written, and taken one by one."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from nnc.backends import BackendName
from nnc.backends.c.toolchain import find_compiler
from nnc.callbacks import Callback
from nnc.cli import train as train_command
from nnc.cli.replicas import best_replica, kept_results, print_replicas
from nnc.data import read_table
from nnc.utils import set_random_seed
from tests.cli.conftest import Run

TRAIN = ("train", "base.yaml", "--data", "points.npz", "--epochs", "3")
LINE = "input: [2]\nlayers: [{Dense: {units: 1}}]\ncompile: {optimizer: {SGD: {learning_rate: 0.1}}, loss: mse}\n"


def cells_of(table: str) -> dict[str, list[str]]:
    """Return the cells of each row of a table by what stands in front."""
    return {cells[0]: cells[1:] for line in table.splitlines() if (cells := line.split())}


@pytest.mark.parametrize(
    "backend",
    ["numpy", pytest.param("c", marks=pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler"))],
)
@pytest.mark.parametrize("count", [3, 9])
def test_networks_are_those_of_compile(run: Run, count: int, backend: BackendName) -> None:
    seeds = [1, 2, 5, 7, 11, 13, 17, 19, 23][:count]
    text = ",".join(map(str, seeds))
    options = ("--seeds", text, "--seed", "4", "--backend", backend, "-o", "all.nnc")
    said = run(*TRAIN, "--replicas", str(count), *options).stderr
    set_random_seed(4)
    program = nnc.compile("base.yaml", replicas=count, seeds=seeds, backend=backend)
    program.fit(*read_table("points.npz"), batch_size=32, epochs=3, verbose=0)
    found = nnc.load("all.nnc")
    assert found.replicas == count
    for own, expected in zip(found.get_weights(), program.get_weights(), strict=True):
        numpy.testing.assert_array_equal(own, expected)
    assert said.startswith(f"{program.spec.replication}\ntraining 'base' on 40 rows; Ctrl-C ends it\n")
    assert said.endswith(f"saved all.nnc, {count} replicas\n")


def test_seeds_follow_from_the_seed(run: Run) -> None:
    for name, seed in (("one", "1"), ("again", "1"), ("other", "2")):
        run(*TRAIN, "--replicas", "2", "--seed", seed, "-o", f"{name}.nnc")
    one, again, other = (Path(f"{name}.nnc").read_bytes() for name in ("one", "again", "other"))
    assert one == again
    assert one != other
    first, second = nnc.load("one.nnc").get_weights()[0]
    assert not numpy.array_equal(first, second)


def test_a_saved_program_goes_on_with_its_replicas(run: Run) -> None:
    run("train", "base.yaml", "--data", "points.npz", "--epochs", "7", "--replicas", "2", "-o", "whole.nnc")
    run("train", "base.yaml", "--data", "points.npz", "--epochs", "3", "--replicas", "2", "-o", "part.nnc")
    run("train", "part.nnc", "--data", "points.npz", "--epochs", "4", "-o", "part.nnc")
    assert Path("part.nnc").read_bytes() == Path("whole.nnc").read_bytes()
    for option in (("--replicas", "2"), ("--seeds", "1,2")):
        error = run("train", "part.nnc", "--data", "points.npz", *option, code=1).stderr
        assert error.startswith("error: part.nnc is compiled already, and goes on with the replicas that it has")
        assert "give these with the model file it came from" in error


def test_table_and_json_of_a_training(run: Run) -> None:
    arguments = (*TRAIN, "--replicas", "4", "--validation-split", "0.25")
    report = json.loads(run(*arguments, "--json").stdout)
    assert (report["replicas"], report["epochs"], report["saved"]) == (4, 3, None)
    assert list(report["result"]) == ["loss", "accuracy", "val_accuracy", "val_loss"]
    assert report["best"] == min(range(4), key=report["result"]["val_loss"].__getitem__)
    table = run(*arguments).stdout.partition("base: ")[2]
    assert table.startswith(f"replica {report['best']} is best, by val_loss\n")
    rows = cells_of(table)
    assert rows["After"] == ["3", "epochs", "Mean", "Spread", "Best", "Worst"]
    for name, numbers in report["result"].items():
        better, worse = (max, min) if "accuracy" in name else (min, max)
        mean = math.fsum(numbers) / 4
        spread = math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / 4)
        expected = [mean, spread, better(numbers), worse(numbers)]
        assert [float(cell) for cell in rows[name]] == pytest.approx(expected, abs=1e-6)


def test_the_best_alone(run: Run) -> None:
    arguments = (*TRAIN, "--replicas", "3")
    best = json.loads(run(*arguments, "-o", "all.nnc", "--json").stdout)["best"]
    assert run(*arguments, "--best", "-o", "best.nnc").stderr.endswith(f"saved best.nnc, replica {best}\n")
    alone, every = nnc.load("best.nnc"), nnc.load("all.nnc")
    assert alone.replicas is None
    x = numpy.load("x.npy")
    numpy.testing.assert_array_equal(alone.predict(x, verbose=0), every[best].predict(x, verbose=0))
    error = run("train", "best.nnc", "--data", "points.npz", "--best", "-o", "out.nnc", code=1).stderr
    assert error == "error: --best is for replicas, and program 'base' is one network; leave it out\n"
    saved = run("train", "all.nnc", "--data", "points.npz", "--best", "-o", "out.nnc").stderr
    assert "saved out.nnc, replica " in saved
    assert nnc.load("out.nnc").replicas is None


@pytest.mark.slow
def test_learning_rates(run: Run, folder: Path) -> None:
    run(*TRAIN, "--replicas", "3", "--seeds", "model", "--learning-rate", "0.5,0.25,0", "-o", "all.nnc")
    program = nnc.load("all.nnc")
    assert program.optimizer.learning_rate.tolist() == [0.5, 0.25, 0]
    set_random_seed(0)
    first = nnc.compile("base.yaml").get_weights()
    for number, rate in enumerate((0.5, 0.25, 0)):
        run(*TRAIN, "--lr", str(rate), "-o", "alone.nnc")
        for alone, own, begun in zip(nnc.load("alone.nnc").get_weights(), program.get_weights(), first, strict=True):
            numpy.testing.assert_allclose(own[number], alone, rtol=1e-6)
            assert numpy.array_equal(own[number], begun) == (rate == 0)
    run(*TRAIN, "--replicas", "2", "--lr", "0.125", "-o", "all.nnc")
    assert nnc.load("all.nnc").optimizer.learning_rate.tolist() == [0.125, 0.125]
    error = run(*TRAIN, "--replicas", "3", "--lr", "1,2", code=1).stderr
    assert "--learning-rate has 2 numbers, and program 'base' has 3 replicas; give one number, or one for" in error
    error = run(*TRAIN, "--lr", "1,2", code=1).stderr
    assert "--learning-rate has 2 numbers, and program 'base' is one network; give one number\n" in error


def test_weights_of_a_file_are_not_lost_without_a_word(run: Run) -> None:
    model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1, name="only")])
    model.compile("sgd", "mse")
    model.set_weights([numpy.array([[3.0], [4.0]]), numpy.array([5.0])])
    model.save("given.h5")
    train = ("train", "given.h5", "--data", "points.npz", "--lr", "0", "--replicas", "2", "-o", "all.nnc")
    note = "note: replicas begin with weights of their own; --seeds model lets all begin with those of given.h5\n"
    assert note in run(*train).stderr
    assert not (nnc.load("all.nnc").get_weights()[1] == 5).any()
    assert "note: " not in run(*train, "--seeds", "model").stderr
    assert nnc.load("all.nnc").get_weights()[0].tolist() == [[[3], [4]], [[3], [4]]]
    assert "note: " not in run(*TRAIN, "--replicas", "2").stderr


def test_a_network_that_diverges_is_never_best(run: Run, folder: Path) -> None:
    (folder / "line.yaml").write_text(LINE)
    train = ("train", "line.yaml", "--data", "points.npz", "--epochs", "60", "--replicas", "3", "--best", "--json")
    result = run(*train, "--lr", "1e30,0.001,0.1", "-o", "best.nnc")
    report = json.loads(result.stdout)
    assert report["result"]["loss"][0] is None
    assert report["best"] == 2
    best = nnc.load("best.nnc")
    assert best.replicas is None
    assert all(numpy.isfinite(weight).all() for weight in best.get_weights())
    result = run(*train, "--lr", "1e30", "-o", "none.nnc", code=1)
    assert json.loads(result.stdout)["best"] is None
    assert result.stderr.endswith("error: none.nnc has all 3 replicas: none has a loss that is a number, to be best\n")
    assert nnc.load("none.nnc").replicas == 3


def test_what_is_best(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    loss = numpy.array([0.5, numpy.nan, 0.25])
    assert best_replica({"loss": loss}) == 2
    assert best_replica({"loss": loss, "val_loss": loss[::-1] * [1, 1, 0.1]}) == 2
    assert best_replica({"loss": loss * numpy.nan}) is None
    several = numpy.array([[1.0, 2.0], [numpy.nan, 4.0], [3.0, 0.0]])
    print_replicas({"loss": loss, "recall": several, "own": loss, "lost": loss * numpy.nan}, "On 1 row", "it")
    rows = cells_of(capsys.readouterr().out)
    assert rows["loss"] == ["0.375000", "0.125000", "0.250000", "nan"]
    assert " ".join(rows["recall"]) == "[2.000000 2.000000] [1.000000 1.632993] [3.000000 4.000000] [nan 0.000000]"
    assert rows["own"] == ["0.375000", "0.125000"]  # whether it should rise, nobody knows
    print_replicas({"loss": loss * numpy.nan}, "On 1 row", "it")
    shown = capsys.readouterr().out
    assert shown.startswith("it: loss of all is NaN\n")
    assert cells_of(shown)["loss"] == ["nan"] * 4


def test_results_are_of_the_epoch_that_the_weights_are_of() -> None:
    nan = numpy.nan
    losses = [numpy.array(row) for row in ([5.0, 3.0, nan, 4.0], [4.0, 7.0, nan, 3.0], [6.0, nan, nan, nan])]
    history: dict[str, Any] = {"loss": [row * 10 for row in losses], "val_loss": losses}
    stopped = [False, True, False, False]
    found = kept_results(history, True, stopped)
    numpy.testing.assert_array_equal(found["val_loss"], [4, 3, nan, 3])
    numpy.testing.assert_array_equal(found["loss"], [40, 30, nan, 30])
    numpy.testing.assert_array_equal(kept_results(history, False, stopped)["val_loss"], [6, 7, nan, nan])


def test_a_replica_that_stopped_keeps_its_numbers(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stop(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                self.model.stop_replicas([False, True, False])

    arguments = ("train", "base.yaml", "--data", "points.npz", "--replicas", "3", "--json", "--epochs")
    before = json.loads(run(*arguments, "2").stdout)["result"]["loss"]
    plain = json.loads(run(*arguments, "5").stdout)["result"]["loss"]
    monkeypatch.setattr(train_command, "stopping", lambda *_: [Stop()])
    found = json.loads(run(*arguments, "5").stdout)["result"]["loss"]
    assert found == pytest.approx([plain[0], before[1], plain[2]])
    assert before[1] != pytest.approx(plain[1])


def test_interrupt(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupt(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                self.model.stop_replicas([True, False])
            if epoch == 3:
                raise KeyboardInterrupt

    arguments = ("train", "base.yaml", "--data", "points.npz", "--replicas", "2", "--json", "-o", "all.nnc", "--epochs")
    one, three = (json.loads(run(*arguments, epochs).stdout)["result"]["loss"] for epochs in ("1", "3"))
    monkeypatch.setattr(train_command, "stopping", lambda *_: [Interrupt()])
    result = run(*arguments, "9", code=130)
    assert result.stderr.endswith("interrupted in epoch 4 of 9\nsaved all.nnc, 2 replicas\n")
    report = json.loads(result.stdout)
    assert report["epochs"] == 3
    assert report["result"]["loss"] == pytest.approx([one[0], three[1]])


@pytest.fixture
def program(run: Run) -> nnc.Program:
    """Return three networks that are in the file all.nnc."""
    run(*TRAIN, "--replicas", "3", "-o", "all.nnc")
    return nnc.load("all.nnc")


def test_predictions(run: Run, program: nnc.Program) -> None:
    x = numpy.load("x.npy")
    expected = numpy.stack([program[number].predict(x, verbose=0) for number in range(3)])
    said = run("predict", "all.nnc", "--input", "x.npy", "-o", "y.npz").stderr
    assert said.endswith("wrote y.npz: 40 rows, 3 replicas\n")
    numpy.testing.assert_allclose(numpy.load("y.npz")["y"], expected, rtol=1e-6)
    run("predict", "all.nnc", "--input", "x.npy", "-o", "y.npy")
    assert numpy.load("y.npy").shape == (3, 40, 1)
    said = run("predict", "all.nnc", "--input", "x.npy", "-o", "y.csv").stderr
    assert said.endswith("wrote y.csv: 40 rows, mean and spread of 3 replicas\n")
    head, *rows = csv.reader(Path("y.csv").read_text().splitlines())
    assert head == ["y", "y_spread"]
    columns = numpy.array(rows, float)
    numpy.testing.assert_allclose(columns[:, 0], expected[:, :, 0].mean(0), rtol=1e-5)
    numpy.testing.assert_allclose(columns[:, 1], expected[:, :, 0].std(0), rtol=1e-4, atol=1e-7)
    said = run("predict", "all.nnc", "--input", "x.npy", "-o", "one.npy", "--replica", "2").stderr
    assert said.endswith("wrote one.npy: 40 rows\n")
    numpy.testing.assert_array_equal(numpy.load("one.npy"), program[2].predict(x, verbose=0))


def test_columns_of_predictions(run: Run, folder: Path) -> None:
    (folder / "two.yaml").write_text(
        "input: [2]\nlayers: [{Dense: {units: 2}}]\ncompile: {optimizer: sgd, loss: mse}\n"
    )
    numpy.savez("two.npz", x=numpy.load("x.npy"), y=numpy.load("x.npy"))
    run("train", "two.yaml", "--data", "two.npz", "--epochs", "1", "--replicas", "2", "-o", "two.nnc")
    run("predict", "two.nnc", "--input", "x.npy", "-o", "two.csv")
    assert Path("two.csv").read_text().startswith("y0,y0_spread,y1,y1_spread\n")
    values = numpy.loadtxt("two.csv", delimiter=",", skiprows=1)
    expected = nnc.load("two.nnc").predict(numpy.load("x.npy"), verbose=0)
    numpy.testing.assert_allclose(values[:, [0, 2]], expected.mean(0), rtol=1e-5, atol=1e-7)
    numpy.testing.assert_allclose(values[:, [1, 3]], expected.std(0), rtol=1e-5, atol=1e-7)
    rows = "\n".join(f"{row},{row % 7},{row / 3}" for row in range(30))
    (folder / "prices.csv").write_text(f"size,rooms,price\n{rows}\n")
    (folder / "line.yaml").write_text(LINE)
    run("train", "line.yaml", "--data", "prices.csv", "--epochs", "1", "--replicas", "2", "-o", "line.nnc")
    run("predict", "line.nnc", "--input", "prices.csv", "--target", "price", "-o", "found.csv")
    assert Path("found.csv").read_text().startswith("price,price_spread\n")
    run("predict", "line.nnc", "--input", "prices.csv", "--target", "price", "-o", "found.npy")
    assert numpy.load("found.npy").shape == (2, 30)


def test_classes_are_those_of_one_network(run: Run, folder: Path) -> None:
    rows = "\n".join(f"{row},{-row},{'yes' if row % 2 else 'no'}" for row in range(20))
    (folder / "named.csv").write_text(f"left,right,label\n{rows}\n")
    run("train", "base.yaml", "--data", "named.csv", "--epochs", "1", "--replicas", "2", "-o", "all.nnc")
    predict = ("predict", "all.nnc", "--input", "named.csv", "--target", "label", "-o", "y.csv")
    error = run(*predict, code=1).stderr
    remedy = "is for one network, and program 'base' has 2 replicas; give --replica N to take one of them"
    assert f"error: an answer in classes {remedy}" in error
    assert f"error: --probabilities {remedy}" in run(*predict, "--probabilities", code=1).stderr
    run(*predict, "--replica", "1")
    expected = nnc.load("all.nnc")[1].predict_table("named.csv")
    assert Path("y.csv").read_text().split()[1:] == expected.tolist()


def test_evaluation(run: Run, program: nnc.Program) -> None:
    report = json.loads(run("evaluate", "all.nnc", "--data", "points.npz", "--json").stdout)
    x, y = read_table("points.npz")
    alone = [program[number].evaluate(x, y, verbose=0) for number in range(3)]
    assert (report["replicas"], report["rows"]) == (3, 40)
    for name in ("loss", "accuracy"):
        assert report["result"][name] == pytest.approx([logs[name] for logs in alone])
    losses = report["result"]["loss"]
    assert report["best"] == losses.index(min(losses))
    table = run("evaluate", "all.nnc", "--data", "points.npz").stdout
    assert table.startswith(f"base, 3 replicas: replica {report['best']} is best, by loss\n")
    rows = cells_of(table)
    assert rows["loss"] == [f"{number:.6f}" for number in (*_spread(losses), min(losses), max(losses))]
    one = json.loads(run("evaluate", "all.nnc", "--data", "points.npz", "--replica", "1", "--json").stdout)
    assert one["result"] == pytest.approx(alone[1])
    assert "best" not in one


def _spread(numbers: list[float]) -> tuple[float, float]:
    return float(numpy.mean(numbers)), float(numpy.std(numbers))


ONE_NETWORK = {
    "export": ("export", "all.nnc", "--to", "python", "-o", "model.py"),
    "inspect": ("inspect", "all.nnc", "--no-measure"),
    "diff": ("diff", "all.nnc", "base.nnc"),
    "--level units": ("render", "all.nnc", "--level", "units"),
    "a page": ("render", "all.nnc", "-o", "page.html"),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("what", ONE_NETWORK)
def test_commands_for_one_network_take_one(run: Run, program: nnc.Program, what: str) -> None:
    program[1].save("base.nnc")
    arguments, code = ONE_NETWORK[what], 2 if what == "diff" else 1
    error = run(*arguments, code=code).stderr
    assert f"error: {what} is for one network, and program 'base' has 3 replicas; give --replica N" in error
    run(*arguments, "--replica", "1")  # of diff: which does not differ from that file
    error = run(*arguments, "--replica", "3", code=code).stderr
    assert "error: program 'base' has the replicas 0 to 2; there is no replica 3\n" in error
    for file in ("base.nnc", "base.yaml"):
        single = [file if word == "all.nnc" else word for word in arguments]
        assert "leave out --replica\n" in run(*single, "--replica", "0", code=code).stderr


def test_a_picture_of_layers_says_how_often(run: Run, program: nnc.Program) -> None:
    program[0].save("base.nnc")
    one, many = (run("render", file, "--format", "txt").stdout for file in ("base.nnc", "all.nnc"))
    title = one.splitlines()[0]
    assert many == one.replace(title, f"{title} × 3 replicas", 1)
    assert run("render", "all.nnc", "--format", "txt", "--replica", "1").stdout == one


def test_the_network_that_is_taken_is_the_one_asked_for(run: Run, program: nnc.Program, folder: Path) -> None:
    program[1].save("base.nnc")
    assert "differ" in run("diff", "all.nnc", "base.nnc", "--replica", "0", code=1).stderr
    run("export", "all.nnc", "--to", "python", "-o", "model.py", "--replica", "2")
    with numpy.load("model.npz") as arrays:
        numbers = numpy.concatenate([arrays[name].reshape(-1) for name in arrays])
    assert all(numpy.isin(weight, numbers).all() for weight in program[2].get_weights())
    run("compile", "all.nnc", "--replica", "2", "-o", "one.nnc")
    one = nnc.load("one.nnc")
    assert one.replicas is None
    for own, expected in zip(one.get_weights(), program.get_weights(), strict=True):
        numpy.testing.assert_array_equal(own, expected[2])


@pytest.mark.parametrize("count", [3, 9])
def test_compile_says_how_they_lie(run: Run, count: int) -> None:
    run(*TRAIN, "--replicas", str(count), "-o", "all.nnc")
    program = nnc.load("all.nnc")
    size = sum(array.nbytes for array in program.states.values())
    table = run("compile", "all.nnc").stdout
    how = "9 replicas in lanes of 16" if count == 9 else "3 replicas one after another: they are fewer than 8"
    (line,) = [line for line in table.splitlines() if line.startswith("State bytes")]
    assert line.strip().split(maxsplit=3)[2:] == [f"{size:,}", how]
    assert cells_of(table)["Parameters"] == ["9", "of", "each", "replica"]
    report = json.loads(run("compile", "all.nnc", "--json").stdout)
    assert (report["replicas"], report["replication"], report["state_bytes"]) == (count, how, size)
    assert "State bytes" not in run("compile", "all.nnc", "--replica", "0").stdout
    assert how in " ".join(run("compile", "all.nnc", "--explain").stdout.split())


def test_numbers_are_watched_in_one_network(run: Run, program: nnc.Program) -> None:
    error = run("train", "all.nnc", "--data", "points.npz", "--check-nan", code=1).stderr
    assert "error: --check-nan is for one network, and program 'base' has 3 replicas; leave it out, or" in error
    evaluate = ("evaluate", "all.nnc", "--data", "points.npz", "--check-nan")
    for arguments in (evaluate, ("predict", "all.nnc", "--input", "x.npy", "-o", "y.npy", "--check-nan")):
        assert "error: --check-nan is for one network" in run(*arguments, code=1).stderr
        run(*arguments, "--replica", "0")


@pytest.mark.parametrize(
    "options",
    [
        ("--replicas", "0"),
        ("--seeds", "1,2"),
        ("--replicas", "2", "--seeds", "1,-2"),
        ("--replicas", "2", "--seeds", "models"),
        ("--replicas", "2", "--check-nan"),
        ("--replicas", "2", "--best"),
        ("--best", "-o", "out.nnc"),
        ("--lr", "fast"),
        ("--lr", "1,-2"),
        ("--lr", "nan"),
    ],
)
def test_wrong_usage(run: Run, options: tuple[str, ...]) -> None:
    result = run(*TRAIN, *options, code=2)
    assert result.stdout == ""
    assert result.stderr.startswith("Usage: ")


def test_other_numbers_of_seeds(run: Run) -> None:
    error = run(*TRAIN, "--replicas", "3", "--seeds", "1,2", code=1).stderr
    assert "error: seeds must be 3 whole numbers, one for each replica, or 'model', got [1, 2]\n" in error


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])  # adam has the number of steps of each replica
def test_replicas_that_nobody_trained_say_so(run: Run, optimizer: str) -> None:
    nnc.compile("base.yaml", optimizer=optimizer, loss="mse", replicas=9).save("new.nnc")
    note = "note: 'base' has not been trained: its weights are as they were drawn; 'nnc train' trains it\n"
    evaluate = ("evaluate", "new.nnc", "--data", "points.npz")
    assert run(*evaluate).stderr.endswith(note)
    run("train", "new.nnc", "--data", "points.npz", "--epochs", "1", "--lr", "0", "-o", "new.nnc")
    assert "note: " not in run(*evaluate).stderr
