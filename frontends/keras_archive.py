"""Reads ``.keras`` files: zips of config.json and model.weights.h5; before Keras 2.12, HDF5 files of that name."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontends.hdf5 import open_hdf5
from frontends.hdf5_file import FRONTEND as HDF5_FRONTEND
from frontends.hdf5_file import assign
from frontends.json_config import parse_json
from frontends.model_files import checked_path, is_hdf5
from frontends.nodes import Mapping, describe
from frontends.optimizer_state import resume_from_tree, resume_optimizers
from frontends.origin import Origin, parse_version
from frontends.problems import Problems
from frontends.reader_options import Options
from frontends.replacements import read_replacements
from frontends.stored_vocabularies import with_vocabularies
from frontends.stored_weights import Assignment
from frontends.trained_model import Training, read_trained
from frontends.writing_models import write_archive
from nnc.errors import ModelError
from nnc.models import Model

if TYPE_CHECKING:
    from nnc.feature_space import FeatureSpace

_ZIP = b"PK\x03\x04"
_CONFIG = "config.json"
_METADATA = "metadata.json"
_WEIGHTS = "model.weights.h5"
_MAX_CONFIG = 64 * 1024 * 1024
_MAX_MEMBERS = 100_000
_MAX_EXPANSION = 20
"""The most that weights may exceed the archive by, as a factor; Keras does not compress them."""


class KerasArchiveFrontend:
    """The reader of ``.keras`` files."""

    name = "keras-archive"
    suffixes = (".keras",)

    def accepts(self, source: Any) -> bool:
        """Return whether the source is a path with the suffix."""
        return isinstance(source, str | os.PathLike) and Path(source).suffix.lower() in self.suffixes

    def read(
        self, source: str | os.PathLike[str], *, compile: bool = True, replace: MappingType[str, Any] | None = None
    ) -> Model | FeatureSpace:
        """Return the model of a file, with its weights and the state of its training; or its feature space.

        Args:
            source: the file.
            compile: whether to take optimizer, loss and metrics from it.
            replace: replacements for classes that are not known, such as ``{"Old": "Dense(3)"}``.

        Raises:
            ModelFileError: the file defines no model; all its problems are listed.
            ModelError: it cannot be read.
        """
        if is_hdf5(source):
            return HDF5_FRONTEND.read(source, compile=compile, replace=replace)
        path = checked_path(source, _ZIP)
        problems = Problems(str(path), path.name)
        with _archive(path) as archive:
            origin = _origin(archive, problems)
            config = parse_json(_text(archive, _CONFIG, problems), _CONFIG, problems)
            if not isinstance(config, Mapping):
                problems.stop(f"{_CONFIG} must be a mapping, got {describe(config)}")
            if config.text("class_name") == "FeatureSpace":
                from frontends.feature_space_file import read_feature_space

                with open_hdf5(_content(archive, _WEIGHTS, problems), f"{_WEIGHTS} of {str(path)!r}") as root:
                    return read_feature_space(
                        config, archive.namelist(), lambda name: _text(archive, name, problems), root, problems
                    )
            options = Options(origin, read_replacements(replace), has_weights=True)
            with open_hdf5(_content(archive, _WEIGHTS, problems), f"{_WEIGHTS} of {str(path)!r}") as root:
                config = with_vocabularies(
                    config, archive.namelist(), lambda name: _text(archive, name, problems), root
                )
                training = Training(
                    config.entries.get("compile_config"), lambda assignment: resume_optimizers(root, assignment)
                )
                return read_trained(
                    config,
                    options,
                    problems,
                    lambda assignment: assign(assignment, root),
                    training if compile else None,
                )

    def load_weights(
        self,
        model: Model,
        source: str | os.PathLike[str],
        *,
        by_name: bool = False,
        skip_mismatch: bool = False,
        resume: bool = False,
    ) -> None:
        """Overwrite a model's weights with those of a file; see `Hdf5Frontend.load_weights`."""
        if is_hdf5(source):
            HDF5_FRONTEND.load_weights(model, source, by_name=by_name, skip_mismatch=skip_mismatch, resume=resume)
            return
        path = checked_path(source, _ZIP)
        problems = Problems(str(path), path.name)
        with (
            _archive(path) as archive,
            open_hdf5(_content(archive, _WEIGHTS, problems), f"{_WEIGHTS} of {str(path)!r}") as root,
        ):
            assignment = Assignment(model, _origin(archive, problems), problems, {}, skip_mismatch)
            assign(assignment, root, by_name)
            assignment.carry_out()
            if resume:
                resume_from_tree(root.group("optimizer"), assignment)
        problems.warn()

    def save_model(self, model: Model | FeatureSpace, path: str | os.PathLike[str]) -> None:
        """Write a whole model as Keras 3 does; see `write_archive`, and of a feature space `write_feature_space`."""
        if isinstance(model, Model):
            write_archive(model, Path(path))
        else:
            from frontends.feature_space_file import write_feature_space

            write_feature_space(model, Path(path))


FRONTEND = KerasArchiveFrontend()


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive; whatever is wrong with it is one error.

    Raises:
        ModelError: it is none, or a damaged one.
    """
    damaged = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > _MAX_MEMBERS:
                raise ModelError(f"{str(path)!r} has more than {_MAX_MEMBERS:,} members")
            yield archive
    except ModelError:
        raise
    except damaged as error:
        raise ModelError(f"{str(path)!r} cannot be read as a .keras file, it may be damaged: {error}") from error


def _content(archive: zipfile.ZipFile, name: str, problems: Problems, most: int | None = None) -> bytes:
    """Return a member's bytes.

    Raises:
        ModelFileError: there is none, or it claims to be larger than it can be.
    """
    names = archive.namelist()
    if name not in names:
        problems.stop(f"the archive has no {name}; expected {_CONFIG} and {_WEIGHTS}, as model.save() of Keras writes")
    info = archive.getinfo(name)
    whole = sum(item.compress_size for item in archive.infolist())
    most = max(_MAX_CONFIG, _MAX_EXPANSION * whole) if most is None else most
    if info.file_size > most or info.compress_size > whole:
        problems.stop(f"{name} claims {info.file_size:,} bytes, at most {most:,} are read from this archive")
    with archive.open(info) as file:
        content = file.read(info.file_size + 1)
    if len(content) > info.file_size:
        problems.stop(f"{name} is larger than it claims")
    return content


def _text(archive: zipfile.ZipFile, name: str, problems: Problems) -> str:
    try:
        return _content(archive, name, problems, _MAX_CONFIG).decode("utf-8-sig")
    except UnicodeDecodeError:
        problems.stop(f"{name} is no UTF-8 text")


def _origin(archive: zipfile.ZipFile, problems: Problems) -> Origin:
    if _METADATA not in archive.namelist():
        return Origin()
    node = parse_json(_text(archive, _METADATA, problems), _METADATA, problems)
    version = node.text("keras_version") if isinstance(node, Mapping) else None
    return Origin() if version is None else parse_version(version)
