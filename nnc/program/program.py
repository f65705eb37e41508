"""The program: graphs, plans and state of a compiled model, to predict, evaluate, train, save and resume."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy

from nnc.activity import announced
from nnc.backends import Backend, BoundRun, Executable
from nnc.backends.backend import Preparation, source_key
from nnc.backends.numpy import kernel_settings
from nnc.errors import CompilerError, DataError, GraphError, MissingKernelError, ShapeError, nearest
from nnc.forking import renew_in_children
from nnc.ir import HOISTED, Graph, State, Value, nominal_sizes
from nnc.passes import Observer
from nnc.plan import Plan
from nnc.presenting import Presented
from nnc.program.budget import Budgeted
from nnc.program.calling import DirectCalls
from nnc.program.collection import collection_paused
from nnc.program.data import ROWS
from nnc.program.lengths import RunTimeLengths
from nnc.program.live import LiveState
from nnc.program.names import EVALUATE, PREDICT, PROLOGUE, TRAIN
from nnc.program.prologue import Prologue, Version, guarded
from nnc.program.spec import ProgramSpec
from nnc.program.tables import TablePredictions
from nnc.program.weights import unweighted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnc.callbacks import History
    from nnc.choices import Verbosity
    from nnc.program.explanation import Explanation

Array = Any
GraphMaker = Callable[[], Graph]


class Program(Budgeted, DirectCalls, RunTimeLengths, LiveState, TablePredictions, Presented):
    """A compiled model. NumPy is all it needs to predict and to train.

    Threads may share a program: each gets an arena of its own, the state is common; training and evaluation take
    turns, and predictions wait for neither. Programs can be pickled, and a forked child can go on with one.

    Args:
        spec: what goes in and out.
        graphs: for each name (``predict``, ``evaluate``, ``train``, …) a function that makes the graph.
        states: arrays by label; states that are missing start as zeros.
        seed: seeds the order of samples.
        order: state of the generator of that order, to go on with; see `order_state`.
        versions: count changes of states that other programs change as well.
        backend: what runs the graphs: ``numpy``, ``c`` or ``auto``; see `nnc.backends.find_backend`.
        observe: called after each of the passes that run when a backend first plans a graph; see `nnc.passes.lower`.

    Attributes:
        table: what the columns of a table mean, where the program was trained on one; None otherwise.
    """

    def __init__(
        self,
        spec: ProgramSpec,
        graphs: Mapping[str, GraphMaker],
        states: dict[str, Array],
        seed: int = 0,
        order: dict[str, Any] | None = None,
        versions: Sequence[Version] = (),
        backend: str | None = None,
        observe: Observer | None = None,
    ) -> None:
        self.spec = spec
        self.states = states
        self.table = None
        self._seed, self._order = seed, order
        self._shuffler: numpy.random.Generator | None = None
        self.compilations = 0
        """The number of times source was compiled; it does not grow with new batch sizes."""
        self.stop_training = self.stop_evaluating = self.stop_predicting = False
        self.history: Any = None
        self._place: tuple[int, int] | None = None
        self._makers = dict(graphs)
        self._graphs: dict[str, Graph] = {}
        self._symbols: dict[str, tuple[str, ...]] = {}
        self._checked: set[tuple[Any, ...]] = set()
        self._plans: dict[tuple[str, str], tuple[Plan, Any, Any]] = {}
        self._codes: dict[str, Any] = {}
        self._begin_choosing(backend)
        self._versions = tuple(versions) or (Version(),)
        self._derived: dict[str, Array] = {}
        self._prologue: Prologue | None = None
        self._has_prologue: bool | None = None
        self._preparations: WeakKeyDictionary[Preparation, Prologue] = WeakKeyDictionary()
        self._check_nan, self._observe = False, observe
        self.told: set[str] = set()
        """Hints already given, each once."""
        self._local = threading.local()
        self._renew_locks()
        renew_in_children(self, type(self)._renew_locks)

    def _renew_locks(self) -> None:
        """Make the locks; in a child, because another thread may have held them while this process was forked."""
        self._compiling = threading.RLock()
        self.turn = threading.RLock()
        """Held by whoever trains or evaluates."""
        if self._shuffler is not None:  # whose lock is one of those
            self._shuffler, self._order = None, self.order_state

    # ------------------------------------------------------------------ looking

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.spec.name

    @property
    def graph_names(self) -> tuple[str, ...]:
        """Names of the graphs; the prologue of ``predict`` is a part of it."""
        return tuple(name for name in self._makers if name != PROLOGUE)

    def graph(self, name: str = PREDICT) -> Graph:
        """Return an optimised, scheduled graph; its ``nx`` is the networkx graph.

        Raises:
            GraphError: there is no graph of this name.
        """
        known = self._graphs.get(name)
        if known is not None:
            return known
        with self._compiling:
            if name not in self._graphs:
                if name not in self._makers:
                    raise GraphError(self._missing(name))
                graph = self.make_graph(name)
                self._add_states(graph)
                self._graphs[name] = graph
            return self._graphs[name]

    def make_graph(self, name: str) -> Graph:
        """Make a graph anew, equal to that of `graph`."""
        with collection_paused(), announced(f"compiling the graph '{name}'"):
            return self._makers[name]()

    def _add_states(self, graph: Graph) -> None:
        """Give states of a graph that are new their memory: derived ones are kept apart, because they are not saved."""
        for label, value in graph.states.items():
            arrays = self._derived if label in hoisted_states(graph) else self.states
            if label not in arrays:
                arrays[label] = numpy.zeros([int(dim) for dim in value.shape], value.dtype)
            elif arrays[label].shape != value.shape or str(arrays[label].dtype) != value.dtype:
                raise GraphError(f"state '@{label}' of graph '{graph.name}' should be {arrays[label].shape}")

    @property
    def prologue(self) -> Prologue | None:
        """The graph that derives the states of role ``hoisted`` for predictions; None if there are none."""
        if self._has_prologue is None:
            with self._compiling:
                has_prologue = bool(hoisted_states(self.graph(PREDICT)))
                if has_prologue:
                    graph = self.graph(PROLOGUE)
                    sources = {label: self.states[label] for label in graph.states if label in self.states}
                    self._prologue = Prologue(self._versions, sources, self._run_prologue)
                self._has_prologue = has_prologue
        return self._prologue

    def _run_prologue(self) -> None:
        with kernel_settings():
            self._bind(PROLOGUE, {}).run()

    @property
    def all_states(self) -> dict[str, Array]:
        """The arrays of `states`, and of what is derived from them for predictions."""
        return {**self.states, **self._derived}

    @property
    def derived_bytes(self) -> int:
        """Bytes of the arrays that are derived from the states for predictions, beside those of an arena."""
        return sum(value.type.nbytes for value in hoisted_states(self.graph(PREDICT)).values())

    def _missing(self, name: str) -> str:
        reason = "unknown name"
        if unweighted(name) in (TRAIN, EVALUATE):
            compiled = EVALUATE in self._makers
            reason = "no weight is trainable" if compiled else "the model was not compiled with a loss"
        known = ", ".join(self.graph_names)
        return f"program '{self.name}' has no graph '{name}' ({reason}); it has {known}.{nearest(name, self._makers)}"

    def plan(
        self, name: str = PREDICT, batch: int = 32, reuse: bool = True, lengths: Mapping[str, int] | None = None
    ) -> Plan:
        """Return the plan of a graph for batches of up to `batch` rows.

        Args:
            name: name of the graph.
            batch: rows of the largest batch.
            reuse: whether buffers may share memory.
            lengths: largest size of each other run-time dimension, such as ``time``; see `nnc.ir.nominal_sizes` for
                what they are without.
        """
        return self._plan_of(name, self._nominal_sizes(name, batch, lengths), reuse)

    def explain(self, name: str = PREDICT, batch: int = 32, lengths: Mapping[str, int] | None = None) -> Explanation:
        """Return what was decided when a graph was compiled, what it saves, and what was nearly done and why not.

        Passes run once more for it; those up to ``schedule`` of a program from a file ran when it was compiled.

        Args:
            name: name of the graph.
            batch: rows of the batch to count bytes for.
            lengths: sizes of other run-time dimensions, as of `plan`.
        """
        from nnc.program.explanation import explain

        return explain(self, name, batch, lengths)

    def source(self, name: str = PREDICT) -> str:
        """Return the source of a graph, in the language of the backend."""
        plan = self._plan_of(name, self._nominal_sizes(name, 1))  # first: another backend may take over
        text: str = self.engine(name).source(plan).text
        return text

    def __repr__(self) -> str:
        count = sum(int(numpy.prod(variable.shape)) for variable in self.spec.variables)
        return f"<Program '{self.name}': {', '.join(self.graph_names)}; {count} parameters, {self.backend_text}>"

    # ------------------------------------------------------------------ running

    def _planned(self, name: str, bindings: Mapping[str, int], backend: Backend | None = None) -> tuple[Plan, Any, Any]:
        """Return plan, source and code with room for these sizes; the largest plan so far is kept."""
        backend = backend or self.engine(name)
        key = backend.name, name
        known = self._plans.get(key)
        if known is not None and known[0].fits(bindings):
            return known
        with self._compiling:
            known = self._plans.get(key)
            if known is not None and known[0].fits(bindings):
                return known
            sizes = nominal_sizes(self.graph(name), 1) | dict(bindings)
            if known is not None:
                sizes = {symbol: max(size, known[0].bindings[symbol]) for symbol, size in sizes.items()}
            with collection_paused():
                try:
                    plan = self._plan_by(backend, name, sizes)
                    is_usable = plan.fits(bindings) and self.is_within_budget(name, plan)
                except (ShapeError, DataError):  # the largest sizes so far need not go together
                    is_usable = False
                if not is_usable:
                    plan = self._plan_by(backend, name, {**sizes, **bindings})
                self.check_budget(name, plan)
                source = backend.source(plan)
            code_key = source_key(source)
            if code_key not in self._codes:
                self._codes[code_key] = backend.compile(source)
                self.compilations += 1
                self._note_compiled(name, backend, self._codes[code_key])
                if logging := sys.modules.get("logging"):  # otherwise nobody listens, and a start needs no more modules
                    text = "'%s' of '%s' runs on the %s backend, %s"
                    logging.getLogger("nnc").info(text, name, self.name, backend.title, backend.engine)
            if known is not None and source_key(known[1]) != code_key:
                self._codes.pop(source_key(known[1]), None)  # and with it the weights that it has packed
            self._plans[key] = plan, source, self._codes[code_key]
            return self._plans[key]

    def bound(self, name: str, sizes: Mapping[str, int]) -> BoundRun:
        """Return this thread's run of a graph for some sizes of its run-time dimensions: ``batch``, ``time``, ….

        Raises:
            DataError: a size is too small for what is cut off.
        """
        bindings = {symbol: sizes[symbol] for symbol in self._symbols_of(name)}
        if bindings.keys() > {ROWS}:
            self._check_lengths(name, bindings)
        bound = self._bind(name, bindings)
        guards = self._guards(name, bound)
        if guards:
            bound = guarded(bound, guards)
        elif unweighted(name) == TRAIN:
            run, feed = self.step_of(name, bound.run), self.feed_of(name, bound.feed)
            bound = BoundRun(run, bound.inputs, bound.outputs, feed, self.epochs_of(name, bound.epochs))
        if self.check_nan:
            from nnc.program.watching import watched

            return watched(self, name, bound)
        return bound

    def _guards(self, name: str, bound: BoundRun) -> list[Prologue]:
        """Return what keeps up to date that which a run reads and which is derived from states, in this order."""
        prologue = self.prologue if name == PREDICT else None
        guards = [] if prologue is None else [prologue]
        if (preparation := bound.preparation) is not None:
            made = Prologue(self._versions, preparation.sources, preparation.run)
            guards.append(self._preparations.setdefault(preparation, made))
        return guards

    def _bind(self, name: str, bindings: Mapping[str, int]) -> BoundRun:
        local, backend = self._local.__dict__, self._running_engine(name)
        executables: dict[tuple[str, str], Executable] = local.setdefault("executables", {})
        executable = executables.get((backend.name, name))
        if executable is None or not executable.plan.fits(bindings):
            try:
                plan, source, code = self._planned(name, bindings, backend)
            except (CompilerError, MissingKernelError) as error:
                self._fall_back(backend, name, error)
                return self._bind(name, bindings)
            executables[backend.name, name] = executable = backend.executable(plan, source, code, self.all_states)
            if name == PREDICT:
                local.pop("calls", None)
                local.pop("direct", None)
        return executable.bind(bindings)

    def step(self, name: str, arrays: Mapping[str, Array]) -> dict[str, float]:
        """Run one batch of an evaluation or training graph and return its outputs as numbers.

        Args:
            name: name of the graph.
            arrays: an array per input of the graph, of the right type and shape.
        """
        with self.turn, kernel_settings():
            bound = self.bound(name, self.sizes(name, arrays))
            for label, target in bound.inputs.items():
                numpy.copyto(target, arrays[label])
            bound.run()
            return {label: float(output) for label, output in bound.outputs.items()}

    def train_step(self, x: Any, y: Any, sample_weight: Any = None) -> float:
        """Train on one batch and return its loss.

        Args:
            x: input array or arrays.
            y: target array or arrays.
            sample_weight: one weight per row.

        Raises:
            DataError: the arrays do not fit the model.
        """
        from nnc.program.preparation import batch_arrays

        name, arrays = batch_arrays(self, TRAIN, x, y, sample_weight)
        return self.step(name, arrays)["loss"]

    def measure(self, name: str, arrays: Mapping[str, Array]) -> dict[str, Any]:
        """Run one batch of an evaluation or training graph and return loss and metrics of this batch; see `step`."""
        with self.turn:
            self.reset_metrics()
            self.step(name, arrays)
            return self.metric_values()

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Verbosity = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        owner: Any = None,
    ) -> NDArray[Any]:
        """Predict any number of rows, batch by batch.

        Args:
            x: input array or arrays of shape (rows, …), or what yields batches of them.
            batch_size: rows of a batch, 256 by default.
            verbose: what is shown, as of `evaluate`.
            steps: batches to predict; all by default.
            callbacks: what is called at the beginning, the end and around batches.
            owner: what callbacks see as their model, the program by default.

        Raises:
            DataError: the arrays do not fit the model.
        """
        from nnc.program.evaluation import predict

        found: NDArray[Any] = predict(self, x, batch_size, steps, callbacks, verbose, owner)
        return found

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Verbosity = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        owner: Any = None,
    ) -> dict[str, Any]:
        """Return loss and metrics; see `nnc.program.evaluation.evaluate`."""
        from nnc.program.evaluation import evaluate

        return evaluate(self, x, y, batch_size, sample_weight, steps, callbacks, verbose, owner)

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Verbosity = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        on_epoch: Callable[[int, Mapping[str, float]], None] | None = None,
        owner: Any = None,
    ) -> History:
        """Train and return the `History`; see `nnc.program.training.fit`."""
        from nnc.program.training import fit

        return fit(
            self,
            x,
            y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            sample_weight=sample_weight,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
            validation_freq=validation_freq,
            on_epoch=on_epoch,
            owner=owner,
        )

    # ------------------------------------------------------------------ keeping

    def checkpoint(self) -> dict[str, Any]:
        """Return a copy of all state but the weights, for `resume`: optimizer, random key, order of samples."""
        weights = {variable.state for variable in self.spec.variables}
        with self.turn:
            states = {label: array.copy() for label, array in self.states.items() if label not in weights}
            return {"states": states, "order": self.order_state}

    def resume(self, checkpoint: Mapping[str, Any]) -> None:
        """Take over what `checkpoint` returned, from a program of the same model; its element type may be another."""
        with self.turn:
            for label, array in checkpoint["states"].items():
                own = self.states.setdefault(label, array.copy())
                numpy.copyto(own, array, casting="same_kind")
            self._shuffler, self._order = None, checkpoint["order"]
            self.changed()

    def save(self, path: str | Path) -> None:
        """Write a ``.nnc`` file: graphs, weights, optimizer state; a program loaded from it goes on to the bit.

        The file is written under a temporary name and renamed, so that a full disk or a killed process
        leaves what was there before.
        """
        from nnc.program.storage import save

        save(self, path)

    def __reduce__(self) -> tuple[Callable[..., Program], tuple[bytes, str, str | None]]:
        from nnc.program.storage import from_bytes, to_bytes

        return from_bytes, (to_bytes(self), "program", self._wanted)


def hoisted_states(graph: Graph) -> dict[str, Value]:
    """Return the states of a graph that a prologue derives, by label."""
    return {
        label: value
        for label, value in graph.states.items()
        if isinstance(value.node.op, State) and value.node.op.role == HOISTED
    }
