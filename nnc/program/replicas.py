"""The replicas of a program: how many there are, each by itself, and what is for one network only."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy

from nnc.errors import DataError, ModelError
from nnc.execution.spec import ProgramSpec, outputs_of, packed
from nnc.execution.state import is_shared
from nnc.labels import PROLOGUE

if TYPE_CHECKING:
    from nnc.execution.replication import Replication

Array = Any


class Replicated:
    """The part of a program that is about its replicas; see `nnc.program.Program`."""

    @property
    def _program(self) -> Any:
        """The program, which this is a part of."""
        return self

    @property
    def replicas(self) -> int | None:
        """Number of networks, where there are several; None for one by itself."""
        return None if self._program.spec.replication is None else self._program.spec.replication.count

    def __len__(self) -> int:
        """Number of replicas.

        Raises:
            TypeError: it is one network by itself.
        """
        return self._replication().count

    def __getitem__(self, number: int) -> Self:
        """Return a replica as a program of its own, with copies of its weights and of what its optimizer keeps.

        Args:
            number: which one, from 0; negative numbers count from the end.

        Raises:
            IndexError: there is none of this number.
            TypeError: it is one network by itself.
        """
        replication = self._replication()
        position = range(replication.count)[number]
        whole = self._program
        with whole.turn:
            own = {
                label: array.copy() if is_shared(label, array) else replication.replica(array, position).copy()
                for label, array in whole.states.items()
            }
            names = (*whole.graph_names, *(() if whole.prologue is None else (PROLOGUE,)))
            graphs = {name: partial(whole.graph, name) for name in names}
            spec: ProgramSpec = replace(whole.spec, replication=None)
            made: Any = type(whole)(spec, graphs, own, order=whole.order_state, backend=whole.engines.wanted)
        made.table = whole.table
        found: Self = made
        return found

    def __bool__(self) -> bool:
        """A program is true, whatever it has."""
        return True

    def stop_replicas(self, which: Any) -> None:
        """Let replicas stay as they are for the rest of a training, which ends where all have stopped.

        Their losses and metrics are NaN from then on. Callbacks call it between epochs.

        Args:
            which: a truth value for each replica; those that have stopped before stay so.

        Raises:
            DataError: it is one network, or there are not as many values as replicas.
        """
        if self._program.state.stop_replicas(which):
            self.stop_training = True

    def check_single(self, what: str) -> None:
        """Check that it is one network.

        Args:
            what: what is for one network only, for the message.

        Raises:
            ModelError: it has replicas.
        """
        if self.replicas is not None:
            raise ModelError(
                f"{what} is for one network, and program '{self._program.name}' has {self.replicas:,} replicas: take"
                " one of them, program[number]"
            )

    def _replication(self) -> Replication:
        found: Replication | None = self._program.spec.replication
        if found is None:
            raise TypeError(
                f"program '{self._program.name}' is one network; compile the model with replicas= for several"
            )
        return found

    def _replicas_first(self, outputs: Any) -> Any:
        """Return outputs with the replicas, which are the second axis where programs run, as first."""
        if self._program.spec.replication is None:
            return outputs
        found = outputs_of(self._program.spec.structure, outputs)
        return packed(
            self._program.spec.structure, [numpy.ascontiguousarray(numpy.moveaxis(item, 1, 0)) for item in found]
        )

    def _ensemble(self, outputs: Any) -> Any:
        """Return the mean of all replicas' outputs, and their standard deviation."""
        found = outputs_of(self._program.spec.structure, outputs)
        means, spreads = ([reduce(output, 0) for output in found] for reduce in (numpy.mean, numpy.std))
        return packed(self._program.spec.structure, means), packed(self._program.spec.structure, spreads)

    def _check_ensemble(self) -> None:
        if self.replicas is None:
            raise DataError(f"ensemble=True is for replicas; program '{self._program.name}' is one network")
