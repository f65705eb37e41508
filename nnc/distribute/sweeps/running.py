"""A sweep: trials from the space, in groups, run by an engine, recorded, and the best kept."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy

from nnc.distribute.sweeps.document import Document, read_document
from nnc.distribute.sweeps.grouping import Group, grouped
from nnc.distribute.sweeps.journal import Journal
from nnc.distribute.sweeps.local import run_groups
from nnc.distribute.sweeps.opening import Arrays, Build, built, model_file, open_source
from nnc.distribute.sweeps.result import BEST, SweepResult
from nnc.distribute.sweeps.space import canonical
from nnc.distribute.sweeps.training import Outcome, best_of, check_metric
from nnc.distribute.sweeps.trials import Trial, model_values, planned, training_of
from nnc.errors import DataError, NncError
from nnc.files import write_atomically
from nnc.installation import DISTRIBUTION

PROGRAMS = "programs"
"""The folder of programs while a sweep runs."""
Say = Callable[[str], None]


class Sweep:
    """A sweep that can be run.

    Args:
        document: what it is.
        folder: where its files are.
        build: builds models, where there is no model file.
        arrays: rows, where there is no file.
    """

    def __init__(
        self, document: Document, folder: Path, build: Build | None = None, arrays: Arrays | None = None
    ) -> None:
        self.document, self.folder, self.build, self.arrays = document, folder, build, arrays
        self._input_shape: tuple[int, ...] | None = None

    # ------------------------------------------------------------------ planning

    def open_model(self, trial: Trial) -> Any:
        """Return the model of a trial, without rows.

        Raises:
            NncError: there is something wrong with it.
        """
        from nnc.readers import read_model

        if self.build is not None:
            return built(self.build, trial.parameters, self.document.settings.seed)
        with model_file(model_values(self.document, trial), f"trial-{trial.number}") as path:
            return read_model(path, **({} if self._input_shape is None else {"input_shape": self._input_shape}))

    def groups(self, trials: Sequence[Trial], first: int = 0) -> list[Group]:
        """Return trials in groups that are trained each in one plan."""
        document, settings = self.document, self.document.settings
        if settings.data is not None:  # which workers look for from elsewhere
            settings = replace(settings, data=settings.data.absolute())
        found = grouped(
            trials,
            self.open_model,
            lambda trial: None if self.build is not None else model_values(document, trial),
            lambda trial: training_of(document, trial),
            settings,
            document.replicas,
            first,
            compares_graphs=self.build is not None,
        )
        programs = self.folder.absolute() / PROGRAMS
        return [replace(group, program=str(programs / f"group-{group.number}.nnc")) for group in found]

    def check(self, trials: Sequence[Trial]) -> None:
        """Check that the model of a trial can be made and that the rows fit it, before anything long begins.

        Raises:
            NncError: no trial's can; the error is that of the first.
        """
        first: Exception | None = None
        for trial in trials[:20]:
            try:
                self._check(trial)
            except NncError as error:
                first = first or error
            else:
                return
        if first is not None:
            raise first

    def _check(self, trial: Trial) -> None:
        document, settings, maker = self.document, self.document.settings, self.build
        if maker is not None:
            made = open_source(lambda: built(maker, trial.parameters, settings.seed), "", settings, self.arrays)
        else:
            made = open_source(model_values(document, trial), f"trial-{trial.number}", settings, self.arrays)
        check_metric(made.model.program, settings.objective, made.validation is not None)
        if made.schema is not None:
            self._input_shape = (made.schema.width,)

    def identity(self) -> dict[str, str]:
        """Return what a sweep that goes on must have in common with the one that was begun."""
        document = self.document
        settings = {key: value for key, value in asdict(document.settings).items() if key not in ("data", "backend")}
        return {
            "version of nnc": _version(),
            "model": canonical(document.model) if self.build is None else str(getattr(self.build, "__qualname__", "")),
            "data": _digest(self.arrays if document.settings.data is None else document.settings.data),
            "space": canonical({name: repr(parameter) for name, parameter in document.space.items()}),
            **{key: canonical(value) for key, value in settings.items()},
            "sampler": document.sampler,
            "trials": str(document.trials),
            "replicas": str(document.replicas),
            **({"optuna": canonical(document.optuna)} if document.sampler == "optuna" else {}),
        }

    # ------------------------------------------------------------------ running

    def run(self, resume: bool = False, say: Say | None = None) -> SweepResult:
        """Run all trials that are not done, and write the report.

        Ctrl-C ends it with what is done by then.

        Args:
            resume: whether the sweep in the folder goes on.
            say: is told what is going on.

        Raises:
            NncError: the model, the rows or the folder are not what they should be.
            OSError: a file cannot be written.
        """
        document = self.document
        with closing(Journal(self.folder, self.identity(), resume)) as journal:
            (self.folder / PROGRAMS).mkdir(exist_ok=True)
            keeper = _Keeper(self, journal, say or _silent)
            interrupted = False
            try:
                with closing(self._outcomes(journal, keeper.say)) as outcomes:
                    for outcome in outcomes:
                        keeper.take(outcome)
            except KeyboardInterrupt:
                interrupted = True
            trials = [trial for outcome in journal.outcomes.values() for trial in outcome.trials]
            result = SweepResult(trials, document.settings.objective, self.folder, keeper.total, interrupted)
            keeper.settle()
            result.write()
            return result

    def _outcomes(self, journal: Journal, say: Say) -> Generator[Outcome]:
        """Yield outcomes of groups that are not in the journal, as they come."""
        document = self.document
        digest = hashlib.sha256(canonical(self.identity()).encode()).hexdigest()
        if document.sampler == "optuna":
            from nnc.distribute.sweeps.optuna_engine import propose

            self.check([Trial(0, {name: _first(parameter) for name, parameter in document.space.items()})])
            yield from propose(document, digest, self.groups, journal.outcomes, self.build, self.arrays)
            return
        trials = planned(document)
        self.check(trials)
        groups = self.groups(trials)
        waiting = [group for group in groups if group.number not in journal.outcomes]
        say(_plan_text(groups, len(groups) - len(waiting)))
        if document.engine == "optuna":
            from nnc.distribute.sweeps.optuna_engine import run_groups as run_with_optuna

            yield from run_with_optuna(document, digest, waiting, journal.outcomes, self.build, self.arrays)
        elif document.engine == "ray":
            from nnc.distribute.sweeps.ray_engine import run_groups as run_with_ray

            yield from run_with_ray(document, waiting, self.build, self.arrays)
        else:
            yield from run_groups(waiting, document.workers, self.build, self.arrays)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:  # a checkout
        return ""


def _first(parameter: Any) -> Any:
    return parameter.values[0] if hasattr(parameter, "values") else parameter.low


def _silent(text: str) -> None:
    """Say nothing."""
    del text


def _plan_text(groups: Sequence[Group], done: int) -> str:
    count = sum(len(group.trials) for group in groups)
    plans = f"{len(groups):,} plan{'' if len(groups) == 1 else 's'}"
    return f"{count:,} trials in {plans}{f', {done:,} of them done' if done else ''}"


class _Keeper:
    """Writes outcomes into the journal, and keeps the program of the best trial.

    Args:
        sweep: the sweep.
        journal: its journal.
        say: is told of each outcome.
    """

    def __init__(self, sweep: Sweep, journal: Journal, say: Say) -> None:
        self.sweep, self.journal, self.say = sweep, journal, say
        self.objective = sweep.document.settings.objective
        document = sweep.document
        self.total = document.trials if document.trials is not None else len(planned(document))

    def take(self, outcome: Outcome) -> None:
        """Take an outcome; only the program of the best trial so far stays."""
        self.journal.append(outcome)
        done = sum(len(item.trials) for item in self.journal.outcomes.values())
        best = self._best()
        leads = "" if best is None else f"; best: trial {best.number}, {self.objective.metric} {best.value:.6g}"
        self.say(f"{done:,} of {self.total:,} trials done{leads}")
        self._tidy()

    def _best(self) -> Trial | None:
        trials = (trial for outcome in self.journal.outcomes.values() for trial in outcome.trials)
        return best_of(trials, self.objective)

    def _leading(self) -> Path | None:
        """Return the program of the best trial so far."""
        best = self._best()
        if best is None:
            return None
        number = next(
            item.number for item in self.journal.outcomes.values() if any(t.number == best.number for t in item.trials)
        )
        return self.sweep.folder / PROGRAMS / f"group-{number}.nnc"

    def _tidy(self) -> None:
        leading = self._leading()
        for number in self.journal.outcomes:
            path = self.sweep.folder / PROGRAMS / f"group-{number}.nnc"
            if path != leading:
                path.unlink(missing_ok=True)

    def settle(self) -> None:
        """Write the program of the best trial to where it is looked for.

        Raises:
            DataError: it is not there any more.
        """
        leading = self._leading()
        if leading is None:
            return
        if not leading.exists():
            raise DataError(
                f"{leading} is missing, the program of the best trial; name another folder, and begin again"
            )
        write_atomically(self.sweep.folder / BEST, leading.read_bytes())


def _digest(data: Any) -> str:
    """Return a text that equal data have in common."""
    found = hashlib.sha256()
    if isinstance(data, Path):
        try:
            with data.open("rb") as stream:
                while part := stream.read(1 << 20):
                    found.update(part)
        except FileNotFoundError:
            raise DataError(f"no such file of rows: {str(data)!r}") from None
        return found.hexdigest()

    def add(item: Any) -> None:
        if isinstance(item, Mapping):
            for key, entry in item.items():
                found.update(str(key).encode())
                add(entry)
        elif isinstance(item, list | tuple):
            for entry in item:
                add(entry)
        elif item is not None:
            array = numpy.ascontiguousarray(item)
            found.update(f"{array.dtype}{array.shape}".encode())
            found.update(array.tobytes() if array.dtype != object else json.dumps(array.tolist()).encode())

    if data is not None:
        add([data.x, data.y, data.validation])
    return found.hexdigest()


def sweep(
    source: str | os.PathLike[str] | Mapping[str, Any] | Build,
    *,
    data: tuple[Any, Any] | None = None,
    validation_data: tuple[Any, ...] | None = None,
    output: str | os.PathLike[str] = "sweep",
    resume: bool = False,
    say: Say | None = None,
    **settings: Any,
) -> SweepResult:
    """Train many trials of a model, which differ in what a space says, and return what became of them.

    Trials that differ only in numbers that replicas may differ in are trained together, in one plan; each has the
    numbers that it would have alone.

    Args:
        source: the path of a sweep file; what stands in one; or a function that takes a dictionary of parameters and
            returns a compiled model.
        data: inputs and targets, as `fit` takes them, instead of a file of rows.
        validation_data: inputs and targets to validate on.
        output: the folder of the journal, the report, and the best trial's program.
        resume: whether the sweep that is in the folder goes on; what is done is not repeated.
        say: is called with a line of text when something is done.
        settings: what stands in a sweep file, instead of what stands there: ``space``, ``epochs``, ``batch_size``,
            ``objective``, ``sampler``, ``trials``, ``engine``, ``workers``, ….

    Raises:
        ModelFileError: there are problems with what the sweep is; all of them are listed.
        ModelError: the model is wrong.
        DataError: the rows do not fit it, or there is a sweep in the folder already.
        NncError: an engine's package is not installed.
    """
    build = source if callable(source) else None
    given: Any = {} if build is not None else source
    for name, given_rows in (("data", data), ("validation_data", validation_data)):
        if given_rows is not None and (not isinstance(given_rows, list | tuple) or len(given_rows) < 2):
            raise DataError(f"{name} must be inputs and targets, (x, y); a file is named by data: in the sweep itself")
    if data is not None and len(data) > 2:
        raise DataError("data must be inputs and targets, (x, y); weights of rows are not for sweeps")
    arrays = None if data is None else Arrays(data[0], data[1], validation_data)
    if arrays is None and validation_data is not None:
        raise DataError("validation_data go with data; for a file of rows say validation_split")
    document = read_document(given, settings, build is not None, arrays is not None, validation_data is not None)
    return Sweep(document, Path(output), build, arrays).run(resume, say)
