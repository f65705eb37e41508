"""Programs exported to Python compute, train and check themselves where there is no nnc."""

from __future__ import annotations

import ast

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError
from nnc.export import export
from nnc.export.expressions import InexpressibleError
from nnc.layers import Dense, Embedding, GlobalAveragePooling1D, SimpleRNN
from tests.export.networks import NETWORKS, RUN, base, constants, mlp, python, several

pytestmark = pytest.mark.numpy_backend  # exported files have its bits
BATCH = 16
SIZES = (16, 1, 5, 16, 3)
"""Rows of the batches that are trained on."""
USE = """
import model, numpy
def arrays(kind, archive):
    found = [archive[name] for name in archive.files if name.startswith(kind + "_")]
    return found[0] if len(found) == 1 else found
def first(data, start, stop):
    return [array[start:stop] for array in data] if isinstance(data, list) else data[start:stop]
with numpy.load("expected.npz") as archive:
    x, y = arrays("x", archive), arrays("y", archive)
    def compare(name):
        found = model.predict(x)
        for number, array in enumerate(found if isinstance(found, list) else [found]):
            numpy.testing.assert_allclose(array, archive[f"{name}_{number}"], rtol=1e-6, atol=1e-7)
    compare("before")
    for size in (1, 2, 7, 16):
        one, all_rows = model.predict(first(x, 0, size)), model.predict(x)
        for a, b in zip(one, all_rows) if isinstance(one, list) else [(one, all_rows)]:
            numpy.testing.assert_allclose(a, b[:size], rtol=1e-5, atol=1e-7)
    if "losses" in archive:
        start, losses = 0, []
        for rows in archive["sizes"]:
            losses.append(model.train_step(first(x, start, start + rows), first(y, start, start + rows)))
            start += rows
        numpy.testing.assert_allclose(losses, archive["losses"], rtol=1e-6)
        compare("after")
        for path, array in model.weights().items():
            numpy.testing.assert_allclose(array, archive["weight " + path], rtol=1e-6, atol=1e-7)
        model.save()
try:
    import nnc
except ImportError:
    print("alone")
"""
REFUSED = """
import model, numpy
try:
    model.CALL
except ValueError as error:
    print(error)
"""
AGAIN = """
import model, numpy
assert model.check()
with numpy.load("expected.npz") as archive:
    x = [archive[name] for name in archive.files if name.startswith("x_")]
    found = model.predict(x[0] if len(x) == 1 else x)
    for number, array in enumerate(found if isinstance(found, list) else [found]):
        numpy.testing.assert_allclose(array, archive[f"after_{number}"], rtol=1e-6, atol=1e-7)
    assert model.STATES["optimizer/iterations"] == len(archive["sizes"])
print("as saved")
"""


def data(program: nnc.Program, rows: int) -> tuple[list, list]:
    """Return inputs and targets."""
    generator = numpy.random.default_rng(7)
    spec = program.spec
    x = [
        generator.integers(0, 2, (rows, *item.shape)).astype(item.dtype)
        if "int" in item.dtype
        else generator.normal(size=(rows, *item.shape)).astype(item.dtype)
        for item in spec.inputs
    ]
    y = [generator.integers(0, item.classes or 2, (rows, *item.shape)).astype(item.dtype) for item in spec.targets]
    return x, y


def one(arrays: list):
    """Return the only array, or all."""
    return arrays[0] if len(arrays) == 1 else arrays


def listed(found) -> list:
    """Return predictions as a list."""
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("train", [False, True])
@pytest.mark.sampled(1)
def test_an_exported_program_computes_the_same(tmp_path, network, train):
    program = network().program
    assert export(program, "python", tmp_path / "model.py", batch=BATCH, train=train) == [
        tmp_path / "model.py",
        tmp_path / "model.npz",
    ]
    x, y = data(program, sum(SIZES))
    expected = {f"x_{number}": array for number, array in enumerate(x)}
    expected |= {f"y_{number}": array for number, array in enumerate(y)}
    expected |= {f"before_{number}": array for number, array in enumerate(listed(program.predict(one(x))))}
    if train:
        starts = numpy.cumsum([0, *SIZES])
        batches = [slice(start, start + size) for start, size in zip(starts, SIZES, strict=False)]
        expected["losses"] = numpy.array(
            [program.train_step(one([a[part] for a in x]), one([a[part] for a in y])) for part in batches]
        )
        expected["sizes"] = numpy.array(SIZES)
        expected |= {f"after_{number}": array for number, array in enumerate(listed(program.predict(one(x))))}
        expected |= {f"weight {path}": array for path, array in program.variables.items()}
    numpy.savez(tmp_path / "expected.npz", **expected)
    done = python(tmp_path, RUN, "model.py")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert all(": agrees, largest difference " in line for line in lines), done.stdout
    assert sum(line.startswith("prediction ") for line in lines) == len(program.spec.outputs)
    assert ("losses: agrees" in done.stdout) == ("after training, parameters: agrees" in done.stdout) == train
    done = python(tmp_path, USE)
    assert (done.returncode, done.stdout) == (0, "alone\n"), done.stderr
    if train:
        done = python(tmp_path, AGAIN)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "as saved"


def test_exporting_changes_nothing(tmp_path):
    program = mlp().program
    before = {label: array.copy() for label, array in program.states.items()}
    export(program, "python", tmp_path / "model.py", train=True)
    for label, array in before.items():
        numpy.testing.assert_array_equal(program.states[label], array)


def test_numpy_alone_is_imported(tmp_path):
    export(mlp().program, "python", tmp_path / "model.py", train=True)
    text = (tmp_path / "model.py").read_text()
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    assert imported <= {"__future__", "math", "numpy", "os", "pathlib", "sys"}
    assert "    # %dense = fusion" in text  # the graph's lines stand above what computes them
    assert "(rows, 32)" in text  # and windows are written for every number of rows


def test_what_differs_is_said(tmp_path):
    export(base().program, "python", tmp_path / "model.py", train=True)
    with numpy.load(tmp_path / "model.npz") as archive:
        arrays = dict(archive)
    arrays["state/parameters"] = arrays["state/parameters"] * 1.01
    numpy.savez(tmp_path / "model.npz", **arrays)
    done = python(tmp_path, RUN, "model.py")
    assert done.returncode == 1
    assert "prediction dense_1: DIFFERS" in done.stdout
    assert "losses: DIFFERS" in done.stdout
    assert "after training, optimizer/iterations: agrees" in done.stdout


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("predict(numpy.ones((4, 2)))", "expected 2 arrays (left, right), got 4"),
        ("predict([numpy.ones((4, 2))] * 2)", "'left' must be of shape ('rows', 3), got (4, 2)"),
        ("predict([numpy.ones((4, 3)), numpy.ones((5, 2))])", "expected as many rows in each array, got [4, 5]"),
        ("train_step(*[[numpy.ones((17, n)) for n in m] for m in ((3, 2), (2, 1))])", "expected 1 to 16 rows"),
    ],
)
def test_wrong_arrays(tmp_path, call, message):
    export(several().program, "python", tmp_path / "model.py", batch=BATCH, train=True)
    done = python(tmp_path, REFUSED.replace("CALL", call))
    assert done.stdout.startswith(message), done.stderr


@pytest.mark.parametrize(("dtype", "number", "index"), [("int32", "5", 5), ("float32", "numpy.nan", -(2**31))])
def test_a_row_that_a_table_lacks(tmp_path, dtype, number, index):
    model = nnc.Sequential([nnc.Input((2,), dtype=dtype), Embedding(2, 3), GlobalAveragePooling1D()])
    export(model.program, "python", tmp_path / "model.py")
    code = REFUSED.replace("CALL", f"predict(numpy.full((1, 2), {number}))")
    assert f"index {index} is out of range for a table of 2 rows" in python(tmp_path, code).stdout


def test_windows_that_depend_on_rows_in_another_way(tmp_path, monkeypatch):
    """Then there is one size: predictions are filled up, and a batch of training must be whole."""
    from nnc.export import views

    whole = views.fit

    def fit(samples, rows):
        if len(set(samples.values())) > 1:
            raise InexpressibleError("no line")
        return whole(samples, rows)

    monkeypatch.setattr(views, "fit", fit)
    program = base().program
    export(program, "python", tmp_path / "model.py", batch=8, train=True)
    x, y = data(program, 21)
    numpy.savez(tmp_path / "expected.npz", x=x[0], y=y[0], before=program.predict(x[0]))
    code = """
import model, numpy
assert model.LEAST == model.BATCH == 8
assert model.check()
with numpy.load("expected.npz") as archive:
    numpy.testing.assert_allclose(model.predict(archive["x"]), archive["before"], rtol=1e-6)
    model.train_step(archive["x"][:8], archive["y"][:8])
    try:
        model.train_step(archive["x"][:7], archive["y"][:7])
    except ValueError as error:
        print(error)
"""
    done = python(tmp_path, code)
    assert done.stdout.splitlines()[-1:] == ["expected 8 to 8 rows, as many in each array, got [7]"], done.stderr


def test_lengths_that_are_chosen(tmp_path):
    words = nnc.Sequential([nnc.Input((None,), dtype="int32"), Embedding(9, 3), GlobalAveragePooling1D(), Dense(1)])
    words.compile("adam", "mse")
    export(words.program, "python", tmp_path / "model.py", lengths={"time": 5}, train=True)
    x = numpy.random.default_rng(3).integers(0, 9, (40, 5))
    numpy.savez(tmp_path / "expected.npz", x=x, y=words.predict(x))
    code = """
import model, numpy
assert model.check()
with numpy.load("expected.npz") as archive:
    numpy.testing.assert_allclose(model.predict(archive["x"]), archive["y"], rtol=1e-6)
"""
    done = python(tmp_path, code)
    assert done.returncode == 0, done.stderr


def test_errors(tmp_path):
    program = base().program
    with pytest.raises(ModelError, match=r"^unknown target 'pyton'; there are c, python.*Did you mean 'python'\?$"):
        export(program, "pyton", tmp_path / "model.py")
    for name in ("model.txt", "my-model.py", "class.py"):
        with pytest.raises(DataError, match=r"expected a file named \*\.py that Python can import"):
            export(program, "python", tmp_path / name)
    silent = nnc.Sequential([nnc.Input((2,)), Dense(1)], name="silent")
    with pytest.raises(ModelError, match="program 'silent' has no graph 'train'; compile the model with a loss"):
        export(silent.program, "python", tmp_path / "model.py", train=True)
    words = nnc.Sequential([nnc.Input((None,), dtype="int32"), Embedding(2, 3), GlobalAveragePooling1D()], name="words")
    with pytest.raises(ModelError, match=r"lengths that are only known at run time: time; .* give --lengths time=32$"):
        export(words.program, "python", tmp_path / "model.py")
    with pytest.raises(ModelError, match=r"no run-time length 'tim'; it has time\. Did you mean 'time'\?"):
        export(words.program, "python", tmp_path / "model.py", lengths={"tim": 3})
    assert list(tmp_path.iterdir()) == []


def test_arrays_hide_no_function(tmp_path):
    """Neither those of a layer nor those inside a loop."""
    x = nnc.Input((3,), dtype="int32", name="check_rows")
    y = Embedding(2, 3, name="take_rows")(x)
    y = SimpleRNN(4, activation="gelu", name="write_error_function")(y)
    model = nnc.Model(x, Dense(2, name="run")(y), name="numpy")
    export(model.program, "python", tmp_path / "model.py", batch=4)
    text = (tmp_path / "model.py").read_text()
    for name in ("check_rows", "take_rows", "write_error_function"):
        assert f"def {name}(" in text
        assert f"\n    {name} = " not in text
    done = python(tmp_path, RUN, "model.py")
    assert done.returncode == 0, done.stdout + done.stderr


def test_constants_keep_their_bits(tmp_path):
    program = constants()
    export(program, "python", tmp_path / "model.py", batch=4)
    rows = numpy.arange(1, 7, dtype="float32").reshape(2, 3)
    with numpy.errstate(all="ignore"):
        expected = program.predict(rows)
        numpy.testing.assert_array_equal(expected[3], rows / numpy.array([0.0, -0.0, 0.0], "float32"))
    code = """
import model, numpy
assert model.check()
numpy.savez("found.npz", *model.predict(numpy.arange(1, 7, dtype="float32").reshape(2, 3)))
"""
    done = python(tmp_path, code)
    assert done.returncode == 0, done.stdout + done.stderr
    with numpy.load(tmp_path / "found.npz") as found:
        for number, array in enumerate(expected):
            numpy.testing.assert_array_equal(found[f"arr_{number}"], array)
