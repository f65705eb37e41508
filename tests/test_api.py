"""What nnc offers by name, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import numpy
import pytest

import nnc


def names(text: str) -> list[str]:
    """Return words, sorted."""
    return sorted(text.split())


NAMES = names(
    """
    DTypePolicy Dataset FloatDTypePolicy GradientTape History Initializer Input InputSpec KerasTensor Layer Loss Metric
    Model Optimizer Program Regularizer Sequential Variable activations applications backend callbacks compile config
    constraints data datasets device diff dtype_policies errors function initializers inspect layers load losses
    metrics mixed_precision models name_scope ops optimizers passes preprocessing random regularizers remat render
    saving sweep tree utils version visualization
    wrappers
    """
)
MODULES = names(
    """
    activations applications backend callbacks config constraints data datasets dtype_policies errors initializers ir
    layers losses metrics mixed_precision models ops optimizers passes plan preprocessing program random regularizers
    render saving sklearn tree utils visualization wrappers
    """
)
PROGRAM = names(
    """
    COUNT EVALUATE PREDICT PROLOGUE SAMPLE_WEIGHT STEPS TOTAL TRAIN WEIGHTED ArraySpec Program ProgramSpec
    ResultSpec TargetSpec VariableSpec Version load sums_label weight_labels weights_suffixes
    """
)
METHODS = {
    nnc.Sequential: """
        add add_loss add_weight as_floating autocast backend backward blame build build_from_config build_sublayer call
        check_nan check_recorded check_single compile compile_from_config compiled compiled_outputs compute_dtype
        compute_loss compute_mask compute_metrics compute_output_shape compute_output_spec count_params default_name
        draws_seed_first dtype dtype_policy dtypes ensure_built evaluate fit forward from_config get_build_config
        get_compile_config get_config get_layer get_metrics_result get_weights given_arguments gradients head input
        input_dtype input_names input_shape input_spec is_authored is_compiled is_merging keeps_integers
        keeps_integers_of_arrays keras_class key_arguments layers load_weights loss losses lower make_compiler
        make_program measured_results metrics metrics_names name named_outputs nest_outputs nesting
        non_trainable_variables non_trainable_weights noted_arguments objective operations output output_labels
        output_names output_shape output_types own_steps parameter_table parameters pop predict predict_on_batch
        predict_step program program_results replica_options reset_metrics run_eagerly save save_parameters save_weights
        serialized_config set_default_name set_weights stepped_variables sublayers summary summary_arguments
        summary_class summary_note summary_text supports_masking takes_masks_off takes_texts test_on_batch test_step
        to_json train_on_batch train_step trainable trainable_variables trainable_weights variable_dtype variables
        weights
    """,
    nnc.Program: """
        all_states averages backend backend_text bound changed check_budget check_nan check_single checkpoint
        choices classes compilations decide deciding derived_bytes encode_texts engine evaluate explain fit
        footprint get_weights graph graph_names is_within_budget load_weights make_graph max_bytes measure
        metric_values name on_choice optimizer order_state plan predict predict_table prologue read_outputs
        replicas reset_metrics restore resume save save_weights set_weights shuffler sizes source spec step
        stop_replicas take_averages take_place train_step turn use_backend variables weights_in
    """,
}
HEAVY = (
    "rich",
    "typer",
    "networkx",
    "yaml",
    "graphviz",
    "h5py",
    "tensorflow",
    "keras",
    "scipy",
    "pandas",
    "typing_extensions",
)


def test_public_names():
    assert sorted(nnc.__all__) == NAMES
    assert sorted(nnc._MODULES) == MODULES
    assert set(NAMES) | set(MODULES) <= set(dir(nnc))
    assert sorted(nnc.program.__all__) == PROGRAM
    assert nnc.models.__all__ == ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


@pytest.mark.parametrize("cls", METHODS)
def test_public_methods(cls):
    found = {name for name in dir(cls) if not name.startswith("_")}
    assert sorted(found) == names(METHODS[cls])


@pytest.mark.parametrize("name", MODULES)
def test_every_listed_name_exists(name):
    module = import_module(f"nnc.{name}")
    assert getattr(nnc, name) is module
    assert module.__doc__
    for public in getattr(module, "__all__", ()):
        assert hasattr(module, public), public


@pytest.mark.parametrize("module", [nnc, nnc.layers])
def test_dir_shows_what_is_public(module):
    shown = {name for name in dir(module) if not name.startswith("_")}
    assert set(module.__all__) <= shown
    assert shown <= {*module.__all__, *(MODULES if module is nnc else ())}
    assert len(dir(module)) == len(set(dir(module)))


def test_star_import():
    namespace: dict[str, object] = {}
    exec("from nnc import *", namespace)
    assert set(NAMES) <= set(namespace)


def test_unknown_name():
    with pytest.raises(AttributeError, match=r"^module 'nnc' has no attribute 'Sequentiel'$"):
        nnc.Sequentiel  # noqa: B018


def python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_the_standard_library_only():
    code = """
import sys
before = set(sys.modules)
import nnc
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(new - set(sys.stdlib_module_names)), len(set(sys.modules) - before))
"""
    names, count = python(code).rsplit(" ", 1)
    assert names == "['nnc']"
    assert int(count) < 40


@pytest.mark.numpy_backend
def test_load_and_predict_need_numpy_only(tmp_path):
    model = nnc.Sequential([nnc.layers.Dense(2, "sigmoid", input_dim=2), nnc.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    model.save(tmp_path / "base.nnc")
    code = f"""
import sys, numpy
numpy.zeros(1)
before = set(sys.modules)
import nnc
y = nnc.load(sys.argv[1])([[0.0, 1.0]])
new = set(sys.modules) - before
print(y[0, 0], [name for name in {HEAVY} if name in new])
print(sorted({{name.partition(".")[0] for name in new}} - set(sys.stdlib_module_names)), len(new))
nnc.load(sys.argv[1]).predict(numpy.zeros((3, 2), "float32"))
print("nnc.callbacks" in sys.modules)
"""
    result, rest, has_callbacks = python(code, str(tmp_path / "base.nnc")).splitlines()
    assert has_callbacks == "False"
    number, loaded = result.split(" ", 1)
    assert float(number) == pytest.approx(float(model.predict(numpy.array([[0.0, 1.0]]))[0, 0]))
    assert loaded == "[]"
    packages, count = rest.rsplit(" ", 1)
    assert packages == "['nnc']"
    # 123: where values lie, what earlier processes have made, aligned memory and signatures of graphs came last
    assert int(count) < 124
