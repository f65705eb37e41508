"""The table of rules: how layers of Keras 1 and 2 are said in the words of Keras 3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from frontends.element_types import (
    PolicyError,
    bits_message,
    depends_on_bits,
    policy_name,
    widened,
)
from frontends.legacy.activations import old_activations
from frontends.legacy.entry import Entry, Rule, dropped, renamed
from frontends.legacy.initializers import initializers_and_penalties
from frontends.legacy.keras_1 import KERAS_1_CLASSES, KERAS_1_RULES
from frontends.legacy.values import number, single
from frontends.nodes import Mapping, Scalar, Sequence, ValueNode
from frontends.operations import OPERATION
from frontends.origin import Origin
from nnc.dtype_policies import computed_policy, narrow_note

RECURRENT = ("SimpleRNN", "LSTM", "GRU", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional")
"""Layers that run over time, and take their first state as further inputs."""
_GATED = ("LSTM", "GRU", "LSTMCell", "GRUCell")
_CELLS = ("SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells")
_DEPTHWISE = ("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D")
_TRANSPOSED = ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
_SPATIAL_DROPOUT = ("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")
_NORMALIZATION = ("BatchNormalization", "LayerNormalization")
_KERNEL = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")
_WAYS_TO_COMPUTE = ("fused", "virtual_batch_size", "adjustment")
_MASKED = (
    *("TimeDistributed", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"),
    *RECURRENT,
)
"""Layers to which masks mean something else in Keras 3."""

CLASSES: dict[str, str] = {
    **KERAS_1_CLASSES,
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "LSTMV1": "LSTM",
    "LSTMV2": "LSTM",
    "UnifiedLSTM": "LSTM",
    "GRUV1": "GRU",
    "GRUV2": "GRU",
    "UnifiedGRU": "GRU",
    "DenseV2": "Dense",
    "NormalizationV1": "Normalization",
}
"""Classes that have another name in Keras 3."""


def _cudnn(entry: Entry) -> None:
    """cuDNN's layers had no choice of activations, and so no arguments for them."""
    is_lstm = entry.class_name == "CuDNNLSTM"
    entry.class_name = "LSTM" if is_lstm else "GRU"
    entry.put("activation", "tanh")
    entry.put("recurrent_activation", "sigmoid")
    if not is_lstm:
        entry.put("reset_after", True)


def _reset_after(entry: Entry) -> None:
    """Before TensorFlow 2, a GRU applied its reset gate before the product."""
    if "reset_after" not in entry.arguments:
        entry.put("reset_after", False)


def _recurrent_activation(entry: Entry) -> None:
    """Until Keras 2.2, the gates' default was the hard sigmoid."""
    if "recurrent_activation" not in entry.arguments and entry.class_name in _GATED:
        entry.put("recurrent_activation", "hard_sigmoid")


def _masks(entry: Entry) -> None:
    if entry.origin.has_masks:
        entry.put("keras_2_masks", True)


def _axis(entry: Entry) -> None:
    if "axis" in entry.arguments:
        entry.arguments["axis"] = single(entry.arguments["axis"])


def _thresholded(entry: Entry) -> None:
    renamed("theta", "threshold")(entry)
    entry.class_name = "ReLU"
    entry.arguments.setdefault("threshold", Scalar(line=entry.line, value=1.0))


def _renorm(entry: Entry) -> None:
    """Drop the arguments of renormalisation, which mean nothing without it."""
    node = entry.arguments.get("renorm")
    if not isinstance(node, Scalar) or node.value is not True:
        dropped("renorm", "renorm_clipping", "renorm_momentum")(entry)


def _numbers_as_arrays(entry: Entry) -> None:
    """Keras 2.0 wrote a number as an array of none or one axis."""
    for key in ("alpha", "negative_slope", "threshold", "max_value", "theta"):
        node = entry.arguments.get(key)
        if node is not None and number(single(node)) is not None:
            entry.arguments[key] = single(node)


def _dtype(entry: Entry) -> None:
    try:
        name = policy_name(entry.arguments.get("dtype"))
    except PolicyError as error:
        entry.problems.append((f"dtype: {error}", "dtype"))
        return
    if name is None:
        return
    computed = computed_policy(name)
    if (note := narrow_note(name)) is not None:
        entry.shared_notes.append(note)
    if name.lstrip("_") == "infer":
        del entry.arguments["dtype"]
    else:
        entry.put("dtype", computed)


def _operation_dtype(entry: Entry) -> None:
    settings, operation = entry.arguments.get("settings"), entry.plain("operation")
    node = settings.entries.get("dtype") if isinstance(settings, Mapping) else None
    if not isinstance(settings, Mapping) or not isinstance(node, Scalar) or widened(node.value) is node.value:
        return
    if depends_on_bits(str(operation), node.value):
        entry.problems.append((bits_message(str(operation), node.value), "settings"))
        return
    entries = {**settings.entries, "dtype": replace(node, value=widened(node.value))}
    entry.arguments["settings"] = replace(settings, entries=entries)


def _embedding_inputs(entry: Entry) -> None:
    """As first layer, Keras 1 and 2.0 gave the length of its rows alone."""
    length = entry.arguments.pop("input_length", None)
    if length is not None and not any(key in entry.arguments for key in ("batch_input_shape", "input_shape")):
        plain = length.plain()
        lengths = plain if isinstance(plain, list) else [plain]
        entry.put("batch_input_shape", [None, *lengths], after="input_dim")


RULES: tuple[Rule, ...] = (
    Rule("dtype policies", _dtype, before=None),
    Rule("element types of operations", _operation_dtype, (OPERATION,), before=None),
    *KERAS_1_RULES,
    Rule("CuDNN layers", _cudnn, ("CuDNNLSTM", "CuDNNGRU")),
    Rule("ThresholdedReLU", _thresholded, ("ThresholdedReLU",)),
    Rule("GRU without reset_after", _reset_after, ("GRU", "GRUCell")),
    Rule("default of recurrent_activation", _recurrent_activation, _GATED, before=(2, 3)),
    Rule("time_major", dropped("time_major", unless=(True,)), RECURRENT),
    Rule("masks", _masks, _MASKED),
    Rule("implementation", dropped("implementation"), RECURRENT + _CELLS),
    Rule("num_constants", dropped("num_constants"), RECURRENT, before=None),
    Rule("groups of depthwise layers", dropped("groups"), _DEPTHWISE),
    Rule("groups of transposed convolutions", dropped("groups"), _TRANSPOSED),
    Rule("filters of depthwise layers", dropped("filters"), ("DepthwiseConv1D", "DepthwiseConv2D")),
    Rule("kernel of depthwise layers", dropped(*_KERNEL), _DEPTHWISE),
    Rule("kind of random numbers", dropped("rng_type", "force_generator"), before=None),
    Rule("noise_shape", dropped("noise_shape"), _SPATIAL_DROPOUT, before=None),
    Rule("axis in a list", _axis, ("BatchNormalization",), before=None),
    Rule("mode", dropped("mode", unless=(1, 2)), ("BatchNormalization",)),
    Rule("fused", dropped(*_WAYS_TO_COMPUTE), _NORMALIZATION),
    Rule("renorm", _renorm, _NORMALIZATION),
    Rule("numbers as arrays", _numbers_as_arrays, ("LeakyReLU", "ReLU", "ELU")),
    Rule("alpha of LeakyReLU", renamed("alpha", "negative_slope"), ("LeakyReLU",), before=None),
    Rule("input_length", _embedding_inputs, ("Embedding",)),
    Rule("shapes of attention", dropped("query_shape", "key_shape", "value_shape"), ("MultiHeadAttention",)),
    Rule("causal", dropped("causal", unless=(True,)), ("Attention", "AdditiveAttention")),
    Rule("activations", old_activations, before=None),
    Rule("initializers and penalties", initializers_and_penalties, before=None),
)  # fmt: skip
"""All rules, in the order in which they are applied."""

_INNER = ("layer", "backward_layer", "forward_layer", "cell")


def modernized(
    class_name: str, arguments: dict[str, ValueNode], origin: Origin, line: int | None, own: Callable[[str], bool]
) -> Entry:
    """Return a layer in the words of Keras 3, together with the layers inside it.

    Args:
        class_name: its class.
        arguments: its arguments.
        origin: which Keras wrote them.
        line: where it stands.
        own: whether a class of this name is registered; its arguments are its user's, and stay as they are.
    """
    entry = Entry(class_name, dict(arguments), origin, line)
    if own(entry.class_name):
        return entry
    if origin.is_old:
        entry.class_name = CLASSES.get(entry.class_name, entry.class_name)
    for rule in RULES:
        if rule.fits(entry):
            rule.apply(entry)
    for key in _INNER:
        inner = entry.arguments.get(key)
        if isinstance(inner, Mapping):
            entry.arguments[key] = _modernized_node(inner, entry, own)
        elif isinstance(inner, Sequence):
            entry.arguments[key] = _modernized_list(inner, entry, own)
    for key in ("cells", "layers"):
        cells = entry.arguments.get(key)
        if isinstance(cells, Sequence):
            entry.arguments[key] = _modernized_list(cells, entry, own)
    return entry


def _modernized_list(node: Sequence, outer: Entry, own: Callable[[str], bool]) -> Sequence:
    items = (_modernized_node(item, outer, own) if isinstance(item, Mapping) else item for item in node.items)
    return replace(node, items=tuple(items))


def _modernized_node(node: Mapping, outer: Entry, own: Callable[[str], bool]) -> Mapping:
    """Return an inner layer, a mapping of class_name and config, in the words of Keras 3."""
    class_name, config = node.text("class_name"), node.entries.get("config")
    if class_name is None or not isinstance(config, Mapping):
        return node
    inner = modernized(class_name, dict(config.entries), outer.origin, node.line, own)
    outer.problems += inner.problems
    outer.notes += inner.notes
    outer.shared_notes += inner.shared_notes
    entries = {
        **node.entries,
        "class_name": Scalar(line=node.line, value=inner.class_name),
        "config": replace(config, entries=inner.arguments),
    }
    return replace(node, entries=entries)
