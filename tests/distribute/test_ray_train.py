"""A training whose worker is killed on Ray ends with the bits of one that was never cut."""

from __future__ import annotations

import os
from pathlib import Path

import numpy
import pytest

import nnc
from nnc.callbacks import Callback
from nnc.errors import DataError
from nnc.integrations.ray import ReportCheckpointCallback, load_checkpoint, trainer

ray = pytest.importorskip("ray")
pytest.importorskip("ray.train")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("ray_here"),
    pytest.mark.filterwarnings("ignore:`use_.*deprecated:DeprecationWarning:ray"),  # of itself
]


def arrays():
    generator = numpy.random.default_rng(3)
    x = generator.normal(size=(50, 3)).astype("float32")
    return x, x[:, :1] * x[:, 1:2]


def program(replicas=None, backend="numpy"):
    """Dropout, a shuffled order, and an optimizer with slots: all of which have to go on."""
    nnc.utils.set_random_seed(4)
    model = nnc.Sequential([nnc.Input((3,)), nnc.layers.Dense(4, "tanh"), nnc.layers.Dropout(0.3), nnc.layers.Dense(1)])
    model.compile(nnc.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return nnc.compile(model, replicas=replicas, backend=backend)


class Killed(Callback):
    """Kills its process after some batches, as often as wanted: an attempt leaves a mark in a folder."""

    def __init__(self, marks, batches, times):
        super().__init__()
        self.marks, self.batches, self.times, self.count = Path(marks), batches, times, 0

    def on_train_batch_end(self, batch, logs=None):
        self.count += 1
        if self.count == self.batches and len(list(self.marks.iterdir())) < self.times:
            (self.marks / str(os.getpid())).touch()
            os.kill(os.getpid(), 9)


FIT = {"epochs": 6, "batch_size": 8}


@pytest.mark.parametrize(
    ("save_freq", "replicas", "backend", "times"),
    [("epoch", None, "numpy", 2), (5, None, "c", 1), ("epoch", 3, "c", 1)],
)
def test_a_killed_worker_changes_no_bit(tmp_path, save_freq, replicas, backend, times):
    marks = tmp_path / "marks"
    marks.mkdir()
    x, y = arrays()
    whole = program(replicas, backend)
    history = whole.fit(x, y, verbose=0, validation_data=(x[:9], y[:9]), **FIT).history
    result = trainer(
        program(replicas, backend),
        arrays,
        save_freq=save_freq,
        max_failures=times,
        name="run",
        storage_path=tmp_path / "runs",
        callbacks=[Killed(marks, 16, times)],
        validation_data=(x[:9], y[:9]),
        **FIT,
    ).fit()
    assert len(list(marks.iterdir())) == times  # as many processes died
    found = load_checkpoint(result.checkpoint)
    for label, array in whole.states.items():
        numpy.testing.assert_array_equal(found.states[label], array, err_msg=label)
    assert found.order_state == whole.order_state
    assert result.metrics["epoch"] == 6
    for name, values in history.items():
        numpy.testing.assert_array_equal(result.metrics[name], values[-1])


def test_a_run_that_ended_goes_on_under_its_name(tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()

    def run():
        options = {"name": "run", "storage_path": tmp_path / "runs", "max_failures": 0}
        return trainer(program(), arrays, callbacks=[Killed(marks, 16, 1)], **options, **FIT).fit()

    with pytest.raises(ray.train.TrainingFailedError):
        run()
    found = load_checkpoint(run().checkpoint)
    whole = program()
    whole.fit(*arrays(), verbose=0, **FIT)
    for label, array in whole.states.items():
        numpy.testing.assert_array_equal(found.states[label], array, err_msg=label)


def test_what_follows_the_last_epoch_is_in_the_last_checkpoint(tmp_path):
    x, y = arrays()
    stopping = nnc.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True)
    options = {"batch_size": 8, "validation_data": (x[:9], -y[:9]), "callbacks": [stopping]}
    result = trainer(program(), (x, y), epochs=30, storage_path=tmp_path, **options).fit()
    whole = program()
    whole.fit(x, y, verbose=0, epochs=30, **options)
    for one, other in zip(whole.get_weights(), load_checkpoint(result.checkpoint).get_weights(), strict=True):
        numpy.testing.assert_array_equal(one, other)


def test_several_workers_are_refused(tmp_path):
    from ray.train import RunConfig, ScalingConfig
    from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

    def loop():
        program().fit(*arrays(), verbose=0, callbacks=[ReportCheckpointCallback()])

    several = DataParallelTrainer(
        loop, scaling_config=ScalingConfig(num_workers=2), run_config=RunConfig(storage_path=str(tmp_path))
    )
    with pytest.raises(ray.train.TrainingFailedError, match="there are 2 workers, each of which would train by its"):
        several.fit()


def test_a_frequency_that_does_not_fit(tmp_path):
    with pytest.raises(DataError, match="save_freq"):
        trainer(program(), arrays, epochs=1, save_freq=0, storage_path=tmp_path)
