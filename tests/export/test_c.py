"""Programs exported to C compile without a warning, and compute, train and check themselves without nnc."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from nnc.backends.c.toolchain import find_compiler
from nnc.errors import DataError, ModelError
from nnc.export import export
from nnc.layers import (
    GRU,
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Cropping1D,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePooling2D,
    LayerNormalization,
    MultiHeadAttention,
    Permute,
    SimpleRNN,
)
from tests.compilers import STRICT, WARNINGS
from tests.export.networks import base, cnn, constants, lstm, mlp, several

OPTIMISED = (*STRICT, "-O2")
SANITIZED = ("-std=c99", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
EMPTY = {"PATH": "/usr/bin:/bin"}

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler")


def normalised() -> nnc.Model:
    """Return a network whose batch normalisation has seen data."""
    layers = [nnc.Input((6,)), Dense(8, use_bias=False), BatchNormalization(), Dense(3, "softmax")]
    model = nnc.Sequential(layers, name="normalised")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = numpy.random.default_rng(1).normal(1, 2, (64, 6))
    model.fit(x, numpy.arange(64) % 3, epochs=2, verbose=0)
    return model


def residual() -> nnc.Model:
    """Return a deep network in which rounding grows while it is trained."""
    x = image = nnc.Input((8, 8, 3))
    for _ in range(3):
        y = BatchNormalization()(Conv2D(8, 3, padding="same", use_bias=False)(x))
        y = BatchNormalization()(Conv2D(3, 3, padding="same", use_bias=False)(Activation("relu")(y)))
        x = Activation("relu")(Add()([x, y]))
    model = nnc.Model(image, Dense(4, "softmax")(GlobalAveragePooling2D()(x)), name="residual")
    model.compile(nnc.optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def wide() -> nnc.Model:
    """Return a network with weights that programs would pack."""
    layers = [nnc.Input((7, 9, 16)), Conv2D(32, 3, padding="same", activation="relu"), GlobalAveragePooling2D()]
    model = nnc.Sequential([*layers, Dense(160, "relu"), Dense(40)], name="wide")
    model.compile("sgd", "mse")
    return model


def large() -> nnc.Model:
    """Return a network with products and loops that are divided among threads."""
    model = nnc.Sequential([nnc.Input((90,)), Dense(600), LayerNormalization(), Dense(8)], name="large")
    model.compile("sgd", "mse")
    return model


def attention() -> nnc.Model:
    """Return a network with attention, and a metric that is not a mean."""
    x = sequence = nnc.Input((6, 8))
    x = LayerNormalization()(Add()([x, MultiHeadAttention(2, 4)(x, x)]))
    model = nnc.Model(sequence, Dense(1, "sigmoid")(Flatten()(x)), name="attention")
    model.compile("adamw", "binary_crossentropy", metrics=["accuracy", "AUC"])
    return model


def averaged() -> nnc.Model:
    """Return a network with moving averages of its weights."""
    model = nnc.Sequential([nnc.Input((4,)), Dense(5, "tanh"), LayerNormalization(), Dense(2)], name="averaged")
    model.compile(nnc.optimizers.SGD(0.01, momentum=0.9, use_ema=True), "mse", metrics=["mae"])
    return model


def variable() -> nnc.Model:
    """Return a network with a length that is known at run time only."""
    model = nnc.Sequential([nnc.Input((None, 5)), GRU(8, return_sequences=True), Dense(2)], name="variable")
    model.compile("adam", "mse")
    return model


def table() -> nnc.Model:
    """Return a network with a table of rows."""
    layers = [nnc.Input((6,), dtype="int32"), Embedding(30, 8), Flatten(), Dense(1, "sigmoid")]
    model = nnc.Sequential(layers, name="table")
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def stateful() -> nnc.Model:
    """Return a network that keeps a state between predictions."""
    return nnc.Sequential([nnc.Input((4, 3), batch_size=3), SimpleRNN(5, stateful=True), Dense(2)], name="stateful")


def untouched() -> nnc.Model:
    """Return a network whose output is a view of its input."""
    return nnc.Sequential([nnc.Input((4, 3)), Permute((2, 1)), Cropping1D((1, 0))], name="untouched")


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program where there is no nnc."""
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=120, check=False, cwd=cwd, env=EMPTY
    )


def check(folder: Path, name: str, compiler: str = "cc", flags: tuple[str, ...] = OPTIMISED) -> str:
    """Compile an exported program and its test, run the test and return what it printed."""
    made = run(compiler, *flags, "-o", "check", f"test_{name}.c", f"{name}.c", "-lm", cwd=folder)
    assert (made.returncode, made.stderr) == (0, "")
    ran = run("./check", cwd=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.endswith("all is as recorded\n")
    return ran.stdout


def options_of(make: Callable[[], nnc.Model]) -> dict[str, Any]:
    """Return the sizes to export a network for."""
    return {"batch": 3, **({"lengths": {"time": 7}} if make is variable else {})}


PREDICTING = (base, mlp, wide, cnn, lstm, several, normalised, variable, table, stateful, untouched)
TRAINED = (base, mlp, cnn, lstm, several, normalised, averaged, variable, table, residual, attention)


@pytest.mark.parametrize("make", PREDICTING)
@pytest.mark.sampled(1)
def test_predict(make: Callable[[], nnc.Model], tmp_path: Path) -> None:
    program = make().program
    export(program, "c", tmp_path, **options_of(make))
    assert "output" in check(tmp_path, program.name)
    check(tmp_path, program.name, flags=SANITIZED)


@pytest.mark.parametrize("weights", ["source", "file"])
@pytest.mark.parametrize(
    "make", [base, mlp, cnn, lstm, several, normalised, averaged, variable, table, residual, attention]
)
@pytest.mark.slow
def test_train(make: Callable[[], nnc.Model], weights: str, tmp_path: Path) -> None:
    program = make().program
    export(program, "c", tmp_path, train=True, weights=weights, **options_of(make))
    printed = check(tmp_path, program.name, flags=OPTIMISED if weights == "source" else SANITIZED)
    for what in ("output", "losses", "metric loss", "@parameters", "output after training"):
        assert f"same   {what}" in printed, printed


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("flags", [("-std=c99", "-Os"), ("-std=c99", "-O3", "-fopenmp-simd", "-DNNC_OPENMP_SIMD")])
@pytest.mark.slow
def test_other_flags(compiler: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    export(mlp().program, "c", tmp_path, train=True, batch=3)
    check(tmp_path, "mlp", compiler, (*flags, *WARNINGS))


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.slow
def test_threads(compiler: str, tmp_path: Path) -> None:
    export(large().program, "c", tmp_path, train=True, batch=500, weights="source")
    text = (tmp_path / "large.c").read_text()
    assert "NNC_OMP(parallel for num_threads(nnc_busy(blocks, members)))" in text
    assert "NNC_OMP(parallel for num_threads(nnc_members(batch, 600 * batch, 32768)))" in text
    check(tmp_path, "large", compiler)
    (tmp_path / "probe.c").write_text("#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n")
    if run(compiler, "-fopenmp", "probe.c", cwd=tmp_path).returncode != 0:
        pytest.skip("the compiler has no OpenMP library")
    check(tmp_path, "large", compiler, (*OPTIMISED, "-fopenmp"))


class Library:
    """An exported program in this process.

    Args:
        folder: where it is.
        name: what its names begin with.
    """

    def __init__(self, folder: Path, name: str) -> None:
        made = run("cc", "-std=c99", "-O1", "-shared", "-fPIC", "-o", "lib.so", f"{name}.c", "-lm", cwd=folder)
        assert made.returncode == 0, made.stderr
        self.name, self.functions = name, ctypes.CDLL(str(folder / "lib.so"))
        header = (folder / f"{name}.h").read_text()
        self.sizes = {key: int(size) for key, size in re.findall(rf"#define {name.upper()}_(\w+) (\d+)", header)}
        self.arena = numpy.zeros(self.sizes["ARENA_BYTES"] // 8 + 1, "int64")
        self.state = numpy.zeros(self.sizes.get("STATE_BYTES", 0) // 8 + 1, "int64")

    def call(self, function: str, *arguments: Any, returns: Any = None) -> Any:
        """Call a function with arrays and numbers."""
        found = self.functions[f"{self.name}_{function}"]
        found.restype = returns
        return found(*(ctypes.c_void_p(a.ctypes.data) if isinstance(a, numpy.ndarray) else a for a in arguments))


def test_other_data_as_the_program_computes_it(tmp_path: Path) -> None:
    model = normalised()
    program = model.program
    before = {label: array.copy() for label, array in program.states.items()}
    export(program, "c", tmp_path, train=True, batch=5)
    assert all(numpy.array_equal(array, before[label]) for label, array in program.states.items())
    library = Library(tmp_path, "normalised")
    library.call("init", library.state)
    generator = numpy.random.default_rng(3)
    program.reset_metrics()
    for step in range(6):
        x = generator.normal(1, 2, (5, 6)).astype("float32")
        y = generator.integers(0, 3, (5, 1)).astype(program.spec.targets[0].dtype)
        found = numpy.zeros((5, 3), "float32")
        library.call("predict", x, found, library.arena, library.state)
        numpy.testing.assert_allclose(found, program.predict(x), rtol=1e-5, atol=1e-6)
        if step == 3:
            library.call("set_learning_rate", library.state, ctypes.c_float(0.02))
            program.optimizer.learning_rate = 0.02
        loss = library.call("train", x, y, library.arena, library.state, returns=ctypes.c_float)
        assert loss == pytest.approx(program.train_step(x, y), rel=1e-5)
    metrics = numpy.zeros(library.sizes["METRICS"], "float32")
    library.call("metrics", library.state, metrics)
    numpy.testing.assert_allclose(metrics, list(program.metric_values().values()), rtol=1e-5)
    library.call("reset_metrics", library.state)
    library.call("metrics", library.state, metrics)
    assert numpy.isnan(metrics).all()


def test_averages_are_taken_over(tmp_path: Path) -> None:
    program = averaged().program
    export(program, "c", tmp_path, train=True, batch=4)
    library = Library(tmp_path, "averaged")
    library.call("init", library.state)
    x, y = numpy.random.default_rng(0).normal(size=(2, 4, 4)).astype("float32")
    target, found = numpy.ascontiguousarray(y[:, :2]), numpy.zeros((4, 2), "float32")
    for _ in range(3):
        library.call("train", x, target, library.arena, library.state, returns=ctypes.c_float)
        program.train_step(x, target)
    library.call("take_averages", library.state)
    program.take_averages()
    library.call("predict", x, found, library.arena, library.state)
    numpy.testing.assert_allclose(found, program.predict(x), rtol=1e-5, atol=1e-6)


def test_rows_that_a_table_lacks(tmp_path: Path) -> None:
    export(table().program, "c", tmp_path, train=True, batch=2)
    library = Library(tmp_path, "table")
    library.call("init", library.state)
    x, y = numpy.full((2, 6), 29, "int32"), numpy.ones((2, 1), "float32")
    found = numpy.zeros((2, 1), "float32")
    assert library.call("predict", x, found, library.arena, library.state, returns=ctypes.c_int) == 0
    assert library.call("train", x, y, library.arena, library.state, returns=ctypes.c_float) > 0
    x[1, 3] = 30
    assert library.call("predict", x, found, library.arena, library.state, returns=ctypes.c_int) == 1
    assert numpy.isnan(library.call("train", x, y, library.arena, library.state, returns=ctypes.c_float))


def test_the_test_fails_where_numbers_differ(tmp_path: Path) -> None:
    export(base().program, "c", tmp_path, batch=3)
    source = tmp_path / "base.c"
    text = source.read_text()
    changed = re.sub(r"(= \{\n    )-?[0-9.]+f", r"\g<1>0.25f", text, count=1)
    assert changed != text
    source.write_text(changed)
    assert run("cc", "-o", "check", "test_base.c", "base.c", "-lm", cwd=tmp_path).returncode == 0
    ran = run("./check", cwd=tmp_path)
    assert ran.returncode != 0
    assert "DIFFER output" in ran.stdout


def test_the_makefile_checks(tmp_path: Path) -> None:
    if shutil.which("make") is None:
        pytest.skip("there is no make")
    export(base().program, "c", tmp_path, train=True, batch=3)
    assert run("make", "-f", "base.mk", "check", cwd=tmp_path).stdout.endswith("all is as recorded\n")


@pytest.mark.slow
def test_nothing_is_allocated_and_no_global_is_written(tmp_path: Path) -> None:
    export(lstm().program, "c", tmp_path, train=True, weights="file", batch=3)
    assert run("cc", "-std=c99", "-O2", "-c", "lstm.c", cwd=tmp_path).returncode == 0
    symbols = [line.split()[-2:] for line in run("nm", "lstm.o", cwd=tmp_path).stdout.splitlines()]
    assert symbols
    assert not {name for kind, name in symbols if kind in "bBdDcC"}
    allowed = {"memcpy", "memset", "memmove", "memcmp", "fabs", "fabsf", "sqrt", "sqrtf", "floor", "floorf"}
    assert {name for kind, name in symbols if kind == "U"} - allowed <= {"__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}


def test_two_programs_in_one_and_one_arena_for_both(tmp_path: Path) -> None:
    export(base().program, "c", tmp_path, batch=1)
    export(base().program, "c", tmp_path, batch=1, train=True, name="other")
    main = """\
#include "base.h"
#include "other.h"
int main(void)
{
    static int64_t arena[(BASE_ARENA_BYTES + OTHER_ARENA_BYTES) / 8], state[(OTHER_STATE_BYTES + 7) / 8];
    const float x[BASE_X_SIZE] = {1, 0}, y[OTHER_Y_SIZE] = {1};
    float first[BASE_OUTPUT_SIZE], second[OTHER_OUTPUT_SIZE];
    other_init(state);
    base_predict(x, first, arena);
    for (int i = 0; i < 20; i++) {
        other_train(x, y, arena, state);
    }
    other_predict(x, second, arena, state);
    return second[0] > first[0] ? 0 : 1;
}
"""
    (tmp_path / "main.c").write_text(main)
    made = run("cc", *OPTIMISED, "-o", "main", "main.c", "base.c", "other.c", "-lm", cwd=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    assert run("./main", cwd=tmp_path).returncode == 0


def test_the_file_of_weights_is_checked(tmp_path: Path) -> None:
    export(base().program, "c", tmp_path, train=True, weights="file", batch=3)
    library = Library(tmp_path, "base")
    good = numpy.frombuffer((tmp_path / "base.weights").read_bytes(), "uint8").copy()
    assert good.size == library.sizes["FILE_BYTES"]

    def load(data: Any, size: int) -> int:
        return int(library.call("init", library.state, data, ctypes.c_size_t(size), returns=ctypes.c_int))

    def changed(position: int) -> Any:
        data = good.copy()
        data[position] ^= 1
        return data

    assert load(good, good.size) == 0
    cut_off, no_weights, other_version, other_program, damaged = range(1, 6)
    assert [load(good, size) for size in (0, 31, 32, good.size - 1, good.size + 1)] == [cut_off] * 5
    found = [load(changed(position), good.size) for position in (0, 4, 8, 12, 16, 32, good.size - 1)]
    assert found == [no_weights, other_version, other_program, other_program, damaged, damaged, damaged]
    room = numpy.zeros(max(library.sizes["FILE_BYTES"], library.sizes["STATE_BYTES"]), "uint8")
    room[: good.size] = good
    library.call("init", library.state, good, ctypes.c_size_t(good.size))
    assert library.call("init", room, room, ctypes.c_size_t(good.size), returns=ctypes.c_int) == 0
    size = library.sizes["STATE_BYTES"]
    assert room[:size].tobytes() == library.state.tobytes()[:size]


def test_each_block_is_under_its_line_of_the_graph(tmp_path: Path) -> None:
    program = base().program
    export(program, "c", tmp_path, train=True, batch=3)
    text = (tmp_path / "base.c").read_text()
    assert "nnc_run" not in text
    assert "run->" not in text
    assert "/* %dense = fusion.dense_sigmoid(" in text
    assert "enum { batch = 3 };" in text


def test_names(tmp_path: Path) -> None:
    model = nnc.Sequential([nnc.Input((2,)), Dense(1)], name="my-model")
    written = export(model.program, "c", tmp_path, batch=2)
    assert [path.name for path in written] == ["my_model.h", "my_model.c", "test_my_model.c", "my_model.mk"]
    check(tmp_path, "my_model")
    export(model.program, "c", tmp_path, batch=2, name="Other")
    check(tmp_path, "Other")
    export(model.program, "c", tmp_path, name="first")  # which is a variable of a kernel, and no part of a name
    assert "first_predict(" in (tmp_path / "first.h").read_text()
    for name in ("2x", "a b", "ä", "nnc_x", "NNC", "", "x" * 101):
        with pytest.raises(ModelError, match=r"^name must be one that C allows"):
            export(model.program, "c", tmp_path, name=name)


def test_names_that_mean_something_in_c(tmp_path: Path) -> None:
    layers = [nnc.Input((2,)), Dense(3, name="end*"), BatchNormalization(name='"%s\\'), Dense(1, name="??'")]
    model = nnc.Sequential(layers, name="int")
    model.compile("sgd", "mse", metrics=["mae"])
    export(model.program, "c", tmp_path, train=True, batch=3)
    assert '@"%s\\/moving_mean' in check(tmp_path, "int")


def test_constants_keep_their_bits(tmp_path: Path) -> None:
    export(constants(), "c", tmp_path, batch=2)
    check(tmp_path, "constants")


def test_lengths(tmp_path: Path) -> None:
    program = variable().program
    with pytest.raises(ModelError, match=r"known at run time: time; .* give --lengths time=32$"):
        export(program, "c", tmp_path)
    with pytest.raises(ModelError, match=r"^model 'variable' has no run-time length 'tim'; it has time\. Did you mean"):
        export(program, "c", tmp_path, lengths={"tim": 3})
    with pytest.raises(ModelError, match=r"^time must be a whole number of at least 1, got 0$"):
        export(program, "c", tmp_path, lengths={"time": 0})
    assert not list(tmp_path.iterdir())


def test_only_own_files_are_overwritten(tmp_path: Path) -> None:
    program = base().program
    folder = tmp_path / "new" / "folder"
    export(program, "c", folder, batch=2, weights="file")
    export(program, "c", folder, batch=3, weights="file")
    check(folder, "base")
    (folder / "base.h").write_text("mine\n")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(DataError, match=r"base\.h: exists, and no export wrote it; move it"):
        export(program, "c", folder, batch=4)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    with pytest.raises(DataError, match="it is a file; C source goes into a folder"):
        export(program, "c", folder / "base.h")


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    model = nnc.Sequential([nnc.Input((2,)), Dense(1)], name="m")
    with pytest.raises(ModelError, match=r"^program 'm' only predicts: compile the model with a loss"):
        export(model.program, "c", tmp_path, train=True)
    with pytest.raises(ModelError, match=r"^weights must be 'source' or 'file', got 'disk'$"):
        export(model.program, "c", tmp_path, weights="disk")
    with pytest.raises(ModelError, match="needs more than 2 GiB of memory"):
        export(nnc.Sequential([nnc.Input((2**20,)), Dense(1)], name="m").program, "c", tmp_path, batch=2**12)
    assert not list(tmp_path.iterdir())


def test_a_single_type_of_elements(tmp_path: Path) -> None:
    export(nnc.compile(base(), dtype="float64"), "c", tmp_path, train=True, batch=3)
    assert "double base_train(const double *x, const double *y" in (tmp_path / "base.h").read_text()
    check(tmp_path, "base")
