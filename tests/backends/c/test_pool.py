"""The pool of threads that compiled programs share: who does a job's parts, who is woken, who waits for nobody."""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from nnc.backends.c.threads import call_each, pool
from tests.backends.c.test_threads import threads

__all__ = ["threads"]  # a fixture
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="elsewhere OpenMP's library has the threads"
)
Part = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


@pytest.fixture
def fork(compiler):
    """The pool's function: takes what does a part, given its number, and the number of parts."""
    address = pool()
    assert address is not None
    call = ctypes.CFUNCTYPE(None, Part, ctypes.c_void_p, ctypes.c_int64)(address)
    return lambda part, count: call(Part(lambda _, index, count: part(index)), None, count)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 17, 64])
def test_each_part_of_a_job_is_done_once(count, fork):
    for _ in range(20):
        done: list[int] = []
        fork(done.append, count)
        assert sorted(done) == list(range(count))


def test_a_job_has_64_parts_at_most(fork):
    done: list[int] = []
    fork(done.append, 100)
    assert sorted(done) == list(range(64))


def test_several_threads_help(fork):
    names = set()
    meeting = threading.Barrier(3)

    def part(_):
        names.add(threading.get_native_id())
        meeting.wait(60)

    fork(part, 3)
    assert len(names) == 3


def test_a_caller_waits_neither_for_another_nor_within_a_part(fork):
    leave, inside, done = threading.Event(), threading.Event(), []

    def part(index):
        fork(done.append, 2)  # the pool is busy with what this is a part of
        inside.set()
        leave.wait(60)

    other = threading.Thread(target=fork, args=(part, 2))
    other.start()
    assert inside.wait(60)
    found: list[int] = []
    fork(found.append, 5)
    assert found == [0, 1, 2, 3, 4]
    leave.set()
    other.join(60)
    assert not other.is_alive()
    assert sorted(done) == [0, 0, 1, 1]


def test_threads_leave_signals_to_those_of_the_program(fork):
    blocked: dict[int, str] = {}
    meeting = threading.Barrier(9)

    def part(_):
        task = threading.get_native_id()
        text = Path(f"/proc/self/task/{task}/status").read_text(encoding="ascii")
        blocked[task] = text.partition("SigBlk:")[2].split()[0]
        meeting.wait(60)

    fork(part, 9)
    assert len(blocked) == 9
    del blocked[threading.get_native_id()]
    assert all(int(mask, 16) & 1 << (signal.SIGINT - 1) for mask in blocked.values())


def test_only_threads_that_a_job_needs_are_woken(fork):
    meeting, tasks = threading.Barrier(9), set()

    def part(_):
        tasks.add(threading.get_native_id())
        meeting.wait(60)

    fork(part, 9)
    tasks.discard(threading.get_native_id())
    before = wait_until_asleep(tasks)
    fork(lambda _: None, 3)
    after = wait_until_asleep(tasks)
    assert sum(before[task] != after[task] for task in tasks) <= 2


def wait_until_asleep(tasks: set[int]) -> dict[int, int]:
    """Return how often each thread has gone to sleep, when none is awake any more."""
    found: dict[int, int] = {}
    for _ in range(600):
        seen = {task: sleeps(task) for task in tasks}
        if seen == found and None not in seen.values():
            break
        found = seen
        time.sleep(0.1)
    return found


def sleeps(task: int) -> int | None:
    """Return how often a thread has gone to sleep, None while it is awake."""
    text = Path(f"/proc/self/task/{task}/status").read_text(encoding="ascii")
    is_asleep = text.partition("State:")[2].split()[0] == "S"
    return int(text.partition("\nvoluntary_ctxt_switches:")[2].split()[0]) if is_asleep else None


def test_all_threads_that_a_job_needs_are_woken(fork):
    for count in (2, 9, 3, 17, 5, 2, 9) * 3:
        meeting = threading.Barrier(count)
        fork(lambda _, meeting=meeting: meeting.wait(60), count)
        time.sleep(0.001)  # some go to sleep meanwhile


class Number(ctypes.Structure):
    _fields_ = (("value", ctypes.c_int64),)


@pytest.mark.parametrize("count", [1, 2])
def test_a_function_is_called_once_with_each_of_more_records_than_a_job_has_parts(count, threads, compiler):
    threads(count)
    records = [Number(number) for number in range(100)]

    def double(address):
        number = Number.from_address(address)
        number.value = number.value * 2 + 1

    call_each(ctypes.CFUNCTYPE(None, ctypes.c_void_p)(double), records)
    assert [record.value for record in records] == [2 * number + 1 for number in range(100)]
