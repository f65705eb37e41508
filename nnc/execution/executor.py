"""The executor: binds the graphs of a program to memory, for each thread, and runs them on the common state."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy

from nnc.backends import Backend, BackendName, BoundRun, Executable
from nnc.backends.backend import Feed, Preparation, SideBySide
from nnc.backends.numpy import kernel_settings
from nnc.errors import CompilerError, DataError, MissingKernelError
from nnc.execution.engines import Engines
from nnc.execution.graphs import GraphMaker, GraphTable, MadeGraph
from nnc.execution.plans import CompiledPlan, PlanCache
from nnc.execution.prologue import Prologue, guarded
from nnc.execution.snapshots import NO_SNAPSHOTS, Snapshots
from nnc.execution.spec import ProgramSpec
from nnc.execution.state import ProgramState
from nnc.ir import Graph
from nnc.labels import OWN_ROWS, PREDICT, PROLOGUE, ROWS, TRAIN, unweighted
from nnc.passes import Observer
from nnc.plan import Plan

if TYPE_CHECKING:
    from nnc.execution.replicated_runs import ReplicatedExecutable
    from nnc.execution.step_counter import Epochs, StepCounter

Array = Any
REMEMBERED_SIZES = 256
"""Runs of a graph, or calls, that a thread remembers, so that memory does not grow with the number of sizes."""


class GraphRuns:
    """The runs of one graph that a thread has bound.

    Args:
        executable: the graph in an arena of the thread's own.
    """

    def __init__(self, executable: Executable | ReplicatedExecutable) -> None:
        self.executable = executable
        self._bound: dict[tuple[int, ...], BoundRun] = {}
        self._together: dict[tuple[tuple[int, ...], ...], SideBySide] = {}

    def get(self, sizes: tuple[int, ...]) -> BoundRun | None:
        """Return the run for these sizes, None where there is none."""
        return self._bound.get(sizes)

    def add(self, sizes: tuple[int, ...], run: BoundRun) -> None:
        """Remember a run; the oldest of many is forgotten."""
        if len(self._bound) >= REMEMBERED_SIZES:
            self._bound.pop(next(iter(self._bound)))
        self._bound[sizes] = run

    def together(self, sizes: tuple[tuple[int, ...], ...], make: Callable[[], SideBySide | None]) -> SideBySide | None:
        """Return runs at once, made where they are not remembered."""
        if sizes not in self._together and (found := make()) is not None:
            if len(self._together) >= REMEMBERED_SIZES:
                self._together.pop(next(iter(self._together)))
            self._together[sizes] = found
        return self._together.get(sizes)


class ThreadRuns(threading.local):
    """Whatever a thread has bound.

    Attributes:
        graphs: the runs of graphs, by the name of the backend and that of the graph.
        direct: what predicts one batch of one input, by its shape; see `nnc.program.direct_calls`.
        calls: the same for several inputs, by their shapes.
        caller: name of the backend that runs these two.
    """

    def __init__(self) -> None:
        self.graphs: dict[tuple[str, str], GraphRuns] = {}
        self.direct: dict[Any, tuple[Any, ...]] = {}
        self.calls: dict[Any, tuple[Any, ...]] = {}
        self.caller = ""

    def forget_calls(self) -> None:
        """Let the next call of each shape look for what runs it."""
        self.calls.clear()
        self.direct.clear()


Retarget = Callable[[Sequence[Sequence[int]]], tuple[ProgramSpec, Mapping[str, GraphMaker]] | None]


class Executor:
    """Runs the graphs of a program.

    Whatever makes runs that are bound useless is said here, and all threads bind theirs anew: another backend, another
    limit of bytes, another `check_nan`. New weights do not; who has derived something from them counts their changes.

    Args:
        spec: the program's description.
        graphs: for each name a function that makes the graph.
        state: what they read and write.
        backend: what runs them; see `Engines.choose`.
        observe: see `PlanCache`.
        snapshots: have graphs and plans that an earlier process has made.

    Attributes:
        graphs: the graphs, made when they are first asked for.
        engines: what runs each of them.
        plans: what they are compiled to.
        local: the runs of this thread.
        retarget: returns another description, and what makes graphs that train and evaluate, for targets of other
            shapes, None where no loss takes such; None for programs that take one kind of targets.
        cuts_batches: whether predictions of large batches run some rows at a time; whoever measures a plan wants none.
        divide: returns the parts of a graph that several processes run; None for programs that cannot make any.
        parts: those that were made, by the name of the graph.
    """

    def __init__(
        self,
        spec: ProgramSpec,
        graphs: Mapping[str, GraphMaker],
        state: ProgramState,
        backend: str | None = None,
        observe: Observer | None = None,
        snapshots: Snapshots = NO_SNAPSHOTS,
    ) -> None:
        self.spec, self.state = spec, state
        self.graphs = GraphTable(spec.name, graphs, state, snapshots)
        self.engines = Engines(self.graphs, backend)
        self.plans = PlanCache(spec, self.graphs, self.engines, state, observe, snapshots)
        self.local = ThreadRuns()
        self.retarget: Retarget | None = None
        self.cuts_batches = True
        self.divide: Callable[[str], list[Graph]] | None = None
        self.parts: dict[str, list[MadeGraph]] = {}
        self._check_nan = False
        self._prologue: Prologue | None = None
        self._has_prologue: bool | None = None
        self._preparations: WeakKeyDictionary[Preparation, Prologue] = WeakKeyDictionary()

    # ------------------------------------------------------------------ targets

    def take_targets(self, shapes: Sequence[Sequence[int]]) -> bool:
        """Take targets of other shapes from now on, if the losses do; return whether that is so.

        Once there is a graph that trains or evaluates, targets stay of one kind.

        Args:
            shapes: the shapes of what is given for each of the targets.
        """
        with self.graphs.lock:
            if self.retarget is None or self.graphs.has_objective or self.parts:
                return False
            found = self.retarget(shapes)
            if found is None:
                return False
            self.spec, makers = found
            self.graphs.replace(makers)
            self.state.describe(self.spec)
            self.plans.describe(self.spec)
            return True

    # ------------------------------------------------------------------ what lets runs be bound anew

    def use_backend(self, name: BackendName | None) -> None:
        """Let another backend run the graphs from now on; runs that were bound before are not changed.

        Args:
            name: ``numpy``, ``c`` or ``auto``; None means the default. See `nnc.backends.find_backend`.

        Raises:
            ModelError: there is no such backend.
        """
        with self.graphs.lock:
            if self.engines.choose(name):
                self._bind_anew(derived=True)

    def set_backend(self, backend: Backend) -> None:
        """Let another backend run the graphs from now on."""
        with self.graphs.lock:
            if self.engines.use(backend):
                self._bind_anew(derived=True)

    def _fall_back(self, backend: Backend, name: str, error: Exception) -> None:
        """Let NumPy run what a backend cannot; see `Engines.fall_back`."""
        with self.graphs.lock:
            if self.engines.fall_back(backend, name, error, self.plans.keys()):
                self._bind_anew(derived=True)

    def limit_bytes(self, limit: int | None) -> None:
        """Set the most bytes that a graph may need."""
        with self.graphs.lock:
            self.plans.max_bytes = limit
            self._bind_anew()

    @property
    def check_nan(self) -> bool:
        """Whether a run that meets NaN or infinity is undone, and ends with an error that says where."""
        return self._check_nan

    @check_nan.setter
    def check_nan(self, wanted: bool) -> None:
        with self.graphs.lock:
            self._check_nan = wanted
            self._bind_anew()

    def _bind_anew(self, derived: bool = False) -> None:
        """Forget what threads have bound and, where that has other bits on another backend, what was derived.

        It is the last step of a change: threads read what is theirs first, and then which backend runs.
        """
        if derived:
            self._prologue, self._has_prologue = None, None
        self.local = ThreadRuns()

    # ------------------------------------------------------------------ binding

    def bound(self, name: str, sizes: Mapping[str, int]) -> BoundRun:
        """Return this thread's run of a graph for some sizes of its run-time dimensions: ``batch``, ``time``, ….

        Raises:
            DataError: a size is too small for what is cut off, or the graph was made for other batches.
        """
        made, local = self.graphs.made(name), self.local
        if made.rows is not None and sizes.get(ROWS, made.rows) != made.rows:
            raise DataError(
                f"program '{self.spec.name}': {made.kind} computes batches of {made.rows} rows alone, as its author"
                f" wrote it, got one of {sizes[ROWS]}; choose a batch_size of {made.rows} and as many rows as make"
                " whole batches"
            )
        key, backend = tuple([sizes[symbol] for symbol in made.symbols]), self.engines.running(name)
        runs = local.graphs.get((backend.name, name))
        known = None if runs is None else runs.get(key)
        if known is not None:
            return known
        bindings = dict(zip(made.symbols, key, strict=True))
        if bindings.keys() > {ROWS}:
            self.graphs.check_lengths(name, bindings)
        runs = self._graph_runs(name, bindings, local, backend)
        bound = self._guarded(made, runs.executable.bind(bindings))
        if self._check_nan:
            from nnc.execution.finite_check import checked

            bound = checked(self.graphs, self.state, name, bound)
        runs.add(key, bound)
        return bound

    def side_by_side(self, rows: Sequence[int], sizes: Mapping[str, int]) -> SideBySide | None:
        """Return this thread's predictions of batches at once, None where the backend has none.

        Args:
            rows: the rows of each batch, the most first.
            sizes: the size of each other run-time dimension.
        """
        made, backend = self.graphs.made(PREDICT), self.engines.running(PREDICT)
        bindings = [{symbol: {**sizes, ROWS: count}[symbol] for symbol in made.symbols} for count in rows]
        runs = self._graph_runs(PREDICT, bindings[0], self.local, backend)

        def make() -> SideBySide | None:
            executable = runs.executable
            found = executable.side_by_side(bindings) if isinstance(executable, Executable) else None
            if found is None:
                return None
            run = found.run
            for prologue in reversed(self._guards(PREDICT, found.runs[0])):
                run = prologue.guard(run)
            return SideBySide(run, found.runs)

        return runs.together(tuple(tuple(binding.values()) for binding in bindings), make)

    @property
    def most_at_once(self) -> int:
        """The number of predictions that `side_by_side` is worth: one for each thread, but each needs an arena."""
        is_limited = self.plans.max_bytes is not None
        return 1 if is_limited else getattr(self.engines.running(PREDICT), "threads", 1)

    def rows_at_once(self, sizes: Mapping[str, int]) -> int:
        """Return how many rows of a batch predictions compute at a time; see `nnc.execution.microbatches`."""
        if sizes[ROWS] < 2 or not self.cuts_batches or self._check_nan or self.spec.replication is not None:
            return sizes[ROWS]
        return self.graphs.made(PREDICT).microbatches.rows(sizes)

    def _graph_runs(self, name: str, bindings: Mapping[str, int], local: ThreadRuns, backend: Backend) -> GraphRuns:
        """Return a thread's runs of a graph by a backend, or by the one that takes over, with room for these sizes."""
        runs = local.graphs.get((backend.name, name))
        if runs is not None and runs.executable.plan.fits(bindings):
            return runs
        try:
            compiled = self.plans.compiled(backend, name, bindings)
        except (CompilerError, MissingKernelError) as error:
            self._fall_back(backend, name, error)
            return self._graph_runs(name, bindings, self.local, self.engines.running(name))
        runs = local.graphs[backend.name, name] = GraphRuns(self._executable(backend, compiled, name))
        if name == PREDICT:
            local.forget_calls()
        return runs

    def _executable(self, backend: Backend, compiled: CompiledPlan, name: str) -> Executable | ReplicatedExecutable:
        """Return code bound to memory of this thread's own and to the states, of all replicas where there are some."""
        replication, states = self.spec.replication, self.graphs.made(name).own(self.state.all_arrays)
        if replication is None:
            return backend.executable(*compiled, states)
        from nnc.execution.replicated_runs import ReplicatedExecutable

        threads = 1 if getattr(compiled.source, "is_parallel", True) else getattr(backend, "threads", 1)
        bind = partial(backend.executable, *compiled)
        own_rows = name.endswith(OWN_ROWS)
        return ReplicatedExecutable(compiled.plan, bind, states, replication, threads, own_rows)

    def _guarded(self, made: MadeGraph, bound: BoundRun) -> BoundRun:
        """Return a run that brings up to date what it reads, or says what it has changed."""
        guards = self._guards(made.name, bound)
        if guards:
            return guarded(bound, guards)
        if made.kind != TRAIN:
            return bound
        counter, feed, epochs = self._step_counter(made.name), bound.feed, bound.epochs
        return BoundRun(
            counter.step(bound.run),
            bound.inputs,
            bound.outputs,
            feed=None if feed is None else counter.feed(feed),
            epochs=None if epochs is None else counter.epochs(epochs),
        )

    def plan(self, name: str, sizes: Mapping[str, int], reuse: bool = True) -> Plan:
        """Return the plan of a graph, by the backend that can run it."""
        backend = self.engines.engine(name)
        try:
            return self.plans.plan(backend, name, sizes, reuse)
        except MissingKernelError as error:
            self._fall_back(backend, name, error)
            return self.plan(name, sizes, reuse)

    # ------------------------------------------------------------------ deciding

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Keep what `decide` decides in this thread to the block."""
        try:
            with self.engines.deciding():
                yield
        finally:
            self._check_caller()

    def decide(self, name: str, batches: int | None, sizes: Mapping[str, int], times: int = 1) -> None:
        """Decide what runs a graph in this thread until the block of `deciding` ends.

        Args:
            name: name of the graph.
            batches: how many it will run, None if unknown.
            sizes: sizes of run-time dimensions, as far as they are known.
            times: how often it will run them all.
        """
        if self.spec.replication is not None:
            times *= self.spec.replication.effort
        self.engines.decide(name, batches, sizes, times)
        self._check_caller()

    def _check_caller(self) -> None:
        """Forget how this thread predicted single batches where another backend now does."""
        local = self.local
        if local.calls and self.engines.engine(PREDICT).name != local.caller:
            local.forget_calls()

    # ------------------------------------------------------------------ what is derived from weights

    @property
    def prologue(self) -> Prologue | None:
        """The graph that derives the states of role ``hoisted`` for predictions; None if there are none."""
        if self._has_prologue is None:
            with self.graphs.lock:
                has_prologue = bool(self.graphs.made(PREDICT).signature.hoisted)
                if has_prologue:
                    arrays = self.state.arrays
                    read = self.graphs.made(PROLOGUE).signature.states
                    sources = {label: arrays[label] for label in read if label in arrays}
                    self._prologue = Prologue(self.state.versions, sources, self._run_prologue)
                self._has_prologue = has_prologue
        return self._prologue

    def _run_prologue(self) -> None:
        with kernel_settings():
            runs = self._graph_runs(PROLOGUE, {}, self.local, self.engines.running(PROLOGUE))
            runs.executable.bind({}).run()

    def _guards(self, name: str, bound: BoundRun) -> list[Prologue]:
        """Return what keeps up to date that which a run reads and which is derived from states, in this order."""
        prologue = self.prologue if name == PREDICT else None
        guards = [] if prologue is None else [prologue]
        if (preparation := bound.preparation) is not None:
            made = Prologue(self.state.versions, preparation.sources, preparation.run)
            guards.append(self._preparations.setdefault(preparation, made))
        return guards

    # ------------------------------------------------------------------ steps of training

    def step_of(self, name: str, run: Callable[[], None]) -> Callable[[], None]:
        """Return a function that runs a training graph, says that states have changed, and counts the batch.

        Args:
            name: name of the graph; where it counts by itself, because its rule needs the number, nothing is added.
            run: runs it.
        """
        return self._step_counter(name).step(run)

    def feed_of(self, name: str, feed: Feed | None) -> Feed | None:
        """Return the same as `step_of` for what runs several batches in one call; see `BoundRun.feed`."""
        return None if feed is None else self._step_counter(name).feed(feed)

    def epochs_of(self, name: str, epochs: Epochs | None) -> Epochs | None:
        """Return the same as `step_of` for what runs several epochs in one call; see `BoundRun.epochs`."""
        return None if epochs is None else self._step_counter(name).epochs(epochs)

    def _step_counter(self, name: str) -> StepCounter:
        from nnc.execution.step_counter import StepCounter  # which predictions do without

        return StepCounter(self.state, not self.graphs.made(name).counts_batches)

    # ------------------------------------------------------------------ single batches

    def step(self, name: str, arrays: Mapping[str, Array]) -> dict[str, Any]:
        """Run one batch of an evaluation or training graph and return its outputs as numbers.

        Of replicas these are arrays with a number for each.

        Args:
            name: name of the graph.
            arrays: an array per input of the graph, of the right type and shape.
        """
        with self.state.turn, kernel_settings():
            bound = self.bound(name, self.graphs.sizes(name, arrays))
            for label, target in bound.inputs.items():
                numpy.copyto(target, arrays[label])
            bound.run()
            outputs = bound.outputs.items()
            return {label: float(output) if output.ndim == 0 else output.copy() for label, output in outputs}

    def measure(self, name: str, arrays: Mapping[str, Array]) -> dict[str, Any]:
        """Run one batch of an evaluation or training graph and return loss and metrics of this batch; see `step`."""
        with self.state.turn:
            self.state.reset_metrics()
            self.step(name, arrays)
            return self.state.metric_values(unweighted(name))
