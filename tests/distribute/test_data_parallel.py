"""Training that several processes divide, here threads: losses, callbacks, what is refused and what ends all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from nnc import callbacks, layers, optimizers
from nnc.errors import DataError, DistributionError, ModelError
from nnc.utils import set_random_seed
from tests.distribute.threads import Aborted, Group, ThreadCommunicator, in_processes

RANDOM = numpy.random.default_rng(0)
X = RANDOM.normal(size=(101, 8)).astype("float32")
Y = RANDOM.integers(0, 3, 101)
IMAGES = RANDOM.normal(size=(33, 8, 8, 2)).astype("float32")
BACKENDS = ["numpy", "c"]


def perceptron(seed: int = 3) -> nnc.Model:
    set_random_seed(seed)
    model = nnc.Sequential(
        [
            layers.Input((8,)),
            layers.Dense(16, activation="relu", kernel_regularizer="l2"),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(clipnorm=1.0, use_ema=True), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def images() -> nnc.Model:
    set_random_seed(4)
    model = nnc.Sequential(
        [
            layers.Input((8, 8, 2)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(synchronized=True),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("sgd", "binary_crossentropy", metrics=["auc"])
    return model


def trained(make: Callable[[], nnc.Model], size: int, *data: Any, backend: str = "numpy", **options: Any) -> list[Any]:
    """Return the history, or the error, and the model of each process."""
    models = [make() for _ in range(size)]

    def work(processes: ThreadCommunicator) -> Any:
        model = models[processes.rank]
        model.backend = backend
        return model.fit(*data, verbose=0, distribute=processes, **options).history

    return list(zip(in_processes(size, work), models, strict=True))


def assert_alike(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, numbers in expected.items():
        numpy.testing.assert_allclose(found[name], numbers, 1e-6, err_msg=name)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.sampled(1)
def test_several_processes_find_the_losses_of_one(size, backend):
    options = {"batch_size": 32, "epochs": 3, "validation_split": 0.2}
    alone = perceptron()
    alone.backend = backend
    expected = alone.fit(X, Y, verbose=0, **options).history
    found = trained(perceptron, size, X, Y, backend=backend, **options)
    for history, model in found:
        assert_alike(history, expected)
        assert history == found[0][0]
        for weight, own in zip(model.get_weights(), found[0][1].get_weights(), strict=True):
            assert weight.tobytes() == own.tobytes()
    if size == 1:
        for weight, own in zip(alone.get_weights(), found[0][1].get_weights(), strict=True):
            assert weight.tobytes() == own.tobytes()
    again = trained(perceptron, size, X, Y, backend=backend, **options)
    assert again[0][0] == found[0][0]


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_last_batch_of_one_row_leaves_processes_without_any(backend):
    targets = RANDOM.integers(0, 2, 33)
    alone = images()
    alone.backend = backend
    expected = alone.fit(IMAGES, targets, batch_size=32, epochs=2, verbose=0).history
    for history, _ in trained(images, 3, IMAGES, targets, backend=backend, batch_size=32, epochs=2):
        assert_alike(history, expected)


def test_weights_of_rows_and_classes_weigh_as_in_one_process():
    weights = RANDOM.random(101)
    options = {"sample_weight": weights, "class_weight": {0: 1.0, 1: 3.0, 2: 0.5}, "epochs": 2}
    expected = perceptron().fit(X, Y, verbose=0, **options).history
    assert_alike(trained(perceptron, 2, X, Y, **options)[1][0], expected)


def test_tables_of_words_learn_from_the_sum_of_their_look_ups():
    """As Keras on JAX, which is what it distributes on; see `nnc.optimizers.lookups.Summing`."""

    def words(summing: Any = None) -> nnc.Model:
        set_random_seed(1)
        model = nnc.Sequential(
            [layers.Input((4,), dtype="int32"), layers.Embedding(5, 3), layers.Flatten(), layers.Dense(1)]
        )
        optimizer = optimizers.Adam()
        optimizer.summing = summing or optimizer.summing
        model.compile(optimizer, "mse")
        return model

    from nnc.optimizers.lookups import Summing

    x, y = RANDOM.integers(0, 5, (16, 4)), RANDOM.random((16, 1))
    found = trained(words, 2, x, y, epochs=3)[0][0]
    assert_alike(found, words(Summing.FIRST).fit(x, y, epochs=3, verbose=0).history)
    assert abs(found["loss"][-1] / words().fit(x, y, epochs=3, verbose=0).history["loss"][-1] - 1) > 1e-6


def test_each_step_sums_up_one_vector():
    group = Group(2)
    models = [perceptron(), perceptron()]
    steps = 4

    def work(processes: ThreadCommunicator) -> None:
        models[processes.rank].fit(X, Y, verbose=0, distribute=processes)

    assert in_processes(2, work, group) == [None, None]
    assert group.calls[0] == group.calls[1]
    assert group.calls[0].count("all_reduce") == steps + 2  # and the sums of the metrics at the end of the epoch


# ---------------------------------------------------------------------- callbacks


def test_callbacks_stop_all_and_only_the_first_process_writes(tmp_path: Path):
    paths = [tmp_path / f"{rank}.csv" for rank in range(2)]
    models = [perceptron(), perceptron()]

    def work(processes: ThreadCommunicator) -> Any:
        rank = processes.rank
        listed = [
            callbacks.CSVLogger(paths[rank]),
            callbacks.EarlyStopping("loss", patience=0, min_delta=10.0, restore_best_weights=True),
            callbacks.ReduceLROnPlateau("loss", patience=1),
        ]
        return models[rank].fit(X, Y, epochs=9, verbose=0, callbacks=listed, distribute=processes).history

    first, second = in_processes(2, work)
    assert first == second
    assert len(first["loss"]) == 2
    assert paths[0].exists()
    assert not paths[1].exists()


def test_one_process_that_wants_to_stop_stops_all():
    class Stops(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = True

    models = [perceptron(), perceptron()]

    def work(processes: ThreadCommunicator) -> Any:
        listed = [Stops()] if processes.rank else []
        return models[processes.rank].fit(X, Y, epochs=9, verbose=0, callbacks=listed, distribute=processes).history

    assert [len(history["loss"]) for history in in_processes(2, work)] == [1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("frequency", ["epoch", 3])
def test_a_training_that_was_cut_goes_on_to_the_bit(tmp_path: Path, frequency):
    class Cut(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                raise RuntimeError("cut")

    def fit(folder: Path, cuts: bool) -> list[Any]:
        def work(processes: ThreadCommunicator) -> Any:
            listed: list[Any] = [callbacks.BackupAndRestore(folder, frequency, delete_checkpoint=False)]
            model = perceptron(7 + processes.rank)  # all begin with the weights of the first
            model.fit(X, Y, epochs=4, verbose=0, callbacks=listed + [Cut()] * cuts, distribute=processes)
            return model.get_weights()

        return in_processes(2, work)

    whole = fit(tmp_path / "whole", False)
    assert any(isinstance(found, RuntimeError) for found in fit(tmp_path / "cut", True))
    for weights in fit(tmp_path / "cut", False):
        assert [weight.tobytes() for weight in weights] == [weight.tobytes() for weight in whole[0]]


# ---------------------------------------------------------------------- what is refused


@pytest.mark.slow
def test_processes_that_would_not_train_the_same_are_refused_before_the_first_step():
    def outcome(change: Callable[[int], tuple[Any, dict[str, Any]]]) -> str:
        def work(processes: ThreadCommunicator) -> Any:
            model, options = change(processes.rank)
            before = model.get_weights()
            options = {"x": X, "y": Y, "epochs": 1} | options
            try:
                return model.fit(verbose=0, distribute=processes, **options)
            finally:
                for weight, own in zip(before, model.get_weights(), strict=True):
                    numpy.testing.assert_array_equal(weight, own)

        errors = in_processes(2, work)
        assert all(isinstance(error, DistributionError | DataError) for error in errors), errors
        return str(errors[0])

    def other_optimizer(rank: int) -> Any:
        model = perceptron()
        if rank:
            model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model, {}

    start = "processes 0 and 1 do not train the same: "
    orders = outcome(lambda rank: (perceptron(), {"shuffle": rank == 0}))
    assert orders == start + "shuffle True and False"
    times = outcome(lambda rank: (perceptron(), {"validation_split": 0.2, "validation_freq": 1 + rank}))
    assert times.startswith(start + "validation_freq 1 and 2")
    assert outcome(lambda rank: (perceptron(), {"x": X + rank})).startswith(start + "data ")
    assert outcome(lambda rank: (perceptron(), {"batch_size": 32 + rank})).startswith(
        start + "settings of 'train' (32,"
    )
    assert outcome(other_optimizer).startswith(start + "graph 'train' ")
    assert outcome(lambda rank: (perceptron(), {"x": X[:, rank:]})) == (
        "process 1 cannot train: input 'x' must have shape (rows, 8), got (101, 7)"
    )


def test_each_process_looks_at_its_part_of_a_file(tmp_path: Path):
    rows = X.copy()
    rows[70, 2] = numpy.nan
    numpy.save(tmp_path / "rows.npy", rows)

    def work(processes: ThreadCommunicator) -> Any:
        mapped = numpy.load(tmp_path / "rows.npy", mmap_mode="r")
        return perceptron().fit(mapped, Y, verbose=0, distribute=processes)

    first, second = in_processes(2, work)
    assert str(second).startswith("input 'x' has NaN or infinity in 1 of 51 rows, first in row 70: ")
    assert str(first) == f"process 1 cannot train: {second}"


def test_processes_of_different_versions_are_refused(monkeypatch: pytest.MonkeyPatch):
    here = threading.local()
    monkeypatch.setattr("importlib.metadata.version", lambda name: f"{name} {here.rank}.0")

    def work(processes: ThreadCommunicator) -> Any:
        here.rank = processes.rank
        return perceptron().fit(X, Y, verbose=0, distribute=processes)

    for error in in_processes(2, work):
        assert str(error) == (
            "processes 0 and 1 do not train the same: version of nnc 'nnc-keras 0.0' and 'nnc-keras 1.0'"
        )


def test_weights_that_a_callback_changes_in_one_process_are_noticed():
    class Changes(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.set_weights([weight + 1 for weight in self.model.get_weights()])

    models = [perceptron(), perceptron()]

    def work(processes: ThreadCommunicator) -> Any:
        listed = [Changes()] if processes.rank else []
        return models[processes.rank].fit(X, Y, epochs=3, verbose=0, callbacks=listed, distribute=processes)

    for error in in_processes(2, work):
        assert str(error) == (
            "after epoch 1 process 1 has other weights than process 0; callbacks have to do the same in all processes"
        )


def test_an_error_in_one_process_ends_all_with_one_line():
    class Fails(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise OSError(28, "No space left on device")

    group, models = Group(2), [perceptron(), perceptron()]

    def work(processes: ThreadCommunicator) -> Any:
        listed = [Fails()] if processes.rank else []
        return models[processes.rank].fit(X, Y, epochs=3, verbose=0, callbacks=listed, distribute=processes)

    first, second = in_processes(2, work, group)
    assert isinstance(first, Aborted)
    assert isinstance(second, OSError)
    assert group.said == ["process 1: OSError: [Errno 28] No space left on device"]


def replicas() -> nnc.Model:
    model = perceptron()
    model.compile("sgd", "sparse_categorical_crossentropy", replicas=2)
    return model


def limited() -> nnc.Model:
    model = perceptron()
    model.program.max_bytes = "1G"
    return model


def checking() -> nnc.Model:
    model = perceptron()
    model.check_nan = True
    return model


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (replicas, {}, "replicas are trained by one process"),
        (checking, {}, "check_nan looks at the steps of one process"),
        (limited, {}, "max_bytes is about graphs that one process runs"),
        (perceptron, {"x": iter([(X, Y)]), "y": None}, "several processes divide arrays"),
        (perceptron, {"validation_data": iter([(X, Y)])}, "several processes divide arrays"),
    ],
)
def test_what_cannot_be_divided_is_refused(make, options, message):
    given = {"x": X, "y": Y, **options}
    models = [make(), make()]

    def work(processes: ThreadCommunicator) -> Any:
        return models[processes.rank].fit(verbose=0, distribute=processes, **given)

    for error in in_processes(2, work):
        assert isinstance(error, DataError)
        assert message in str(error)


def test_an_unknown_communicator_is_refused_by_name():
    with pytest.raises(ModelError, match="distribute='mpl' is not known; there is mpi"):
        perceptron().fit(X, Y, distribute="mpl")


def test_a_second_training_compiles_nothing():
    models = [perceptron(), perceptron()]

    def work(processes: ThreadCommunicator) -> int:
        model = models[processes.rank]
        model.fit(X, Y, verbose=0, distribute=processes)
        before = model.program.compilations
        model.fit(X, Y, epochs=2, verbose=0, distribute=processes)
        return model.program.compilations - before

    assert in_processes(2, work) == [0, 0]
    parts = models[0].program.executor.parts["train"]
    assert [part.name for part in parts] == ["gradients", "apply"]
