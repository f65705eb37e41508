"""The engine ``optuna``: its studies keep trials, its samplers propose them, its pruners end them.

Trials are trained by processes as those of the engine ``local`` are. A sampler of Optuna's is asked for several trials
at once, which may be replicas of one plan.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from typing import Any

from nnc.distribute.sweeps.document import Document
from nnc.distribute.sweeps.grouping import Group
from nnc.distribute.sweeps.local import run_groups as run_locally
from nnc.distribute.sweeps.opening import Arrays, Build
from nnc.distribute.sweeps.space import Choice, Parameter
from nnc.distribute.sweeps.training import Outcome, Prune
from nnc.distribute.sweeps.trials import COMPLETE, PRUNED, Trial
from nnc.errors import DataError, ModelError, NncError, nearest
from nnc.installation import install_command

Groups = Callable[[Sequence[Trial], int], list[Group]]
_NUMBER, _SWEEP = "nnc_trial", "nnc_sweep"
"""Attributes of trials and studies in Optuna."""
_BATCH = 16
"""Trials that a sampler is asked for at once."""


def load_optuna() -> Any:
    """Return Optuna.

    Raises:
        NncError: it is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise NncError(f"the engine optuna needs Optuna ({error}); {install_command('optuna')}") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


class _Book:
    """A study, and which of its trials are those of the sweep.

    Args:
        document: the sweep.
        identity: a text that only this sweep has.
        outcomes: what was finished before.
    """

    def __init__(self, document: Document, identity: str, outcomes: Iterable[Outcome]) -> None:
        self.optuna = load_optuna()
        self.document, self.space = document, document.space
        self.distributions = {name: _distribution(self.optuna, parameter) for name, parameter in self.space.items()}
        done = [trial for outcome in outcomes for trial in outcome.trials]
        self.study = self._opened(identity, len(done))
        self.asked: dict[int, Any] = {}
        states = self.optuna.trial.TrialState
        for left in self.study.get_trials(deepcopy=False, states=(states.RUNNING,)):  # by a sweep that was killed
            self.study.tell(left.number, state=states.FAIL)
        finished = {
            item.user_attrs.get(_NUMBER)
            for item in self.study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED))
        }
        for trial in done:
            if trial.number not in finished and trial.status in (COMPLETE, PRUNED):
                self.study.add_trial(self._frozen(trial))

    def _opened(self, identity: str, done: int) -> Any:
        options, settings = self.document.optuna, self.document.settings
        name = str(options.get("study", "nnc"))
        direction = "minimize" if settings.objective.mode == "min" else "maximize"
        sampler = _made(self.optuna.samplers, "Sampler", options.get("sampler"), settings.seed + done)
        pruner = _made(self.optuna.pruners, "Pruner", options.get("pruner", "NopPruner"), None)
        try:
            study = self.optuna.create_study(
                storage=options.get("storage"),
                sampler=sampler,
                pruner=pruner,
                study_name=name,
                direction=direction,
                load_if_exists=True,
            )
        except Exception as error:  # of whatever database it is
            raise DataError(f"optuna: the study '{name}' cannot be opened: {error}") from error
        known = study.user_attrs.get(_SWEEP)
        if known != identity and (known is not None or study.get_trials(deepcopy=False)):
            raise DataError(
                f"optuna: the study '{name}' has trials of another sweep; name another one: optuna: {{study: NAME}}"
            )
        study.set_user_attr(_SWEEP, identity)
        return study

    def _frozen(self, trial: Trial) -> Any:
        states = self.optuna.trial.TrialState
        values = trial.history.get(self.document.settings.objective.metric, [])
        is_complete = trial.status == COMPLETE
        return self.optuna.trial.create_trial(
            state=states.COMPLETE if is_complete else states.PRUNED,
            value=trial.value if is_complete or trial.value is not None else None,
            params=self.encoded(trial.parameters),
            distributions=self.distributions,
            user_attrs={_NUMBER: trial.number},
            intermediate_values=dict(enumerate(values)),
        )

    def encoded(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters as Optuna has them."""
        return {name: _encoded(self.space[name], value) for name, value in parameters.items()}

    def enqueue(self, trials: Sequence[Trial]) -> None:
        """Let trials that are decided already be trials of the study."""
        for trial in trials:
            self.study.enqueue_trial(self.encoded(trial.parameters), user_attrs={_NUMBER: trial.number})
        wanted = {trial.number for trial in trials}
        while wanted:
            found = self.study.ask(self.distributions)
            number = found.user_attrs.get(_NUMBER)  # it may be one that waits since before a sweep was killed
            if number in wanted:
                wanted.discard(number)
                self.asked[number] = found
            else:
                self.study.tell(found, state=self.optuna.trial.TrialState.FAIL)

    def propose(self, number: int) -> Trial:
        """Return a trial that the sampler proposes."""
        found = self.study.ask(self.distributions)
        found.set_user_attr(_NUMBER, number)
        self.asked[number] = found
        return Trial(number, {name: _decoded(self.space[name], value) for name, value in found.params.items()})

    @property
    def prune(self) -> Prune | None:
        """Who says which trials end, None where there is no pruner."""
        return self._prune if "pruner" in self.document.optuna else None

    def _prune(self, group: Group, epoch: int, values: list[float]) -> list[bool]:
        ending = []
        for trial, value in zip(group.trials, values, strict=True):
            found = self.asked[trial.number]
            if not math.isnan(value):  # others have ended
                found.report(value, epoch)
            ending.append(not math.isnan(value) and bool(found.should_prune()))
        return ending

    def tell(self, outcome: Outcome) -> None:
        """Let the study know what became of trials."""
        states = self.optuna.trial.TrialState
        metric = self.document.settings.objective.metric
        for trial in outcome.trials:
            found = self.asked.pop(trial.number)
            if self.prune is None:
                for epoch, value in enumerate(trial.history.get(metric, [])):
                    found.report(value, epoch)
            if trial.status == COMPLETE:
                self.study.tell(found, trial.value)
            else:
                if trial.error:
                    found.set_user_attr("error", trial.error)
                self.study.tell(found, state=states.PRUNED if trial.status == PRUNED else states.FAIL)


def run_groups(
    document: Document,
    identity: str,
    groups: Sequence[Group],
    outcomes: Mapping[int, Outcome],
    build: Build | None,
    arrays: Arrays | None,
) -> Iterator[Outcome]:
    """Train groups of trials that are decided already, which the study keeps and its pruner may end.

    Args:
        document: the sweep.
        identity: a text that only this sweep has.
        groups: the groups.
        outcomes: what was finished before.
        build: builds models, where there is no model file.
        arrays: the rows, where there is no file.

    Raises:
        NncError: Optuna is not installed, or cannot be used so.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of experimental parts of Optuna, which somebody has chosen
        book = _Book(document, identity, outcomes.values())
        book.enqueue([trial for group in groups for trial in group.trials])
    yield from _trained(book, groups, build, arrays)


def _trained(book: _Book, groups: Sequence[Group], build: Build | None, arrays: Arrays | None) -> Iterator[Outcome]:
    prunes = book.prune is not None
    chosen = [replace(group, prunes=prunes) for group in groups]
    for outcome in run_locally(chosen, book.document.workers, build, arrays, book.prune):
        book.tell(outcome)
        yield outcome


def propose(
    document: Document,
    identity: str,
    groups: Groups,
    outcomes: Mapping[int, Outcome],
    build: Build | None,
    arrays: Arrays | None,
) -> Iterator[Outcome]:
    """Train trials that a sampler of Optuna's proposes, several at once.

    Args:
        document: the sweep.
        identity: a text that only this sweep has.
        groups: puts trials into groups, the first of which has a number.
        outcomes: what is finished, those that are yielded among them.
        build: builds models, where there is no model file.
        arrays: the rows, where there is no file.

    Raises:
        NncError: Optuna is not installed, or cannot be used so.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = _Book(document, identity, outcomes.values())
    batch = int(document.optuna.get("batch", _BATCH))
    total = document.trials or 0
    while True:
        done = {trial.number for outcome in outcomes.values() for trial in outcome.trials}
        numbers = [number for number in range(total) if number not in done][:batch]
        if not numbers:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trials = [book.propose(number) for number in numbers]
        yield from _trained(book, groups(trials, max(outcomes, default=-1) + 1), build, arrays)


def _made(module: Any, suffix: str, given: Any, seed: int | None) -> Any:
    """Return a sampler or a pruner by its name, or a mapping of its name to its arguments; None for none.

    Raises:
        DataError: there is none of this name.
        ModelError: it does not take the arguments.
    """
    if given is None:
        return None
    name, arguments = next(iter(given.items())) if isinstance(given, Mapping) and len(given) == 1 else (given, None)
    known = [item for item in module.__all__ if item.endswith(suffix) and item not in ("BaseSampler", "GridSampler")]
    if name == "GridSampler":
        raise DataError("optuna: for a grid leave out optuna's sampler, and take sampler: grid")
    if name not in known:
        kind = suffix.lower()
        raise DataError(f"optuna: there is no {kind} '{name}', only {', '.join(known)}.{nearest(str(name), known)}")
    made, options = getattr(module, name), dict(arguments or {})
    if seed is not None and "seed" in signature(made).parameters:
        options.setdefault("seed", seed)
    try:
        return made(**options)
    except (TypeError, ValueError) as error:
        raise ModelError(f"optuna: {name}: {error}") from None


def _is_plain(parameter: Choice) -> bool:
    """Whether Optuna can tell the values of a choice apart as they are."""
    kinds = {str if isinstance(value, str) else type(value) for value in parameter.values}
    return kinds <= {str} or kinds <= {int} or kinds <= {float}


def _distribution(optuna: Any, parameter: Parameter) -> Any:
    if isinstance(parameter, Choice):
        return optuna.distributions.CategoricalDistribution([_encoded(parameter, value) for value in parameter.values])
    if parameter.is_whole:
        return optuna.distributions.IntDistribution(int(parameter.low), int(parameter.high), log=parameter.is_log)
    return optuna.distributions.FloatDistribution(parameter.low, parameter.high, log=parameter.is_log)


def _encoded(parameter: Parameter, value: Any) -> Any:
    return value if not isinstance(parameter, Choice) or _is_plain(parameter) else json.dumps(value, sort_keys=True)


def _decoded(parameter: Parameter, value: Any) -> Any:
    if not isinstance(parameter, Choice):
        return value
    return next(item for item in parameter.values if _encoded(parameter, item) == value)
