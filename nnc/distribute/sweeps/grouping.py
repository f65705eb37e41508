"""Trials that differ only in numbers are put together, to be trained as replicas of one plan.

What may differ is not said by anybody: the models of trials are compared, and of each number in which they differ it is
tried whether replicas can have it as a hyperparameter of their own. Models that a user's function builds are compared
by their graphs as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nnc.checks import is_number
from nnc.distribute.sweeps.document import Settings
from nnc.distribute.sweeps.space import canonical
from nnc.distribute.sweeps.trials import Trial
from nnc.errors import NncError
from nnc.labels import EVALUATE, TRAIN

if TYPE_CHECKING:
    from nnc.models import Model


@dataclass(frozen=True)
class Group:
    """Trials that are trained in one plan.

    Args:
        number: number of the group, from 0.
        trials: the trials.
        values: what stands in the model file of the first; None where a function builds models.
        seeds: the seed of each trial.
        hyperparameters: numbers in which the models differ, one for each trial, by name; see `nnc.compile`.
        training: epochs, rows of a batch and patience.
        settings: those of the sweep.
        prunes: whether somebody decides after each epoch which trials end.
        program: the file for the program of the best trial; nothing for none.
    """

    number: int
    trials: tuple[Trial, ...]
    values: Mapping[str, Any] | None
    seeds: tuple[int, ...]
    hyperparameters: Mapping[str, tuple[float, ...]]
    training: Mapping[str, Any]
    settings: Settings
    prunes: bool = False
    program: str = ""

    def alone(self, position: int) -> Group:
        """Return the group of one of the trials."""
        return Group(
            self.number,
            (self.trials[position],),
            self.values,
            (self.seeds[position],),
            {name: (numbers[position],) for name, numbers in self.hyperparameters.items()},
            self.training,
            self.settings,
            self.prunes,
            self.program,
        )


@dataclass(frozen=True)
class Described:
    """A model as what it is but for numbers, and these.

    Args:
        structure: a text that models of the same structure have in common.
        numbers: numbers of layers, optimizer and loss weights by the names of hyperparameters.
    """

    structure: str
    numbers: Mapping[str, float]


def described(model: Model) -> Described:
    """Describe a model.

    Raises:
        NncError: a part of it cannot be described.
    """
    from nnc.models.config import compile_config

    numbers: dict[str, float] = {}

    def without(config: Any, owner: str) -> Any:
        kept = {}
        for key, value in config.items():
            if is_number(value):
                numbers[f"{owner}/{key}" if owner else key] = float(value)
                kept[key] = "a number"
            else:
                kept[key] = value
        return kept

    config: dict[str, Any] = dict(model.get_config())
    layers = []
    for entry in config.get("layers", ()):
        own = entry.get("config", {})
        layers.append({**entry, "config": without(own, str(own.get("name", "")))})
    config["layers"] = layers
    compiled = compile_config(model)
    optimizer = compiled.pop("optimizer")
    optimizer = {**optimizer, "config": without(optimizer["config"], "")}
    weights = compiled.get("loss_weights")
    if isinstance(weights, Mapping):
        compiled["loss_weights"] = without(weights, "loss_weights")
    return Described(canonical([type(model).__name__, config, optimizer, compiled]), numbers)


def grouped(
    trials: Sequence[Trial],
    open_model: Callable[[Trial], Model],
    values: Callable[[Trial], Mapping[str, Any] | None],
    training: Callable[[Trial], Mapping[str, Any]],
    settings: Settings,
    most: int,
    first: int = 0,
    compares_graphs: bool = False,
) -> list[Group]:
    """Return trials in groups; one whose model cannot be made is a group by itself, and fails when it is trained.

    Args:
        trials: the trials.
        open_model: makes the model of one.
        values: what stands in the model file of one.
        training: epochs, rows of a batch, patience and seed of one.
        settings: those of the sweep.
        most: trials of a group at most.
        first: number of the first group.
        compares_graphs: whether graphs must be equal as well, as a user's function can put into a model what is in no
            config.
    """
    alike: dict[tuple[str, str], list[_Member]] = {}
    for trial in trials:
        plan = dict(training(trial))
        member = _Member(trial, plan.pop("seed"), plan)
        try:
            model = open_model(trial)
            found = described(model)
            member.numbers, structure = dict(found.numbers), found.structure
        except Exception:  # a user's function may raise anything, and will again when the trial is trained
            model, structure = None, f"trial {trial.number}"
        members = alike.setdefault((structure, canonical(plan)), [])
        members.append(member)
        if len(members) == 1:
            member.model = model  # those of the others are not kept: they may be large
    groups: list[Group] = []
    for members in alike.values():
        for part in _divided(members, open_model if compares_graphs else None):
            names = [name for name in part[0].numbers if len({member.numbers[name] for member in part}) > 1]
            for start in range(0, len(part), most):
                chosen = part[start : start + most]
                groups.append(
                    Group(
                        0,
                        tuple(member.trial for member in chosen),
                        _values(values, chosen[0].trial),
                        tuple(member.seed for member in chosen),
                        {name: tuple(member.numbers[name] for member in chosen) for name in names},
                        chosen[0].training,
                        settings,
                    )
                )
    groups.sort(key=lambda group: group.trials[0].number)
    return [replace(group, number=first + position) for position, group in enumerate(groups)]


@dataclass
class _Member:
    """A trial with what is compared."""

    trial: Trial
    seed: int
    training: Mapping[str, Any]
    model: Any = None
    numbers: dict[str, float] = field(default_factory=dict)


def _values(values: Callable[[Trial], Mapping[str, Any] | None], trial: Trial) -> Mapping[str, Any] | None:
    """Return what stands in the model file of a trial, nothing where its parameters do not fit together."""
    try:
        return values(trial)
    except NncError:
        return {}


def _divided(members: Sequence[_Member], open_model: Callable[[Trial], Model] | None) -> Iterator[list[_Member]]:
    """Yield parts of trials of one structure that can be replicas: they differ only in what replicas may differ in."""
    if members[0].model is None or len(members) == 1:
        yield list(members)
        return
    varied = [name for name in members[0].numbers if len({member.numbers[name] for member in members}) > 1]
    free = [name for name in varied if _may_differ(members, name)]
    fixed = [name for name in varied if name not in free]
    members[0].model = None
    parts: dict[tuple[Any, ...], list[_Member]] = {}
    for member in members:
        key = tuple(member.numbers[name] for name in fixed)
        text = "" if open_model is None else _graph_text(open_model(member.trial), free, member)
        parts.setdefault((*key, text), []).append(member)
    yield from parts.values()


def _graph_text(model: Model, free: Sequence[str], member: _Member) -> str:
    """Return the graphs of a model, in which some numbers are states; of a model that has none, a text of its own."""
    from nnc.models.hyperparameters import Hyperparameters

    given = Hyperparameters({name: [member.numbers[name]] for name in free}, 1)
    try:
        program = model.make_compiler(None, None, (), given if given.items else None).program()
        return "".join(str(program.graph(name)) for name in (TRAIN, EVALUATE) if name in program.graph_names)
    except NncError:
        return f"trial {member.trial.number}"


def _may_differ(members: Sequence[_Member], name: str) -> bool:
    """Whether replicas can have a number of their own: their graph reads it from a state."""
    from nnc.models.replication import replicated

    numbers = sorted({member.numbers[name] for member in members})
    try:
        replicated(members[0].model, 2, [0, 1], {name: [numbers[0], numbers[-1]]})
    except NncError:
        return False
    return True
