"""Connects to Ray: to a cluster that runs, or to one of this machine's processors for as long as it is needed."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nnc.errors import NncError
from nnc.installation import install_command

_PATIENCE = 10.0
"""Seconds in which a machine of a cluster has to answer."""


def import_ray(what: str) -> Any:
    """Return Ray.

    Args:
        what: what needs it, for the error.

    Raises:
        NncError: it is not installed.
    """
    try:
        import ray
    except ImportError as error:
        raise NncError(f"{what} needs Ray 2.40 or later ({error}); run: {install_command('ray')}") from error
    return ray


@contextmanager
def connected(ray: Any, address: str | None) -> Iterator[None]:
    """Be connected to Ray while the block runs; a connection that was there before is used, and stays.

    Args:
        ray: the package.
        address: that of a cluster, such as ``auto`` or ``ray://host:10001``; None starts Ray on this machine, unless
            the variable RAY_ADDRESS says otherwise.

    Raises:
        NncError: there is no such cluster, or Ray does not start.
    """
    if ray.is_initialized():
        if address is not None:
            raise NncError(f"Ray is connected already; leave out the address '{address}', or call ray.shutdown()")
        yield
        return
    check_answers(address)
    options: dict[str, Any] = {"address": address}
    if address is None and not os.environ.get("RAY_ADDRESS"):  # without 'local' Ray joins any cluster of this machine
        options = {"address": "local", "include_dashboard": False}
    try:
        ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        place = "on this machine" if address is None else f"at '{address}'"
        raise NncError(f"Ray does not start {place}: {str(error).strip().partition(chr(10))[0]}") from error
    try:
        yield
    finally:
        ray.shutdown()


def check_answers(address: str | None) -> None:
    """Check that somebody listens at an address with a port: Ray would try for many minutes.

    Raises:
        NncError: nobody does.
    """
    host, colon, port = (address or "").rpartition("//")[2].partition("/")[0].rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise NncError(f"no cluster of Ray answers at '{address}' ({error}); 'ray start --head' starts one") from error


@contextmanager
def without_chatter(*names: str) -> Iterator[None]:
    """Let some loggers say no more than errors while the block runs."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
