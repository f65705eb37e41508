"""The part of a model that is compiled and trained: optimizer, loss, program and data."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from nnc import optimizers
from nnc.backends import BackendName, backend_name
from nnc.callbacks import History
from nnc.checks import check_positive
from nnc.choices import Verbosity
from nnc.errors import ModelError
from nnc.execution.spec import unpacked
from nnc.ir import TensorType
from nnc.layers import Variable
from nnc.layers.symbolic import Call, SymbolicTensor
from nnc.models.head import ModelHead
from nnc.models.nested_losses import is_nested_deeper
from nnc.models.nesting import in_order, one_or_list
from nnc.models.objective import Objective
from nnc.models.step_data import flat_data
from nnc.models.steps import Steps
from nnc.models.writing import check_model_file, check_model_suffix, check_weights_file, refuse_options
from nnc.optimizers.registry import as_optimizer
from nnc.passes import Observer, Pass
from nnc.plugins import KERAS_WEIGHTS, save_model, save_weights
from nnc.program import EVALUATE, TRAIN, Program
from nnc.program.evaluation import by_name
from nnc.program.preparation import batch_arrays, batch_size_of
from nnc.program.streams import is_stream
from nnc.utils import random_generator

if TYPE_CHECKING:
    from numpy.typing import NDArray


Array = Any


class Trainer(Steps):
    """A layer from inputs to outputs that can be compiled, fitted, evaluated and saved.

    Args:
        name: its name.
        trainable: whether its weights are trained.

    What a reader could not take of the definition's optimizer, loss and metrics is in `uncompiled`, as text.
    """

    draws_seed_first: ClassVar[bool] = False
    """Whether a new model draws its seed before its layers draw their weights."""

    def __init__(self, *, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self.optimizer: optimizers.Optimizer = as_optimizer("rmsprop")
        self.seed = int(random_generator().integers(2**32))
        self._objective = Objective()
        self._memory: list[tuple[Variable, Array]] = []
        self.chosen_backend: str | None = None
        self.steps_per_execution = 1
        self.uncompiled = ""
        self.stop_training = self.stop_evaluating = self.stop_predicting = False
        self.history: History | None = None
        self.inputs: list[SymbolicTensor] = []
        self.outputs: list[SymbolicTensor] = []
        self.calls: tuple[Call, ...] = ()
        self.output_structure: Any = None

    @property
    def is_authored(self) -> bool:
        """Whether its class says in ``call`` what is computed."""
        raise NotImplementedError

    @property
    def named_outputs(self) -> list[tuple[str, TensorType]]:
        """Name and type of each output."""
        raise NotImplementedError

    @property
    def compute_dtype(self) -> str:
        """Element type of the weights."""
        raise NotImplementedError

    def make_compiler(self, *args: Any, **kwargs: Any) -> Any:
        """Return the compiler of the program, of what `nnc.models.compiler.Compiler` takes behind the model."""
        raise NotImplementedError

    # ------------------------------------------------------------------ compiling

    @property
    def backend(self) -> str:
        """The backend of the model: ``numpy``, ``c``, or by default ``auto``: C for work worth compiling, else NumPy.

        It can be set at any time; weights, optimizer state and random numbers stay what they are.

        Raises:
            ModelError: there is no such backend.
        """
        return backend_name(self.chosen_backend)

    @backend.setter
    def backend(self, name: BackendName) -> None:
        self.chosen_backend = backend_name(name)
        if self._program is not None:
            self._program.use_backend(name)

    @property
    def check_nan(self) -> bool:
        """Whether a run that meets NaN or infinity is undone and ends with an error that says where they come from.

        It can be set at any time; see `nnc.compile`.
        """
        return self._check_nan

    @check_nan.setter
    def check_nan(self, wanted: bool) -> None:
        self._check_nan = bool(wanted)
        if self._program is not None:
            self._program.check_nan = self._check_nan

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
        replicas: int | None = None,
        seeds: Any = None,
        hyperparameters: Mapping[str, Any] | None = None,
    ) -> None:
        """Choose optimizer, loss and metrics; optimizer state starts afresh.

        Args:
            optimizer: an optimizer or the name of one.
            loss: a loss or the name of one; for several outputs a list or a dictionary by output name, or nested as
                the outputs are. A list where they are nested otherwise is several losses of the same outputs: a
                function of them as they are nested, or one for each. None where `add_loss` and regularizers are all.
            loss_weights: factors of the losses, nested likewise.
            metrics: list of metrics or names; for several outputs a list of lists or a dictionary.
            weighted_metrics: the same, weighted by ``sample_weight`` and ``class_weight``.
            run_eagerly: must be False; there is no eager mode.
            steps_per_execution: number of batches between calls of the hooks of callbacks.
            jit_compile: accepted and ignored: a model is always compiled.
            auto_scale_loss: accepted and ignored.
            replicas: number of networks to train at once; see `nnc.compile`. `fit`, `evaluate`, `predict` and
                `get_weights` are about all of them, `program` has them, and the model's layers keep their weights.
            seeds: a seed for each replica; see `nnc.compile`.
            hyperparameters: numbers that differ from replica to replica; see `nnc.compile`.

        Raises:
            ModelError: a name is unknown, or a loss does not fit the output.
        """
        del jit_compile, auto_scale_loss
        check_positive("compile", "steps_per_execution", steps_per_execution)
        self.run_eagerly = run_eagerly
        chosen = as_optimizer(optimizer)
        if not is_nested_deeper(loss):
            loss, loss_weights = self._per_output(loss), self._per_output(loss_weights)
        metrics, weighted_metrics = self._per_output(metrics), self._per_output(weighted_metrics)
        objective = Objective(loss, loss_weights, metrics, weighted_metrics, is_given=True)
        if self.outputs:
            known = self.named_outputs, self.input_names, self.compute_dtype
            objective.head(*known, False, adds_loss=loss is None, nesting=self.nesting)
        self.optimizer, self._objective, self.uncompiled = chosen, objective, ""
        self._note_metrics()
        self.steps_per_execution = steps_per_execution
        self._program = self._resumed = self._step_data = None
        self._heads, self.measures = {}, []
        self._replicas = None if replicas is None else (replicas, seeds, hyperparameters)
        if replicas is None and (seeds is not None or hyperparameters is not None):
            raise ModelError("compile: seeds and hyperparameters are those of replicas; give replicas= as well")

    def _per_output(self, given: Any) -> Any:
        """Return a list of what is given per output where it is nested as the outputs are."""
        found = None if given is None else unpacked(self.output_structure, given)
        return given if found is None else found

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._objective.is_given

    @property
    def is_compiled(self) -> bool:
        """Whether the model has a loss: that of `compile`, or after it what layers and weights add."""
        if self.own_steps:
            return self._objective.is_given
        if self._objective.loss is not None or not self._objective.is_given:
            return self._objective.loss is not None
        return not self.outputs or self.program.spec.has_loss

    @property
    def loss(self) -> Any:
        """The loss as `compile` was given it, None where it was given none."""
        return self._objective.loss

    @property
    def objective(self) -> Objective:
        """Losses and metrics, as `compile` was given them."""
        return self._objective

    def head(self, dtype: str, weighted: bool) -> ModelHead | None:
        """Return losses and metrics as graph code, None where the model has no loss.

        Args:
            dtype: element type to compute in.
            weighted: whether rows have weights.

        Raises:
            ModelError: a loss does not fit its output.
        """
        adds_loss = self._objective.loss is None and self.is_compiled
        return self._objective.head(self.named_outputs, self.input_names, dtype, weighted, adds_loss, self.nesting)

    @property
    def program(self) -> Program:
        """The compiled program, made when it is first needed."""
        if self._program is None:
            return self.make_program()
        is_moved = any(variable.memory is not array for variable, array in self._memory)  # by one of another dtype
        if is_moved or self._compiler.is_outdated:
            self._resumed = self._program.checkpoint()
            return self.make_program()
        return self._program

    def make_program(
        self, dtype: str | None = None, observe: Observer | None = None, passes: Sequence[Pass] = ()
    ) -> Program:
        """Compile anew, with fresh optimizer state, and use that program from now on.

        Args:
            dtype: element type to compute in; weights are converted.
            observe: called after each pass.
            passes: passes of your own; see `nnc.compile`.
        """
        if not self.own_steps:
            self._must_be_wired()
        self._compiler = self.make_compiler(dtype, observe, passes)
        if self._replicas is not None:
            self._memory = []
            return self._make_replicas(*self._replicas, dtype, observe, passes)
        program: Program = self._compiler.program()
        program.check_nan = self._check_nan
        if self._resumed is not None:
            program.resume(self._resumed)
        self._program, self._resumed = program, None
        self._memory = [(variable, variable.memory) for variable in self.weights]
        self._compiler.bind_optimizers(program.states)
        return program

    # ------------------------------------------------------------------ running

    def fit(
        self,
        x: Any = None,
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
        rows: Any = None,
        validation_rows: Any = None,
        distribute: Any = None,
    ) -> History:
        """Train on arrays. Names and defaults are Keras's; see `nnc.program.training.fit`.

        Raises:
            ModelError: the model has no loss.
            DataError: the arrays do not fit the model.
        """
        self._must_be_compiled("fit")
        x = self._wired_for(x)
        is_validated = validation_data is not None or bool(validation_split)
        x = self._take_data(
            x, y, sample_weight, class_weight, evaluates=is_validated, batch_size=batch_size_of(batch_size)
        )
        if self.outputs and not self.trainable_weights:
            warnings.warn("The model does not have any trainable weights.", stacklevel=2)
        if isinstance(validation_data, list | tuple) and validation_data:
            validation_data = (self._named(validation_data[0]), *validation_data[1:])
        return self.program.fit(
            self._named(x),
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
            owner=self if self._replicas is None else None,
            rows=rows,
            validation_rows=validation_rows,
            distribute=distribute,
        )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Verbosity = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Return loss and metrics on arrays: a list, the loss alone where there are no metrics, or a dictionary.

        Names and defaults are Keras's; see `nnc.program.evaluation.evaluate`.

        Raises:
            ModelError: the model has no loss.
            DataError: the arrays do not fit the model.
        """
        self._must_be_compiled("evaluate")
        x = self._wired_for(x)
        x = self._take_data(x, y, sample_weight, evaluates=True, batch_size=batch_size_of(batch_size))
        logs = self.program.evaluate(
            self._named(x),
            y,
            batch_size=batch_size,
            verbose=verbose,
            sample_weight=sample_weight,
            steps=steps,
            callbacks=callbacks,
            owner=self,
        )
        return by_name(logs) if return_dict else one_or_list(in_order(logs, len(self.outputs) > 1))

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Verbosity = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> NDArray[Any]:
        """Return the outputs for any number of rows; see `Program.predict`.

        Raises:
            DataError: the arrays do not fit the model.
        """
        x = self._wired_for(x, predicts=True)
        self._must_be_wired()
        found: NDArray[Any] = self.program.predict(self._named(x), batch_size, verbose, steps, callbacks, self)
        return found

    def _named(self, x: Any) -> Any:
        """Return inputs by label: a single one may be given under the name of its layer."""
        if self._step_data is not None and self.own_steps and not is_stream(x):
            return flat_data(x)
        if isinstance(x, Mapping) and len(self.inputs) == 1:
            call = self.inputs[0].call
            name = "" if call is None else call.layer.name
            return {self.input_names[0]: x[name]} if name in x else x
        return x

    def save_weights(self, filepath: str | Path, overwrite: bool = True) -> None:
        """Write the weights: to a ``.weights.h5`` file as Keras 3 does, or to an ``.npz`` file under their paths.

        As in Keras, the former has the state of the optimizer of a compiled model as well.

        Args:
            filepath: the file.
            overwrite: whether a file of this name may be there.

        Raises:
            DataError: the path ends otherwise; nothing is written then.
            ModelError: there is a file, and it is not to be overwritten.
            OSError: the file cannot be written; what was there before is untouched.
        """
        self._must_be_wired()
        check_weights_file(self, filepath, overwrite)
        if str(filepath).endswith(KERAS_WEIGHTS):
            self.check_single("a file of Keras's")
            save_weights(self, filepath)
        else:
            self.program.save_weights(filepath)

    def predict_on_batch(self, x: Any) -> NDArray[Any]:
        """Return the outputs for one batch."""
        self._ensure_wired(x)
        self._must_be_wired()
        x = self._named(x)
        return self.program(*x) if isinstance(x, list | tuple) and len(self.inputs) > 1 else self.program(x)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Train on one batch and return its loss and metrics, those of the model before the step.

        Raises:
            ModelError: the model has no loss.
            DataError: the arrays do not fit the model.
        """
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Return loss and metrics of one batch.

        Raises:
            ModelError: the model has no loss.
            DataError: the arrays do not fit the model.
        """
        return self._on_batch("test", x, y, sample_weight, None, return_dict)

    def _on_batch(
        self, action: str, x: Any, y: Any, sample_weight: Any, class_weight: Mapping[int, float] | None, as_dict: bool
    ) -> Any:
        self._must_be_compiled(f"{action}_on_batch")
        x = self._wired_for(x)
        x = self._take_data(x, y, sample_weight, class_weight, evaluates=action == "test")
        program = self.program
        graph = TRAIN if action == "train" else EVALUATE
        name, arrays = batch_arrays(program.executor, graph, self._named(x), y, sample_weight, class_weight)
        logs = program.measure(name, arrays)
        return logs if as_dict else one_or_list(in_order(logs, len(self.outputs) > 1))

    def reset_metrics(self) -> None:
        """Start metrics afresh."""
        self.program.reset_metrics()

    def _ensure_wired_for(self, tensors: Sequence[Any]) -> None:
        """Let a subclass take the shape of its input from the first tensors that it is applied to."""

    def _must_be_wired(self) -> None:
        if not self.outputs:
            raise ModelError(
                f"model '{self.name}' has no layers yet; add some, and give the first an input shape"
                if type(self).__module__.startswith("nnc.")
                else f"model '{self.name}' ({type(self).__name__}) is not built: call it on data, or build(shape),"
                " which takes a call() in its class that says what is predicted"
            )

    def _must_be_compiled(self, action: str) -> None:
        if not self.is_compiled:
            because = f"; it was read without: {self.uncompiled}" if self.uncompiled else ""
            raise ModelError(f"call compile(optimizer, loss) before {action}: model '{self.name}' has no loss{because}")

    def save(self, filepath: str | Path, overwrite: bool = True, **options: Any) -> None:
        """Write the model as what the suffix says.

        ``.nnc`` is the compiled program, see `Program.save`; ``.keras`` and ``.h5`` are files that Keras 3 loads: the
        definition, the weights and, where the model is compiled, optimizer, loss and metrics with the optimizer's
        state, so that Keras, or `nnc.read_model`, goes on training where it was. As in Keras, what
        `exclude_from_weight_decay` was called with is not in such a file: there the excluded weights are decayed.

        Args:
            filepath: the file.
            overwrite: whether a file of this name may be there.
            options: nothing else, but ``zipped=True``, as it is.

        Raises:
            DataError: the path ends otherwise; nothing is computed or written then.
            ModelError: there is another argument; there is a file, and it is not to be overwritten; or a part of the
                model cannot be serialised.
            OSError: the file cannot be written; what was there before is untouched.
        """
        path = Path(filepath)
        refuse_options("save", {key: item for key, item in options.items() if (key, item) != ("zipped", True)})
        check_model_suffix(path)
        self._must_be_wired()
        check_model_file(self, path, overwrite)
        if path.suffix == ".nnc":
            self.program.save(path)
        else:
            self.check_single("a file of Keras's")
            save_model(self, path)
