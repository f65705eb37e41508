"""Places in a training: when they are kept, what is kept of them, and how a training goes on from one to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy

from nnc.callbacks.callback import DeclaredCallback, Logs
from nnc.callbacks.model_checkpoint import BatchCounter
from nnc.callbacks.replicas import not_stopped, program_of, replicas_of
from nnc.errors import DataError
from nnc.files import read_json

Place = dict[str, Any]
"""``epoch`` and ``batch`` that come next, ``order`` of rows before that epoch, ``replicas``, and which ``stopped``."""


class KeepsPlaces(DeclaredCallback):
    """A callback that keeps the place of a training, with its states, at the end of each epoch or of some batches."""

    def keep_every(self, frequency: Literal["epoch"] | int) -> None:
        """Say when: ``epoch`` or a number of batches."""
        self.batches = BatchCounter(frequency)
        self._is_by_epoch = frequency == "epoch"
        self._epoch = 0
        self._order: Any = None
        if not self._is_by_epoch:  # a hook of batches, which cost time, only where it is needed
            self.on_train_batch_end = self._batch_done  # type: ignore[method-assign]  # a hook of batches costs

    @property
    def program(self) -> Any:
        """What is trained."""
        return program_of(self.model)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Remember where the epoch begins."""
        self._epoch, self._order = epoch, self.program.order_state

    def _batch_done(self, batch: int, logs: Logs = None) -> None:
        if self.batches.is_due(batch):
            self.save_place(self.place(self._epoch, batch + 1, self._order), logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save."""
        if self._is_by_epoch:
            self.save_place(self.place(epoch + 1, 0, self.program.order_state), logs)

    def place(self, epoch: int, batch: int, order: dict[str, Any]) -> Place:
        """Return a place, with the replicas that have stopped by now."""
        place: Place = {"epoch": epoch, "batch": batch, "order": order}
        count = replicas_of(self.model)
        if count is not None:
            place |= {"replicas": count, "stopped": numpy.flatnonzero(~not_stopped(self.model)).tolist()}
        return place

    def save_place(self, place: Place, logs: Logs) -> None:
        """Keep a place, and the states that the program has there.

        Args:
            place: the place.
            logs: what was measured in the epoch up to there.
        """
        raise NotImplementedError

    def go_on(self, place: Place, states: Mapping[str, Any], source: str, remedy: str) -> None:
        """Let the training that begins go on from a place.

        Args:
            place: the place.
            states: arrays by label, as they were there.
            source: what they are, for the error, such as ``FILE is the copy``.
            remedy: what to do where they are those of another training.

        Raises:
            DataError: they are of a training of another number of replicas, or of another model.
        """
        count, epoch = replicas_of(self.model), place["epoch"]
        if place["replicas"] != count:
            of, has = (f"{number or 'no'} replicas" for number in (place["replicas"], count))
            raise DataError(f"{type(self).__name__}: {source} of a training of {of}, and this one has {has}; {remedy}")
        stopped = numpy.isin(numpy.arange(count or 0), place["stopped"])
        if len(place["stopped"]) == count:  # there is nothing left to train
            epoch = max(epoch, self.params["epochs"])
        self.program.restore(states, place["order"], epoch, place["batch"])
        if stopped.any():
            self.model.stop_replicas(stopped)


def read_place(text: str | bytes) -> Place:
    """Read a place from JSON.

    Raises:
        ValueError: it is none; other errors, too, for a hostile text.
    """
    place: Place = read_json(text)
    stopped = place.get("stopped", [])
    for count in (place["epoch"], place["batch"], *stopped):
        if not isinstance(count, int) or count < 0:
            raise ValueError(f"epochs and batches are counted from 0, got {count!r:.80}")
    generator: Any = numpy.random.PCG64(0)
    generator.state = place["order"]  # which raises where it is none
    return place | {"order": dict(generator.state), "replicas": place.get("replicas"), "stopped": stopped}
