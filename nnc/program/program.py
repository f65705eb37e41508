"""The program: a compiled model that predicts, evaluates, trains, and is saved and loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Concatenate, ParamSpec, TypeVar

import numpy
from numpy import ndarray

from nnc.backends import Backend, BackendName, backend_name
from nnc.execution.engines import Engines
from nnc.execution.executor import Executor
from nnc.execution.graphs import GraphMaker, GraphTable
from nnc.execution.plans import PlanCache, bytes_of
from nnc.execution.prologue import Prologue, Version
from nnc.execution.snapshots import NO_SNAPSHOTS, Snapshots
from nnc.execution.spec import ProgramSpec
from nnc.execution.state import LiveOptimizer, ProgramState
from nnc.files import write_atomically
from nnc.labels import PREDICT, PROLOGUE, TRAIN
from nnc.passes import Observer
from nnc.plan import Plan
from nnc.presentation import Presented
from nnc.program.direct_calls import DirectCalls
from nnc.program.replicas import Replicated

if TYPE_CHECKING:
    import threading

    from numpy.typing import NDArray

    from nnc.backends.choice import Choice
    from nnc.callbacks import History
    from nnc.choices import Verbosity
    from nnc.execution.explanation import Explanation
    from nnc.execution.footprint import Footprint
    from nnc.tables import TableSchema

Array = Any
P = ParamSpec("P")
R = TypeVar("R")


def delegated(part: str, method: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """Return a method that calls that of a part of the program, whose documentation it has."""

    @wraps(method)
    def call(program: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return method(getattr(program, part), *args, **kwargs)

    return call


class Program(Replicated, Presented):
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
        snapshots: have graphs and plans that an earlier process has made.

    Attributes:
        states: arrays by label: weights, what the optimizer keeps, counters, sums of metrics.
        table: what the columns of a table mean, where the program was trained on one; None otherwise.
        told: names of the hints already given, each once.
        state: the states, and what they mean.
        graphs: the graphs, made when they are first asked for.
        engines: what runs each graph.
        plans: what the graphs are compiled to.
        executor: runs them.
    """

    graph = delegated("graphs", GraphTable.graph)
    make_graph = delegated("graphs", GraphTable.make)
    sizes = delegated("graphs", GraphTable.sizes)
    is_within_budget = delegated("plans", PlanCache.is_within_budget)
    check_budget = delegated("plans", PlanCache.check_budget)
    engine = delegated("engines", Engines.engine)
    use_backend = delegated("executor", Executor.use_backend)
    deciding = delegated("executor", Executor.deciding)
    decide = delegated("executor", Executor.decide)
    bound = delegated("executor", Executor.bound)
    step = delegated("executor", Executor.step)
    measure = delegated("executor", Executor.measure)
    encode_texts = delegated("_calls", DirectCalls.encode_texts)
    changed = delegated("state", ProgramState.changed)
    get_weights = delegated("state", ProgramState.get_weights)
    set_weights = delegated("state", ProgramState.set_weights)
    load_weights = delegated("state", ProgramState.load_weights)
    save_weights = delegated("state", ProgramState.save_weights)
    weights_in = delegated("state", ProgramState.weights_in)
    reset_metrics = delegated("state", ProgramState.reset_metrics)
    metric_values = delegated("state", ProgramState.metric_values)
    checkpoint = delegated("state", ProgramState.checkpoint)
    resume = delegated("state", ProgramState.resume)
    restore = delegated("state", ProgramState.restore)
    take_place = delegated("state", ProgramState.take_place)

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
        snapshots: Snapshots = NO_SNAPSHOTS,
    ) -> None:
        self.states = states
        self.state = ProgramState(spec, states, versions, seed, order)
        self.executor = Executor(spec, graphs, self.state, backend, observe, snapshots)
        self.graphs, self.engines, self.plans = self.executor.graphs, self.executor.engines, self.executor.plans
        self._calls = DirectCalls(self.executor)
        self.table: TableSchema | None = None
        self.stop_training = self.stop_evaluating = self.stop_predicting = False
        self.history: Any = None
        self.told: set[str] = set()

    @property
    def spec(self) -> ProgramSpec:
        """What the program takes, gives, measures and has."""
        return self.executor.spec

    def __repr__(self) -> str:
        count = sum(int(numpy.prod(variable.shape)) for variable in self.spec.variables)
        many = "" if self.spec.replication is None else f", {self.spec.replication}"
        return f"<Program '{self.name}': {', '.join(self.graph_names)}; {count} parameters{many}, {self.backend_text}>"

    # ------------------------------------------------------------------ graphs and plans

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.spec.name

    @property
    def graph_names(self) -> tuple[str, ...]:
        """Names of the graphs; the prologue of ``predict`` is a part of it."""
        return self.graphs.names

    @property
    def prologue(self) -> Prologue | None:
        """The graph that derives the states of role ``hoisted`` for predictions; None if there are none."""
        return self.executor.prologue

    def plan(
        self, name: str = PREDICT, batch: int = 32, reuse: bool = True, lengths: Mapping[str, int] | None = None
    ) -> Plan:
        """Return the plan of a graph for batches of up to `batch` rows.

        Predictions of large batches may run some rows at a time, by plans for these; see `nnc.execution.microbatches`.

        Args:
            name: name of the graph.
            batch: rows of the largest batch.
            reuse: whether buffers may share memory.
            lengths: largest size of each other run-time dimension, such as ``time``; see `nnc.ir.nominal_sizes` for
                what they are without.
        """
        return self.executor.plan(name, self.graphs.nominal_sizes(name, batch, lengths), reuse)

    def explain(self, name: str = PREDICT, batch: int = 32, lengths: Mapping[str, int] | None = None) -> Explanation:
        """Return what was decided when a graph was compiled; see `nnc.execution.explanation.explain`."""
        from nnc.execution.explanation import explain

        return explain(self.executor, name, batch, lengths)

    def source(self, name: str = PREDICT) -> str:
        """Return the source of a graph, in the language of the backend."""
        plan = self.plan(name, 1)  # first: another backend may take over
        text: str = self.engine(name).source(plan).text
        return text

    @property
    def compilations(self) -> int:
        """The number of times source was compiled; it does not grow with new batch sizes."""
        return self.plans.compilations

    @property
    def max_bytes(self) -> int | None:
        """The most bytes that a graph may need, None where any number will do.

        A graph that would need more for some batch runs without packing weights for the kernels, where it does, and
        otherwise is refused with a `MemoryBudgetError` before it runs; see `nnc.execution.footprint` for what counts.
        Set it to a number, or to a text such as ``64M``; then all is planned anew.
        """
        return self.plans.max_bytes

    @max_bytes.setter
    def max_bytes(self, given: int | str | None) -> None:
        self.executor.limit_bytes(bytes_of(given))

    def footprint(self, name: str = "predict", batch: int = 32, lengths: Mapping[str, int] | None = None) -> Footprint:
        """Return the bytes that a graph needs for batches of up to `batch` rows; see `plan` for the arguments."""
        return self.plans.footprint(name, self.plan(name, batch, lengths=lengths))

    @property
    def derived_bytes(self) -> int:
        """Bytes of the arrays that are derived from the states for predictions, beside those of an arena."""
        return self.graphs.derived_bytes

    # ------------------------------------------------------------------ backends

    @property
    def backend(self) -> Backend:
        """The backend of single predictions; with ``auto`` other work may run on another, see `engine`."""
        return self.engine(PREDICT)

    @backend.setter
    def backend(self, backend: Backend) -> None:
        self.executor.set_backend(backend)

    @property
    def backend_text(self) -> str:
        """The backend in words: ``C backend``, or ``auto backend (train: C, predict: NumPy)``."""
        return self.engines.text

    @property
    def choices(self) -> dict[str, Choice]:
        """The engines that ``auto`` took last for each graph, without those for weighted rows, and why."""
        return self.engines.choices

    @property
    def on_choice(self) -> Callable[[Choice], None] | None:
        """Called where ``auto`` takes an engine for a graph for the first time; for C once that is compiled."""
        return self.engines.on_choice

    @on_choice.setter
    def on_choice(self, function: Callable[[Choice], None] | None) -> None:
        self.engines.on_choice = function

    @property
    def check_nan(self) -> bool:
        """Whether a run that meets NaN or infinity is undone and ends with an error that says where they come from."""
        return self.executor.check_nan

    @check_nan.setter
    def check_nan(self, wanted: bool) -> None:
        if wanted:
            self.check_single("check_nan")
        self.executor.check_nan = bool(wanted)

    # ------------------------------------------------------------------ running

    def __call__(self, *inputs: Any, copy: bool = True) -> NDArray[Any]:
        """Predict one batch.

        Args:
            inputs: one array per input of the model, each of shape (rows, …); or all of them in a list or, by their
                names, in a dictionary.
            copy: whether to return copies; without, the arrays are windows on this thread's arena, valid
                until its next call, and nothing is allocated. A batch that runs some rows at a time, see
                `nnc.execution.microbatches`, has arrays of its own either way.

        Returns:
            The output array of shape (rows, …), or a list of them where the model has several; where its outputs are in
            tuples or dictionaries, in these. Of replicas it has the shape (replicas, rows, …).

        Raises:
            DataError: an array does not fit the model.
        """
        try:  # the way of the many small calls
            (given,) = inputs
            target, dtype, run, output = self.executor.local.direct[given.shape]
            is_direct = given.dtype is dtype and given.__class__ is ndarray
        except Exception:  # no array, a new shape, or several inputs or outputs
            is_direct = False
        if not is_direct:
            found: NDArray[Any] = self._replicas_first(self._calls.predict(inputs, copy))
            return found
        target[...] = given  # at a third of the cost of `copyto`
        run()
        result: NDArray[Any] = output.copy() if copy else output
        return result

    @property
    def turn(self) -> threading.RLock:
        """Held by whoever trains or evaluates."""
        return self.state.turn

    def train_step(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train on one batch and return its loss, an array of those of replicas.

        See `nnc.program.preparation.prepare` for what it takes.
        """
        from nnc.program.preparation import batch_arrays

        name, arrays = batch_arrays(self.executor, TRAIN, x, y, sample_weight)
        return self.step(name, arrays)["loss"]

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Verbosity = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        owner: Any = None,
        ensemble: bool = False,
    ) -> Any:
        """Predict any number of rows, batch by batch; see `nnc.program.evaluation.predict`.

        Large batches whose rows do not depend on each other run some rows at a time; see `nnc.execution.microbatches`.
        Outputs of replicas have the shape (replicas, rows, …). With `ensemble` there are two results of the shape
        (rows, …) instead: the mean of all replicas, and their standard deviation.

        Raises:
            DataError: the arrays do not fit the model, or `ensemble` is given for one network.
        """
        from nnc.program.evaluation import predict

        if ensemble:
            self._check_ensemble()
        owner = self if owner is None else owner
        found = self._replicas_first(predict(self._calls, owner, x, batch_size, steps, callbacks, verbose))
        return self._ensemble(found) if ensemble else found

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

        owner = self if owner is None else owner
        return evaluate(self.executor, owner, x, y, batch_size, sample_weight, steps, callbacks, verbose)

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
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        on_epoch: Callable[[int, Mapping[str, float]], None] | None = None,
        owner: Any = None,
        rows: Any = None,
        validation_rows: Any = None,
        distribute: Any = None,
    ) -> History:
        """Train and return the `History`; see `nnc.program.training.fit`."""
        from nnc.program.training import fit

        return fit(
            self.executor,
            self if owner is None else owner,
            self.told,
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
            rows=rows,
            validation_rows=validation_rows,
            distribute=distribute,
        )

    # ------------------------------------------------------------------ states

    @property
    def all_states(self) -> dict[str, Array]:
        """The arrays of `states`, and of what is derived from them for predictions."""
        return self.state.all_arrays

    @property
    def variables(self) -> dict[str, Array]:
        """All weights by path, as views on the state."""
        return self.state.variables

    @property
    def optimizer(self) -> LiveOptimizer:
        """The learning rate and the counter of steps, live."""
        return self.state.optimizer

    def averages(self) -> list[tuple[Array, Array]]:
        """Return each state of weights with its moving average; see `ProgramState.averages`."""
        return self.state.averages(self.graphs.averages)

    def take_averages(self) -> None:
        """Let weights take over their moving averages, at the end of training."""
        self.state.take_averages(self.graphs.averages)

    @property
    def shuffler(self) -> numpy.random.Generator:
        """Draws the order of samples."""
        return self.state.shuffler

    @property
    def order_state(self) -> dict[str, Any]:
        """State of the generator that draws the order of samples."""
        return self.state.order_state

    # ------------------------------------------------------------------ tables

    def predict_table(self, table: Any, *, probabilities: bool = False, batch_size: int | None = None) -> Array:
        """Return the program's answer to each row of a table.

        Args:
            table: a data frame (pandas, polars, pyarrow, …), a mapping with a column for each name, a list of rows
                that are mappings, rows without names in the order of the columns that were learnt from, or the path
                of a file.
            probabilities: whether to return the probability of each class instead of the most probable one.
            batch_size: rows of a batch.

        Returns:
            Numbers, shape (rows), or (rows, outputs) where the model has several; where the target was a class, its
            name for each row, or with `probabilities` shape (rows, classes) in the order of `classes`.

        Raises:
            DataError: the program was not trained on a table, a column is missing, a cell is not what it should be,
                or there are no probabilities.
        """
        from nnc.program.tables import answers_of, inputs_of

        self.check_single("predict_table")
        outputs = self.predict(inputs_of(self.name, self.table, table), batch_size)
        return answers_of(self.name, self.table, outputs, probabilities)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes of a target, in the order of the outputs; empty where there are none."""
        return () if self.table is None else self.table.classes

    def read_outputs(self, outputs: Array, probabilities: bool = False) -> Array:
        """Return outputs as classes or probabilities, or as they are; see `nnc.program.tables.answers_of`."""
        from nnc.program.tables import answers_of

        self.check_single("read_outputs")
        return answers_of(self.name, self.table, outputs, probabilities)

    # ------------------------------------------------------------------ files

    def save(self, path: str | Path) -> None:
        """Write a ``.nnc`` file: graphs, weights, optimizer state; a program loaded from it goes on to the bit.

        The file is written under a temporary name and renamed, so that a full disk or a killed process
        leaves what was there before.

        Raises:
            OSError: the file cannot be written; what was there before is untouched.
            NestingError: the model's config is nested too deeply for a file.
        """
        write_atomically(Path(path), program_to_bytes(self))

    def __reduce__(self) -> tuple[Callable[..., Program], tuple[bytes, str | None, int | None, bool]]:
        return unpickled, (program_to_bytes(self), self.engines.wanted, self.max_bytes, self.check_nan)


def program_to_bytes(program: Program) -> bytes:
    """Return the contents of a program's file; equal programs give equal bytes.

    Raises:
        NestingError: the model's config is nested too deeply for a file.
    """
    from nnc.program.file_format import FileContents, to_bytes

    with program.turn:
        names = (*program.graph_names, *(() if program.prologue is None else (PROLOGUE,)))
        graphs = {name: partial(program.graph, name) for name in names}
        return to_bytes(FileContents(program.spec, graphs, program.states, program.order_state, program.table))


def load(path: str | Path, *, backend: BackendName | None = None) -> Program:
    """Read a program from a ``.nnc`` file. Only NumPy is needed to run it.

    Args:
        path: the file.
        backend: what runs it, for files know nothing of it: ``numpy``, ``c`` or ``auto``; see
            `nnc.backends.find_backend`.

    Raises:
        ProgramFileError: the file is damaged, truncated, of another kind, or written by a newer version.
        ModelError: there is no such backend.
        FileNotFoundError: there is no such file.
    """
    source = Path(path)
    with source.open("rb") as stream:
        return _read_program(stream, str(source), backend)


def program_from_bytes(data: bytes, source: str = "program", backend: str | None = None) -> Program:
    """Read a program from the contents of its file.

    Raises:
        ProgramFileError: see `load`; the message is one line.
        ModelError: there is no such backend.
    """
    return _read_program(BytesIO(data), source, backend)


def _read_program(stream: BinaryIO, source: str, backend: str | None) -> Program:
    from nnc.program.file_format import read_contents

    engine = backend_name(backend)  # first, for what is wrong below is the file's fault
    contents = read_contents(stream, source)
    kept = contents.snapshots(engine)
    program = Program(
        contents.spec, contents.graphs, contents.states, order=contents.order, backend=backend, snapshots=kept
    )
    program.table = contents.table
    return program


def unpickled(data: bytes, backend: str | None, max_bytes: int | None, check_nan: bool) -> Program:
    """Return a program as it was pickled: the contents of its file, and what files know nothing of."""
    program = program_from_bytes(data, backend=backend)
    if max_bytes is not None:
        program.max_bytes = max_bytes
    if check_nan:
        program.check_nan = True
    return program
