"""Notices that the NumPy backend runs instead of C; each appears once in a process."""

from __future__ import annotations

from nnc.installation import install_command

_SAID: set[str] = set()


def no_compiler(level: int) -> None:
    """Log that NumPy runs because no C compiler was found.

    Args:
        level: of the logger ``nnc``.
    """
    _say(
        "no C compiler found ($CC, cc, gcc, clang, ziglang): the NumPy backend runs; install one, or"
        f" `{install_command('c')}`, for the C backend",
        level,
    )


def runs_numpy(program: str, error: Exception, level: int) -> None:
    """Log that NumPy runs a program because C cannot, and why.

    Args:
        program: its name.
        error: what C met.
        level: of the logger ``nnc``.
    """
    _say(f"program '{program}' runs on the NumPy backend, because C cannot run it: {error}", level)


def _say(text: str, level: int) -> None:
    if text not in _SAID:
        _SAID.add(text)
        import logging  # here, for most starts have nothing to say

        logging.getLogger("nnc").log(level, "%s", text)
