"""The subject of an inspection: a model or a program, wherever it comes from, with its layers if these are known."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import copy_context
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from nnc.backends import BackendName
from nnc.choices import FloatName
from nnc.compiling import compile
from nnc.errors import ModelError
from nnc.models import Model
from nnc.models.saving import model_of_program
from nnc.program import Program, load
from nnc.readers import read_model
from nnc.utils import set_random_seed

PROGRAM_SUFFIX = ".nnc"


def is_program(source: Any) -> bool:
    """Return whether a source is a program or the path of a saved one, which is compiled already."""
    if isinstance(source, str | PathLike):
        return Path(source).suffix.lower() == PROGRAM_SUFFIX
    return isinstance(source, Program)


@dataclass(frozen=True)
class Subject:
    """A program, and the model it was made of.

    Args:
        title: what it is called in texts: the file, or the name of the model.
        program: the program.
        model: the model; None for a program without a config of its model, or with layers that are not known here.
    """

    title: str
    program: Program
    model: Model | None


def open_subject(
    source: Any,
    *,
    dtype: FloatName | None = None,
    replace: Mapping[str, Any] | None = None,
    backend: BackendName | None = None,
) -> Subject:
    """Return what a source stands for; the weights of a file that has none are drawn from the same seed each time.

    Args:
        source: a model, a program, a live Keras model, the path of a model or program file, or a `Subject`.
        dtype: element type to compile a model for.
        replace: replacements for classes in a model file.
        backend: what runs it; see `nnc.backends.find_backend`. A program that is given keeps its own by default.

    Raises:
        ModelError: the model cannot be read, or a program is to be changed.
        ProgramFileError: a program's file is damaged.
    """
    if isinstance(source, Subject):
        return source
    return copy_context().run(_open, source, dtype, replace, backend)


def _open(
    source: Any, dtype: FloatName | None, replace: Mapping[str, Any] | None, backend: BackendName | None
) -> Subject:
    set_random_seed(0)
    if not is_program(source):
        model = read_model(source, **({} if replace is None else {"replace": replace}))
        title = str(source) if isinstance(source, str | PathLike) else model.name
        return Subject(title, compile(model, dtype=dtype, backend=backend), model)
    title = source.name if isinstance(source, Program) else str(source)
    for given, what in ((dtype, "dtype"), (replace, "replace")):
        if given:
            raise ModelError(f"'{title}' is compiled already; give {what} with the model it came from")
    program = source if isinstance(source, Program) else load(source, backend=backend)
    if backend is not None and program is source:
        program.use_backend(backend)
    try:
        return Subject(title, program, model_of_program(program))
    except ModelError:  # no config, or layers of a user's own that are not known here
        return Subject(title, program, None)
