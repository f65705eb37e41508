"""Saved programs go on to the bit: in this process, in another, with nothing but NumPy, from equal bytes."""

from __future__ import annotations

import copy
import pickle
import zipfile

import numpy
import pytest

import nnc
from nnc.backends.c.toolchain import find_compiler
from nnc.layers import Dense
from tests.program.samples import X, Y, digest, network, output


@pytest.mark.parametrize("optimizer", [nnc.optimizers.SGD(0.1, momentum=0.9, nesterov=True), "adam", "rmsprop"])
@pytest.mark.sampled(2)
def test_loaded_programs_predict_evaluate_and_train_to_the_bit(optimizer, tmp_path, each_backend):
    model = network(optimizer)
    model.fit(X, Y, epochs=2, batch_size=16, verbose=0)
    model.save(tmp_path / "net.nnc")
    program = nnc.load(tmp_path / "net.nnc")
    assert digest(program) == digest(model.program)
    assert program.spec == model.program.spec
    assert program.spec.model["config"] == model.get_config()
    numpy.testing.assert_array_equal(program(X), model.program(X))
    assert program.evaluate(X, Y) == model.program.evaluate(X, Y)
    assert program.train_step(X, Y) == model.program.train_step(X, Y)
    for options in ({}, {"shuffle": False}, {"sample_weight": numpy.arange(50)}, {"class_weight": {0: 2.0}}):
        expected = model.fit(X, Y, epochs=2, validation_split=0.2, verbose=0, **options)
        assert program.fit(X, Y, epochs=2, validation_split=0.2, verbose=0, **options).history == expected.history
    assert digest(program) == digest(model.program)
    for name in program.graph_names:
        assert program.graph(name) == model.program.graph(name)
        assert program.source(name) == model.program.source(name)
        if each_backend == "numpy":  # in C constants, which texts have in line, may let other offsets come first
            assert program.plan(name).peak_bytes == model.program.plan(name).peak_bytes


def test_a_program_that_only_predicts(tmp_path):
    model = nnc.Sequential([nnc.Input((3,)), Dense(2)])
    model.save(tmp_path / "net.nnc")
    program = nnc.load(tmp_path / "net.nnc")
    assert program.graph_names == ("predict",)
    numpy.testing.assert_array_equal(program.predict(X), model.predict(X))
    with zipfile.ZipFile(tmp_path / "net.nnc") as archive:
        assert archive.namelist() == ["manifest.json", "graphs/predict.txt", "states.bin"]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_element_types_shapes_and_several_arrays(tmp_path, dtype):
    a, b = nnc.Input((2, 3), name="a b"), nnc.Input((), name='"quoted"', dtype="int64")
    model = nnc.Model([a, b], [nnc.layers.Flatten(name="plät")(Dense(2)(a)), nnc.layers.Reshape((1,))(b)])
    nnc.compile(model, dtype=dtype).save(tmp_path / "net.nnc")
    program = nnc.load(str(tmp_path / "net.nnc"))
    inputs = [X[:48].reshape(24, 2, 3), numpy.arange(24)]
    for found, expected in zip(program.predict(inputs), model.predict(inputs), strict=True):
        assert found.dtype == expected.dtype
        numpy.testing.assert_array_equal(found, expected)
    assert program.predict(inputs)[0].dtype == dtype


RESUME = """
import nnc
path, epochs = sys.argv[1], int(sys.argv[2])
program = nnc.load(path)
program.fit(X, Y, epochs=epochs, batch_size=8, verbose=0)
print(digest(program), program.states["optimizer/iterations"])
"""


@pytest.mark.usefixtures("each_backend")
@pytest.mark.sampled(1)
def test_five_epochs_a_restart_and_five_more_are_ten(tmp_path):
    whole, half = network("adam"), network("adam")
    for model in (whole, half):
        assert model.program.source("train").count("random_uniform") > 0
    whole.fit(X, Y, epochs=10, batch_size=8, verbose=0)
    half.fit(X, Y, epochs=5, batch_size=8, verbose=0)
    half.save(tmp_path / "half.nnc")
    assert output(RESUME, tmp_path / "half.nnc", 5) == f"{digest(whole.program)} 70"
    half.fit(X, Y, epochs=5, batch_size=8, verbose=0)
    assert digest(half.program) == digest(whole.program)


LEAN = """
import nnc
program = nnc.load(sys.argv[1])
program(X), program.predict(X), program.evaluate(X, Y)
program.fit(X, Y, epochs=2, validation_split=0.2, class_weight={0: 1.0}, verbose=int(sys.argv[2]))
program.train_step(X, Y), program.save(sys.argv[1])
heavy = "networkx yaml graphviz h5py tensorflow keras typer scipy pandas sklearn".split()
heavy += ["rich"] if sys.argv[2] == "0" else []
heavy += ["nnc.layers", "nnc.models", "nnc.losses", "nnc.optimizers", "nnc.render", "frontends"]
last = ["nnc.passes.base", "nnc.passes.lowering"]
last += ["nnc.passes.sink", "nnc.passes.split"] if program.backend.name == "c" else []
heavy += [name for name in sys.modules if name.startswith("nnc.passes.") and name not in last]
print([name for name in heavy if name in sys.modules])
"""


@pytest.mark.parametrize("verbose", [0, 2])
def test_a_loaded_program_needs_numpy_and_nothing_else(tmp_path, verbose):
    network().save(tmp_path / "net.nnc")
    assert output(LEAN, tmp_path / "net.nnc", verbose).splitlines()[-1] == "[]"


NO_KERNELS = """
import nnc
program = nnc.load(sys.argv[1], backend="c")
program(X), program.evaluate(X, Y), program.fit(X, Y, verbose=0)
print([name for name in sys.modules if name.startswith("nnc.backends.numpy.") and "settings" not in name])
print([name for name in ("subprocess", "tempfile", "logging") if name in sys.modules])
"""


@pytest.mark.slow
def test_c_needs_no_kernels_of_numpy_and_no_process_where_it_has_compiled(tmp_path, monkeypatch):
    if find_compiler() is None:
        pytest.skip("needs a C compiler")
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path / "cache"))
    network().save(tmp_path / "net.nnc")
    first, second = (output(NO_KERNELS, tmp_path / "net.nnc").splitlines() for _ in range(2))
    assert first == ["[]", "['subprocess', 'tempfile']"]
    assert second == ["[]", "[]"]


COMPILE = """
import nnc
nnc.utils.set_random_seed(3)
layers = nnc.layers
a, b = nnc.Input((3,), name="a"), nnc.Input((3,), name="b")
shared = layers.Dense(4, "relu")
frozen = layers.Dense(2, "softmax", trainable=False)
joined = layers.Concatenate()([shared(a), layers.Dropout(0.3)(shared(b)), frozen(a)])
model = nnc.Model([a, b], [layers.Dense(1, name="p")(joined), layers.Dense(3, "softmax", name="q")(joined)])
model.compile("adam", {"q": "categorical_crossentropy", "p": "mse"}, metrics={"q": ["accuracy", "mae"]})
model.fit([X, X], [Y, numpy.eye(3)[numpy.arange(50) % 3]], epochs=2, verbose=0)
model.save(sys.argv[1])
print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())
"""


@pytest.mark.slow
def test_equal_bytes_with_any_hash_seed(tmp_path):
    code = COMPILE.replace('open(sys.argv[1], "rb").read()', "__import__('pathlib').Path(sys.argv[1]).read_bytes()")
    digests = {output(code, tmp_path / f"{seed}.nnc", PYTHONHASHSEED=seed) for seed in ("0", "1", "4242")}
    assert len(digests) == 1


def test_equal_bytes_in_one_process(tmp_path):
    for name in ("a.nnc", "b.nnc"):
        model = network()
        model.fit(X, Y, verbose=0)
        model.save(tmp_path / name)
    nnc.load(tmp_path / "a.nnc").save(tmp_path / "c.nnc")
    assert len({(tmp_path / name).read_bytes() for name in ("a.nnc", "b.nnc", "c.nnc")}) == 1


@pytest.mark.usefixtures("each_backend")
@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, *(lambda p, n=n: pickle.loads(pickle.dumps(p, n)) for n in (2, 5))]
)
def test_copies_go_on_by_themselves(duplicate):
    program = network().program
    program.fit(X, Y, epochs=2, verbose=0)
    again = duplicate(program)
    before = digest(program)
    assert digest(again) == before
    logs = again.fit(X, Y, epochs=2, verbose=0).history
    assert digest(program) == before
    assert program.fit(X, Y, epochs=2, verbose=0).history == logs
    assert digest(again) == digest(program)


def test_a_checkpoint_is_for_the_same_model():
    model, other = network(), network()
    model.fit(X, Y, epochs=2, verbose=0)
    other.set_weights(model.get_weights())
    other.program.resume(model.program.checkpoint())
    assert digest(other.program) == digest(model.program)
    model.fit(X, Y, verbose=0), other.fit(X, Y, verbose=0)
    assert digest(other.program) == digest(model.program)
