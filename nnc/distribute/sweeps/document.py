"""Reads what a sweep is: a model, data, settings of the training, the space, and the engine that runs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from nnc.backends import BackendName, backend_name
from nnc.checks import check_choice, check_number, check_positive, check_whole, is_whole
from nnc.distribute.sweeps.model_paths import NoSuchPathError, with_value
from nnc.distribute.sweeps.space import Choice, Parameter, grid, is_finite, read_parameter
from nnc.errors import ModelError, ModelFileError, nearest
from nnc.plugins import read_values

ENGINES = ("local", "optuna", "ray")
SAMPLERS = ("grid", "random")
TRAINING = ("batch_size", "epochs", "patience", "seed")
"""Settings of a training that a space may vary beside what a model file says."""
OPTUNA = ("sampler", "pruner", "storage", "study", "batch")
_DECIDING = ("sampler", "pruner", "asha")
"""Options of engines that decide which trials there are, or how long they are."""
RAY = ("address", "asha", "storage_path", "cpus")
_TEXTS = (".yaml", ".yml", ".json")
_SUBJECT = "sweep"


@dataclass(frozen=True)
class Objective:
    """What the best trial is best in.

    Args:
        metric: name of a loss or metric, as in the history of a training.
        mode: ``min`` or ``max``.
    """

    metric: str = "val_loss"
    mode: Literal["min", "max"] = "min"


@dataclass(frozen=True)
class Settings:
    """How all trials are trained, but for what a space varies.

    Args:
        data: the file of the rows; None where arrays are given.
        target: column or array of the targets.
        encoding: of a text file.
        validation_split: share of the rows to validate on.
        epochs: passes over the rows.
        batch_size: rows of a batch.
        patience: epochs without improvement of the objective after which a trial ends, with its best weights.
        seed: decides which rows are validated on, their order, the trials, and first weights unless the space does.
        backend: what runs programs.
        objective: what the best trial is best in.
    """

    data: Path | None = None
    target: str | None = None
    encoding: str | None = None
    validation_split: float = 0.0
    epochs: int = 10
    batch_size: int = 32
    patience: int | None = None
    seed: int = 0
    backend: BackendName | None = None
    objective: Objective = field(default_factory=Objective)


@dataclass(frozen=True)
class Document:
    """A sweep.

    Args:
        source: what is read, for messages.
        model: the values of the model file; None where a function builds models.
        model_name: name of the model file, for messages.
        settings: how trials are trained.
        space: what each parameter may be, by its path.
        sampler: ``grid`` or ``random``; ``optuna`` where one of Optuna's proposes trials.
        trials: how many there are; None for all of a grid.
        replicas: at most so many trials are trained in one plan.
        engine: one of `ENGINES`.
        workers: number of processes; 0 for this one, or for as many as Ray has processors.
        optuna: options of the engine ``optuna``.
        ray: options of the engine ``ray``.
    """

    source: str
    model: Mapping[str, Any] | None
    model_name: str
    settings: Settings
    space: Mapping[str, Parameter]
    sampler: str
    trials: int | None
    replicas: int
    engine: str
    workers: int
    optuna: Mapping[str, Any]
    ray: Mapping[str, Any]


def _text(where: str, key: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ModelError(f"{where}: {key} must be a text, got {value!r:.80}")
    return value


def _share(where: str, key: str, value: Any) -> float:
    return float(check_number(where, key, value, 0, below=1))


def _backend(where: str, key: str, value: Any) -> BackendName:
    return cast("BackendName", backend_name(_text(where, key, value)))


def _column(where: str, key: str, value: Any) -> str:
    return str(value) if is_whole(value) else _text(where, key, value)


def _workers(where: str, key: str, value: Any) -> int:
    return check_whole(where, key, value, 0)


def _mapping(known: Sequence[str]) -> Callable[[str, str, Any], Mapping[str, Any]]:
    def check(where: str, key: str, value: Any) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise ModelError(f"{where}: {key} must be a mapping of {', '.join(known)}, got {value!r:.80}")
        for name in value:
            if name not in known:
                raise ModelError(f"{where}: {key} has no '{name}', only {', '.join(known)}.{nearest(str(name), known)}")
        return value

    return check


def _objective(where: str, key: str, value: Any) -> Objective:
    from nnc.callbacks import EarlyStopping

    given = {"metric": value} if isinstance(value, str) else _mapping(("metric", "mode"))(where, key, value)
    metric = _text(where, f"{key}: metric", given.get("metric"))
    if "mode" in given:
        return Objective(metric, check_choice(where, f"{key}: mode", given["mode"], ("min", "max")))
    try:
        return Objective(metric, "max" if EarlyStopping(monitor=metric).rises else "min")
    except ModelError:
        raise ModelError(
            f"{where}: {key}: say whether '{metric}' is to be small or large: {{metric: {metric}, mode: min}}"
        ) from None


_CHECKS: dict[str, Callable[[str, str, Any], Any]] = {
    "model": lambda where, key, value: value,
    "data": _text,
    "target": _column,
    "encoding": _text,
    "validation_split": _share,
    "epochs": check_positive,
    "batch_size": check_positive,
    "patience": check_positive,
    "seed": lambda where, key, value: check_whole(where, key, value, 0),
    "backend": _backend,
    "space": lambda where, key, value: value,
    "objective": _objective,
    "sampler": lambda where, key, value: check_choice(where, key, value, SAMPLERS),
    "trials": check_positive,
    "replicas": check_positive,
    "engine": lambda where, key, value: check_choice(where, key, value, ENGINES),
    "workers": _workers,
    "optuna": _mapping(OPTUNA),
    "ray": _mapping(RAY),
}
KEYS = tuple(_CHECKS)
"""The keys of a sweep file."""


class _Problems:
    """What is wrong with a document, with its lines."""

    def __init__(self, source: str, place: str, lines: Mapping[tuple[str | int, ...], int]) -> None:
        self.source, self.place, self.lines = source, place, lines
        self.found: list[tuple[int, str]] = []

    def add(self, message: str, *path: str) -> None:
        line = self.lines.get(path) or self.lines.get(path[:1]) or 0
        self.found.append((line, f"{self.place}{f' line {line}' if line else ''}: {message}"))

    def check(self) -> None:
        """Raise an error with all of them, if there are any.

        Raises:
            ModelFileError: there are some.
        """
        if self.found:
            raise ModelFileError(self.source, [text for _, text in sorted(self.found, key=lambda item: item[0])])


def read_document(
    source: str | os.PathLike[str] | Mapping[str, Any],
    given: Mapping[str, Any] | None = None,
    builds: bool = False,
    has_arrays: bool = False,
    validates: bool = False,
) -> Document:
    """Return the sweep of a file or of values.

    Args:
        source: a file; or what stands in one, whose paths are relative to the working folder.
        given: values that take the place of those of the source.
        builds: whether a function builds the models.
        has_arrays: whether rows are given as arrays.
        validates: whether there are rows to validate on besides.

    Raises:
        ModelFileError: there are problems; all of them are listed, with their lines.
        ModelError: the file cannot be read.
    """
    lines: Mapping[tuple[str | int, ...], int] = {}
    folder, name, place = Path(), _SUBJECT, _SUBJECT
    values: Any = source
    if not isinstance(source, Mapping):
        path = Path(source)
        name, place, folder = str(path), path.name, path.parent
        if path.suffix.lower() not in _TEXTS:
            raise ModelError(f"{name!r}: a sweep is read from a file named *{' or *'.join(_TEXTS)}")
        values, lines = read_values(path)
    problems = _Problems(name, place, lines)
    if not isinstance(values, Mapping):
        problems.add(f"expected a mapping with model, data and space, got {values!r:.80}")
        problems.check()
    relative, written = set(values), values.get("engine")
    for key, value in (given or {}).items():
        before = values.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping) and key in ("optuna", "ray")
        values = {**values, key: {**before, **value} if both else value}
    found: dict[str, Any] = {}
    for key, value in values.items():
        if key not in _CHECKS:
            problems.add(f"unknown key '{key}'.{nearest(str(key), KEYS)}", str(key))
        elif value is not None:
            try:
                found[key] = _CHECKS[key](_SUBJECT, key, value)
            except ModelError as error:
                problems.add(str(error).removeprefix(f"{_SUBJECT}: "), key)
    if "data" in found:
        within = folder if "data" in relative and not (given and "data" in given) else Path()
        found["data"] = within / found["data"]
    model, model_name = _model(found, folder, builds, problems)
    refused = {str(key) for key in values} - set(found)
    _check_data(found, refused, has_arrays, validates, problems)
    space = _space(found.get("space"), model, problems)
    sampler = _sampler(found, space, written, given or {}, problems)
    problems.check()
    settings = Settings(**{key: found[key] for key in Settings.__dataclass_fields__ if key in found})
    return Document(
        name,
        model,
        model_name,
        settings,
        space,
        sampler,
        found.get("trials"),
        found.get("replicas", 64),
        found.get("engine", "local"),
        found.get("workers", 0 if builds or has_arrays or found.get("engine") == "ray" else 1),
        found.get("optuna", {}),
        found.get("ray", {}),
    )


def _model(
    found: Mapping[str, Any], folder: Path, builds: bool, problems: _Problems
) -> tuple[Mapping[str, Any] | None, str]:
    """Return the values of the model file, and its name."""
    model = found.get("model")
    if builds:
        if model is not None:
            problems.add("a function builds the models; leave out model", "model")
        return None, "build"
    if isinstance(model, Mapping):
        return model, problems.place
    if not isinstance(model, str):
        got = "there is none" if model is None else f"got {model!r:.80}"
        problems.add(f"model must be a model file, or what stands in one; {got}", "model")
        return None, ""
    path = folder / model
    if path.suffix.lower() not in _TEXTS:
        problems.add(
            f"model must be a file named *{' or *'.join(_TEXTS)}, whose values can be varied, got {model!r}; for"
            " others, give nnc.sweep a function that builds the model",
            "model",
        )
        return None, ""
    values, _ = read_values(path)
    if not isinstance(values, Mapping):
        problems.add(f"{model} is no model file: expected a mapping", "model")
        return None, ""
    return values, str(path)


def _check_data(
    found: Mapping[str, Any], refused: set[str], has_arrays: bool, validates: bool, problems: _Problems
) -> None:
    if "data" in found and has_arrays:
        problems.add("data are given twice, as a file and as arrays; leave out one", "data")
    if "data" not in found and "data" not in refused and not has_arrays:
        problems.add("there are no data; name a file of rows, for example data: points.csv", "data")
    if has_arrays and (key := next((key for key in ("target", "encoding") if key in found), None)):
        problems.add(f"{key} is about a file of rows; leave it out, or give data as a file", key)
    objective = found.get("objective", Objective())
    split = found.get("validation_split", 0)
    if split and validates:
        problems.add("rows to validate on are given; leave out validation_split", "validation_split")
    is_open = refused.isdisjoint(("objective", "validation_split"))
    if is_open and objective.metric.startswith("val_") and not split and not validates:
        problems.add(
            f"the objective {objective.metric} needs rows to validate on: add validation_split: 0.2, or take"
            f" objective: {objective.metric.removeprefix('val_')}",
            "objective",
        )


def _space(given: Any, model: Mapping[str, Any] | None, problems: _Problems) -> dict[str, Parameter]:
    if not isinstance(given, Mapping) or not given:
        got = "there is none" if given is None else f"got {given!r:.80}"
        problems.add(f"space must be a mapping of what is varied, such as layers.0.units: [16, 32]; {got}", "space")
        return {}
    found: dict[str, Parameter] = {}
    varied = model
    for name, entry in given.items():
        try:
            parameter = read_parameter(entry)
            if name in TRAINING:
                _check_training(name, parameter)
            elif varied is not None:
                first = parameter.values[0] if isinstance(parameter, Choice) else parameter.low
                varied = with_value(varied, str(name), first)
        except NoSuchPathError as error:
            hint = nearest(str(name), TRAINING) if "Did you mean" not in str(error) else ""
            problems.add(f"space: {error}{hint}", "space", name)
        except ModelError as error:
            problems.add(f"space: {name}: {error}", "space", name)
        else:
            found[str(name)] = parameter
    return found


def _check_training(name: str, parameter: Parameter) -> None:
    """Check what a setting of the training may be.

    Raises:
        ModelError: it may be none of these.
    """
    values = parameter.values if isinstance(parameter, Choice) else (parameter.low, parameter.high)
    if not isinstance(parameter, Choice) and not parameter.is_whole:
        raise ModelError("takes whole numbers: give {int: [LOW, HIGH]}, or a list")
    for value in values:
        _CHECKS[name](_SUBJECT, name, value)


def _sampler(
    found: Mapping[str, Any],
    space: Mapping[str, Parameter],
    written: Any,
    given: Mapping[str, Any],
    problems: _Problems,
) -> str:
    """Return who decides trials; see `Document`.

    Options of an engine that a file names, and a call replaces by another, stay without effect unless they decide which
    trials there are, or end them.

    Args:
        found: what the document says.
        space: what is varied.
        written: the engine that the file names.
        given: what the call says instead of the file.
        problems: gets what is wrong.
    """
    options = found.get("optuna", {})
    if "sampler" in options:
        if found.get("engine") != "optuna":
            problems.add("optuna: a sampler of Optuna's is for engine: optuna", "optuna", "sampler")
        if "sampler" in found:
            problems.add("sampler is given twice, here and under optuna; leave out one", "sampler")
        if "trials" not in found:
            problems.add("say how many trials Optuna's sampler is to propose, for example trials: 50", "optuna")
        return "optuna"
    for engine in ("optuna", "ray"):
        for option in found.get(engine, {}) if found.get("engine", "local") != engine else ():
            if option in _DECIDING or option in given.get(engine, {}) or written != engine:
                problems.add(f"{engine}: {option} is for engine: {engine}", engine, option)
    sampler: str = found.get("sampler", "grid" if is_finite(space) and "trials" not in found else "random")
    if sampler == "random" and "trials" not in found:
        problems.add("say how many random trials there are, for example trials: 50", "sampler")
    if sampler == "grid" and space:
        if "trials" in found:
            problems.add("a grid has all its trials; leave out trials, or take sampler: random", "trials")
        try:
            grid(space)
        except ModelError as error:
            problems.add(f"space: {error}", "space")
    return sampler
