"""Peers compute what nnc computes, from the same weights, and in the same batches where they let us say."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy
import pytest

from benchmarks import contestant, portable, prediction, replicas, training, work
from benchmarks.cpuid_masking import can_mask
from benchmarks.engines import LIMITS, installed
from benchmarks.networks import NETWORKS, nnc_model
from benchmarks.order import Order
from benchmarks.peers import converted
from benchmarks.report import Row
from benchmarks.settings import HURRIED, Settings
from benchmarks.work import Work
from benchmarks.worker import ROOT, Entrant, Worker, clean_environment
from nnc.backends.c.cpu import cpu_features


def test_nnc_draws_the_order_of_everybody_else() -> None:
    network, model = NETWORKS["base"], nnc_model("base")
    x, y = network.data()
    history = model.fit(x, y, batch_size=network.batch, epochs=3, verbose=0)
    by_hand = import_module("benchmarks.peers.by_hand").same_calls().run(3)
    numpy.testing.assert_allclose(by_hand["loss"], history.history["loss"], rtol=1e-6)
    order, twin = Order(network.rows), nnc_model("base")
    for loss in history.history["loss"]:
        rows = order.draw()
        found = twin.fit(x[rows], y[rows], batch_size=network.batch, epochs=1, shuffle=False, verbose=0)
        numpy.testing.assert_allclose(found.history["loss"], [loss], rtol=1e-6)


@pytest.mark.filterwarnings("ignore")  # that training ended before it converged
@pytest.mark.parametrize("network", ["base", "mlp"])
@pytest.mark.slow
def test_sklearn(network: str) -> None:
    peer = import_module("benchmarks.peers.sklearn_models")
    ours, theirs = contestant.fit(network, "numpy"), peer.fit(network)
    assert ours.numbers and theirs.numbers
    numpy.testing.assert_allclose(theirs.numbers(), ours.numbers(), rtol=1e-3)
    ours, theirs = contestant.predict(network, 3, "numpy"), peer.predict(network, 3)
    assert ours.numbers and theirs.numbers
    numpy.testing.assert_allclose(theirs.numbers(), ours.numbers(), rtol=1e-5)


def test_sklearn_goes_on_from_its_weights() -> None:
    peer = import_module("benchmarks.peers.sklearn_models").fit("base")
    first, later = peer.run(2), peer.run(30)
    assert max(later) < min(first)


def works_of(suites: list[Any], monkeypatch: pytest.MonkeyPatch) -> list[Work]:
    works: list[Work] = []

    def note(settings: Settings, work: Work, choices: Any) -> list[Row]:
        works.append(work)
        return []

    for module in (training, prediction, replicas):
        monkeypatch.setattr(module, "measure", note)
    for suite in suites:
        suite(HURRIED)
    return works


@pytest.mark.slow
@pytest.mark.parametrize(
    "suite",
    [
        *(training.base, training.mlp, training.lstm, training.cnn),
        *(prediction.small_networks, prediction.mobilenet_v2, replicas.training),
    ],
)
def test_every_peer_computes_the_same(suite: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for found in works_of([suite], monkeypatch):
        ours = _numbers(found.ours[0], found)
        for entrant in (*found.ours[1:], *found.others, *(peer for peer in found.peers if peer.engine in installed())):
            numbers = _numbers(entrant, found)
            assert (numbers is None) == (entrant.name == "nnc, the steps alone, C")
            if numbers is not None:
                numpy.testing.assert_allclose(numbers, ours, atol=1e-3 * max(map(abs, ours or [])), rtol=0)


def _numbers(entrant: Entrant, found: Work) -> list[float] | None:
    with Worker(entrant, threads=work.thread_choices()[0], learns=found.epochs is not None) as worker:
        return worker.numbers()


@pytest.mark.parametrize("network", [pytest.param("keyword_spotter", marks=pytest.mark.slow), "masked_lstm", "gru"])
def test_networks_of_keras_are_those_of_nnc(network: str) -> None:
    _same_in_keras(network)


TRAINED = [found.network for found in portable.TRAINED.values()]
PORTABLE = {found.network: found.unable for works in portable.PREDICTED.values() for found in works.values()}


@pytest.mark.slow
@pytest.mark.parametrize("network", PORTABLE)
def test_every_network_of_keras_is_that_of_nnc(network: str) -> None:
    _same_in_keras(network)


def _same_in_keras(network: str) -> None:
    pytest.importorskip("tensorflow")
    expected = _predicted("keras", "function", network)
    assert numpy.std(expected) > 1e-3 * max(map(abs, expected))  # a network whose outputs are all alike shows nothing
    ours = contestant.predict(network, 2, "numpy").numbers
    assert ours
    numpy.testing.assert_allclose(ours(), expected, atol=1e-5 * max(map(abs, expected)), rtol=0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of converters
@pytest.mark.parametrize("network", PORTABLE)
@pytest.mark.parametrize(("engine", "file"), [("onnxruntime", "onnx"), ("openvino", "openvino"), ("litert", "litert")])
def test_what_is_converted_predicts_the_same(network: str, engine: str, file: str) -> None:
    if engine not in installed():
        pytest.skip(f"{engine} is not installed")
    if engine in PORTABLE[network]:
        with pytest.raises(Exception, match=r"MaxPool3D|StatefulPartitionedCall"):
            _predicted(file, "run", network)
        return
    expected = _predicted("keras", "function", network)
    for way in ("run", "bound"):
        found = _predicted(file, way, network)
        numpy.testing.assert_allclose(found, expected, atol=1e-5 * max(map(abs, expected)), rtol=0)


def test_processes_of_a_run_share_what_one_has_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = iter([b"first", b"second", b"third"])
    monkeypatch.setenv(converted.FOLDER, str(tmp_path))
    x = numpy.zeros((2, 3), "float32")
    for network, array, expected in (("a", x, b"first"), ("a", x, b"first"), ("a", x[:1], b"second")):
        assert converted.kept("onnx", network, array, lambda: next(contents)) == expected
    monkeypatch.delenv(converted.FOLDER)
    assert converted.kept("onnx", "a", x, lambda: next(contents)) == b"third"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("network", TRAINED)
def test_networks_of_keras_train_alike(network: str) -> None:
    pytest.importorskip("tensorflow")
    theirs = import_module("benchmarks.peers.keras_models").fit(network).numbers
    ours = contestant.fit(network, "c").numbers
    assert ours and theirs
    (first, *later), (expected, *others) = ours(), theirs()
    numpy.testing.assert_allclose(first, expected, rtol=1e-3)
    # roundings grow: losses of Keras itself, with oneDNN and without, differ by 3.4e-3 in ResNet-50's second epoch
    numpy.testing.assert_allclose(later, others, rtol=1e-2 if network == "ResNet50_112" else 1e-3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("network", TRAINED)
def test_networks_of_torch_train_like_those_of_keras(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorflow")
    pytest.importorskip("torch")
    found, torch_models = NETWORKS[network], import_module("benchmarks.peers.torch_models")
    x, y = (array[: found.batch] for array in found.data())
    monkeypatch.setitem(NETWORKS, network, replace(found, data=lambda: (x, y), rows=len(x)))  # an epoch is a step
    for module in (contestant, torch_models):
        monkeypatch.setattr(module, "CHECKED_EPOCHS", 3)
    expected = import_module("benchmarks.peers.keras_models").fit(network).numbers()
    losses = torch_models.fit(network).numbers()
    numpy.testing.assert_allclose(losses[0], expected[0], rtol=2e-5)  # what is laid otherwise may differ by 1e-3
    numpy.testing.assert_allclose(losses[:2], expected[:2], rtol=1e-3)
    numpy.testing.assert_allclose(losses, expected, rtol=1e-2)  # roundings grow: nnc's third of ResNet-50 is 5e-3 off


def _predicted(peer: str, way: str, network: str) -> Sequence[float]:
    numbers = getattr(import_module(f"benchmarks.peers.{peer}_models"), way)(network, 2).numbers
    assert numbers
    found: Sequence[float] = numbers()
    return found


CAPABILITIES = {
    "torch": (
        "import torch; print(torch.backends.cpu.get_cpu_capability())",
        {"x86-64": "DEFAULT", "x86-64-v3": "AVX2"},
    ),
    "jax": ("import jax; print(jax.numpy.ones(3).sum())", {"x86-64": "3.0", "x86-64-v3": "3.0"}),  # XLA knows the flag
}


@pytest.mark.slow
@pytest.mark.parametrize("peer", CAPABILITIES)
@pytest.mark.parametrize("level", ["x86-64", "x86-64-v3"])
@pytest.mark.skipif("avx2" not in cpu_features(), reason="the processor has no AVX2 to be kept to")
def test_a_level_of_nnc_keeps_libraries_to_it(peer: str, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(peer)
    code, said = CAPABILITIES[peer]
    monkeypatch.setenv("NNC_CPU", level)
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean_environment(), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == said[level]


@pytest.mark.parametrize(
    ("level", "seen"), [("", "AVX2 AVX512F"), ("x86-64-v4", "AVX2 AVX512F"), ("x86-64-v3", "AVX2"), ("x86-64-v2", "")]
)
@pytest.mark.skipif(not can_mask(), reason="this system does not answer for the processor, or there is no C compiler")
@pytest.mark.skipif("avx512f" not in cpu_features(), reason="the processor has nothing to hide")
def test_libraries_that_ask_the_processor_see_a_level_of_it(
    level: str, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "from numpy._core._multiarray_umath import __cpu_features__ as sees;"
        "print(*(name for name in ('AVX2', 'AVX512F') if sees[name]), flush=True);"
        "import ctypes; ctypes.string_at(0)"  # other faults stay what they are
    )
    monkeypatch.setenv("NNC_CPU", level)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == (seen, -signal.SIGSEGV)


@pytest.mark.skipif(not can_mask(), reason="this system does not answer for the processor, or there is no C compiler")
def test_a_program_that_looks_at_faults_sees_a_level_too(monkeypatch: pytest.MonkeyPatch) -> None:
    # as GCC does, which asks for the processor while it handles faults itself
    code = (
        "import faulthandler; faulthandler.enable(); import numpy._core._multiarray_umath as module;"
        "print(module.__cpu_features__['AVX2'], flush=True); import ctypes; ctypes.string_at(0)"
    )
    monkeypatch.setenv("NNC_CPU", "x86-64-v2")
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("False", -signal.SIGSEGV)
    assert "Fatal Python error: Segmentation fault" in done.stderr


def test_libraries_take_all_vectors_where_nnc_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NNC_CPU", raising=False)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")  # of the user
    limited = {name for limits in LIMITS.values() for name in limits}
    assert not limited & clean_environment().keys()
