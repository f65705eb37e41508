"""Locks that a forked child begins anew with: a thread that holds one in the parent does not exist in the child."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary


def renew_in_children(owner: Any, make_locks: Callable[[Any], None]) -> None:
    """Let an object have new locks in each child that is forked while it is there.

    Args:
        owner: the object.
        make_locks: makes them; it is called with the object, which it must not keep.
    """
    _makers[owner] = make_locks


_makers: WeakKeyDictionary[Any, Callable[[Any], None]] = WeakKeyDictionary()


def _renew() -> None:
    for owner, make_locks in list(_makers.items()):
        make_locks(owner)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
