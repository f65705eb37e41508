"""Trains the trials of a group as replicas of one plan."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy

from nnc.callbacks import Callback, EarlyStopping
from nnc.compiling import compile
from nnc.distribute.sweeps.document import Objective
from nnc.distribute.sweeps.grouping import Group
from nnc.distribute.sweeps.opening import Arrays, Build, Source, built, open_source
from nnc.distribute.sweeps.trials import COMPLETE, FAILED, PRUNED, Trial
from nnc.errors import DataError, ModelFileError, NncError, nearest

if TYPE_CHECKING:
    from nnc.program import Program

Array = Any
Prune = Callable[[Group, int, list[float]], list[bool] | None]
"""Is told a group, an epoch, from 0, and the objective of each trial, NaN for those that have ended; says which end."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a group.

    Args:
        number: number of the group.
        trials: its trials, with results.
        best: number of the trial whose program was written; None for none.
    """

    number: int
    trials: tuple[Trial, ...]
    best: int | None = None


class _Record(Callback):
    """Counts the epochs that each replica was trained for, and asks after each which are to end.

    Args:
        group: what is trained.
        prune: who is asked; None for nobody.
    """

    def __init__(self, group: Group, prune: Prune | None) -> None:
        super().__init__()
        self.group, self.prune = group, prune
        self.epochs = numpy.zeros(len(group.trials), int)
        self.pruned = numpy.zeros(len(group.trials), bool)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Count, and ask."""
        stopped = self.model.state.stopped
        active = numpy.ones(len(self.epochs), bool) if stopped is None else ~stopped.before_epoch
        self.epochs[active] = epoch + 1
        if self.prune is None:
            return
        values = numpy.asarray((logs or {})[self.group.settings.objective.metric], "float64")
        ending = self.prune(self.group, epoch, values.tolist())
        if ending is not None and (which := numpy.asarray(ending, bool) & active).any():
            self.pruned |= which
            self.model.stop_replicas(which)


def train(
    group: Group, build: Build | None = None, arrays: Arrays | None = None, prune: Prune | None = None
) -> Outcome:
    """Train a group; where that fails, each of its trials alone, so that the error is that of one.

    Args:
        group: the group.
        build: builds models, where there is no model file.
        arrays: the rows, where there is no file.
        prune: says after each epoch which trials are to end.
    """
    start = perf_counter()
    try:
        return _trained(group, build, arrays, prune, start)
    except Exception as error:  # a user's function may raise anything, and other trials go on
        if len(group.trials) == 1:
            failed = replace(group.trials[0], status=FAILED, error=_said(error), seconds=perf_counter() - start)
            return Outcome(group.number, (failed,))
    return one_by_one(group, lambda alone: train(alone, build, arrays, prune))


def _said(error: Exception) -> str:
    if isinstance(error, ModelFileError):
        return "; ".join(error.problems)
    return str(error) if isinstance(error, NncError) else f"{type(error).__name__}: {error}"


def one_by_one(group: Group, run: Callable[[Group], Outcome]) -> Outcome:
    """Return the outcome of a group whose trials are trained each by itself.

    Args:
        group: the group.
        run: trains a group of one.
    """
    trials: list[Trial] = []
    best = None
    for position in range(len(group.trials)):
        program = f"{group.program}.{position}" if group.program else ""
        found = run(replace(group.alone(position), program=program))
        trials.append(found.trials[0])
        leader = best_of(trials, group.settings.objective)
        if found.best is not None and leader is not None and leader.number == found.best:
            best = leader.number
            os.replace(program, group.program)
        elif program:
            Path(program).unlink(missing_ok=True)
    return Outcome(group.number, tuple(trials), best)


def best_of(trials: Any, objective: Objective) -> Trial | None:
    """Return the best of the complete trials, of equal ones the first; None where none is complete."""
    complete = [trial for trial in trials if trial.status == COMPLETE]
    sign = 1 if objective.mode == "min" else -1
    return min(complete, key=lambda trial: (sign * trial.value, trial.number), default=None)


def _trained(group: Group, build: Build | None, arrays: Arrays | None, prune: Prune | None, start: float) -> Outcome:
    settings, objective, count = group.settings, group.settings.objective, len(group.trials)
    if build is not None:
        maker, parameters = build, group.trials[0].parameters
        source = open_source(lambda: built(maker, parameters, settings.seed), "", settings, arrays)
    else:
        source = open_source(group.values or {}, f"trial-{group.trials[0].number}", settings, arrays)
    program = compile(
        source.model,
        backend=settings.backend,
        replicas=count,
        seeds=group.seeds,
        hyperparameters=group.hyperparameters or None,
    )
    if source.schema is not None:
        program.table = source.schema
    if build is not None:  # whose weights may be others than a seed gives, such as those of a file
        own = [
            built(build, trial.parameters, seed).get_weights()
            for trial, seed in zip(group.trials, group.seeds, strict=True)
        ]
        program.set_weights([numpy.stack(arrays) for arrays in zip(*own, strict=True)])
    check_metric(program, objective, source.validation is not None)
    record = _Record(group, prune)
    history = _fitted(program, source, group, record)
    epochs = _kept(history, record.epochs, objective, group.training["patience"] is not None)
    trials = []
    for position, trial in enumerate(group.trials):
        length, epoch = int(record.epochs[position]), int(epochs[position])
        curves = {name: rows[:length, position].tolist() for name, rows in history.items()}
        metrics = {name: curve[epoch] for name, curve in curves.items()}
        value = metrics[objective.metric]
        finished = replace(
            trial, metrics=metrics, history=curves, together=count, seconds=perf_counter() - start, value=value
        )
        if not math.isfinite(value):
            error = f"{objective.metric} is {value} after epoch {epoch + 1}"
            trials.append(replace(finished, status=FAILED, error=error, value=None))
        else:
            trials.append(replace(finished, status=PRUNED if record.pruned[position] else COMPLETE))
    best = best_of(trials, objective)
    if best is None or not group.program:
        return Outcome(group.number, tuple(trials))
    program[[trial.number for trial in trials].index(best.number)].save(group.program)
    return Outcome(group.number, tuple(trials), best.number)


def _fitted(program: Program, source: Source, group: Group, record: _Record) -> dict[str, Array]:
    """Train, and return loss and metrics as arrays of the shape (epochs, replicas, …)."""
    objective, patience = group.settings.objective, group.training["patience"]
    callbacks: list[Any] = [record]
    if patience is not None:
        callbacks.append(
            EarlyStopping(monitor=objective.metric, mode=objective.mode, patience=patience, restore_best_weights=True)
        )
    history = program.fit(
        source.x,
        source.y,
        batch_size=group.training["batch_size"],
        epochs=group.training["epochs"],
        validation_data=source.validation,
        callbacks=callbacks,
        verbose=0,
    ).history
    found = {name: numpy.array(rows, "float64") for name, rows in history.items()}
    if found[objective.metric].ndim > 2:
        raise DataError(f"the objective {objective.metric} has several results; take a metric that has one")
    return found


def _kept(history: Mapping[str, Array], epochs: Array, objective: Objective, restores_best: bool) -> Array:
    """Return the epoch of each replica, from 0, that its weights are of."""
    if not restores_best:
        return epochs - 1
    values = history[objective.metric]
    trained = numpy.arange(len(values))[:, None] < epochs
    sign = 1 if objective.mode == "min" else -1
    found: Array = numpy.where(trained & ~numpy.isnan(values), sign * values, numpy.inf).argmin(0)
    return found


def check_metric(program: Program, objective: Objective, validates: bool) -> None:
    """Check that a training measures the objective.

    Raises:
        DataError: it does not.
    """
    known = list(program.spec.metrics)
    names = known + [f"val_{name}" for name in known] if validates else known
    if objective.metric not in names:
        raise DataError(
            f"the training measures no '{objective.metric}', only {', '.join(names)}.{nearest(objective.metric, names)}"
        )
