"""Locks that a forked child begins anew with: a thread that holds one in the parent does not exist in the child."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class HasLocks(Protocol):
    """Whatever has locks of its own."""

    def renew_locks(self) -> None:
        """Make all locks anew."""


def renew_in_children(owner: HasLocks) -> None:
    """Let an object have new locks in each child that is forked from now on."""
    _owners.add(owner)


_owners: WeakSet[HasLocks] = WeakSet()


def _renew() -> None:
    for owner in _owners:
        owner.renew_locks()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
