"""Which backend runs a program: names, the environment, what `auto` takes, and what happens where C cannot."""

from __future__ import annotations

import copy
import logging
import pickle

import numpy
import pytest

import nnc
from nnc.backends import choice, find_backend, notice
from nnc.backends.c.kernels import EXPRESSIONS, KERNELS
from nnc.backends.c.toolchain import find_compiler
from nnc.errors import CompilerError, MissingKernelError, ModelError
from nnc.ir.ops.exponential import HyperbolicTangent
from nnc.layers import Activation, Dense

X = numpy.random.default_rng(0).normal(size=(12, 3)).astype("float32")
Y = X[:, :1] * X[:, 1:2]
needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("NNC_BACKEND", raising=False)
    monkeypatch.setattr(notice, "_SAID", set())


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """Let there be no compiler."""
    monkeypatch.setenv("CC", str(tmp_path / "none"))


@pytest.fixture
def _worth_it(monkeypatch):
    """Let all work be worth a compile."""
    monkeypatch.setattr(choice, "UNIT_SECONDS", -1e9)


@pytest.fixture
def _broken(tmp_path, monkeypatch):
    path = tmp_path / "broken"
    path.write_text(f"#!/bin/sh\necho x >> '{tmp_path}/calls'\necho 'no such luck' >&2\nexit 3\n")
    path.chmod(0o755)
    monkeypatch.setenv("CC", str(path))


def network() -> nnc.Sequential:
    nnc.utils.set_random_seed(1)
    model = nnc.Sequential([Dense(4, "tanh", input_dim=3), Dense(1)], name="net")
    model.compile("adam", "mse", metrics=["mae"])
    return model


@needs_compiler
def test_c_computes_what_numpy_does():
    programs = [nnc.compile(network(), backend=backend) for backend in ("numpy", "c")]
    assert ["NumPy backend" in repr(program) for program in programs] == [True, False]
    assert "C backend>" in repr(programs[1])
    ours, theirs = (program.fit(X, Y, epochs=20, batch_size=5, verbose=0).history for program in programs)
    assert ours["loss"] != theirs["loss"] or ours["mae"] != theirs["mae"]  # they are two engines
    for name in ours:
        numpy.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4)
    numpy.testing.assert_allclose(programs[0](X), programs[1](X), rtol=1e-4, atol=1e-6)
    assert programs[1].source("train").startswith("/* train")


@needs_compiler
def test_a_model_keeps_its_backend_and_its_state():
    model, other = network(), network()
    assert model.backend == "auto"
    model.fit(X, Y, epochs=2, batch_size=4, verbose=0)
    model.backend = "c"
    assert model.program.backend.name == "c"
    model.fit(X, Y, epochs=2, batch_size=4, verbose=0)
    other.fit(X, Y, epochs=4, batch_size=4, verbose=0)
    numpy.testing.assert_allclose(model.evaluate(X, Y), other.evaluate(X, Y), rtol=1e-5)
    assert model.optimizer.iterations == 12
    model.compile("sgd", "mse")
    assert model.program.backend.name == "c"  # compiled anew, on the same backend
    again = copy.deepcopy(model)
    assert again.backend == again.program.backend.name == "c"


@needs_compiler
def test_programs_of_files_and_pickles(tmp_path):
    model = network()
    program = nnc.compile(model, backend="c")
    program.fit(X, Y, epochs=2, verbose=0)
    program.save(tmp_path / "net.nnc")
    assert nnc.load(tmp_path / "net.nnc").backend.name == "numpy"  # files are for every machine
    loaded = nnc.load(tmp_path / "net.nnc", backend="c")
    pickled = pickle.loads(pickle.dumps(program))
    assert loaded.backend.name == pickled.backend.name == "c"
    expected = program.fit(X, Y, epochs=3, batch_size=5, verbose=0).history
    assert loaded.fit(X, Y, epochs=3, batch_size=5, verbose=0).history == expected  # to the bit with itself
    assert pickled.fit(X, Y, epochs=3, batch_size=5, verbose=0).history == expected
    numpy.testing.assert_array_equal(loaded(X), program(X))
    program.save(tmp_path / "a.nnc"), loaded.save(tmp_path / "b.nnc")
    assert (tmp_path / "a.nnc").read_bytes() == (tmp_path / "b.nnc").read_bytes()


def test_a_file_goes_from_one_backend_to_the_other(tmp_path):
    network().save(tmp_path / "net.nnc")
    found = {}
    for backend in ("numpy", "c" if find_compiler() else "auto"):
        program = nnc.load(tmp_path / "net.nnc", backend=backend)
        program.fit(X, Y, epochs=3, verbose=0)
        program.save(tmp_path / f"{backend}.nnc")
        found[backend] = nnc.load(tmp_path / f"{backend}.nnc").evaluate(X, Y)["loss"]
    first, second = found.values()
    assert first == pytest.approx(second, rel=1e-5)


@needs_compiler
def test_the_environment_chooses(monkeypatch):
    monkeypatch.setenv("NNC_BACKEND", "c")
    assert network().program.backend.name == "c"
    assert network().backend == "c"
    assert nnc.compile(network(), backend="numpy").backend.name == "numpy"


def test_unknown_names(monkeypatch, tmp_path):
    network().save(tmp_path / "net.nnc")
    message = r"^unknown backend 'nunpy'; there are auto, numpy, c\. Did you mean 'numpy'\?$"
    model = network()
    for call in (
        lambda: nnc.compile(model, backend="nunpy"),
        lambda: nnc.load(tmp_path / "net.nnc", backend="nunpy"),
        lambda: model.program.use_backend("nunpy"),
        lambda: setattr(model, "backend", "nunpy"),
    ):
        with pytest.raises(ModelError, match=message):
            call()
    monkeypatch.setenv("NNC_BACKEND", "java")
    with pytest.raises(ModelError, match=r"^\$NNC_BACKEND: unknown backend 'java'"):
        nnc.load(tmp_path / "net.nnc")


@pytest.mark.usefixtures("nowhere", "_worth_it")
def test_without_a_compiler_auto_is_numpy_with_one_notice(caplog):
    for _ in range(2):
        assert nnc.compile(network(), backend="auto")(X).shape == (12, 1)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("no C compiler found")
    assert "nnc-keras[c]" in record.getMessage()


@pytest.mark.usefixtures("nowhere")
def test_without_a_compiler_c_says_what_to_install():
    program = nnc.compile(network(), backend="c")
    with pytest.raises(CompilerError, match=r"no C compiler: .*\n.*pip install 'nnc-keras\[c\]'.*backend='numpy'"):
        program(X)


@pytest.mark.usefixtures("_broken", "_worth_it")
def test_a_broken_compiler(caplog):
    model = network()
    program = nnc.compile(model, backend="auto")
    assert program.backend.name == "c"
    expected = nnc.compile(network(), backend="numpy").fit(X, Y, epochs=2, batch_size=5, verbose=0).history
    assert model.fit(X, Y, epochs=2, batch_size=5, verbose=0).history == expected
    assert program(X).shape == (12, 1)
    [record] = caplog.records
    assert record.getMessage().startswith(
        "program 'net' runs on the NumPy backend, because C cannot run it: the C compiler"
    )
    assert "no such luck" in record.getMessage()
    assert repr(program).endswith("auto backend (train: NumPy, predict: NumPy)>")
    assert program.choices["train"].reason.startswith("the C compiler failed with exit code 3")
    assert model.backend == "auto"
    with pytest.raises(CompilerError, match="no such luck"):
        nnc.compile(network(), backend="c")(X)


@pytest.mark.usefixtures("_broken", "_worth_it")
def test_a_broken_compiler_is_tried_once_for_each_unit(caplog, tmp_path):
    models = [network() for _ in range(3)]
    for model in models[:2]:
        nnc.compile(model, backend="auto")(X)
    calls = len((tmp_path / "calls").read_text())
    nnc.compile(models[2], backend="auto")(X)
    assert len((tmp_path / "calls").read_text()) == calls
    assert len(caplog.records) == 1
    with pytest.raises(CompilerError, match="no such luck"):
        nnc.compile(models[2], backend="c")(X)
    assert len((tmp_path / "calls").read_text()) > calls  # who insists on C has it tried again


@needs_compiler
@pytest.mark.usefixtures("_worth_it")
@pytest.mark.parametrize("use", [lambda program: program(X), lambda program: program.plan(), lambda p: p.source()])
def test_an_operation_without_a_kernel(monkeypatch, caplog, use):
    for table in (EXPRESSIONS, KERNELS):
        monkeypatch.delitem(table, HyperbolicTangent, raising=False)
    model = nnc.Sequential([nnc.Input((3,)), Activation("tanh")], name="net")
    program = nnc.compile(model, backend="c")
    with pytest.raises(MissingKernelError, match=r"^operation 'tanh' has no C kernel; backend='numpy' has one"):
        use(program)
    program.use_backend("auto")
    use(program)
    numpy.testing.assert_allclose(program(X), numpy.tanh(X), rtol=1e-6)
    [record] = caplog.records
    assert "operation 'tanh' has no C kernel" in record.getMessage()
    assert program.engine().name == "numpy"


def test_backends_say_what_they_run_on():
    assert find_backend("numpy").engine == f"NumPy {numpy.__version__}"
    assert find_backend("c").engine == str(find_compiler() or "no compiler")
