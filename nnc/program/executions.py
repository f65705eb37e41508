"""Hooks around several batches at a time, as `compile` of a model asks for with ``steps_per_execution``."""

from __future__ import annotations

from typing import Any

from nnc.program.batches import BatchHooks


class Executions:
    """Calls hooks before the first and after the last of several batches, which Keras runs in one execution.

    Args:
        hooks: what is called, with the number of that batch.
        steps: number of batches.
    """

    def __init__(self, hooks: BatchHooks, steps: int) -> None:
        self.hooks, self.steps = hooks, steps
        self._first, self._count = 0, 0

    def begin(self, batch: int) -> None:
        """Call what wants to be called before a batch that is the first."""
        if not self._count:
            self._first = batch
            self.hooks.begin(batch)
        self._count += 1

    def end(self, batch: int) -> bool:
        """Call what wants to be called after a batch that is the last, and return whether that ends the epoch."""
        del batch
        return self._count == self.steps and self.finish()

    def finish(self) -> bool:
        """Call what wants to be called after fewer batches at the end of an epoch, numbered as if all had run."""
        if not self._count:
            return False
        self._count = 0
        return self.hooks.end(self._first + self.steps - 1)


def steps_per_execution(owner: Any) -> int:
    """Return what a model was compiled with; 1 for a program."""
    steps: int = getattr(owner, "steps_per_execution", 1)
    return steps
