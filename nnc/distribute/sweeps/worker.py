"""A process that trains groups of trials: ``python -m nnc.distribute.sweeps.worker``, which a sweep starts.

It is told over its standard input, and answers over its standard output; it ends when the sweep does.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import warnings
from typing import IO, Any

from nnc.distribute.sweeps.grouping import Group
from nnc.distribute.sweeps.messages import receive, send
from nnc.distribute.sweeps.training import train


def _listen(stream: IO[bytes], inbox: queue.SimpleQueue[Any]) -> None:
    """Put all that is said into a queue; end this process when nobody is there any more to say something."""
    while True:
        try:
            inbox.put(receive(stream))
        except EOFError:
            os._exit(1)


def main() -> None:
    """Train what comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the sweep decides what Ctrl-C means
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a user's function prints is no message
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, inbox), daemon=True).start()
    warnings.simplefilter("ignore")
    build, arrays = inbox.get()
    while True:
        group = inbox.get()

        def prune(group: Group, epoch: int, values: list[float]) -> Any:
            del group  # which the sweep knows
            send(output, ("epoch", epoch, values))
            return inbox.get()

        outcome = train(group, build, arrays, prune if group.prunes else None)
        send(output, ("done", outcome))


if __name__ == "__main__":
    main()
