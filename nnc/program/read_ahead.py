"""Batches by number that threads prepare before they are needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any


def read_ahead(source: Any, numbers: Iterable[int], workers: int, waiting: int) -> Iterator[Any]:
    """Yield batches in the order of their numbers, while threads prepare the next ones.

    What a thread raises is raised where its batch would come.

    Args:
        source: has a batch for each number.
        numbers: which batches.
        workers: number of threads.
        waiting: batches that are prepared at most before they are needed.
    """
    upcoming = iter(numbers)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="batches")
    try:
        queue: deque[Future[Any]] = deque(
            pool.submit(source.__getitem__, number) for number in islice(upcoming, max(waiting, 1))
        )
        while queue:
            batch = queue.popleft().result()
            queue.extend(pool.submit(source.__getitem__, number) for number in islice(upcoming, 1))
            yield batch
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
