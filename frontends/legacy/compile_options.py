"""Optimizers, losses and metrics of older files in the words of Keras 3."""

from __future__ import annotations

from dataclasses import replace

from frontends.legacy.entry import unregistered
from frontends.legacy.values import number
from frontends.nodes import Mapping, Scalar, Sequence, ValueNode, from_plain
from frontends.origin import KERAS_2, Origin, is_null
from nnc.identity import ObjectIdentity
from nnc.losses import LOSSES

_ONLY_OLD = ("decay", "is_legacy_optimizer", "jit_compile", "schedule_decay", "lr")
"""Arguments of optimizers that Keras 3 does not have."""
_WRAPPERS = ("MeanMetricWrapper", "SumOverBatchSizeMetricWrapper", "LossFunctionWrapper")
_KEYS = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")


def compile_options(config: Mapping, origin: Origin) -> Mapping:
    """Return what `Model.compile` is given, from ``training_config`` of an HDF5 file or from ``compile_config``.

    Args:
        config: the file's.
        origin: which Keras wrote it.
    """
    entries = dict(config.entries)
    if "optimizer_config" in entries:
        entries["optimizer"] = entries.pop("optimizer_config")
    found = {key: entries[key] for key in _KEYS if key in entries and not is_null(entries[key])}
    if "optimizer" in found:
        found["optimizer"] = without_loss_scale(found["optimizer"])
    if origin.is_old:
        if "optimizer" in found:
            found["optimizer"] = optimizer(found["optimizer"], origin)
        for key in ("loss", "metrics", "weighted_metrics"):
            if key in found:
                found[key] = measures(found[key])
    return Mapping(line=config.line, entries=found)


def without_loss_scale(node: ValueNode) -> ValueNode:
    """Return the optimizer inside a `LossScaleOptimizer`; any other is returned as it is.

    Keras puts one around optimizers of models in float16, whose gradients underflow; in float32 a loss scale, which
    is a power of two that gradients are divided by again, changes nothing.
    """
    config = node.entries.get("config") if isinstance(node, Mapping) else None
    if not isinstance(node, Mapping) or not isinstance(config, Mapping):
        return node
    is_scaled = (node.text("class_name") or "").startswith("LossScaleOptimizer")  # V3 and V1, too, in Keras 2
    return config.entries.get("inner_optimizer", node) if is_scaled else node


def optimizer(node: ValueNode, origin: Origin = KERAS_2) -> ValueNode:
    """Return an optimizer's config of Keras 2 in the words of Keras 3.

    >>> optimizer(from_plain({"class_name": "Custom>SGD", "config": {"lr": 0.1, "decay": 0.0}})).plain()
    {'class_name': 'SGD', 'config': {'learning_rate': 0.1}}
    """
    config = node.entries.get("config") if isinstance(node, Mapping) else None
    if not isinstance(node, Mapping) or not isinstance(config, Mapping):
        return node
    entries = {key: item for key, item in config.entries.items() if key not in _ONLY_OLD and not is_null(item)}
    rate = config.entries.get("learning_rate") or config.entries.get("lr")
    decay = number(config.entries.get("decay"))
    if rate is not None and not is_null(rate):
        entries["learning_rate"] = rate
    if decay and number(rate) is not None:  # Keras 2 divides the rate by 1 + decay · steps
        arguments = {"initial_learning_rate": number(rate), "decay_steps": 1, "decay_rate": decay}
        entries["learning_rate"] = from_plain({"class_name": "InverseTimeDecay", "config": arguments})
    if entries.get("weight_decay") is not None and entries["weight_decay"].plain() is False:
        del entries["weight_decay"]
    node = unregistered(node, origin)
    name = Scalar(line=node.line, value=(node.text("class_name") or "").removeprefix("Experimental"))
    return replace(node, entries={**node.entries, "class_name": name, "config": replace(config, entries=entries)})


def measures(node: ValueNode) -> ValueNode:
    """Return losses or metrics of Keras 2, alone or in lists and mappings, in the words of Keras 3."""
    if isinstance(node, Sequence):
        return replace(node, items=tuple(measures(item) for item in node.items))
    if not isinstance(node, Mapping):
        return node
    config = node.entries.get("config")
    if "class_name" not in node.entries or not isinstance(config, Mapping):
        return replace(node, entries={key: measures(item) for key, item in node.entries.items()})
    if node.text("class_name") in _WRAPPERS:
        function = config.entries.get("fn")
        name = config.text("name")
        if name in ("accuracy", "acc"):
            return Scalar(line=node.line, value=name)
        if isinstance(function, Scalar) and not ObjectIdentity(str(function.value), is_function=True).is_keras:
            entries = {"class_name": Scalar(line=node.line, value="function"), "config": function}
            return Mapping(line=node.line, entries=entries)
        return function or node
    kept = {key: item for key, item in config.entries.items() if key not in ("axis", "fn") or not is_null(item)}
    if _is_own_function(node.text("class_name"), kept.get("fn")):
        del kept["fn"]
    reduction = config.text("reduction")
    if reduction == "auto":
        kept["reduction"] = Scalar(line=config.line, value="sum_over_batch_size")
    return replace(node, entries={**node.entries, "config": replace(config, entries=kept)})


def _is_own_function(class_name: str | None, function: ValueNode | None) -> bool:
    """Return whether a loss names the function that its class computes anyway."""
    if isinstance(function, Mapping):
        function = function.entries.get("config")
    name = function.value if isinstance(function, Scalar) else None
    known = LOSSES.get(str(class_name))
    return known is not None and LOSSES.get(str(name)) is known
