"""What a training shows: lines in a pipe, one line on a terminal, parts of it where that is narrow."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy
import pytest

import nnc
from nnc.program import progress
from nnc.program.progress import Progress
from tests.test_activity import draw, make_terminal

X, Y = numpy.ones((20, 2), "f"), numpy.ones((20, 1), "f")


def network():
    model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_a_line_per_epoch_in_a_pipe(capsys):
    network().fit(X, Y, epochs=4)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  loss ")[0] for line in lines] == [f"Epoch {number}/4" for number in range(1, 5)]


@pytest.mark.usefixtures("each_backend")
def test_fewer_lines_for_thousands_of_epochs(capsys, monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", 1000.0)
    history = network().fit(X, Y, epochs=2500, batch_size=20).history["loss"]
    lines = capsys.readouterr().out.splitlines()
    numbers = [*range(3, 2500, 3), 2500]
    assert lines == [f"Epoch {number}/2500  loss {history[number - 1]:.4f}" for number in numbers]
    network().fit(X, Y, epochs=2500, batch_size=20, verbose=2)
    assert len(capsys.readouterr().out.splitlines()) == 2500


def test_an_epoch_that_takes_long_has_its_line_in_any_case(capsys, monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    stop = nnc.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", epoch == 2))
    model = network()
    model.fit(X, Y, epochs=10**6, callbacks=[stop])
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_training_stopped_early_ends_with_its_last_epoch(capsys, monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", 1000.0)
    model = network()
    stop = nnc.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", epoch == 6))
    model.fit(X, Y, epochs=10**6, callbacks=[stop])
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["7/1000000"]


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_terminal_shows_batches_within_an_epoch(monkeypatch, is_stream):
    terminal = make_terminal(monkeypatch)
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    seen = []

    class Drawn(nnc.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            draw()
            seen.append(terminal.screen[-1])

        def on_test_batch_end(self, batch, logs=None):
            draw()
            seen.append(terminal.screen[-1])

    batches = [(X[:5], Y[:5])] * 4
    data = {"x": Numbered(batches)} if is_stream else {"x": X, "y": Y, "batch_size": 5}
    network().fit(**data, epochs=2, validation_data=(X, Y), validation_batch_size=10, callbacks=[Drawn()])
    assert len(seen) == 12
    assert seen[2].startswith("Epoch 1/2  ")
    assert re.search(r"  batch 3/4  \d s left  loss \d", seen[2])
    assert "  ━━━━━─────  validating 2/2  " in seen[5]
    assert seen[8].startswith("Epoch 2/2  ")
    assert len(terminal.screen) == 2
    assert terminal.screen[0].startswith("Epoch 2/2  loss ")


@pytest.mark.parametrize("action", ["evaluate", "predict"])
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_terminal_shows_batches_of_evaluations_and_predictions(monkeypatch, action, is_stream):
    terminal = make_terminal(monkeypatch)
    seen = []

    def look(batch, logs):
        draw()
        seen.append(terminal.screen[-1])

    kind = {"evaluate": "test", "predict": "predict"}[action]
    watching = nnc.callbacks.LambdaCallback(**{f"on_{kind}_batch_{when}": look for when in ("begin", "end")})
    data = {"x": Numbered([(X[:5], Y[:5])] * 4)} if is_stream else {"x": X, "batch_size": 5}
    if action == "evaluate" and not is_stream:
        data["y"] = Y
    getattr(network(), action)(**data, callbacks=[watching])
    doing, done = {"evaluate": ("evaluating", "Evaluated"), "predict": ("predicting", "Predicted")}[action]
    assert seen[0] == f"{doing} … 0.0 s"
    logs = r"  loss \d.*" if action == "evaluate" else ""
    assert re.fullmatch(rf"{doing}  [━─]+  batch 3/4  \d s left{logs}", seen[5])
    assert terminal.screen == [""]
    getattr(network(), action)(**data)
    getattr(network(), action)(**data, verbose=0)
    assert terminal.screen == [""]
    monkeypatch.setattr(progress, "SLOW_SECONDS", 0.0)
    getattr(network(), action)(**data)
    assert terminal.screen[0].startswith(f"{done} 4 batches")


@pytest.mark.parametrize("verbose", ["auto", 0, 1, 2])
def test_the_line_of_an_evaluation_in_a_pipe_depends_on_no_time(capsys, monkeypatch, verbose):
    monkeypatch.setattr(progress, "SLOW_SECONDS", 0.0)
    model = network()
    loss = model.evaluate(X, Y, verbose=verbose)
    model.program.predict(X, 5, verbose)
    said = f"Evaluated 1 batch  loss {loss:.4f}\nPredicted 4 batches\n"
    assert capsys.readouterr().out == (said if verbose in (1, 2) else "")
    for action in (model.program.predict, model.program.evaluate):
        with pytest.raises(nnc.errors.DataError, match="verbose"):
            action(X, verbose="loud")


class Numbered:
    """Batches by number."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, number):
        return self.batches[number]


def test_no_batch_is_counted_where_nobody_looks(monkeypatch):
    from nnc.program.batches import Batches

    monkeypatch.setattr(Batches, "_counted", None)
    network().fit(X, Y, batch_size=5, verbose=0)


def test_silence_is_silent_on_a_terminal(monkeypatch):
    terminal = make_terminal(monkeypatch)
    network().fit(X, Y, epochs=2, verbose=0)
    assert terminal.getvalue() == ""


def test_the_time_left_runs_down_between_two_steps(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(progress, "perf_counter", lambda: clock[0])
    left = progress.TimeLeft()
    said = []
    for clock[0], share in ((10.0, 0.25), (15.0, 0.25), (45.0, 0.25), (50.0, 0.5)):
        said.append(left.text(share))
    assert said == ["30 s left", "25 s left", "0 s left", "50 s left"]


@pytest.mark.parametrize("room", [100, 60, 40, 20])
def test_what_does_not_fit_is_left_out_as_a_whole(room, monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    bar = Progress(0, 3, 1, lambda: {"loss": 0.25, "accuracy": 0.5})
    with bar.running():
        bar.watch(SimpleNamespace(count=2000))
        bar._feed.done = 1500
        text = bar.text(room)
        bar.verbose = 0
    assert len(text) <= room
    parts = ["Epoch 1/3", "━━━━━━──────────────────", "batch 1,500/2,000", "0 s left", "loss 0.2500", "accuracy 0.5000"]
    chosen = [part for part in text.split("  ") if part]
    assert set(chosen) <= {*parts, "━━────────"}
    assert {100: parts, 60: [parts[0], *parts[2:5]], 40: [parts[0], *parts[2:4]], 20: parts[:1]}[room] == chosen
