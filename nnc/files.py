"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_atomically(path: str | os.PathLike[str], data: bytes | memoryview) -> None:
    """Write a file under a temporary name in the same folder, sync it, and rename it; a link stays a link.

    Args:
        path: the file; its folder must exist.
        data: all that will be in it.

    Raises:
        OSError: the file cannot be written; what was there before is untouched.
    """
    final = Path(os.path.realpath(path))
    temporary = final.with_name(f".{final.name}.{os.urandom(8).hex()}")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, final)
    except BaseException as error:
        if isinstance(error, OSError):
            error.filename, error.filename2 = os.fspath(path), None  # the user has never heard of the temporary name
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
