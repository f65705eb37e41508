"""Models: wired layers with Keras's methods, compiled into a program when they are first used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy

from nnc.eager_tensor import eager_leaves
from nnc.errors import ModelError, nearest
from nnc.execution.spec import described, packed
from nnc.ir import TensorType, Value
from nnc.layers import Layer
from nnc.layers.base import Symbolic
from nnc.layers.input_spec import check_inputs
from nnc.layers.input_types import FLOAT, dtype_name
from nnc.layers.lengths import length_names
from nnc.layers.lowering import current_lowering, entered, is_lowering
from nnc.layers.operation import Operation
from nnc.layers.symbolic import SymbolicTensor
from nnc.models.authored import arrays_as_types, shapes_as_types, wire_author
from nnc.models.compiler import Compiler
from nnc.models.configured import Configured
from nnc.models.eager import is_more_than_a_prediction, with_masks
from nnc.models.nested_losses import Nesting
from nnc.models.nesting import flat_tensors, labels_of, one_or_list, producer, sorted_map, unique_labels
from nnc.models.overriding import check_overrides
from nnc.models.summary import parameter_table, summary
from nnc.models.text_edge import text_results
from nnc.models.wiring import by_depth, from_inputs, name_layers, rewire, run_calls, trace
from nnc.passes import Observer, Pass
from nnc.presentation import Presented
from nnc.program import Program
from nnc.program.streams import first_inputs, is_stream
from nnc.structure import leaves

if TYPE_CHECKING:
    from numpy.typing import NDArray


Array = Any


class Model(Configured, Presented):
    """A graph of layers from inputs to outputs, as in Keras's functional interface; in another model, a layer.

    Args:
        inputs: symbolic input or inputs, from `nnc.Input`.
        outputs: symbolic output or outputs.
        name: name of the model.
        trainable: whether its weights are trained.
        dtype: element type of floating-point inputs, where the class says what is computed; layers have their own.

    Raises:
        ModelError: outputs do not come from the inputs, or names collide.
    """

    supports_masking = True
    keeps_integers = True
    autocast = False

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        *,
        trainable: bool = True,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.weights_dtype = dtype_name(dtype, type(self).__name__, self.dtypes) or self.weights_dtype
        self.nested_inputs: Any = ()
        self._nested_outputs: Any = ()
        self.is_wiring = self.is_wired_by_layers = False
        if inputs is not None or outputs is not None:
            self._connect(flat_tensors(inputs, "inputs"), flat_tensors(outputs, "outputs"), outputs)
            wired = iter(self.inputs)
            self.nested_inputs = sorted_map(lambda _: next(wired), inputs)

    def _connect(
        self, inputs: tuple[SymbolicTensor, ...], outputs: tuple[SymbolicTensor, ...], nested: Any = None
    ) -> None:
        inputs, outputs, nested = from_inputs(inputs, outputs, nested, self.name)
        calls = trace(inputs, outputs, self.name)
        name_layers([call.layer for call in calls], self)
        self.inputs, self.outputs, self.calls = list(inputs), list(outputs), by_depth(calls, outputs)
        self.is_merging = len(inputs) > 1
        self.built = self.is_wired_by_layers = True
        self._program = None
        self.nested_inputs = one_or_list(list(inputs))
        self.nest_outputs(list(outputs) if nested is None else nested)

    def nest_outputs(self, nested: Any) -> None:
        """Return outputs nested like this from now on."""
        count = iter(range(len(self.outputs)))
        self._nested_outputs = nested
        numbers = sorted_map(lambda _: next(count), nested)
        self.output_structure = described(numbers, len(self.outputs))

    # ------------------------------------------------------------------ looking

    @property
    def is_authored(self) -> bool:
        """Whether its class says in ``call`` what is computed, instead of layers that are wired."""
        if self.is_wired_by_layers:
            return False
        return type(self).call is not Model.call or (not self.calls and type(self) is not self._base())

    @property
    def sublayers(self) -> list[Layer]:
        """The layers, and what stands between them; those among its attributes where its class defines `call`."""
        return super().sublayers if self.is_authored else self.operations

    @property
    def operations(self) -> list[Layer]:
        """The layers and the functions of tensors between them, each once, those farther from the outputs first."""
        if self.is_authored:
            return self.sublayers
        return list(dict.fromkeys(call.layer for call in self.calls))

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once, in Keras's order: those farther from the outputs first."""
        return [layer for layer in self.operations if not isinstance(layer, Operation)]

    @layers.setter
    def layers(self, given: Any) -> None:
        raise AttributeError("`Model.layers` attribute is reserved and should not be used; take another name")

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
        names = [producer(tensor).layer.name for tensor in self.inputs]
        return ["x"] if len(names) == 1 else names

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: those of the layers they come from."""
        names: list[str] = []
        for tensor in self.outputs:
            name = producer(tensor).layer.name
            while name in names:
                name = f"{name}_{len(names)}"
            names.append(name)
        return names

    @property
    def output_labels(self) -> list[str]:
        """Names of the outputs in graphs, losses and logs: as in Keras the keys of dictionaries they are in."""
        return unique_labels(labels_of(self._nested_outputs))

    @property
    def named_outputs(self) -> list[tuple[str, TensorType]]:
        """Name and type of each output."""
        names = length_names(tensor.type for tensor in (*self.inputs, *text_results(self.calls)))
        types = [tensor.type.substitute(names) for tensor in self.outputs]
        return list(zip(self.output_labels, types, strict=True))

    @property
    def nesting(self) -> Nesting:
        """How the outputs are nested, and the layers they come from."""
        return Nesting(self.output_structure, [producer(tensor).layer.name for tensor in self.outputs])

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or a list of shapes, with None for what is not known."""
        return one_or_list([tensor.shape for tensor in self.inputs])

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or a list of shapes, with None for what is not known."""
        return one_or_list([tensor.shape for tensor in self.outputs])

    @property
    def input(self) -> Any:
        """The symbolic input, or a list of them."""
        return one_or_list(list(self.inputs))

    @property
    def output(self) -> Any:
        """The symbolic output, or several, nested as the model was given them."""
        return packed(self.output_structure, self.outputs)

    @property
    def compute_dtype(self) -> str:
        """Element type of the weights, or of the outputs where there are none and these have one."""
        dtypes = {weight.dtype for weight in self.weights if weight.memory.dtype.kind == "f"}
        if not dtypes:
            dtypes = {tensor.dtype for tensor in self.outputs if tensor.type.is_floating}
            return dtypes.pop() if len(dtypes) == 1 else FLOAT
        if len(dtypes) > 1:  # what is never trained, such as a table, may be of another
            dtypes = {weight.dtype for weight in self.trainable_weights if weight.memory.dtype.kind == "f"} or dtypes
        if len(dtypes) > 1:
            raise ModelError(f"model '{self.name}' mixes weights of {' and '.join(sorted(dtypes))}; give one dtype")
        return dtypes.pop()

    def summary(
        self,
        line_length: Any = None,
        positions: Any = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers with shapes and numbers of parameters.

        Args:
            line_length: no matter: columns are as wide as what stands in them.
            positions: likewise.
            print_fn: takes the text; by default it is printed.
            expand_nested: whether models that are layers, and layers of their authors', are followed by what is in
                them: layers, and operations of `keras.ops`.
            show_trainable: whether a column says of each layer with weights whether they are trained.
            layer_range: two regular expressions, of the names of the first and of the last layer that are shown.

        Raises:
            ModelError: no layer has such a name.
        """
        del line_length, positions
        text = summary(self, self.layers, expand_nested, show_trainable, layer_range)
        print(text) if print_fn is None else print_fn(text)

    def parameter_table(self) -> str:
        """Print and return the parameters, a row per unit: Layer1-1, Layer1-2, … under param1, …, bias."""
        text = parameter_table(self.name, self.layers)
        print(text)
        return text

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}': {len(self.layers)} layers, {self.count_params()} parameters>"

    # ------------------------------------------------------------------ weights

    @property
    def _described(self) -> str:
        return f"model '{self.name}'"

    def load_weights(self, filepath: str | Path, *, by_name: bool = False, skip_mismatch: bool = False) -> None:
        """Overwrite the weights with those of a file: a whole model of Keras's, or weights alone.

        The state of an optimizer in it is left where it is; `nnc.read_model` goes on with that of a whole model.

        Args:
            filepath: a ``.weights.h5``, ``.h5`` or ``.keras`` file, or an ``.npz`` file of `save_weights`, in which
                weights are found by their paths.
            by_name: whether layers are found by their names, others staying as they are; otherwise one after another.
            skip_mismatch: whether layers that do not fit stay as they are, with a warning.

        Raises:
            ModelError: weights do not fit, and then nothing is changed; or the file cannot be read.
            DataError: the same of an ``.npz`` file.
        """
        from nnc.plugins import load_weights

        self._must_be_wired()
        if str(filepath).endswith(".npz"):
            if by_name or skip_mismatch:
                raise ModelError(
                    "by_name and skip_mismatch are for files of Keras's; all weights of an .npz file must fit"
                )
            self.program.load_weights(filepath)
            return
        load_weights(self, filepath, by_name=by_name, skip_mismatch=skip_mismatch)

    def save_parameters(self, path: str | Path) -> None:
        """Write ``parameters.npz``: under "0", "1", … the `parameters` of each layer."""
        import io

        from nnc.files import write_atomically

        buffer = io.BytesIO()
        numpy.savez(buffer, **{str(index): layer.parameters for index, layer in enumerate(self.layers)})
        write_atomically(Path(path), buffer.getvalue())

    # ------------------------------------------------------------------ compiling

    def make_program(
        self, dtype: str | None = None, observe: Observer | None = None, passes: Sequence[Pass] = ()
    ) -> Program:
        """Compile anew; see `Trainer.make_program`.

        Raises:
            ModelError: the model's class overrides what a program never calls.
        """
        check_overrides(self, Model.call)
        return super().make_program(dtype, observe, passes)

    def make_compiler(self, *args: Any, **kwargs: Any) -> Compiler:
        """Return the compiler of the program, of what `nnc.models.compiler.Compiler` takes behind the model."""
        if self.own_steps:
            from nnc.models.step_compiler import StepCompiler

            return StepCompiler(self, self._step_data, *args, **kwargs)
        return Compiler(self, *args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        """Pickles and copies have memory of their own; they compile anew and go on where this model was."""
        self.check_single("a copy of a model")
        resumed = self._resumed if self._program is None else self._program.checkpoint()
        forwards = {
            "calls": self.calls
        } | super().__getstate__()  # first, because from the outputs back a deep model would be a deep recursion
        return forwards | {"_program": None, "_compiler": None, "_memory": [], "_resumed": resumed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for layer in self.operations:
            layer.models.add(self)

    # ------------------------------------------------------------------ running

    @overload
    def __call__(self, inputs: Symbolic, /, *more: Any, **options: Any) -> Any: ...

    @overload
    def __call__(self, inputs: NDArray[Any], /, *more: Any, **options: Any) -> NDArray[Any]: ...

    @overload
    def __call__(self, *inputs: Any, **options: Any) -> Any: ...

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Apply the model: to arrays, or to symbolic tensors, which makes it a layer of another model.

        On arrays it predicts by its program. With ``training=True``, and with masks, its layers run on NumPy instead,
        and weights that they assign, such as moving means, get their new values. As in Keras, layers that change images
        at random do so unless it is called with ``training=False``.
        """
        inputs, options = entered((inputs, options))
        if leaves((inputs, options), (SymbolicTensor, Value)):
            if not self.is_authored:
                self._ensure_wired_for(leaves(inputs, (SymbolicTensor, Value)))
                self._must_be_wired()
            return super().__call__(*inputs, **options)
        if self.is_authored and (len(inputs) != 1 or is_lowering()):
            return super().__call__(*inputs, **options)
        self._ensure_wired(inputs[0] if len(inputs) == 1 else inputs)
        if is_lowering():
            return super().__call__(*inputs, **options)
        if self.input_spec is not None and inputs:
            check_inputs(self.input_spec, inputs[0], self.name)
        if "predict_step" in self.own_steps:  # which is what the program has instead of the call
            return self.forward(*inputs, **options)
        program = self.program
        is_undecided = options.get("training") is None
        if is_more_than_a_prediction(inputs, options) or (is_undecided and self._compiler.trains_by_default):
            if program.spec.edge is not None:
                raise ModelError(f"model '{self.name}' takes texts, and only predicts where it is called; use fit")
            self.check_single("a call in training, or with masks,")
            return self.forward(*inputs, **options)
        found = eager_leaves(program(*inputs))
        return with_masks(self.forward, found, inputs) if self._compiler.is_masked else found

    def _wire(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Apply the model as a layer; one that takes texts, layer by layer, for a program has these in front."""
        if self.is_authored or not text_results(self.calls):
            return super()._wire(args, kwargs)
        if self.weights:
            raise ModelError(
                f"model '{self.name}' takes texts and has weights, so it cannot be a layer of another model; apply its"
                " layers, or give the outer model the layers that take texts"
            )
        names = [producer(tensor).layer.name for tensor in self.inputs]
        given = [args[0][name] for name in names] if isinstance(args[0], Mapping) else leaves(args, SymbolicTensor)
        if len(given) != len(self.inputs):
            raise ModelError(f"model '{self.name}' takes {len(self.inputs)} inputs, got {len(given)}")
        known: dict[SymbolicTensor, Any] = dict(zip(self.inputs, given, strict=True))
        rewire(self.calls, known, lambda layer, *args, **kwargs: layer(*args, **kwargs))
        return packed(self.output_structure, [known[tensor] for tensor in self.outputs])

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape, the batch (None) first, where its class says what is computed.

        Args:
            input_shape: a shape, or a list or dictionary of shapes.

        Raises:
            ModelError: the layers do not accept such inputs.
        """
        if self.is_authored and not self.outputs and not self.is_wiring:
            wire_author(self, shapes_as_types(input_shape, self.weights_dtype or FLOAT))

    def _ensure_wired(self, x: Any) -> None:
        if self.outputs or not self.is_authored or type(self).call is Model.call or x is None:
            return
        given = first_inputs(x) if is_stream(x) else x
        if given is not None:
            wire_author(self, arrays_as_types(given, self.weights_dtype or FLOAT))

    def call(self, inputs: Any, *, mask: Any = None) -> Any:  # type: ignore[override]  # no second input
        """Return the outputs for graph values: one, a list, or a dictionary by the inputs' names.

        Args:
            inputs: a value, or as many as the model has inputs.
            mask: their masks, of the same structure, instead of those that they have; None where an input keeps
                its own.

        Raises:
            ModelError: there are more or fewer values or masks than the model has inputs, or a mask of another name.
        """
        self._must_be_wired()
        names = [producer(tensor).layer.name for tensor in self.inputs]
        if isinstance(mask, Mapping):
            if unknown := [name for name in mask if name not in names]:
                raise ModelError(
                    f"model '{self.name}': a mask is for no input: {unknown[0]!r}.{nearest(unknown[0], names)}"
                )
            mask = [mask.get(name) for name in names]
        if isinstance(inputs, Mapping):
            inputs = [inputs[name] for name in names]
        given = inputs if isinstance(inputs, list | tuple) else [inputs]
        if len(given) != len(self.inputs):
            raise ModelError(f"model '{self.name}' takes {len(self.inputs)} inputs, got {len(given)}")
        context = current_lowering()
        known = context.masks
        masks = mask if isinstance(mask, list | tuple) else [mask] if mask is not None else [None] * len(given)
        if len(masks) != len(given):
            raise ModelError(f"model '{self.name}' takes {len(given)} masks, one for each input, got {len(masks)}")
        for value, given_mask in zip(given, masks, strict=True):
            if given_mask is not None:
                known[value] = given_mask
        built, context.built_masks = context.built_masks, {}  # it was built by itself
        try:
            values = run_calls(self.calls, dict(zip(self.inputs, given, strict=True)))
        finally:
            context.built_masks = built
        return packed(self.output_structure, [values[tensor] for tensor in self.outputs])

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return None: outputs have the masks that the layers inside gave them."""
        del inputs, previous_mask

    @classmethod
    def _base(cls) -> type[Model]:
        """Return the class that a config of this class names."""
        return Model

    def _construction(self) -> tuple[Any, ...]:
        """Return what the constructor makes such a model of."""
        return self.input, self.output
