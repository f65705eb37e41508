"""Names of Keras's that nnc does not have, each with the reason and what to do instead."""

from __future__ import annotations

from fnmatch import fnmatchcase

_QUANTIZED = "nnc trains no quantized layers; it reads those that Keras has quantized to int8"
_SEVERAL_MACHINES = "train on several processes with model.fit(…, distribute='mpi')"
_SPECTROGRAMS = "nnc has no layers for audio; write nnc.ops.stft in a layer's call"
_OTHER_FRAMEWORK = "code of other frameworks is no part of a static graph; write the layer for nnc"
_OLD_FILES = "this is the form of Keras 2; nnc.saving has that of Keras 3, and .h5 files are read"
_COMPLEX = "there are no complex numbers in a graph"
_BACKWARDS = "derivatives are computed backwards; use nnc.GradientTape"
_LABELS = "use nnc.losses.CTC or nnc.ops.ctc_loss"
_WEIGHT = "use a layer's add_weight()"
_ASSIGN = "use assign() of the weight"
_SCALED_LOSS = "nnc computes in float32, which needs no scaled loss; use the optimizer inside"
_PAD = "write nnc.ops.pad, or use a layer ZeroPadding"
REASONS = {
    # the top
    "Function": "wire layers to a model, nnc.Model(inputs, outputs)",
    "Operation": "write a function of nnc.ops, or subclass nnc.Layer",
    "Quantizer": _QUANTIZED,
    "RematScope": "what is kept of a step is the plan's choice",
    "StatelessScope": "a compiled model has its state in a program; see nnc.Program",
    "SymbolicScope": "call layers on nnc.Input",
    # backend
    **dict.fromkeys(("backend.foldl", "backend.foldr"), "write nnc.ops.scan"),
    **dict.fromkeys(
        ("backend.ctc_batch_cost", "backend.ctc_decode", "backend.ctc_label_dense_to_sparse"),
        _LABELS,
    ),
    **dict.fromkeys(("backend.*_variable", "backend.variable"), _WEIGHT),
    **dict.fromkeys(("backend.is_sparse", "backend.to_dense"), "there are no sparse tensors"),
    **dict.fromkeys(("backend.moving_average_update", "backend.update", "backend.update_*"), _ASSIGN),
    **dict.fromkeys(("backend.pool2d", "backend.pool3d"), "write nnc.ops.max_pool or nnc.ops.average_pool"),
    **dict.fromkeys(("backend.conv1d", "backend.conv2d", "backend.conv3d"), "write nnc.ops.conv"),
    "backend.resize_*": "write nnc.ops.image.resize, or nnc.ops.repeat",
    "backend.batch_dot": "write nnc.ops.einsum, or use nnc.layers.Dot",
    "backend.batch_normalization": "use nnc.layers.BatchNormalization",
    "backend.bias_add": "write x + bias",
    "backend.binary_focal_crossentropy": "use nnc.losses.binary_focal_crossentropy",
    "backend.categorical_focal_crossentropy": "use nnc.losses.categorical_focal_crossentropy",
    "backend.conv2d_transpose": "write nnc.ops.conv_transpose",
    "backend.depthwise_conv2d": "write nnc.ops.depthwise_conv",
    "backend.dropout": "use nnc.layers.Dropout, or nnc.random.dropout",
    "backend.gradients": "use nnc.GradientTape, or a layer's backward()",
    "backend.in_top_k": "write nnc.ops.in_top_k",
    "backend.map_fn": "write nnc.ops.map",
    "backend.name_scope": "use nnc.name_scope",
    "backend.random_bernoulli": "write nnc.random.uniform(shape) < p",
    "backend.rnn": "use nnc.layers.RNN",
    "backend.separable_conv2d": "write nnc.ops.separable_conv",
    **dict.fromkeys(("backend.spatial_2d_padding", "backend.spatial_3d_padding", "backend.temporal_padding"), _PAD),
    # callbacks
    "callbacks.OrbaxCheckpoint": "use nnc.callbacks.ModelCheckpoint or nnc.callbacks.BackupAndRestore",
    "callbacks.ProgbarLogger": "fit shows its progress by itself; verbose says how",
    "callbacks.RemoteMonitor": "send what on_epoch_end of a callback of your own is given",
    # dtype_policies, mixed_precision
    "dtype_policies.DTypePolicyMap": "give layers their dtype",
    **dict.fromkeys(
        (
            "dtype_policies.AWQDTypePolicy",
            "dtype_policies.GPTQDTypePolicy",
            "dtype_policies.Int4DTypePolicy",
            "dtype_policies.Quantized*",
        ),
        _QUANTIZED,
    ),
    "mixed_precision.LossScaleOptimizer": _SCALED_LOSS,
    # initializers, layers
    "initializers.[Ss][Tt][Ff][Tt]*": _SPECTROGRAMS,
    "layers.*Spectrogram": _SPECTROGRAMS,
    **dict.fromkeys(
        ("layers.FlaxLayer", "layers.JaxLayer", "layers.TFSMLayer", "layers.TorchModuleWrapper"), _OTHER_FRAMEWORK
    ),
    **dict.fromkeys(("layers.RandomHeight", "layers.RandomWidth"), "batches have one size; use nnc.layers.RandomZoom"),
    "layers.ThresholdedReLU": "use nnc.layers.ReLU(threshold=theta) or nnc.ops.threshold",
    # ops
    **dict.fromkeys(("ops.ctc_decode", "ops.nn.ctc_decode"), "beam search keeps as many candidates as the numbers say"),
    "ops.custom_gradient": "a derivative is a rule of an operation; see the guide to your own op",
    "ops.image.elastic_transform": "it draws random numbers, of which nnc has others",
    **dict.fromkeys(("ops.jvp", "ops.linalg.jvp"), _BACKWARDS),
    **dict.fromkeys(("ops.linalg.lu_factor", "ops.lu_factor"), "NumPy has no such decomposition; use nnc.ops.solve"),
    **dict.fromkeys(("ops.nn.polar", "ops.polar", "ops.view_as_complex", "ops.view_as_real"), _COMPLEX),
    "ops.rearrange": "use reshape and transpose",
    **dict.fromkeys(
        ("ops.numpy.vectorize", "ops.vectorize"),
        "use vectorized_map, or functions of nnc.ops, which work on all elements",
    ),
    # optimizers, saving, utils
    "optimizers.LossScaleOptimizer": _SCALED_LOSS,
    **dict.fromkeys(
        ("optimizers.MultiOptimizer", "optimizers.OptimizerMap"),
        "apply several optimizers in a train_step of your own; see the guide to own training steps",
    ),
    "optimizers.legacy": "use nnc.optimizers",
    "optimizers.legacy.*": "Keras 3 refuses these as well; use nnc.optimizers",
    "saving.KerasFileEditor": "read a file with nnc.models.load_model, and change the model",
    "utils.audio_dataset_from_directory": "nnc has nothing for audio; read the files with SciPy or soundfile",
    # rooms
    "distillation*": "write a train_step of your own; see the guide to own training steps",
    "distribution*": _SEVERAL_MACHINES,
    "export*": "nnc exports C and Python: nnc export",
    **dict.fromkeys(("legacy*", "utils.legacy*"), _OLD_FILES),
    "quantizers*": _QUANTIZED,
    **dict.fromkeys(
        ("visualization.draw_bounding_boxes", "visualization.plot_bounding_box_gallery"),
        "Keras draws these with OpenCV; use Matplotlib's Rectangle, or cv2.rectangle",
    ),
}
"""By names below ``keras``, or patterns of them, of which the first counts."""


_ALWAYS_COMPILED = "a model is always compiled"
_OWN_STEPS = "write train_step, test_step or predict_step anew"
_STATELESS = "a compiled model has its state in a program; see nnc.Program"
_SCOPES = "keep what it saves in weights, or in get_config"
_STRATEGIES = "several processes train with fit(…, distribute='mpi')"
MEMBERS = {
    "add_metric": "Keras 3 refuses it as well; update a metric in call, or give it to compile",
    "add_variable": "use add_weight()",
    "build_from_config": "build it by a shape, or call it",
    **dict.fromkeys(("compiled_loss", "compiled_metrics"), "use compute_loss() and metrics"),
    **dict.fromkeys(("distribute_reduction_method", "distribute_strategy"), _STRATEGIES),
    "export": "save a program, model.save('FILE.nnc'), which needs NumPy alone, or export C or Python: nnc export",
    "get_build_config": "a layer is built by the shapes of what it is called on",
    **dict.fromkeys(("get_state_tree", "set_state_tree"), "use get_weights(), set_weights() and optimizer.variables"),
    "jit_compile": _ALWAYS_COMPILED,
    **dict.fromkeys(("load_own_variables", "save_own_variables"), _SCOPES),
    **dict.fromkeys(("make_predict_function", "make_test_function", "make_train_function"), _OWN_STEPS),
    "metrics_variables": "each of the metrics has variables",
    "path": "use name",
    "metrics": "a model has those of its layers",
    **dict.fromkeys(("get_quantization_layer_structure", "quantization_mode", "quantize"), _QUANTIZED),
    **dict.fromkeys(("enable_lora", "lora_enabled"), "nnc has no adapters that are trained beside weights"),
    **dict.fromkeys(("quantized_build", "quantized_call"), _QUANTIZED),
    "rematerialized_call": "what is kept of a step is the plan's choice",
    **dict.fromkeys(("stateless_call", "stateless_compute_loss"), _STATELESS),
    "symbolic_call": "call it on nnc.Input",
}
"""Members of Keras's layers and models that nnc's do not have, by name, with what to do instead."""


def reason_of(name: str) -> str | None:
    """Return why nnc does not have a name of Keras's and what to do instead; None where nothing is said of it.

    Args:
        name: without ``keras``, such as ``layers.JaxLayer``.

    >>> reason_of("backend.bias_add"), reason_of("layers.Dense")
    ('write x + bias', None)
    """
    return next((reason for pattern, reason in REASONS.items() if fnmatchcase(name, pattern)), None)


def check_member(owner: str, name: str) -> None:
    """Refuse a member of Keras's layers and models that nnc's do not have.

    Args:
        owner: the class of what was asked for it.
        name: the member.

    Raises:
        AttributeError: it is one of `MEMBERS`.
    """
    if reason := MEMBERS.get(name):
        raise AttributeError(f"{owner} has no {name}: {reason}")


def absence(room: str, name: str) -> AttributeError:
    """Return the error of a room that does not have a name.

    Args:
        room: the module, such as ``nnc.layers``.
        name: what was asked of it.

    >>> absence("nnc.layers", "JaxLayer").args[0][:24], absence("nnc.layers", "Densest")
    ('nnc.layers has no JaxLay', AttributeError("module 'nnc.layers' has no attribute 'Densest'"))
    """
    reason = reason_of(".".join([*room.split(".")[1:], name]))
    if reason is None:
        return AttributeError(f"module {room!r} has no attribute {name!r}")
    return AttributeError(f"{room} has no {name}: {reason}")
