"""Reads models from YAML and JSON files, in the short form and in Keras's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frontends.column_declarations import declared_columns
from frontends.model_reader import build_model
from frontends.nodes import ValueNode, from_plain, lines_of
from frontends.origin import origin_of
from frontends.problems import Problems
from frontends.reader_options import Options
from frontends.replacements import read_replacements
from frontends.yaml_nodes import parse
from nnc.errors import ModelError
from nnc.models import Model
from nnc.readers import missing_file
from nnc.tables import Declared

MAX_BYTES = 4 * 1024 * 1024


class YamlFrontend:
    """The reader of ``.yaml``, ``.yml`` and ``.json`` files."""

    name = "yaml"
    suffixes = (".yaml", ".yml", ".json")
    has_weights = False

    def accepts(self, source: Any) -> bool:
        """Return whether the source is a path with one of the suffixes."""
        return isinstance(source, str | os.PathLike) and Path(source).suffix.lower() in self.suffixes

    def read(
        self,
        source: str | os.PathLike[str],
        *,
        compile: bool = True,
        replace: Mapping[str, Any] | None = None,
        input_shape: tuple[int, ...] | None = None,
    ) -> Model:
        """Return the model of a file.

        Args:
            source: the file.
            compile: whether to take optimizer, loss and metrics from it.
            replace: replacements for classes that are not known, such as ``{"Old": "Dense(3)"}``.
            input_shape: shape of a row of the input where the file has none.

        Raises:
            ModelFileError: the file defines no model; all its problems are listed.
            ModelError: it cannot be read.
        """
        path = Path(source)
        return read_text(_bytes_of(path), str(path), path.suffix.lower() == ".json", compile, replace, input_shape)

    def read_columns(self, source: str | os.PathLike[str]) -> dict[str, Declared]:
        """Return what a file says of a table's columns, by name; empty where it says nothing.

        Raises:
            ModelFileError: it cannot be understood.
            ModelError: it cannot be read.
        """
        root, problems = _parsed(source)
        found = declared_columns(root, problems)
        if problems:
            raise problems.error()
        return found

    def read_values(self, source: str | os.PathLike[str]) -> tuple[Any, dict[tuple[str | int, ...], int]]:
        """Return the plain values of a file, and the line of each by its keys and numbers.

        Raises:
            ModelFileError: it cannot be understood.
            ModelError: it cannot be read.
        """
        root, problems = _parsed(source)
        if problems:
            raise problems.error()
        return root.plain(), dict(lines_of(root))

    def read_config(self, config: Mapping[str, Any] | str) -> Model:
        """Return the model of a config in Keras's form.

        Args:
            config: a mapping with ``class_name`` and ``config``, or JSON text.

        Raises:
            ModelFileError: it defines no model; all its problems are listed.
        """
        if isinstance(config, str):
            return read_text(config, "config", is_json=True)
        problems = Problems("config", "config")
        model = build_model(from_plain(config), problems, compile=True)
        problems.warn()
        return model


FRONTEND = YamlFrontend()


def read_text(
    content: bytes | str,
    name: str,
    is_json: bool = False,
    compile: bool = True,
    replace: Mapping[str, Any] | None = None,
    input_shape: tuple[int, ...] | None = None,
) -> Model:
    """Return the model of a file's content.

    Args:
        content: UTF-8, or text.
        name: name of the file, for messages.
        is_json: whether it is JSON.
        compile: whether to take optimizer, loss and metrics from it.
        replace: replacements for classes that are not known.
        input_shape: shape of a row of the input where the content has none.

    Raises:
        ModelFileError: it defines no model; all its problems are listed.
    """
    problems = Problems(name, Path(name).name)
    root = parse(_text(content, problems), problems, is_json)
    options = Options(origin_of(root), read_replacements(replace), input_shape=input_shape)
    model = build_model(root, problems, compile, options)
    problems.warn()
    return model


def _parsed(source: str | os.PathLike[str]) -> tuple[ValueNode, Problems]:
    path = Path(source)
    problems = Problems(str(path), path.name)
    return parse(_text(_bytes_of(path), problems), problems, path.suffix.lower() == ".json"), problems


def _text(content: bytes | str, problems: Problems) -> str:
    if len(content) > MAX_BYTES:
        problems.stop(f"the file is larger than {MAX_BYTES // 1024**2} MiB; a model's definition has no weights in it")
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        problems.stop(f"expected UTF-8 text, found the byte 0x{byte:02x}; save the file as UTF-8 text", line)


def _bytes_of(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise ModelError(f"{str(path)!r} is a folder; name a model file in it")
        if path.exists() and not path.is_file():
            raise ModelError(f"{str(path)!r} is not a regular file; expected a YAML or JSON file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise missing_file(path) from None
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"{str(path)!r} cannot be read: {reason}") from error
