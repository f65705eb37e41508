"""Ctrl-C during training: the running step is finished first, so that the state stays whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def deferred_interrupt() -> Iterator[list[int]]:
    """Collect interrupts in a list instead of raising at once; raise when the block ends.

    Outside the main thread, and where somebody else handles SIGINT, nothing is changed.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed inside the block.
    """
    received: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        del frame
        if received:  # the second time somebody means it
            raise KeyboardInterrupt
        received.append(number)

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield received
        return
    signal.signal(signal.SIGINT, remember)
    try:
        yield received
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if received:
        raise KeyboardInterrupt
