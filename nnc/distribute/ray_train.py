"""Trains a program on Ray Train, which begins a worker that died anew, from a checkpoint that is a ``.nnc`` file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import numpy

from nnc.arguments import argument
from nnc.callbacks.callback import Logs
from nnc.callbacks.model_checkpoint import check_frequency
from nnc.callbacks.places import KeepsPlaces, Place, read_place
from nnc.distribute.ray_start import import_ray
from nnc.errors import DataError
from nnc.program import load
from nnc.program.program import program_to_bytes

if TYPE_CHECKING:
    from nnc.program import Program

PROGRAM = "program.nnc"
PLACE = "place.json"


class ReportCheckpointCallback(KeepsPlaces):
    """Reports metrics to Ray Train, with checkpoints that are ``.nnc`` files, and goes on from the latest to the bit.

    It belongs at the end of the callbacks of `fit`, in the function that a `ray.train` trainer runs on one worker. With
    each checkpoint it reports losses and metrics, those of replicas in lists, and ``epoch``, the number of epochs that
    are done. A checkpoint is a folder with ``program.nnc``, which `nnc.load` reads, and with the place in the training.
    What follows the last epoch, such as best weights that `EarlyStopping` restores, is reported as well. What other
    callbacks remember is not in a checkpoint: they start afresh, as with `nnc.callbacks.BackupAndRestore`.

    Ray Train takes a report every two seconds, which the variable ``RAY_TRAIN_HEALTH_CHECK_INTERVAL_S`` changes, and
    the training waits for it. So for short epochs there should be a checkpoint every so many batches.

    Args:
        save_freq: when there is a checkpoint: ``epoch``, or a number of batches.

    Raises:
        DataError: the frequency does not fit.
    """

    save_freq: Literal["epoch"] | int = argument(check_frequency, default="epoch")

    def __post_init__(self) -> None:
        self.keep_every(self.save_freq)
        self._last = b""
        self._measured: dict[str, Any] = {}
        self._reported: dict[str, Any] = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        """Take over the latest checkpoint, where there is one.

        Raises:
            DataError: it is damaged, or of another model; or there are several workers.
        """
        train = _ray_train()
        count = train.get_context().get_world_size()
        if count != 1:
            raise DataError(
                f"ReportCheckpointCallback: there are {count} workers, each of which would train by itself; set"
                " ScalingConfig(num_workers=1)"
            )
        checkpoint = train.get_checkpoint()
        if checkpoint is None:
            return
        with checkpoint.as_directory() as folder:
            program = load(Path(folder) / PROGRAM)
            try:
                place = read_place((Path(folder) / PLACE).read_bytes())
            except Exception as error:  # a hostile file can make NumPy's reader raise anything
                raise DataError(f"ReportCheckpointCallback: {checkpoint.path}/{PLACE} is damaged: {error}") from error
        source = f"{checkpoint.path} is the checkpoint"
        self.go_on(place, program.states, source, "give the run another name or storage_path")
        self._last = program_to_bytes(self.program)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Report the epoch, where each has a checkpoint."""
        self._measured = _metrics(epoch + 1, logs)
        super().on_epoch_end(epoch, logs)

    def on_train_end(self, logs: Logs = None) -> None:
        """Report what there is in the end, where that is not what was reported last."""
        measured = self._measured or self._reported
        if program_to_bytes(self.program) != self._last or measured != self._reported:
            self._report(self.place(self.params["epochs"], 0, self.program.order_state), measured)

    def save_place(self, place: Place, logs: Logs) -> None:
        """Report, with a checkpoint."""
        self._report(place, _metrics(place["epoch"], logs))

    def _report(self, place: Place, metrics: dict[str, Any]) -> None:
        train = _ray_train()
        self._last, self._reported = program_to_bytes(self.program), metrics
        with TemporaryDirectory(prefix="nnc-") as folder:
            (Path(folder) / PROGRAM).write_bytes(self._last)
            (Path(folder) / PLACE).write_text(json.dumps(place))
            train.report(metrics, checkpoint=train.Checkpoint.from_directory(folder))


def trainer(
    program: Program,
    data: Any,
    *,
    epochs: int,
    max_failures: int = 3,
    save_freq: Literal["epoch"] | int = "epoch",
    name: str | None = None,
    storage_path: str | os.PathLike[str] | None = None,
    cpus: int = 1,
    callbacks: Sequence[Any] = (),
    **fit: Any,
) -> Any:
    """Return a trainer of Ray Train: its ``fit()`` trains the program on a worker, and again where the worker dies.

    The worker trains a copy; `load_checkpoint` has what became of it. A run whose worker was killed has the bits of one
    that was never cut.

    Args:
        program: what is trained; it may have replicas.
        data: the inputs and targets (x, y), or a function without arguments that returns them on the worker.
        epochs: number of the last epoch.
        max_failures: how often a worker may die; -1 for any number.
        save_freq: when there is a checkpoint: ``epoch``, or a number of batches.
        name: of the run; a run of the same name in the same place goes on from its latest checkpoint.
        storage_path: folder of the checkpoints, on a cluster one that all machines see; by default ``~/ray_results``.
        cpus: processors of the worker.
        callbacks: other callbacks, which have to be picklable.
        fit: other arguments of `Program.fit`, such as ``batch_size`` and ``validation_data``.

    Returns:
        Ray's ``DataParallelTrainer``. Its ``fit()`` returns a ``ray.train.Result``.

    Raises:
        NncError: Ray is not installed.
        DataError: `save_freq` does not fit.
    """
    train = _ray_train()
    config = {
        "program": program,
        "data": data,
        "save_freq": ReportCheckpointCallback(save_freq).save_freq,
        "fit": {"verbose": 0, **fit, "epochs": epochs, "callbacks": list(callbacks)},
    }
    return _trainer_class(train)(
        _loop(config),
        scaling_config=train.ScalingConfig(num_workers=1, resources_per_worker={"CPU": cpus}),
        run_config=train.RunConfig(
            name=name,
            storage_path=None if storage_path is None else os.path.abspath(storage_path),
            failure_config=train.FailureConfig(max_failures=max_failures),
        ),
    )


def _trainer_class(train: Any) -> Any:
    """Return Ray's trainer of any function, of the generation that its settings are of."""
    if hasattr(train, "UserCallback"):  # a name of the second generation alone
        from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

        return DataParallelTrainer
    from ray.train.data_parallel_trainer import DataParallelTrainer as EarlierTrainer

    return EarlierTrainer


def _loop(config: dict[str, Any]) -> Callable[[], None]:
    """Return what a worker runs."""

    def train_on_worker() -> None:
        data, fit = config["data"], config["fit"]
        x, y = data() if callable(data) else data
        callbacks = [*fit["callbacks"], ReportCheckpointCallback(config["save_freq"])]
        config["program"].fit(x, y, **{**fit, "callbacks": callbacks})

    return train_on_worker


def load_checkpoint(checkpoint: Any) -> Program:
    """Return the program of a checkpoint that `ReportCheckpointCallback` reported, such as ``result.checkpoint``.

    Raises:
        ProgramFileError: its file is damaged.
        FileNotFoundError: it has no program.
    """
    with checkpoint.as_directory() as folder:
        return load(Path(folder) / PROGRAM)


def _metrics(epoch: int, logs: Logs) -> dict[str, Any]:
    """Return what is reported: numbers, and those of replicas in lists."""
    return {"epoch": epoch, **{name: numpy.asarray(value).tolist() for name, value in (logs or {}).items()}}


def _ray_train() -> Any:
    import_ray("training on Ray")
    import ray.train

    return ray.train
