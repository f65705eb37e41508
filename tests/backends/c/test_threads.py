"""Parallel loops: the same bits for any number of threads, and one thread in a forked child."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time

import numpy
import pytest

import nnc
from nnc.backends.c.headers import sections
from nnc.backends.c.source import PRELUDE, print_source
from nnc.backends.c.target import WITHOUT_PACKING
from nnc.backends.c.threads import THREADS, call_each, pool, pool_library
from nnc.errors import CompilerError
from nnc.ir import Graph, TensorType, interpret, ops, symbol
from nnc.ir.ops.convolution import Convolution, ConvolutionInputGradient, ConvolutionKernelGradient
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.gathering import AddAlongAxis, ScatterAdd
from nnc.ir.ops.pooling import MaxPool, MaxPoolGradient, SumPool, SumPoolGradient
from nnc.ir.ops.random import KEY_TYPE, random_uniform
from tests.backends.c.elementary import compile_unit
from tests.backends.c.helpers import is_gcc, tile
from tests.backends.c.machine import CMachine
from tests.plan.helpers import plan_of


@pytest.fixture(autouse=True)
def _level(monkeypatch):
    """Optimise what is compiled, which is of a size that shows threads at work."""
    monkeypatch.setenv("NNC_C_LEVEL", "1")


@pytest.fixture
def threads():
    before = int(THREADS[0])
    yield lambda count: THREADS.__setitem__(0, count)
    THREADS[0] = before


def make_model():
    nnc.utils.set_random_seed(5)
    model = nnc.Sequential(
        [
            nnc.Input((300,)),
            nnc.layers.Dense(600, activation="gelu"),
            nnc.layers.LayerNormalization(),
            nnc.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.program.use_backend("c")
    return model


def batch():
    generator = numpy.random.default_rng(0)
    return generator.normal(size=(600, 300)).astype("float32"), generator.integers(0, 10, 600)


def test_the_number_of_threads_changes_no_bit(threads):
    states = []
    for count in (1, 2, 3, 64):
        threads(count)
        program = make_model().program
        assert "#pragma omp parallel for" in program.source("train")
        for _ in range(3):
            program.train_step(*batch())
        states.append({label: array.tobytes() for label, array in program.states.items()})
    assert states == [states[0]] * 4


@pytest.mark.slow
def test_convolutions_depend_on_no_number_of_threads(threads):
    nnc.utils.set_random_seed(5)
    model = nnc.Sequential(
        [
            nnc.Input((24, 24, 3)),
            nnc.layers.Conv2D(40, 3, padding="same", activation="relu"),
            nnc.layers.DepthwiseConv2D(3, padding="same"),
            nnc.layers.DepthwiseConv2D(5, padding="same", strides=2),
            nnc.layers.DepthwiseConv2D((7, 4), padding="same"),
            nnc.layers.Conv2D(70, 1, activation="relu"),
            nnc.layers.Conv2D(20, 3, strides=2),
            nnc.layers.GlobalAveragePooling2D(),
            nnc.layers.Dense(10),
        ]
    )
    model.compile("sgd", "mse")
    model.program.use_backend("c")
    start = model.get_weights()
    x, y = numpy.random.default_rng(0).random((16, 24, 24, 3), "float32"), numpy.ones((16, 10), "float32")
    assert "#pragma omp parallel for num_threads(nnc_busy(blocks, members))" in model.program.source("train")
    found = []
    for count in (1, 2, 3, 64):
        threads(count)
        model.set_weights(start)
        model.program.train_step(x, y)
        found.append([array.tobytes() for array in (model.predict(x), *model.get_weights())])
    assert found == [found[0]] * 4


FLOAT, BATCH = "float32", symbol("batch")
PLANE, WINDOW, OVERLAPPING = (BATCH, 96, 96, 64), (1, 2, 2, 1), (1, 3, 3, 1)


def pooled(op, *windows):
    def outputs(graph):
        x = graph.input("x", TensorType(FLOAT, PLANE))
        yield apply(op(*windows, "same"), x)

    return outputs


def pooled_gradients(*windows):
    def outputs(graph):
        x = graph.input("x", TensorType(FLOAT, PLANE))
        maxima = apply(MaxPool(*windows, "same"), x)
        yield apply(MaxPoolGradient(*windows, "same"), x, maxima, maxima)
        yield apply(SumPoolGradient(*windows, "same", x.shape), maxima)

    return outputs


def of_rows(function, *shape):
    return lambda graph: iter([function(graph.input("x", TensorType(FLOAT, (BATCH, *shape))))])


def by_number(function, *shapes):
    def outputs(graph):
        dtypes = [*[FLOAT] * (len(shapes) - 1), "int32"]
        types = [TensorType(dtype, shape) for dtype, shape in zip(dtypes, shapes, strict=True)]
        yield function(*[graph.input(f"x{number}", type) for number, type in enumerate(types)])

    return outputs


def convolution_gradients(graph):
    x = graph.input("x", TensorType(FLOAT, (BATCH, 20, 20, 32)))
    geometry = (1, 1), (1, 1), (1, 1), (1, 1)  # strides, dilation, zeros around
    kernel = graph.input("kernel", TensorType(FLOAT, (3, 3, 32, 32)))
    yield apply(ConvolutionInputGradient(*geometry, shape=(20, 20)), x, kernel)
    yield apply(ConvolutionKernelGradient(*geometry, window=(3, 3)), x, x)
    wide = graph.input("wide", TensorType(FLOAT, (BATCH, 20, 20, 144)))
    yield apply(ConvolutionKernelGradient(*geometry, window=(3, 3)), x, wide)
    few = graph.input("few", TensorType(FLOAT, (BATCH, 20, 20, 3)))
    yield apply(ConvolutionKernelGradient(*geometry, window=(3, 3)), x, few)
    apart = (3, 3), (1, 1), (0, 0), (0, 0)
    kernel = graph.input("apart", TensorType(FLOAT, (2, 2, 32, 32)))
    yield apply(ConvolutionInputGradient(*apart, shape=(60, 60)), x, kernel)
    phases = (2, 2), (1, 1), (1, 1), (1, 1)
    kernel = graph.input("phases", TensorType(FLOAT, (4, 4, 64, 32)))
    yield apply(ConvolutionInputGradient(*phases, shape=(40, 40)), x, kernel)
    geometry = (2, 2), (1, 1), (1, 1), (0, 0)
    yield apply(
        ConvolutionKernelGradient(*geometry, window=(3, 3)),
        wide,
        graph.input("y", x.type.with_shape((BATCH, 10, 10, 32))),
    )


def long_row(graph):
    x, kernel = graph.input("x", TensorType(FLOAT, (BATCH, 900, 40))), graph.input("k", TensorType(FLOAT, (3, 40, 24)))
    yield apply(Convolution((1,), (1,), (2,), (0,)), x, kernel)


def few_rows_by_a_large_matrix(graph):
    x, y = graph.input("x", TensorType(FLOAT, (BATCH, 2051))), graph.input("y", TensorType(FLOAT, (2051, 2053)))
    yield ops.matmul(x, y)


def uniform(graph):
    graph.input("x", TensorType(FLOAT, (BATCH,)))
    yield random_uniform(graph.input("key", KEY_TYPE), (BATCH, 1024), 3)


@pytest.mark.parametrize(
    ("outputs", "batch", "directives"),
    [
        (pooled(MaxPool, OVERLAPPING, WINDOW), 1, 1),
        (pooled(SumPool, OVERLAPPING, OVERLAPPING), 1, 1),
        (pooled_gradients(WINDOW, WINDOW), 1, 3),  # with the maxima
        (pooled_gradients(OVERLAPPING, WINDOW), 3, 5),  # and zeros
        (of_rows(ops.argmax, 9, 8, 64), 96, 1),
        (of_rows(lambda x: ops.sum(x, 2), 700, 600), 1, 1),
        (of_rows(lambda x: ops.max(x, 2), 700, 600), 1, 1),
        (of_rows(lambda x: ops.sum(x, (1, 2)), 90, 50, 64), 1, 1),
        (of_rows(lambda x: ops.sum(x, 1), 900, 320), 1, 1),
        (of_rows(lambda x: ops.sum(x, (0, 1)), 50, 64), 90, 1),
        (of_rows(ops.cumulative_sum, 700), 600, 1),
        (of_rows(lambda x: ops.cumulative_sum(x, 1), 20, 700), 30, 1),
        (of_rows(ops.sparsemax, 520), 520, 1),
        (by_number(ops.gather, (50, 70), (BATCH, 100)), 60, 1),
        (by_number(ops.gather, (50, 700), (BATCH,)), 600, 1),
        (by_number(lambda x, i: apply(ScatterAdd((50, 256)), x, i), (BATCH, 100, 256), (BATCH, 100)), 30, 1),
        (by_number(ops.take_along_axis, (BATCH, 50), (BATCH, 600)), 600, 1),
        (by_number(lambda x, i: apply(AddAlongAxis(1, 50), x, i), (BATCH, 600), (BATCH, 600)), 600, 1),
        (convolution_gradients, 4, 19),  # of three inputs and four kernels, and zeros where there are no rows
        (long_row, 1, 2),  # the copy with zeros, and the products
        (few_rows_by_a_large_matrix, 2, 1),
        (uniform, 300, 1),
    ],
)
def test_kernels_depend_on_no_number_of_threads(outputs, batch, directives, threads, compiler):
    graph = Graph("test")
    for number, value in enumerate(outputs(graph)):
        graph.output(f"y{number}", value)
    machine = CMachine(graph, {"batch": batch}, {})
    text, _, _ = machine.source.text.partition("void nnc_test_batches(")  # whose loops gather rows
    assert text.count("#pragma omp parallel for") == directives
    generator = numpy.random.default_rng(0)
    inputs = {}
    for label, value in graph.inputs.items():
        type = value.type.bind({"batch": batch})
        numbers = generator.integers(0, 50, type.shape) if type.dtype != FLOAT else generator.normal(size=type.shape)
        inputs[label] = numbers.astype(type.dtype)
    found = []
    for count in (1, 2, 3):
        threads(count)
        found.append(machine.run(inputs, {"batch": batch})[0])
    for label, expected in interpret(graph, inputs)[0].items():
        assert len({arrays[label].tobytes() for arrays in found}) == 1
        numpy.testing.assert_allclose(found[0][label], expected, rtol=1e-4, atol=1e-4)


def trained_replicas(callbacks, lanes):
    """Return the bytes of everything that a training and an evaluation of replicas leave."""
    nnc.utils.set_random_seed(5)
    model = nnc.Sequential([nnc.Input((3,)), nnc.layers.Dense(4, activation="tanh"), nnc.layers.Dense(1)])
    model.compile("adam", "mse")
    program = nnc.compile(model, backend="c", replicas=70, seeds=range(70), lanes=lanes)
    x = numpy.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    history = program.fit(x, x[:, :1], batch_size=16, epochs=4, verbose=0, callbacks=callbacks)
    found = [numpy.array(history.history["loss"]), numpy.array(program.evaluate(x, x[:, :1], verbose=0)["loss"])]
    return [array.tobytes() for array in (*found, *program.states.values())]


@pytest.mark.parametrize(("lanes", "blocks"), [(None, 5), (1, 70)])
def test_threads_share_the_blocks_of_replicas(lanes, blocks, threads, monkeypatch):
    shared = []

    def counted(function, records):
        shared.append(len(records))
        call_each(function, records)

    monkeypatch.setattr("nnc.backends.c.epochs.call_each", counted)
    found, looking = [], nnc.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)  # epochs one by one
    for count in (1, 2, 3, 64):
        threads(count)
        for callbacks in ([], [looking]):
            shared.clear()
            found.append(trained_replicas(callbacks, lanes))
            assert set(shared) == ({min(count, blocks)} if count > 1 else set())
    assert found == [found[0]] * 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_goes_on_with_one_thread(threads):
    threads(2)
    model, (x, y) = make_model(), batch()
    model.program.train_step(x, y)
    expected = model.predict(x)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            same = numpy.array_equal(model.predict(x), expected)
            model.program.train_step(x, y)
            status = 0 if same and THREADS[0] == 1 else 2
        finally:
            os._exit(status)
    assert exit_code_of(child) == 0
    assert THREADS[0] == 2


def exit_code_of(child: int, seconds: float = 60) -> int | None:
    """Return a child's exit code; None, and it is killed, where it waits for threads that it does not have."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def test_small_models_have_no_parallel_loops():
    model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(2, activation="sigmoid"), nnc.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.program.use_backend("c")
    assert "omp parallel" not in model.program.source("train")


def test_models_of_images_of_any_size_have_parallel_loops():
    model = nnc.Sequential([nnc.Input((None, None, 16)), nnc.layers.Conv2D(72, 1)])
    assert "omp parallel" in nnc.compile(model, backend="c").source("predict")


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere OpenMP's library has the threads")


@linux
def test_without_a_pool_one_thread_does_all(compiler, monkeypatch, caplog):
    def fail(*_, **__):
        raise CompilerError("it is out of order")

    pool_library.cache_clear()
    try:
        with monkeypatch.context() as patches:
            patches.setattr("nnc.backends.c.threads.build", fail)
            model = make_model()
            model.program.train_step(*batch())
            assert "compiled code runs on one thread: it is out of order" in caplog.text
            assert pool() is None
    finally:
        pool_library.cache_clear()
    other = make_model()
    other.program.train_step(*batch())
    for found, expected in zip(model.get_weights(), other.get_weights(), strict=True):
        numpy.testing.assert_array_equal(found, expected)


@pytest.fixture
def teams(compiler, threads, monkeypatch):
    """The members of each team of several threads from now on, on a machine with 64 processors; batches run whole."""
    monkeypatch.setattr("nnc.execution.microbatches.near_bytes", lambda: 1 << 30)
    if not is_gcc():
        pytest.skip("with other compilers OpenMP's library has the threads")
    job = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
    found: list[int] = []

    @ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    def fork(part, data, count):
        found.append(count)
        for index in range(count):
            job(part)(data, index, count)

    threads(64)
    monkeypatch.setattr("nnc.backends.c.executable.find_blas", lambda: None)  # lesser processors leave products to it
    monkeypatch.setattr("nnc.backends.c.executable.pool", lambda: ctypes.cast(fork, ctypes.c_void_p).value)
    return found


def tanh():
    return [nnc.Input((600,)), nnc.layers.Activation("tanh")]


def rows():
    return [nnc.Input((256,)), nnc.layers.Dense(256)]


def narrow():
    return [nnc.Input((1024,)), nnc.layers.Dense(128)]


def wide():
    return [nnc.Input((128,)), nnc.layers.Dense(512)]


def steps():
    return [nnc.Input((50, 16)), nnc.layers.LSTM(16)]


def windows():
    return [nnc.Input((16, 16, 32)), nnc.layers.Conv2D(32, 3)]  # Winograd's


@linux
@pytest.mark.parametrize(
    ("network", "batch", "expected"),
    [
        (tanh, 54, []),  # 600 * 54 < 32768
        (tanh, 55, [2]),
        (tanh, 110, [4]),
        (tanh, 1750, [64]),
        (rows, 1, [2]),
        (rows, 2, [2]),
        (narrow, 2, []),  # too narrow for two
        (wide, 1, [2]),  # as much as is worth reading by two
        (windows, 1, [4]),  # as many as have room
        (steps, 10, []),  # 50 * 64 * 10 < 32768: sums of 16 terms cost less than bringing them from elsewhere
        (steps, 16, [3]),  # one block of rows, behind the product with all inputs
        (steps, 40, [7, 3]),
    ],
)
@pytest.mark.sampled(4)
def test_the_members_of_a_team_depend_on_the_work(network, batch, expected, teams):
    members(network, batch, expected, teams)


@linux
def test_a_product_has_parts_of_as_many_rows_and_columns_as_its_tile_allows(teams):
    rows_of_tile, columns_of_tile = tile()
    strips, blocks = -(-256 // columns_of_tile), -(-500 // (32 * rows_of_tile))
    members(rows, 32, [strips], teams)
    teams.clear()
    members(rows, 500, [strips * blocks], teams)


@pytest.mark.parametrize(
    ("inner", "columns", "tiles"),
    [(64, 192, 4), (512, 2048, 8)],  # a matrix that fits a core's cache, and one that does not
)
def test_threads_share_rows_where_each_has_tiles_enough(inner, columns, tiles, blocks):
    rows_of_tile, _ = tile()
    for threads in (2, 3):
        rows = tiles * rows_of_tile * threads
        height, width = blocks(rows, inner, columns, threads)
        assert height == rows and width < columns <= width * threads
        height, width = blocks(rows + 1, inner, columns, threads)
        assert height * threads >= rows + 1 and width == columns


@pytest.mark.parametrize("strips", [1, 3, 5])
def test_threads_share_rows_where_strips_of_columns_are_too_few(strips, blocks):
    rows_of_tile, columns_of_tile = tile()
    columns, few = strips * columns_of_tile, 2 * rows_of_tile
    is_even = strips == 5  # three of six parts of the time by one thread are no more than a fifth too much
    assert blocks(few, 5000, columns, 2) == ((few, 3 * columns_of_tile) if is_even else (rows_of_tile, columns))
    assert blocks(few - 1, 5000, columns, 2)[0] == few - 1  # less than a tile for each


def test_threads_share_what_there_is_more_of_where_each_packs_both_matrices(blocks):
    assert blocks(256, 1000, 1024, 2, is_turned=True) == (256, 512)
    assert blocks(1024, 1000, 256, 2, is_turned=True)[1] == 256
    assert blocks(256, 1000, 1024, 2)[1] == 1024


@pytest.fixture
def blocks(compiler, tmp_path):
    """Return what tells the rows and the columns of the blocks of a product: see `nnc_blocks_f32`."""
    head = "void blocks(int64_t turned, int64_t rows, int64_t inner, int64_t columns, int64_t threads, int64_t *sizes)"
    called = "nnc_blocks_f32(rows, inner, columns, turned, false, threads, sizes, sizes + 1)"
    text = f"{head};\n{head} {{\n    {called};\n}}\n"
    done = compile_unit(tmp_path, f"{PRELUDE}\n{sections(['nnc_blocks_f32']).text}\n{text}", "blocks.so", [])
    assert done.returncode == 0, done.stderr
    sizes = numpy.zeros(2, numpy.int64)
    function = ctypes.CDLL(str(tmp_path / "blocks.so")).blocks

    def found(*numbers, is_turned=False):
        function(*map(ctypes.c_int64, (is_turned, *numbers)), ctypes.c_void_p(sizes.ctypes.data))
        return tuple(sizes.tolist())

    return found


def members(network, batch, expected, teams):
    THREADS[0] = 64
    program = nnc.compile(nnc.Sequential(network()), backend="c")
    x = numpy.random.default_rng(0).normal(size=(batch, *program.spec.inputs[0].shape)).astype("float32")
    found = program(x)
    assert teams == expected
    THREADS[0] = 1
    numpy.testing.assert_array_equal(program(x), found)
    assert teams == expected


def test_a_loop_too_small_to_be_divided_is_vectorised_all_the_same():
    """Of ``parallel for simd``, a bare ``if`` would be about ``simd`` as well; the number of threads cannot be."""
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (symbol("batch"), 600)))
    graph.output("y", ops.tanh(x * 2.0))
    text = print_source(plan_of(graph, {"batch": 4}, WITHOUT_PACKING)).text
    assert "#pragma omp parallel for simd num_threads(nnc_members(600 * batch, 600 * batch, 32768))" in text


@pytest.mark.parametrize(("rows", "keeps_lock"), [(8, True), (8192, False)])
def test_only_brief_runs_keep_the_lock(compiler, rows, keeps_lock):
    graph = Graph("sines")
    graph.output("y", ops.sin(graph.input("x", TensorType("float32", (rows,)))))
    bound = CMachine(graph, {}, {}).executable.bind({})
    assert bool(bound.run.func._flags_ & ctypes._FUNCFLAG_PYTHONAPI) == keeps_lock
    bound.inputs["x"][...] = 1.0
    bound.run()
    assert numpy.allclose(bound.outputs["y"], numpy.sin(1.0))
