"""Runs programs that end when this process does, in whatever way, together with all that they have started."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO

WATCHERS = (
    ("/bin/sh", "-c", "read -r line; kill -KILL 0"),
    (sys.executable, "-ISc", "import os; os.read(0, 1); os.kill(0, 9)"),  # some containers have no shell
)
"""Programs that wait for the end of their input and then end their process group; the first that exists is used."""

_held: set[int] = set()  # ends of pipes, which tell watchers that this process lives


def _let_go() -> None:
    for end in _held:
        os.close(end)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)  # a child would keep alive what belongs to its parent


def run(
    commands: Sequence[Sequence[str]], folder: str, environment: Mapping[str, str], output: BinaryIO, timeout: float
) -> list[int] | None:
    """Run programs at the same time, without input; return their exit statuses, None where they took too long.

    A negative status is a signal. On POSIX systems the programs lie in a process group of their own, with a watcher
    that reads a pipe of which only this process holds the other end. The system closes that end however this process
    ends, by SIGKILL too, and the watcher then ends the group: also those that a compiler has started, which a death
    signal to the compiler alone would leave behind. On Windows nothing watches, and what the programs have started is
    not ended with them.

    Args:
        commands: each a program and its arguments.
        folder: where they run.
        environment: their variables.
        output: file for what they print.
        timeout: seconds after which all are ended.

    Raises:
        OSError: one cannot be started.
    """
    from subprocess import DEVNULL, STDOUT, Popen

    with _group() as group:
        processes: list[Popen[bytes]] = []
        hung = threading.Event()

        def end() -> None:
            if group is not None:
                _kill(group)
            for process in processes if group is None else ():
                process.kill()

        def give_up() -> None:
            hung.set()
            end()

        timer = threading.Timer(timeout, give_up)
        timer.daemon = True
        timer.start()
        try:
            for command in commands:
                processes.append(
                    Popen(
                        command,
                        cwd=folder,
                        env=environment,
                        stdin=DEVNULL,
                        stdout=output,
                        stderr=STDOUT,
                        process_group=group,
                    )
                )
            statuses = [process.wait() for process in processes]  # with a timeout it would look every 50 ms
        except BaseException:  # Ctrl-C, or one that cannot be started
            end()
            for process in processes:
                process.wait()
            raise
        finally:
            timer.cancel()
    return None if hung.is_set() else statuses


@contextmanager
def _group() -> Iterator[int | None]:
    """Give a process group that ends with the block, and with this process; None where there are no such groups."""
    if not hasattr(os, "killpg"):
        yield None
        return
    from subprocess import DEVNULL, Popen

    command = next(words for words in WATCHERS if os.access(words[0], os.X_OK))
    readable, writable = os.pipe()
    _held.add(writable)
    try:
        try:
            watcher = Popen(command, stdin=readable, stdout=DEVNULL, stderr=DEVNULL, process_group=0)
        finally:
            os.close(readable)
        try:
            yield watcher.pid
        finally:
            _kill(watcher.pid)
            watcher.wait()
    finally:
        _held.discard(writable)
        os.close(writable)


def _kill(group: int) -> None:
    import signal

    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
