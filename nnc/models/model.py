"""Models: wired layers with Keras's methods, compiled into a program when they are first used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

from nnc import optimizers
from nnc.callbacks import History
from nnc.errors import DataError, ModelError, nearest
from nnc.ir import TensorType, Value
from nnc.layers import Layer, Variable
from nnc.layers.checks import FLOAT
from nnc.layers.lengths import length_names
from nnc.layers.structure import leaves
from nnc.layers.symbolic import Call, SymbolicTensor
from nnc.models.compiler import Compiler
from nnc.models.head import ModelHead
from nnc.models.objective import Objective
from nnc.models.summary import parameter_table, summary
from nnc.models.wiring import by_depth, name_layers, run_calls, trace
from nnc.passes import Observer
from nnc.program import EVALUATE, TRAIN, Program
from nnc.program.preparation import batch_arrays
from nnc.utils import random_generator

Array = Any


class Model(Layer):
    """A graph of layers from inputs to outputs, as in Keras's functional interface; in another model, a layer.

    Args:
        inputs: symbolic input or inputs, from `nnc.Input`.
        outputs: symbolic output or outputs.
        name: name of the model.
        trainable: whether its weights are trained.

    Raises:
        ModelError: outputs do not come from the inputs, or names collide.
    """

    supports_masking = True
    keeps_integers = True

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None, *, trainable: bool = True
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.optimizer: optimizers.Optimizer = optimizers.get("rmsprop")
        self.seed = int(random_generator().integers(2**32))
        self._objective = Objective()
        self._program: Program | None = None
        self._memory: list[tuple[Variable, Array]] = []
        self._resumed: dict[str, Any] | None = None
        self.stop_training = self.stop_evaluating = self.stop_predicting = False
        self.history: History | None = None
        self.inputs: tuple[SymbolicTensor, ...] = ()
        self.outputs: tuple[SymbolicTensor, ...] = ()
        self.calls: tuple[Call, ...] = ()
        if inputs is not None or outputs is not None:
            self._connect(_as_tuple(inputs), _as_tuple(outputs))

    def _connect(self, inputs: tuple[SymbolicTensor, ...], outputs: tuple[SymbolicTensor, ...]) -> None:
        calls = trace(inputs, outputs, self.name)
        name_layers([call.layer for call in calls], self)
        self.inputs, self.outputs, self.calls = inputs, outputs, by_depth(calls, outputs)
        self.is_merging = len(inputs) > 1
        self.built = True
        self._program = None

    # ------------------------------------------------------------------ looking

    @property
    def sublayers(self) -> list[Layer]:
        """The layers."""
        return self.layers

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once, in Keras's order: those farther from the outputs first."""
        return list(dict.fromkeys(call.layer for call in self.calls))

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by name or by index.

        Raises:
            ModelError: there is none.
        """
        if index is not None:
            if not 0 <= index < len(self.layers):
                raise ModelError(f"model '{self.name}' has {len(self.layers)} layers, there is no index {index}")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        known = [layer.name for layer in self.layers]
        raise ModelError(f"model '{self.name}' has no layer '{name}'.{nearest(str(name), known)}")

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs in graphs."""
        names = [_producer(tensor).layer.name for tensor in self.inputs]
        return ["x"] if len(names) == 1 else names

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: those of the layers they come from."""
        names: list[str] = []
        for tensor in self.outputs:
            name = _producer(tensor).layer.name
            while name in names:
                name = f"{name}_{len(names)}"
            names.append(name)
        return names

    @property
    def named_outputs(self) -> list[tuple[str, TensorType]]:
        """Name and type of each output."""
        names = length_names(tensor.type for tensor in self.inputs)
        types = [tensor.type.substitute(names) for tensor in self.outputs]
        return list(zip(self.output_names, types, strict=True))

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or a list of shapes, with None for the batch."""
        return _one_or_list([tensor.shape for tensor in self.inputs])

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or a list of shapes, with None for the batch."""
        return _one_or_list([tensor.shape for tensor in self.outputs])

    @property
    def input(self) -> Any:
        """The symbolic input, or a list of them."""
        return _one_or_list(list(self.inputs))

    @property
    def output(self) -> Any:
        """The symbolic output, or a list of them."""
        return _one_or_list(list(self.outputs))

    @property
    def compute_dtype(self) -> str:
        """Element type of the weights."""
        dtypes = {weight.dtype for weight in self.weights if weight.memory.dtype.kind == "f"}
        dtypes |= {tensor.dtype for tensor in self.inputs if not dtypes and tensor.type.is_floating}
        if len(dtypes) > 1:
            raise ModelError(f"model '{self.name}' mixes weights of {' and '.join(sorted(dtypes))}; give one dtype")
        return dtypes.pop() if dtypes else FLOAT

    def summary(self, print_fn: Any = None) -> None:
        """Print a table of the layers with shapes and numbers of parameters."""
        text = summary(self)
        print(text) if print_fn is None else print_fn(text)

    def parameter_table(self) -> str:
        """Print and return the parameters, a row per unit: Layer1-1, Layer1-2, … under param1, …, bias."""
        text = parameter_table(self)
        print(text)
        return text

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}': {len(self.layers)} layers, {self.count_params()} parameters>"

    # ------------------------------------------------------------------ weights

    @property
    def _described(self) -> str:
        return f"model '{self.name}'"

    def load_weights(self, path: str | Path, *, by_name: bool = False, skip_mismatch: bool = False) -> None:
        """Overwrite the weights with those of a file that Keras wrote: a whole model, or weights alone.

        Args:
            path: a ``.h5``, ``.weights.h5`` or ``.keras`` file.
            by_name: whether layers are found by their names, others staying as they are; otherwise one after another.
            skip_mismatch: whether layers that do not fit stay as they are, with a warning.

        Raises:
            ModelError: weights do not fit, and then nothing is changed; or the file cannot be read.
        """
        from nnc.plugins import load_weights

        self._must_be_wired()
        load_weights(self, path, by_name=by_name, skip_mismatch=skip_mismatch)

    def save_parameters(self, path: str | Path) -> None:
        """Write ``parameters.npz``: under "0", "1", … the `parameters` of each layer."""
        import io

        from nnc.files import write_atomically

        buffer = io.BytesIO()
        numpy.savez(buffer, **{str(index): layer.parameters for index, layer in enumerate(self.layers)})
        write_atomically(Path(path), buffer.getvalue())

    # ------------------------------------------------------------------ compiling

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
    ) -> None:
        """Choose optimizer, loss and metrics; optimizer state starts afresh.

        Args:
            optimizer: an optimizer or the name of one.
            loss: a loss or the name of one; for several outputs a list or a dictionary by output name.
            loss_weights: factors of the losses of several outputs.
            metrics: list of metrics or names; for several outputs a list of lists or a dictionary.
            weighted_metrics: the same, weighted by ``sample_weight`` and ``class_weight``.
            run_eagerly: must be False; there is no eager mode.
            steps_per_execution: accepted and ignored.
            jit_compile: accepted and ignored: a model is always compiled.
            auto_scale_loss: accepted and ignored.

        Raises:
            ModelError: a name is unknown, or a loss does not fit the output.
        """
        del steps_per_execution, jit_compile, auto_scale_loss
        if run_eagerly:
            raise ModelError("compile: run_eagerly=True is not supported; nnc has no eager mode")
        chosen = optimizers.get(optimizer)
        objective = Objective(loss, loss_weights, metrics, weighted_metrics)
        if self.outputs:
            objective.head(self.named_outputs, self.input_names, self.compute_dtype, weighted=False)
        self.optimizer, self._objective = chosen, objective
        self._program = self._resumed = None

    @property
    def is_compiled(self) -> bool:
        """Whether the model has a loss."""
        return self._objective.loss is not None

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
        return self._objective.head(self.named_outputs, self.input_names, dtype, weighted)

    @property
    def program(self) -> Program:
        """The compiled program, made when it is first needed."""
        if self._program is None:
            return self.make_program()
        if any(variable.memory is not array for variable, array in self._memory):  # another model has another dtype
            self._resumed = self._program.checkpoint()
            return self.make_program()
        return self._program

    def make_program(self, dtype: str | None = None, observe: Observer | None = None) -> Program:
        """Compile anew, with fresh optimizer state, and use that program from now on.

        Args:
            dtype: element type to compute in; weights are converted.
            observe: called after each pass.
        """
        self._must_be_wired()
        program = Compiler(self, dtype, observe).program()
        if self._resumed is not None:
            program.resume(self._resumed)
        self._program, self._resumed = program, None
        self._memory = [(variable, variable.memory) for variable in self.weights]
        self.optimizer.bind(program.states, [item for item in program.spec.variables if item.trainable])
        return program

    def __getstate__(self) -> dict[str, Any]:
        """Pickles and copies have memory of their own; they compile anew and go on where this model was."""
        resumed = self._resumed if self._program is None else self._program.checkpoint()
        forwards = {
            "calls": self.calls
        } | super().__getstate__()  # first, because from the outputs back a deep model would be a deep recursion
        return forwards | {"_program": None, "_memory": [], "_resumed": resumed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for layer in self.layers:
            layer.models.add(self)

    # ------------------------------------------------------------------ running

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Apply the model: to arrays, or to symbolic tensors, which makes it a layer of another model."""
        if leaves((inputs, options), (SymbolicTensor, Value)):
            self._must_be_wired()
            return super().__call__(*inputs, **options)
        self._ensure_wired(inputs[0] if len(inputs) == 1 else inputs)
        return self.program(*inputs)

    def call(self, inputs: Any) -> Any:
        """Return the outputs for graph values: one, a list, or a dictionary by the inputs' names."""
        self._must_be_wired()
        if isinstance(inputs, Mapping):
            inputs = [inputs[_producer(tensor).layer.name] for tensor in self.inputs]
        given = inputs if isinstance(inputs, list | tuple) else [inputs]
        if len(given) != len(self.inputs):
            raise ModelError(f"model '{self.name}' takes {len(self.inputs)} inputs, got {len(given)}")
        values = run_calls(self.calls, dict(zip(self.inputs, given, strict=True)))
        return _one_or_list([values[tensor] for tensor in self.outputs])

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return None: outputs have the masks that the layers inside gave them."""
        del inputs, previous_mask

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
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
    ) -> History:
        """Train on arrays. Names and defaults are Keras's; see `nnc.program.training.fit`.

        Raises:
            ModelError: the model has no loss.
            DataError: the arrays do not fit the model.
        """
        self._must_be_compiled("fit")
        self._ensure_wired(x)
        if isinstance(validation_data, list | tuple) and validation_data:
            validation_data = (self._named(validation_data[0]), *validation_data[1:])
        history: History = self.program.fit(
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
            owner=self,
        )
        return history

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Return loss and metrics on arrays: a list, the loss alone where there are no metrics, or a dictionary.

        Raises:
            ModelError: the model has no loss.
            DataError: the arrays do not fit the model.
        """
        del verbose
        self._must_be_compiled("evaluate")
        self._ensure_wired(x)
        logs = self.program.evaluate(
            self._named(x),
            y,
            batch_size=batch_size,
            sample_weight=sample_weight,
            steps=steps,
            callbacks=callbacks,
            owner=self,
        )
        return logs if return_dict else _one_or_list(list(logs.values()))

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the outputs for any number of rows.

        Raises:
            DataError: the arrays do not fit the model.
        """
        del verbose
        self._ensure_wired(x)
        return self.program.predict(self._named(x), batch_size, steps=steps, callbacks=callbacks, owner=self)

    def _named(self, x: Any) -> Any:
        """Return inputs by label: a single one may be given under the name of its layer."""
        if isinstance(x, Mapping) and len(self.inputs) == 1:
            name = _producer(self.inputs[0]).layer.name
            return {self.input_names[0]: x[name]} if name in x else x
        return x

    def save_weights(self, path: str | Path) -> None:
        """Write the weights to an ``.npz`` file, under their paths."""
        self.program.save_weights(path)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch."""
        self._ensure_wired(x)
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
        self._ensure_wired(x)
        program = self.program
        graph = TRAIN if action == "train" else EVALUATE
        name, arrays = batch_arrays(program, graph, self._named(x), y, sample_weight, class_weight)
        logs = program.measure(name, arrays)
        return logs if as_dict else _one_or_list(list(logs.values()))

    def reset_metrics(self) -> None:
        """Start metrics afresh."""
        self.program.reset_metrics()

    def _ensure_wired(self, x: Any) -> None:
        """Let a subclass take the shape of its input from the first array it meets."""

    def _must_be_wired(self) -> None:
        if not self.outputs:
            raise ModelError(f"model '{self.name}' has no layers yet; add some, and give the first an input shape")

    def _must_be_compiled(self, action: str) -> None:
        if not self.is_compiled:
            raise ModelError(f"call compile(optimizer, loss) before {action}: model '{self.name}' has no loss")

    def save(self, path: str | Path) -> None:
        """Write the compiled program, see `Program.save`.

        Raises:
            DataError: the path does not end in ``.nnc``.
        """
        if Path(path).suffix != ".nnc":
            raise DataError(f"nnc writes .nnc files, got {str(path)!r}; use save('{Path(path).stem}.nnc')")
        self.program.save(path)

    # ------------------------------------------------------------------ configuration

    def get_config(self) -> dict[str, Any]:
        """Return the model's config: layers and how they are wired, in Keras's form."""
        from nnc.models.config import functional_config

        return functional_config(self)

    def serialized_config(self) -> dict[str, Any]:
        """Return the config with class name and compile options, or nothing where a part cannot be serialised."""
        from nnc.models.config import serialized

        return serialized(self)


def _producer(tensor: SymbolicTensor) -> Call:
    assert tensor.call is not None
    return tensor.call


def _as_tuple(given: Any) -> tuple[SymbolicTensor, ...]:
    items = tuple(given.values()) if isinstance(given, Mapping) else given
    items = tuple(items) if isinstance(items, list | tuple) else (items,)
    for item in items:
        if not isinstance(item, SymbolicTensor):
            raise ModelError(f"Model takes symbolic tensors made with nnc.Input and layers, got {item!r}")
    return items


def _one_or_list(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items
