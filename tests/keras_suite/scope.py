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
    "sparse and ragged tensors": (
        *("*sparse_tensor*", "*ragged*", "*correctness_sparse*", "*_sparse", "*with_sparse*"),
        *("*test_sparse_true*", "*test_hashing_sparse_*"),
        "optimizers/optimizer_sparse*",
    ),
    "quantization, and adapters that are trained beside weights": (
        *("*quantiz*", "*_int8*", "*int4*", "*float8*", "*fp8*", "*gptq*", "*awq*", "*lora*", "*_qat*"),
        "*overwrite_with_gradient*",
        "dtype_policies/dtype_policy_test.py::DTypePolicyTest::test_eq",
    ),
    "policies of element types for each layer, which narrow types need": (
        *("dtype_policies/dtype_policy_map*", "layers/*::test_dtype_policy_map"),
        "layers/layer_test.py::*::test_dtype_policy_setter",
    ),
    "narrow floating-point numbers": (
        *("*mixed_precision*", "*float16*", "*bfloat16*", "*loss_scale*", "*autocast*"),
        "dtype_policies/dtype_policy_test.py::*::test_set_dtype_policy_valid_*",
        "dtype_policies/dtype_policy_test.py::*::test_set_policy_multiple_times",
        "layers/layer_test.py::*::test_serialize_dtype",
        "layers/core/reversible_embedding_test.py::*::test_reverse_dtype",
        "layers/attention/*flash_attention*",
        *("losses/*dtype_arg*", "metrics/*dtype_arg*"),  # whose argument is bfloat16 or float16
        *("losses/loss_test.py*default_dtype*", "metrics/metric_test.py*default_dtype*"),
        "saving/serialization_lib_test.py*test_builtin_layers*",
    ),
    "other frameworks": (
        "layers/preprocessing/hashed_crossing_test.py*::test_static_shape_preserved",
        "layers/preprocessing/image_preprocessing/rand_augment_test.py*::test_graph_issue",
        *("*jax*", "*torch*", "*tf_data*", "*tf_dataset*", "*grain*", "*tensorflow*", "*openvino*", "*flax*"),
        *("*dtensor*", "*_tf_*", "*tfsm*", "utils/*static_shape_in_graph*", "utils/dataset_utils_test*", "*typespec*"),
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
        "*_context_args_*",
        "layers/preprocessing/data_layer_test.py*",
        "*analyze_einsum*",
        "initializers/initializer_test.py*",
        "*stateless*",
        "random/seed_generator_test.py*draw_seed*",
        "random/*global_seed_generator*",
        "random/seed_generator_test.py*make_default_seed*",
        "regularizers/regularizers_test.py::ValidateFloatArgTest::*",
        "layers/preprocessing/category_encoding_test.py*::test_encode_one_hot_*",
        "layers/preprocessing/image_preprocessing/random_brightness_test.py*::test_set_factor_*",
        "layers/preprocessing/image_preprocessing/random_flip_test.py*::test_random_flip_horizontal",
        "layers/preprocessing/image_preprocessing/random_flip_test.py*::test_random_flip_vertical",
        "layers/attention/*::test_initializer",
        "layers/attention/*::test_mha_constraints",
        "layers/attention/*::test_sliding_window_serialization",
        "layers/attention/*::test_causal_only_skipped_for_subclass",
        "layers/layer_test.py*::test_remove_weight",
        "layers/layer_test.py*::test_trainable_init_arg",
        "optimizers/muon_test.py*newton_schulz*",
        "optimizers/muon_test.py*lr_adjust*",
        "optimizers/muon_test.py*should_use*",
        "optimizers/muon_test.py*_single_step*",
        "optimizers/muon_test.py*_weight_decay*",
        "saving/saving_lib_test.py*io_store*",
        "saving/saving_lib_test.py*exception_raised*",
        "saving/saving_lib_test.py*shape_bomb*",
        "saving/saving_lib_test.py*incompressible*",
        "saving/saving_lib_test.py*rejects_decompression*",
        "saving/saving_lib_test.py*legacy_load_skips*",  # which reads a file that is not installed
        "saving/serialization_lib_test.py*test_shared_*",
        "optimizers/nadam_test.py*with_empty_var_list*",
        "callbacks/backup_and_restore_test.py*best_case*",  # which look at private attributes and files
        "callbacks/backup_and_restore_test.py*backup_corrupted*",
        "utils/numerical_utils_test.py*build_pos_neg_masks*",
        "losses/loss_test.py*squeeze_or_expand*",
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
        "layers/preprocessing/image_preprocessing/*::test_dict_input",
        "initializers/constant_initializers_test.py*stft*",
    ),
    "running line by line": (
        *("*run_eagerly*", "*remat*", "*jit_compile*", "trainers/trainer_test.py*_eager*"),
        "layers/normalization/batch_normalization_test.py::*::test_bachnorm_ignore_masked_values[012]",
    ),
    "weights in several files, and models as folders, which nnc does not write": (
        *("saving/*shard*", "saving/*save_unzipped*"),
    ),
    "code that stands in files, which nnc never runs": (*("saving/*lambda*", "saving/*safe_mode*"),),
    "data with NaN or infinity, which nnc refuses before it trains on them": (
        *(
            "callbacks/terminate_on_nan_test.py*test_raise_error_*",
            "callbacks/terminate_on_nan_test.py*test_terminate_on_nan_*",
        ),
    ),
}
"""Patterns, of the path below ``keras/src`` and the name behind it, by the reason."""


def reason_of(name: str) -> str | None:
    """Return why a test is left out, None for one that is run.

    Args:
        name: such as ``layers/core/dense_test.py::DenseTest::test_dense_basics``.
    """
    found = _match(name)
    return None if found is None else found[0]


def pattern_of(name: str) -> str | None:
    """Return the first pattern that leaves a test out, None for one that is run."""
    found = _match(name)
    return None if found is None else found[1]


def _match(name: str) -> tuple[str, str] | None:
    for reason, patterns in OUT_OF_SCOPE.items():
        for pattern in patterns:
            if fnmatch(name.lower(), pattern.lower()):
                return reason, pattern
    return None
