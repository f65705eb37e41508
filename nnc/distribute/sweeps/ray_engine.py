"""The engine ``ray``: groups of trials are trials of Ray Tune, on this machine or on a cluster.

With ASHA each trial is one of Ray's by itself, as it is Ray that compares and ends them; without it a group of trials
that are replicas of one plan is one of Ray's.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnc.checks import check_positive, is_number
from nnc.distribute.ray_start import check_answers
from nnc.distribute.sweeps.document import Document
from nnc.distribute.sweeps.grouping import Group
from nnc.distribute.sweeps.opening import Arrays, Build
from nnc.distribute.sweeps.space import Choice
from nnc.distribute.sweeps.training import Outcome, best_of, train
from nnc.distribute.sweeps.trials import FAILED
from nnc.errors import ModelError, NncError, nearest
from nnc.files import write_atomically
from nnc.installation import install_command

_ASHA = ("grace_period", "reduction_factor", "brackets")
_EPOCH, _VALUE = "epoch", "value"
_LOST = "its process was lost"
_THREAD = "nnc-ray-tune"
_PATIENCE = 20.0
"""Seconds that Tune has to end after Ctrl-C."""
_POLL = 0.2
"""Seconds between two looks for outcomes."""


def load_ray() -> Any:
    """Return Ray, with Tune.

    Raises:
        NncError: it is not installed.
    """
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # whose reporter prints whatever it is told
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.tune
    except ImportError as error:
        raise NncError(f"the engine ray needs Ray with Tune ({error}); {install_command('ray')}") from None
    return ray


def run_groups(
    document: Document, groups: Sequence[Group], build: Build | None, arrays: Arrays | None
) -> Iterator[Outcome]:
    """Train groups by Ray Tune, and yield outcomes as they come.

    Args:
        document: the sweep.
        groups: the groups.
        build: builds models, where there is no model file.
        arrays: the rows, where there is no file.

    Raises:
        NncError: Ray is not installed, or its options are wrong.
    """
    ray = load_ray()
    asha = document.ray.get("asha")
    scheduler = None if asha is None else _asha(asha, document)
    if not groups:
        return
    with _cluster(ray, document):
        parts = groups if asha is None else _singles(groups)
        lost: list[Group] = []
        yield from _round(ray, document, scheduler, groups, parts, lost, build, arrays)
        if lost:  # with all of their trials, of which one may be to blame
            yield from _round(ray, document, scheduler, lost, _singles(lost), [], build, arrays)


def _singles(groups: Sequence[Group]) -> list[Group]:
    return [group.alone(number) for group in groups for number in range(len(group.trials))]


def _round(
    ray: Any,
    document: Document,
    scheduler: Any,
    groups: Sequence[Group],
    parts: Sequence[Group],
    lost: list[Group],
    build: Build | None,
    arrays: Arrays | None,
) -> Iterator[Outcome]:
    """Train the parts of groups, and yield the outcomes of groups; those whose process died are noted as lost."""
    mailbox = ray.remote(_Mailbox).options(num_cpus=0).remote()
    context = ray.put((list(parts), build, arrays, mailbox))
    tuner = _Tuner(ray, document, scheduler, len(parts), context)
    yield from _collected(document, groups, _received(ray, tuner, mailbox, parts), lost)


class _Mailbox:
    """An actor in which outcomes wait, with the bytes of programs, wherever in the cluster they were found."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, Outcome, bytes | None]] = []

    def put(self, index: int, outcome: Outcome, program: bytes | None) -> None:
        """Put an outcome in."""
        self.waiting.append((index, outcome, program))

    def take(self) -> list[tuple[int, Outcome, bytes | None]]:
        """Take all of them out."""
        found, self.waiting = self.waiting, []
        return found


def _train_part(config: Mapping[str, Any]) -> None:
    """Train a part in a process of Ray's, and report each epoch to Tune, the last one when the outcome is away."""
    import ray
    from ray import tune

    index, (parts, build, arrays, mailbox) = config["part"], ray.get(config["context"][0])
    group: Group = parts[index]
    sign = 1 if group.settings.objective.mode == "min" else -1
    last: list[float] = []

    def report(group: Group, epoch: int, values: list[float]) -> None:
        """Report the best of the trials, by which Ray compares parts."""
        known = [value for value in values if not math.isnan(value)]
        best = min(known, key=lambda value: sign * value) if known else sign * math.inf
        if epoch + 1 < group.training["epochs"]:
            tune.report({_EPOCH: epoch + 1, _VALUE: best})
        else:
            last.append(best)

    with tempfile.TemporaryDirectory(prefix="nnc-sweep-") as folder:
        path = Path(folder) / "best.nnc"
        own = replace(group, prunes=True, program=str(path))
        outcome = train(own, build, arrays, report)  # which ends no trial, as Ray ends whole parts
        program = path.read_bytes() if path.exists() else None
    ray.get(mailbox.put.remote(index, outcome, program))
    tune.report({_EPOCH: group.training["epochs"], _VALUE: last[-1] if last else sign * math.inf})


class _Tuner:
    """Ray Tune in a thread of its own, as it returns only when all is done.

    Args:
        ray: the package.
        document: the sweep.
        scheduler: ends trials; None for nobody.
        count: number of parts.
        context: reference to what parts need.
    """

    def __init__(self, ray: Any, document: Document, scheduler: Any, count: int, context: Any) -> None:
        tune = ray.tune
        options = document.ray
        settings = document.settings
        trainable = tune.with_resources(_train_part, {"cpu": options.get("cpus", 1)})
        self.stopper = _stopper(tune)
        self.folder = tempfile.TemporaryDirectory(prefix="nnc-ray-")
        self.tuner = tune.Tuner(
            trainable,
            # in a list, as Tune would look for what is searched in a reference by itself
            param_space={"part": tune.grid_search(list(range(count))), "context": [context]},
            tune_config=tune.TuneConfig(
                metric=_VALUE,
                mode=settings.objective.mode,
                scheduler=scheduler,
                max_concurrent_trials=document.workers or None,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                storage_path=options.get("storage_path", self.folder.name),
                verbose=0,
                failure_config=_retries(ray),
                stop=self.stopper,
            ),
        )
        self.results: Any = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._fit, name=_THREAD, daemon=True)
        self.thread.start()

    def _fit(self) -> None:
        try:
            self.results = self.tuner.fit()
        except BaseException as error:  # it is raised where outcomes are waited for
            self.error = error

    @property
    def is_done(self) -> bool:
        """Whether all is done."""
        return not self.thread.is_alive()

    def ended(self) -> dict[int, tuple[str, list[tuple[int, float]]]]:
        """Return the error of each part that has ended without an outcome; nothing where it was ended by Ray."""
        found = {}
        for result in self.results:
            index = result.config["part"]
            error = "" if result.error is None else str(result.error).strip().splitlines()[-1]
            frame = result.metrics_dataframe
            reported = (
                [] if frame is None or _EPOCH not in frame else list(zip(frame[_EPOCH], frame[_VALUE], strict=True))
            )
            found[index] = (error, [(int(epoch), float(value)) for epoch, value in reported])
        return found

    def close(self) -> None:
        """Let Tune end, if it has not, and remove what it wrote, unless somebody said where it is to be."""
        self.stopper.is_over = True
        self.thread.join(_PATIENCE)
        if self.is_done:
            self.folder.cleanup()


def _stopper(tune: Any) -> Any:
    """Return what Tune asks whether it is to end."""

    class Stopper(tune.Stopper):  # type: ignore[misc]  # a class of a package that may not be there
        is_over = False

        def __call__(self, trial_id: str, result: Mapping[str, Any]) -> bool:
            return self.is_over

        def stop_all(self) -> bool:
            return self.is_over

    return Stopper()


def _retries(ray: Any) -> Any:
    return ray.tune.FailureConfig(max_failures=1)


@contextlib.contextmanager
def _cluster(ray: Any, document: Document) -> Iterator[None]:
    """Let there be a connection to Ray inside the block: that of the user, one to an address, or one of its own."""
    if ray.is_initialized():
        yield
        return
    address = document.ray.get("address")
    _check_address(address)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    is_own = address is None and not os.environ.get("RAY_ADDRESS")
    if is_own:
        cpus = document.workers * document.ray.get("cpus", 1)
        options |= {"include_dashboard": False, "num_cpus": cpus or None}
    try:
        environment = {"env_vars": {"PYTHONPATH": _search_path()}}
        ray.init(address="local" if is_own else address, runtime_env=environment, **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise NncError(f"ray: there is no cluster at {address!r}: {error}") from error
    try:
        yield
    finally:
        if not any(thread.name == _THREAD for thread in threading.enumerate()):  # which Ray would end this process for
            ray.shutdown()


def _check_address(address: Any) -> None:
    """Check that an address is one of a cluster that answers.

    Raises:
        NncError: nothing does, or it is no address.
    """
    if address is None or address == "auto":
        return
    _, colon, port = str(address).removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        raise ModelError(f"ray: address must be HOST:PORT, or auto, got {address!r}")
    check_answers(str(address))


def _search_path() -> str:
    root = str(Path(__file__).parents[3])
    return os.pathsep.join(dict.fromkeys([root, *filter(None, sys.path)]))


def _received(
    ray: Any, tuner: _Tuner, mailbox: Any, parts: Sequence[Group]
) -> Iterator[tuple[Outcome, bytes | None, bool]]:
    """Yield the outcome of each part, its program, and whether its process was lost; those that Ray ended come last."""
    got: set[int] = set()
    try:
        while True:
            is_done = tuner.is_done  # before the last look
            for index, outcome, program in ray.get(mailbox.take.remote()):
                if index not in got:
                    got.add(index)
                    yield outcome, program, False
            if is_done:
                break
            tuner.thread.join(_POLL)
        if tuner.error is not None:
            raise tuner.error
        ended = tuner.ended()
        for index, group in enumerate(parts):
            if index not in got:
                error, reported = ended.get(index, (_LOST, []))
                yield _without(group, error, reported), None, bool(error)
    finally:
        tuner.close()


def _without(group: Group, error: str, reported: Sequence[tuple[int, float]]) -> Outcome:
    """Return the outcome of a part that Ray has ended, with the epochs that it had reported, or of one that failed."""
    metric = group.settings.objective.metric
    if error or not reported:
        text = error or _LOST
        return Outcome(group.number, tuple(replace(trial, status=FAILED, error=text) for trial in group.trials))
    values = [value for _, value in reported]
    (trial,) = group.trials
    pruned = replace(trial, status="pruned", value=values[-1], metrics={metric: values[-1]}, history={metric: values})
    return Outcome(group.number, (pruned,))


def _collected(
    document: Document,
    groups: Sequence[Group],
    received: Iterator[tuple[Outcome, bytes | None, bool]],
    lost: list[Group],
) -> Iterator[Outcome]:
    """Yield the outcomes of groups, whose trials may have been parts of their own, and write programs."""
    objective = document.settings.objective
    by_number = {group.number: group for group in groups}
    gathered: dict[int, list[Any]] = {}
    leading: dict[int, int] = {}
    for outcome, program, is_lost in received:
        group = by_number[outcome.number]
        if is_lost and len(outcome.trials) > 1:
            lost.append(group)
            continue
        trials = gathered.setdefault(group.number, [])
        trials.extend(outcome.trials)
        best = best_of(trials, objective)
        if program is not None and best is not None and best.number == outcome.best:
            write_atomically(group.program, program)
            leading[group.number] = best.number
        if len(trials) == len(group.trials):
            ordered = tuple(sorted(trials, key=lambda trial: trial.number))
            yield Outcome(group.number, ordered, leading.get(group.number))


def _asha(given: Any, document: Document) -> Any:
    """Return the scheduler that ends trials early.

    Raises:
        ModelError: it does not have an option, or that is none.
    """
    from ray.tune.schedulers import ASHAScheduler

    options = {} if given is None or given is True else given
    if not isinstance(options, Mapping):
        raise ModelError(f"ray: asha must be a mapping of {', '.join(_ASHA)}, got {given!r:.80}")
    for key, value in options.items():
        if key not in _ASHA:
            raise ModelError(f"ray: asha has no '{key}', only {', '.join(_ASHA)}.{nearest(str(key), _ASHA)}")
        if key == "reduction_factor":
            if not is_number(value) or value <= 1:
                raise ModelError(f"ray: asha: reduction_factor must be a number above 1, got {value!r}")
        else:
            check_positive("ray: asha", key, value)
    epochs = document.space.get("epochs", Choice((document.settings.epochs,)))
    longest = max(epochs.values) if isinstance(epochs, Choice) else int(epochs.high)
    most = longest + 1  # at the last one Ray would end a trial before it is done
    return ASHAScheduler(time_attr=_EPOCH, **{"max_t": most, "grace_period": 1, **options})
