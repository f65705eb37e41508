"""Each callback against Keras's on the same training: histories, stopped epochs, weights, files, messages."""

from __future__ import annotations

import inspect
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from nnc import callbacks
from nnc.errors import DataError, ModelError, NncWarning
from tests.callbacks.networks import arrays, fit, network

pytestmark = pytest.mark.filterwarnings("ignore:.*__array__.*:DeprecationWarning")
"""Keras's own, in its way from tensors to numbers."""


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def same(keras: Any, make: Any, optimizer: Any = None, **options: Any) -> tuple[Any, Any]:
    """Train with both, compare, and return both models; `make` gives the callbacks of a module."""
    models, histories, made = [], [], []
    for module in (nnc, keras):
        model = network(module, None if optimizer is None else optimizer(module))
        made.append(make(module.callbacks))
        histories.append(fit(model, made[-1], **options))
        models.append(model)
    found, expected = histories
    assert found.epoch == expected.epoch
    assert list(found.history) == list(expected.history)
    for name, values in expected.history.items():
        numpy.testing.assert_allclose(found.history[name], values, rtol=1e-4, err_msg=name)
    for one, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    return made[0], made[1]


STOPPING = [
    {"monitor": "val_loss", "patience": 1, "min_delta": 0.3},
    {"monitor": "loss", "patience": 2, "min_delta": 0.3, "restore_best_weights": True},
    {"monitor": "val_mae", "patience": 0, "mode": "max", "restore_best_weights": True},
    {"monitor": "val_loss", "baseline": 0.001, "patience": 3, "min_delta": 0.3},
    {"monitor": "loss", "start_from_epoch": 4, "min_delta": 1.0, "patience": 1},
]


@pytest.mark.parametrize("arguments", STOPPING)
@pytest.mark.sampled(1)
def test_early_stopping(keras, capsys, arguments):
    ours, theirs = same(keras, lambda module: module.EarlyStopping(verbose=1, **arguments), epochs=12)
    assert ours.stopped_epoch == theirs.stopped_epoch > 0
    assert ours.best == pytest.approx(theirs.best, rel=1e-4)
    found = capsys.readouterr().out.splitlines()
    assert found[: len(found) // 2] == found[len(found) // 2 :]
    assert found[0] == f"Epoch {ours.stopped_epoch + 1}: early stopping"


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("cooldown", [0, 2])
@pytest.mark.sampled(1)
def test_reduce_lr_on_plateau(keras, mode, cooldown):
    arguments = {"factor": 0.5, "patience": 1, "cooldown": cooldown, "min_lr": 0.01, "mode": mode, "min_delta": 0.02}
    same(keras, lambda module: module.ReduceLROnPlateau(monitor="val_loss", **arguments), epochs=12)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("schedule", [lambda epoch: 0.1 / (epoch + 1.0), lambda epoch, rate: rate * 0.9])
def test_learning_rate_scheduler(keras, schedule):
    same(keras, lambda module: module.LearningRateScheduler(schedule))


@pytest.mark.slow
def test_several_callbacks_on_one_training(keras):
    def make(module: Any) -> Any:
        return [
            module.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
            module.ReduceLROnPlateau(monitor="loss", patience=1, factor=0.5, min_delta=0.1),
            module.EarlyStopping(monitor="loss", patience=4, min_delta=0.1),
        ]

    same(keras, make, epochs=15)


@pytest.mark.slow
def test_terminate_on_nan(keras, capsys):
    for raises in (False, True):
        models = []
        for module in (nnc, keras):
            model = network(module, module.optimizers.SGD(1e6))
            models.append(model)
            callback = module.callbacks.TerminateOnNaN(raise_error=raises)
            # nnc says beforehand that such a learning rate is too large, which is what brings NaN about here
            hint = pytest.warns(NncWarning, match="large-first-update") if module is nnc else nullcontext()
            with hint:
                if raises:
                    with pytest.raises((DataError, RuntimeError), match="NaN or Inf loss encountered at batch"):
                        fit(model, callback)
                else:
                    assert fit(model, callback).epoch == [0]
    ours, theirs = capsys.readouterr().out.splitlines()
    assert ours == theirs
    assert ours.endswith("Invalid loss, terminating training")


@pytest.mark.parametrize("options", [{}, {"validation_data": None}, {"validation_freq": 2}])
@pytest.mark.slow
def test_csv_logger(keras, tmp_path, options):
    tables = []
    for module in (nnc, keras):
        path = tmp_path / f"{module.__name__}.csv"
        model = network(module)
        for append in (False, True):
            fit(model, module.callbacks.CSVLogger(path, separator=";", append=append), epochs=3, **options)
        tables.append([line.split(";") for line in path.read_text().splitlines()])
    found, expected = tables
    assert len(found) == len(expected) == 7
    assert found[0] == expected[0]
    for row, other in zip(found[1:], expected[1:], strict=True):
        for cell, wanted in zip(row, other, strict=True):
            assert cell == wanted if wanted == "NA" else float(cell) == pytest.approx(float(wanted), rel=1e-4)


CHECKPOINTS = [
    {},
    {"save_best_only": True, "monitor": "val_loss"},
    {"save_best_only": True, "monitor": "val_mae", "mode": "max", "initial_value_threshold": 0.1},
    {"save_freq": 4},
    {"save_freq": 7, "save_best_only": True, "monitor": "loss"},
]


@pytest.mark.parametrize("weights_only", [False, True])
@pytest.mark.parametrize("arguments", CHECKPOINTS)
@pytest.mark.sampled(1)
def test_model_checkpoint_writes_the_files_keras_writes(keras, tmp_path, arguments, weights_only):
    pattern = "at/{epoch:02d}" + ("-{batch:02d}" if "save_freq" in arguments else "-{val_loss:.2f}") + "-{mae:.2f}"
    suffixes = {nnc: ".weights.npz" if weights_only else ".nnc", keras: ".weights.h5" if weights_only else ".keras"}

    def make(module: Any) -> Any:
        which = nnc if module is callbacks else keras
        path = tmp_path / which.__name__ / f"{pattern}{suffixes[which]}"
        return module.ModelCheckpoint(path, save_weights_only=weights_only, **arguments)

    ours, theirs = same(keras, make)
    assert ours.best == (None if theirs.best is None else pytest.approx(theirs.best, rel=1e-4))
    found, expected = (
        sorted(path.name.removesuffix(suffix) for path in (tmp_path / module.__name__ / "at").iterdir())
        for module, suffix in suffixes.items()
    )
    assert found == expected
    assert found


@pytest.mark.slow
def test_saved_models_are_those_of_their_epoch(tmp_path):
    pattern = str(tmp_path / "{epoch}.nnc")
    fit(network(nnc), callbacks.ModelCheckpoint(pattern), epochs=3)
    whole = network(nnc)
    fit(whole, None, epochs=2)
    program = nnc.load(tmp_path / "2.nnc")
    numpy.testing.assert_array_equal(program.states["parameters"], whole.program.states["parameters"])
    fit(network(nnc), callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.npz", save_weights_only=True), epochs=2)
    with numpy.load(tmp_path / "2.weights.npz") as archive:
        for array, expected in zip(archive.values(), whole.get_weights(), strict=True):
            numpy.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("swap_on_epoch", [False, True])
@pytest.mark.sampled(1)
def test_swap_ema_weights(keras, swap_on_epoch):
    same(
        keras,
        lambda module: module.SwapEMAWeights(swap_on_epoch=swap_on_epoch),
        lambda module: module.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9),
        validation_data=None if swap_on_epoch else (arrays()[0][:10], arrays()[1][:10]),
    )


def test_predictions_see_swapped_weights():
    """The program derives some of what it predicts with from the weights, and must notice that they are others."""
    model = network(nnc, nnc.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9))
    seen = []

    class Looking(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((model.predict(arrays()[0]), model.get_weights()))

    fit(model, [callbacks.SwapEMAWeights(swap_on_epoch=True), Looking()], epochs=2, validation_data=None)
    for prediction, weights in seen:
        other = network(nnc)
        other.set_weights(weights)
        numpy.testing.assert_array_equal(prediction, other.predict(arrays()[0]))


@pytest.mark.parametrize("name", [name for name in callbacks.__all__ if name not in ("CallbackList", "History")])
def test_arguments_are_those_of_keras(keras, name):
    found, expected = (
        [
            (item.name, item.default)
            for item in inspect.signature(getattr(module, name)).parameters.values()
            if item.kind is item.POSITIONAL_OR_KEYWORD
        ]
        for module in (callbacks, keras.callbacks)
    )
    assert found == expected


def test_monitors_know_which_way_is_better(keras):
    for name in ("loss", "val_loss", "mae", "val_mae", "mse"):
        assert not callbacks.EarlyStopping(name).rises
    for name in ("accuracy", "val_accuracy", "auc", "precision", "val_recall"):
        assert callbacks.EarlyStopping(name).rises
    assert callbacks.EarlyStopping("loss", mode="max").rises
    with pytest.raises(ModelError, match="whether 'mine' should rise or fall cannot be told from its name"):
        fit(network(nnc), [callbacks.LambdaCallback(on_epoch_end=put_mine), callbacks.EarlyStopping("mine")])
    with pytest.warns(UserWarning, match="mode 'up' is unknown, fallback to auto mode") as said:
        assert callbacks.EarlyStopping("auc", mode="up").rises
    assert said[0].filename == __file__


def put_mine(epoch: int, logs: Any) -> None:
    logs["mine"] = epoch


@pytest.mark.sampled(1)
@pytest.mark.parametrize("name", ["EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint"])
def test_what_is_watched_and_missing_is_said(keras, name, tmp_path):
    texts = []
    for module in (nnc, keras):
        first = [tmp_path / f"x{'.nnc' if module is nnc else '.keras'}"] if name == "ModelCheckpoint" else []
        more = {"save_best_only": True} if first else {}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit(
                network(module),
                getattr(module.callbacks, name)(*first, monitor="val_acc", mode="max", **more),
                epochs=1,
            )
        texts.append([str(item.message) for item in caught if "val_acc" in str(item.message)])
    assert texts[0] == texts[1] != []


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            lambda: callbacks.ModelCheckpoint("model.pt"),
            "filepath must end in '.nnc' or '.keras' or '.h5' or '.hdf5', got 'model.pt'",
        ),
        (
            lambda: callbacks.ModelCheckpoint("m.weights.h5"),
            "got 'm.weights.h5'; for weights alone, give save_weights_only=True",
        ),
        (
            lambda: callbacks.ModelCheckpoint("m.keras").set_model(network(nnc).program),
            "a program is written to '.nnc' files, got 'm.keras'; a model writes Keras's files as well",
        ),
        (
            lambda: callbacks.ModelCheckpoint("m.nnc", save_weights_only=True),
            "filepath must end in '.weights.h5' or '.npz', got 'm.nnc'",
        ),
        (
            lambda: callbacks.ModelCheckpoint("m.weights.h5", save_weights_only=True).set_model(network(nnc).program),
            "a program's weights are written to '.npz' files, got 'm.weights.h5'; a model writes Keras's files as well",
        ),
        (
            lambda: callbacks.ModelCheckpoint("m.nnc", save_freq="batch"),
            "Unrecognized save_freq: Invalid value",
        ),
        (
            lambda: callbacks.BackupAndRestore("x", save_freq=0),
            "Invalid value 0, it must be 'epoch' or a",
        ),
        (lambda: callbacks.BackupAndRestore(None), "it must be the path of a folder, got None"),
        (lambda: callbacks.BackupAndRestore(""), "Empty `backup_dir` argument passed; it must be"),
        (
            lambda: fit(network(nnc), callbacks.ModelCheckpoint("{acc:.2f}.nnc")),
            "'acc' in filepath '{acc:.2f}.nnc' is not among the logs, which are epoch, loss, mae, val_loss, val_mae",
        ),
    ],
)
def test_mistakes_are_named(action, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as raised:
        action()
    assert message in str(raised.value)
    assert not list(Path(tmp_path).iterdir())


def test_mistakes_of_the_model_are_named():
    with pytest.raises(ModelError, match="factor must be a finite number below 1, got 1"):
        callbacks.ReduceLROnPlateau(factor=1)
    with pytest.raises(ModelError, match="the schedule must return a float, got 1"):
        fit(network(nnc), callbacks.LearningRateScheduler(lambda epoch: 1))
    with pytest.raises(ModelError, match="SwapEMAWeights must be used when `use_ema=True` is set"):
        fit(network(nnc), callbacks.SwapEMAWeights())
