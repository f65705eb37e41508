"""Which of Keras's tests are about what nnc does not mean to have, by patterns of their names, with the reason."""

from __future__ import annotations

from fnmatch import fnmatch

FOLDERS = (
    "activations",
    "callbacks",
    "constraints",
    "dtype_policies",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "random",
    "regularizers",
    "saving",
    "trainers",
    "tree",
    "utils",
    "wrappers",
)
"""Folders of ``keras/src`` whose tests are run."""
OUT_OF_SCOPE = {
    "sparse and ragged tensors": ("*sparse_tensor*", "*ragged*", "*correctness_sparse*", "*_sparse", "*with_sparse*"),
    "quantization, and adapters that are trained beside weights": (
        *("*quantiz*", "*_int8*", "*int4*", "*float8*", "*fp8*", "*gptq*", "*awq*", "*lora*", "*_qat*"),
    ),
    "policies of element types for each layer, which narrow types need": ("dtype_policies/dtype_policy_map*",),
    "narrow floating-point numbers": ("*mixed_precision*", "*float16*", "*bfloat16*", "*loss_scale*", "*autocast*"),
    "other frameworks": (
        *("*jax*", "*torch*", "*tf_data*", "*tf_dataset*", "*grain*", "*tensorflow*", "*openvino*", "*flax*"),
        *("*dtensor*", "*_tf_*", "*tfsm*"),
    ),
    "several machines in Keras's way": ("*distribution*", "*distribute*"),
    "what stands inside Keras": (
        "utils/tracking_test.py*",
        "utils/code_stats_test.py*",
        "utils/naming_test.py*",
        "utils/python_utils_test.py*",
        "utils/traceback_utils_test.py*",
        "utils/dtype_utils_test.py*",
        "utils/backend_utils_test.py*",
        "utils/module_utils_test.py*",
        "utils/io_utils_test.py*",
        "utils/summary_utils_test.py*",
        "utils/rng_utils_test.py*::*",
        "trainers/data_adapters/*",
        "trainers/epoch_iterator_test.py*",
        "trainers/compile_utils_test.py*",
        "ops/node_test.py*",
        "ops/operation_test.py*",
        "ops/operation_utils_test.py*",
        "ops/symbolic_arguments_test.py*",
        "ops/ops_test.py*",
        "layers/layer_test.py*tracking*",
        "callbacks/monitor_callback_test.py*",
        "*calculate_score*",
        "*_compute_attention*",
        "*fast_path*",
        "*fused_fallback*",
        "*legacy_load_own_variables*",
        "*call_context_arg*",
        "*context_arg_*",
        "*analyze_einsum*",
        "initializers/initializer_test.py*",
        "*stateless*",
    ),
    "element types beside those of JAX, tens of thousands of rows": (
        "ops/*::*Dtype*",
        "ops/*::*DType*",
    ),
    "other files, packages and the net": (
        "callbacks/orbax*",
        "callbacks/remote_monitor*",
        "callbacks/tensorboard*",
        "utils/file_utils_test.py*",
        "utils/audio_dataset*",
        "saving/orbax*",
        "saving/file_editor*",
    ),
    "layers out of scope, by docs/coverage.md": (
        "layers/preprocessing/stft_spectrogram*",
        "layers/preprocessing/mel_spectrogram*",
        "layers/core/lambda*",
        "layers/preprocessing/image_preprocessing/bounding_boxes/validation_test.py*",
        "*::*bounding_box*",
        "*::*bbox*",
    ),
    "running line by line": ("*run_eagerly*", "*remat*", "*jit_compile*"),
}
"""Patterns, of the path below ``keras/src`` and the name behind it, by the reason."""


def reason_of(name: str) -> str | None:
    """Return why a test is left out, None for one that is run.

    Args:
        name: such as ``layers/core/dense_test.py::DenseTest::test_dense_basics``.
    """
    for reason, patterns in OUT_OF_SCOPE.items():
        if any(fnmatch(name.lower(), pattern.lower()) for pattern in patterns):
            return reason
    return None
