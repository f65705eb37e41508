"""Files of events that TensorBoard reads, written by tensorboardX."""

from __future__ import annotations

import os
import socket
import time
from itertools import count
from pathlib import Path
from typing import Any
from weakref import finalize

import numpy

from nnc.errors import DataError, NncError
from nnc.installation import install_command

_NUMBERS = count()
"""Tells files apart that one process opens within a second."""
_FIRST = "brain.Event:2"
"""What the first event of a file says, by which readers know the form of the others."""


class EventFile:
    """A file of events, with TensorFlow's name and its form of scalars and texts.

    Args:
        folder: where the file is made; the folder is, too.

    Attributes:
        close: closes the file.

    Raises:
        NncError: tensorboardX is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboardX import RecordWriter
            from tensorboardX.proto import event_pb2, summary_pb2
        except ImportError as error:
            raise NncError(f"TensorBoard needs tensorboardX ({error}); {install_command('tensorboard')}") from None
        self._events, self._summaries = event_pb2, summary_pb2
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}.{next(_NUMBERS)}.v2"
        self._records = RecordWriter(str(folder / name))
        self.close = finalize(self, self._records.close)  # a training that fails leaves no open file
        self._write(file_version=_FIRST)

    def scalar(self, tag: str, value: Any, step: int) -> None:
        """Write a number.

        Args:
            tag: what it is a number of.
            value: the number.
            step: of the epoch or batch.

        Raises:
            DataError: it is not one number.
        """
        number = numpy.asarray(value)
        if number.size != 1:
            raise DataError(f"TensorBoard: '{tag}' has {number.size} numbers, and a scalar is one")
        self._summary(tag, step, "scalars", b"", {"dtype": "DT_FLOAT", "float_val": [float(number.reshape(()))]})

    def text(self, tag: str, value: str, step: int, plugin: str, content: bytes) -> None:
        """Write a text for a plugin of TensorBoard's.

        Args:
            tag: what it is.
            value: the text.
            step: of the epoch or batch.
            plugin: the name of the plugin.
            content: what the plugin is told besides.
        """
        self._summary(tag, step, plugin, content, {"dtype": "DT_STRING", "string_val": [value.encode()]})

    def flush(self) -> None:
        """Write to the disk what was not yet."""
        self._records.flush()

    def _summary(self, tag: str, step: int, plugin: str, content: bytes, tensor: dict[str, Any]) -> None:
        metadata = {"plugin_data": {"plugin_name": plugin, "content": content}}
        value = {"tag": tag, "metadata": metadata, "tensor": {"tensor_shape": {}, **tensor}}
        self._write(step=step, summary=self._summaries.Summary(value=[value]))

    def _write(self, **fields: Any) -> None:
        self._records.write(self._events.Event(wall_time=time.time(), **fields).SerializeToString())
