"""Commands that several processes run together, as ``mpiexec -n 4 nnc train …`` starts them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import typer

from nnc.cli.console import say_error
from nnc.errors import NncError

if TYPE_CHECKING:
    from nnc.execution.distribution import Communicator


class Together:
    """The processes that run a command, as one of them.

    Args:
        communicator: the processes, None where there is one.
    """

    def __init__(self, communicator: Communicator | None) -> None:
        self.communicator = communicator

    @property
    def is_first(self) -> bool:
        """Whether this process says and writes what all have found."""
        return self.communicator is None or self.communicator.rank == 0

    @property
    def is_several(self) -> bool:
        """Whether there is more than one process."""
        return self.communicator is not None and self.communicator.size > 1

    def agreed(self, work: Callable[[], Any]) -> Any:
        """Return what work returns where it succeeds in all processes."""
        if self.communicator is None:
            return work()
        from nnc.execution.distribution import agreed

        return agreed(self.communicator, work)

    def first_knows(self, work: Callable[[Any], Any], known_of: Callable[[Any], Any]) -> Any:
        """Return what work returns in this process, in which the first process does for all what takes all data.

        Args:
            work: takes what the first process has found, None there; it has to succeed in all processes.
            known_of: returns that of what work returns.
        """
        if not self.is_several:
            return work(None)
        assert self.communicator is not None
        own = self.agreed(lambda: work(None) if self.is_first else None)
        known = self.communicator.all_gather(known_of(own) if self.is_first else None)[0]
        return self.agreed(lambda: own if self.is_first else work(known))


@contextmanager
def together(distribute: str | None) -> Iterator[Together]:
    """Run a command in all processes; those behind the first say nothing, and end with the same exit code.

    Args:
        distribute: name of a communicator; None for ``mpi`` where ``mpiexec`` has started several processes.

    Raises:
        ModelError: there is no such communicator, or it cannot be used.
    """
    from nnc.distribute.mpi import started_processes

    rank, size = started_processes()
    if distribute is None and size == 1:
        yield Together(None)
        return
    from nnc.plugins import communicator

    if rank == 0:
        yield Together(communicator(distribute or "mpi"))
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            yield Together(communicator(distribute or "mpi"))
        except (NncError, OSError) as error:
            say_error(error)
            sys.stdout.flush()
            raise typer.Exit(1) from None
