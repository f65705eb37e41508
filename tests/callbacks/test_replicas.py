"""Callbacks act for each replica as they do for the same network trained alone, and as Keras's do."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import pytest

import nnc
from nnc import callbacks
from nnc.errors import DataError, ModelError
from tests.callbacks import networks
from tests.callbacks.networks import arrays, network, train_until_killed

COUNT = 5
RATES = [0.12, 0.05, 0.01, 0.08, 0.15]
BACKENDS = pytest.mark.parametrize("backend", ["numpy", "c"])


def fit(program: Any, given: Any, **options: Any) -> Any:
    """Train, with rows to validate on that some learn to predict worse and worse."""
    generator = numpy.random.default_rng(5)
    unseen = tuple(generator.normal(size=(10, width)).astype("float32") for width in (3, 1))
    return networks.fit(program, given, **({"validation_data": unseen} | options))


def replicas(backend: str = "numpy", optimizer: Any = None, rates: Any = RATES) -> Any:
    """A program with networks that learn at different speed."""
    program = nnc.compile(network(nnc, optimizer), replicas=COUNT, seeds=range(COUNT), backend=backend)
    program.optimizer.learning_rate = rates
    return program


def together_and_alone(make: Any, backend: str = "numpy", optimizer: Any = None, **options: Any) -> Any:
    """Train all together, and each alone; compare, and return the callbacks of both."""
    program = replicas(backend, optimizer)
    alone = [program[number] for number in range(COUNT)]
    ours = make()
    history = fit(program, ours, **({"epochs": 15} | options)).history
    others = []
    for number, own in enumerate(alone):
        others.append(make())
        expected = fit(own, others[-1], **({"epochs": 15} | options)).history
        assert list(history) == list(expected)
        for name, values in expected.items():
            curve = numpy.array(history[name])[:, number]
            numpy.testing.assert_allclose(curve[: len(values)], values, rtol=1e-5, err_msg=f"{name} of {number}")
            assert numpy.isnan(curve[len(values) :]).all()
        for weight, single in zip(program[number].get_weights(), own.get_weights(), strict=True):
            numpy.testing.assert_allclose(weight, single, rtol=1e-5, atol=1e-5)
        rate = program[number].optimizer.learning_rate
        assert rate == pytest.approx(own.optimizer.learning_rate, rel=1e-6), number
    assert len(history["loss"]) == max(len(other.model.history.epoch) for other in _first(others))
    return ours, others


def _first(made: list[Any]) -> list[Any]:
    return [item[0] if isinstance(item, list) else item for item in made]


def check_attributes(ours: Any, others: list[Any], *names: str) -> None:
    for name in names:
        found = getattr(ours, name)
        assert found.shape == (COUNT,), name
        numpy.testing.assert_allclose(found, [getattr(other, name) for other in others], rtol=1e-5, err_msg=name)


STOPPING: list[dict[str, Any]] = [
    {"monitor": "val_loss", "patience": 1, "min_delta": 0.01},
    {"monitor": "val_loss", "patience": 3, "restore_best_weights": True},
    {"monitor": "loss", "patience": 2, "min_delta": 0.05, "restore_best_weights": True},
    {"monitor": "val_mae", "patience": 2, "mode": "max", "restore_best_weights": True, "start_from_epoch": 3},
    {"monitor": "val_loss", "patience": 4, "baseline": 0.5},
]


@pytest.mark.parametrize("arguments", STOPPING)
def test_early_stopping(arguments):
    ours, others = together_and_alone(lambda: callbacks.EarlyStopping(**arguments))
    check_attributes(ours, others, "stopped_epoch", "best_epoch", "wait", "best")
    assert len(set(ours.stopped_epoch.tolist())) > 2


def test_early_stopping_says_it_in_a_line(capsys):
    ours = callbacks.EarlyStopping(patience=3, restore_best_weights=True, verbose=1)
    fit(replicas(), ours, epochs=15)
    stopped = ours.stopped_epoch[ours.stopped_epoch > 0]
    assert 1 < len(stopped) < COUNT
    assert capsys.readouterr().out.splitlines() == [
        f"Early stopping of {len(stopped)} of 5 replicas in epochs {stopped.min() + 1} to {stopped.max() + 1}",
        "Restoring model weights from the end of each replica's best epoch:"
        f" {ours.best_epoch.min() + 1} to {ours.best_epoch.max() + 1}.",
    ]


def test_a_number_that_is_not_finite_is_no_improvement():
    """As of one network: the first number is the best in any case, and none is better than NaN."""

    class Missing(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            watched = numpy.array(logs["val_loss"])
            watched[..., epoch % 2 : 3] = numpy.nan if watched.ndim else watched
            logs["watched_loss"] = watched if watched.ndim else float(watched)

    program = replicas()
    ours = callbacks.EarlyStopping("watched_loss", patience=2, restore_best_weights=True)
    fit(program, [Missing(), ours], epochs=9)
    assert numpy.isnan(ours.best[:3]).tolist() == [True, True, True]
    assert ours.stopped_epoch[:3].tolist() == [2, 2, 2]
    assert numpy.isfinite(ours.best[3:]).all()


def test_a_stopped_replica_is_not_looked_at_again(capsys):
    """Whatever numbers another callback gives for it: alone it would have no further epoch."""

    class Improving(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_replicas(numpy.arange(COUNT) == epoch)
            logs["watched_loss"] = -epoch

    stopping = callbacks.EarlyStopping("watched_loss", patience=9, restore_best_weights=True)
    later = callbacks.EarlyStopping("watched_loss", start_from_epoch=2, restore_best_weights=True)
    plateau = callbacks.ReduceLROnPlateau("watched_loss")
    fit(replicas(), [Improving(), stopping, later, plateau], epochs=9, verbose=2)
    assert "  watched_loss -4.0000 ± 0.0000" in capsys.readouterr().out
    assert stopping.best_epoch.tolist() == [0, 1, 2, 3, 4]
    assert stopping.best.tolist() == plateau.best.tolist() == [0, -1, -2, -3, -4]
    assert stopping.stopped_epoch.tolist() == later.stopped_epoch.tolist() == [0] * COUNT
    assert later.best_epoch.tolist() == [0, 0, 2, 3, 4]
    assert later.best.tolist() == [numpy.inf, numpy.inf, -2, -3, -4]


PLATEAUS: list[dict[str, Any]] = [
    {"factor": 0.5, "patience": 2, "min_delta": 0.02},
    {"factor": 0.3, "patience": 2, "cooldown": 2, "min_lr": 0.005, "min_delta": 0.05},
    {"monitor": "val_mae", "factor": 0.5, "patience": 1, "cooldown": 1, "mode": "max", "min_delta": 0.01},
]


@pytest.mark.parametrize("arguments", PLATEAUS)
def test_reduce_lr_on_plateau(arguments):
    ours, others = together_and_alone(lambda: callbacks.ReduceLROnPlateau(**arguments))
    check_attributes(ours, others, "best", "wait", "cooldown_counter")
    rates = ours.model.optimizer.learning_rate / RATES
    assert len(set(rates.round(4).tolist())) > 1


@pytest.mark.parametrize(
    "schedule", [lambda epoch: 0.1 / (epoch + 1.0), lambda epoch, rate: rate * (0.9 if rate > 0.07 else 0.99)]
)
def test_learning_rate_scheduler(schedule):
    seen = []

    def noted(epoch, *rate):
        seen.append(rate)
        return schedule(epoch, *rate)

    together_and_alone(lambda: callbacks.LearningRateScheduler(schedule), epochs=4)
    if schedule.__code__.co_argcount == 2:
        fit(replicas(), callbacks.LearningRateScheduler(noted), epochs=4)
        assert len(seen) == 4 * COUNT
    assert all(type(number) is float for rate in seen for number in rate)
    with pytest.raises(ModelError, match="the schedule must return a float, got 1"):
        fit(replicas(), callbacks.LearningRateScheduler(lambda epoch, rate: 1))


@pytest.mark.parametrize("order", [1, -1])
@BACKENDS
def test_several_callbacks_on_one_training(backend, order):
    """A replica that stops has no further epoch, but the others' callbacks see the one it stops in."""

    def make() -> Any:
        return [
            callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.98),
            callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True),
            callbacks.ReduceLROnPlateau("loss", patience=1, factor=0.5, min_delta=0.1, cooldown=9),
        ][::order]

    ours, others = together_and_alone(make, backend)
    check_attributes(ours[1], [other[1] for other in others], "stopped_epoch", "best_epoch")
    plateaus = [made[::order][2] for made in (ours, *others)]
    check_attributes(plateaus[0], plateaus[1:], "best", "wait", "cooldown_counter")
    assert len(set(ours[1].stopped_epoch.tolist())) > 2


@pytest.mark.filterwarnings(
    "ignore:.*__array__.*:DeprecationWarning"
)  # Keras's own, in its way from tensors to numbers
@pytest.mark.slow
def test_each_replica_trains_as_keras_trains_it():
    keras = pytest.importorskip("keras")
    program = replicas()
    first = [weight.copy() for weight in program.get_weights()]

    def make(module: Any) -> Any:
        return [
            module.callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True),
            module.callbacks.ReduceLROnPlateau("loss", patience=1, factor=0.5, min_delta=0.1),
        ]

    ours = make(nnc)
    history = fit(program, ours, epochs=12).history
    model = network(keras)
    for number in (0, 2, 4):
        model.set_weights([weight[number] for weight in first])
        model.optimizer.learning_rate = RATES[number]
        theirs = make(keras)
        expected = fit(model, theirs, epochs=12).history
        for name, values in expected.items():
            curve = numpy.array(history[name])[: len(values), number]
            numpy.testing.assert_allclose(curve, values, rtol=1e-4, err_msg=f"{name} of {number}")
        assert ours[0].stopped_epoch[number] == theirs[0].stopped_epoch
        for weight, other in zip(program.get_weights(), model.get_weights(), strict=True):
            numpy.testing.assert_allclose(weight[number], other, rtol=1e-4, atol=1e-5)


# ---------------------------------------------------------------------- files


def predictions(path: Path) -> Any:
    return nnc.load(path).predict(arrays()[0])


class Predicting(callbacks.Callback):
    """Predicts after each epoch."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(self.model.predict(arrays()[0]))


@BACKENDS
def test_each_replica_is_written_when_it_improves(tmp_path, backend):
    path = str(tmp_path / "{replica}" / "{epoch:02d}-{val_loss:.3f}.nnc")
    looking = Predicting()
    ours = callbacks.ModelCheckpoint(path, save_best_only=True)
    history = fit(replicas(backend), [ours, looking, callbacks.EarlyStopping(patience=3)], epochs=10).history
    for number in range(COUNT):
        best, expected = numpy.inf, {}
        for epoch, values in enumerate(history["val_loss"]):
            if values[number] < best:
                best = values[number]
                expected[f"{epoch + 1:02d}-{best:.3f}.nnc"] = looking.seen[epoch][number]
        assert ours.best[number] == best
        found = {file.name: predictions(file) for file in (tmp_path / str(number)).iterdir()}
        assert sorted(found) == sorted(expected)
        for name, prediction in found.items():
            numpy.testing.assert_allclose(prediction, expected[name], rtol=1e-5, atol=1e-6)


def test_each_replica_is_written_until_it_stops(tmp_path, capsys):
    stopping = callbacks.EarlyStopping(patience=2)
    path = str(tmp_path / "{replica}-{epoch}.nnc")
    program = replicas()
    fit(program, [stopping, callbacks.ModelCheckpoint(path, verbose=1)], epochs=8)
    last = numpy.where(stopping.stopped_epoch > 0, stopping.stopped_epoch + 1, 8)
    assert last.min() < 8
    names = {f"{number}-{epoch + 1}.nnc" for number in range(COUNT) for epoch in range(last[number])}
    assert {file.name for file in tmp_path.iterdir()} == names
    for number in range(COUNT):
        found = predictions(tmp_path / f"{number}-{last[number]}.nnc")
        numpy.testing.assert_allclose(found, program.predict(arrays()[0])[number], rtol=1e-5, atol=1e-6)
    assert f"Epoch 1: saved replicas 0, 1, 2, 3, 4 to {path}" in capsys.readouterr().out


def test_the_best_replica_of_all_is_kept(tmp_path, capsys):
    looking = Predicting()
    ours = callbacks.ModelCheckpoint(tmp_path / "{epoch}-{val_loss:.3f}.nnc", save_best_only=True, verbose=1)
    values = numpy.array(fit(replicas(), [ours, looking], epochs=8).history["val_loss"])
    best, expected = numpy.inf, {}
    for epoch, row in enumerate(values):
        if row.min() < best:
            best = row.min()
            expected[f"{epoch + 1}-{best:.3f}.nnc"] = looking.seen[epoch][row.argmin()]
    assert ours.best == best == values.min()
    assert {file.name for file in tmp_path.iterdir()} == set(expected)
    for name, prediction in expected.items():
        numpy.testing.assert_allclose(predictions(tmp_path / name), prediction, rtol=1e-5, atol=1e-6)
    assert f"Epoch 1: saved replica {values[0].argmin()} to " in capsys.readouterr().out


def test_all_replicas_are_written_together(tmp_path):
    looking = Predicting()
    history = fit(
        replicas(), [callbacks.ModelCheckpoint(tmp_path / "{epoch}-{loss:.3f}.nnc"), looking], epochs=3
    ).history
    for epoch in range(3):
        best = numpy.argmin(history["val_loss"][epoch])
        loaded = nnc.load(tmp_path / f"{epoch + 1}-{history['loss'][epoch][best]:.3f}.nnc")
        assert loaded.replicas == COUNT
        numpy.testing.assert_allclose(loaded.predict(arrays()[0]), looking.seen[epoch], rtol=1e-5, atol=1e-6)


def test_weights_alone_and_between_batches(tmp_path):
    """Batches train stopped replicas along, and no file has anything of that."""
    stopping = callbacks.EarlyStopping(patience=1, min_delta=0.005)
    paths = [str(tmp_path / name) for name in ("all-{epoch}-{batch}.npz", "{replica}-{epoch}-{batch}.npz")]
    made = [callbacks.ModelCheckpoint(path, save_weights_only=True, save_freq=3) for path in paths]
    program = replicas()
    fit(program, [stopping, *made], epochs=8)
    stopped = stopping.stopped_epoch
    number = int(numpy.flatnonzero((stopped > 0) & (stopped < 6))[0])
    files = sorted(tmp_path.glob("all-8-*.npz"))
    assert files
    for file in files:
        with numpy.load(file) as archive:
            for weight, own in zip(archive.values(), program.get_weights(), strict=True):
                assert weight.shape == own.shape
                numpy.testing.assert_array_equal(weight[number], own[number])
    assert list(tmp_path.glob(f"{number}-{stopped[number] + 1}-*.npz"))
    assert not list(tmp_path.glob(f"{number}-8-*.npz"))
    other = int(numpy.flatnonzero(stopped == 0)[0])
    alone = program[other]
    alone.load_weights(sorted(tmp_path.glob(f"{other}-*.npz"))[-1])


def test_csv_logger(tmp_path):
    callback = callbacks.CSVLogger(tmp_path / "log.csv")
    history = fit(replicas(), [callbacks.ReduceLROnPlateau(), callback], epochs=3).history
    header, *rows = [line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines()]
    names = ("learning_rate", "loss", "mae", "val_loss", "val_mae")
    assert header == ["epoch", *(f"{name}[{number}]" for name in names for number in range(COUNT))]
    assert len(rows) == 3
    for epoch, row in enumerate(rows):
        expected = [epoch, *(float(number) for name in names for number in history[name][epoch])]
        assert [float(cell) for cell in row] == expected


# ---------------------------------------------------------------------- what goes wrong


def test_terminate_on_nan_stops_those_that_are_lost(tmp_path, capsys):
    x, y = arrays()
    rates = [0.1, 1e25, 0.05, 1e25, 0.02]
    program, expected = replicas(rates=rates), replicas(rates=rates)
    alone = expected[2]
    with numpy.errstate(all="ignore"):
        history = fit(program, callbacks.TerminateOnNaN()).history
        assert numpy.isnan(numpy.array(history["loss"])).all(0).tolist() == [False, True, False, True, False]
        assert len(history["loss"]) == 5
        assert fit(alone, None).history["loss"] == pytest.approx([row[2] for row in history["loss"]], rel=1e-5)
        (line,) = capsys.readouterr().out.splitlines()
        assert line.endswith(": Invalid loss of replicas 1, 3, terminating training")
        with pytest.raises(DataError, match=r"NaN or Inf loss of replicas 1, 3 encountered at batch \d"):
            fit(expected, callbacks.TerminateOnNaN(raise_error=True))
        pattern = tmp_path / "{replica}-{batch}.nnc"
        fit(
            replicas(rates=rates),
            [callbacks.TerminateOnNaN(), callbacks.ModelCheckpoint(pattern, save_freq=1)],
            epochs=1,
        )
        batch = int(line.split(":")[0].removeprefix("Batch "))
        for number, count in enumerate([5, batch, 5, batch, 5]):
            assert len(list(tmp_path.glob(f"{number}-*"))) == count
        lost = replicas(rates=1e25)
        assert len(fit(lost, callbacks.TerminateOnNaN()).history["loss"]) == 1
    assert program.predict(x).shape == (COUNT, len(y), 1)


def refused_callbacks() -> list[Any]:
    return [
        (lambda: callbacks.SwapEMAWeights(swap_on_epoch=True), "swap_on_epoch=True is for one network"),
        (lambda: callbacks.ModelCheckpoint("m.keras"), "is written to '.nnc' files, got 'm.keras'"),
        (of_a_model, "ModelCheckpoint: replicas are written to '.nnc' files, got 'm.keras'"),
        (lambda: callbacks.ModelCheckpoint("{loss:.3f}.nnc"), "which replica's loss filepath '{loss:.3f}.nnc' has is"),
        (several_numbers, "monitor 'pair' must be one number for each of 5 replicas, got an array of shape (5, 2)"),
    ]


def of_a_model() -> None:
    callback = callbacks.ModelCheckpoint("m.keras")
    callback.set_model(SimpleNamespace(replicas=COUNT, program=replicas()))
    callback.on_train_begin()


def several_numbers() -> Any:
    def put(epoch: int, logs: Any) -> None:
        logs["pair"] = numpy.zeros((COUNT, 2))

    return [callbacks.LambdaCallback(on_epoch_end=put), callbacks.EarlyStopping("pair", mode="min")]


@pytest.mark.parametrize(("make", "message"), refused_callbacks())
def test_what_has_no_meaning_is_named(make, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as raised:
        fit(replicas(), make(), validation_data=None)
    assert message in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_callbacks_of_keras_are_refused_where_they_take_one_network():
    keras = pytest.importorskip("keras")

    class Mine(keras.callbacks.EarlyStopping):
        pass

    class Own(keras.callbacks.Callback):
        seen = 0

        def on_epoch_end(self, epoch, logs=None):
            self.seen += logs["loss"].shape == (COUNT,)

    for wrong in (keras.callbacks.EarlyStopping(), keras.callbacks.ReduceLROnPlateau(), Mine()):
        with pytest.raises(DataError, match=r"callbacks: Keras's \w+ is for one network, and 5 replicas are trained"):
            fit(replicas(), wrong)
    own = Own()
    fit(replicas(), [own, keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)], epochs=2)
    assert own.seen == 2


# ---------------------------------------------------------------------- going on


class Stopping(callbacks.Callback):
    """Stops replicas by the number of the epoch alone, so that it need not remember anything."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_replicas(numpy.arange(COUNT) == epoch)


def train(folder: Any, save_freq: Any, more: Any = ()) -> Any:
    model = network(nnc, nnc.optimizers.Adam(0.01))
    dropped = nnc.Sequential([nnc.Input((3,)), nnc.layers.Dropout(0.3), *model.layers[-2:]])
    dropped.compile(nnc.optimizers.Adam(0.01), "mse", metrics=["mae"])
    dropped.seed = 11
    program = nnc.compile(dropped, replicas=COUNT, seeds=range(COUNT), backend="numpy")
    listed = [Stopping(), callbacks.BackupAndRestore(folder, save_freq), *more]
    return program, fit(program, listed, epochs=4, shuffle=True)


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("save_freq", "killed"), [("epoch", 13), (3, 14)])
def test_a_killed_process_goes_on(tmp_path, save_freq, killed):
    folder = tmp_path / "backup"
    train_until_killed(__name__, killed, folder, save_freq)
    resumed, history = train(folder, save_freq)
    whole, expected = train(tmp_path / "other", "epoch")
    assert history.epoch == [2, 3]
    for name, values in history.history.items():
        numpy.testing.assert_array_equal(values, expected.history[name][2:], err_msg=name)
    for label, array in whole.states.items():
        numpy.testing.assert_array_equal(resumed.states[label], array, err_msg=label)
    assert resumed.order_state == whole.order_state


def test_a_copy_of_other_replicas_is_named(tmp_path):
    def stop_here(epoch: int, logs: Any) -> None:
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fit(replicas(), [callbacks.BackupAndRestore(tmp_path), callbacks.LambdaCallback(on_epoch_end=stop_here)])
    message = r"is the copy of a training of 5 replicas, and this one has {} replicas; delete it"
    for other, has in ((nnc.compile(network(nnc), replicas=6), "6"), (network(nnc).program, "no")):
        with pytest.raises(DataError, match=message.format(has)):
            fit(other, callbacks.BackupAndRestore(tmp_path))


def test_a_training_that_had_ended_is_not_gone_on_with(tmp_path):
    class Failing(callbacks.Callback):
        def on_train_end(self, logs=None):
            raise RuntimeError("stopped")

    program, other = replicas(), replicas()
    stopping = callbacks.EarlyStopping("loss", patience=1, min_delta=10)
    with pytest.raises(RuntimeError, match="stopped"):
        fit(program, [stopping, Failing(), callbacks.BackupAndRestore(tmp_path)])
    assert fit(other, callbacks.BackupAndRestore(tmp_path)).epoch == []
    for label, array in program.states.items():
        numpy.testing.assert_array_equal(other.states[label], array, err_msg=label)


def test_averages_are_evaluated_for_each_replica():
    together_and_alone(callbacks.SwapEMAWeights, optimizer=nnc.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9))
