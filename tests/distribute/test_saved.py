"""Programs from files that several processes, here threads, go on with: as one process does, or refused by name."""

from __future__ import annotations

import contextlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from nnc import layers, losses, metrics, optimizers
from nnc.errors import DistributionError, ModelError, ProgramFileError
from nnc.optimizers import schedules
from nnc.program.definition import divider_of
from nnc.utils import set_random_seed
from tests.distribute.threads import ThreadCommunicator, in_processes
from tests.layers.cases import CASES as LAYERS
from tests.layers.cases import Case

RANDOM = numpy.random.default_rng(0)
X = RANDOM.normal(size=(70, 6)).astype("float32")
IMAGES = RANDOM.normal(size=(70, 6, 6, 2)).astype("float32")
WORDS = RANDOM.integers(0, 9, (70, 5))
CLASSES, NUMBERS, SIGNS = RANDOM.integers(0, 3, 70), RANDOM.normal(size=(70, 2)), RANDOM.integers(0, 2, 70)


def stack(*items: Any) -> nnc.Sequential:
    return nnc.Sequential([layers.Input(items[0]), *items[1:]])


def dense() -> nnc.Model:
    return stack(
        (6,), layers.Dense(8, "relu", kernel_regularizer="l2"), layers.Dropout(0.3), layers.Dense(3, "softmax")
    )


def classifier(optimizer: Any, **options: Any) -> nnc.Model:
    model = dense()
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model


def images() -> nnc.Model:
    model = stack(
        (6, 6, 2),
        layers.Conv2D(3, 3, activation="relu", kernel_constraint="max_norm"),
        layers.BatchNormalization(synchronized=True),
        layers.GlobalAveragePooling2D(),
        layers.Dense(1),
    )
    loss = losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)
    model.compile(optimizers.RMSprop(0.01, momentum=0.9), loss, metrics=[metrics.AUC(from_logits=True), "accuracy"])
    return model


def words() -> nnc.Model:
    model = stack(
        (5,),
        layers.Embedding(9, 4, mask_zero=True),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.GRU(4),
        layers.Dense(3, "softmax"),
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def several() -> nnc.Model:
    x = nnc.Input((6,), name="x")
    hidden = layers.Dense(5, "tanh", name="hidden")(x)
    outputs = {"a": layers.Dense(2, name="a")(hidden), "b": layers.Dense(1, "sigmoid", name="b")(hidden)}
    model = nnc.Model(x, outputs)
    model.compile(
        "adam",
        {"a": "huber", "b": "binary_crossentropy"},
        loss_weights={"a": 2.0, "b": 0.5},
        metrics={"a": ["mae"], "b": ["accuracy"]},
    )
    return model


CASES: dict[str, tuple[Any, Any, Any]] = {
    "adam with averages": (lambda: classifier(optimizers.Adam(clipnorm=1.0, use_ema=True)), X, CLASSES),
    "a schedule": (lambda: classifier(optimizers.SGD(schedules.CosineDecay(0.1, 30))), X, CLASSES),
    "summed gradients": (
        lambda: classifier(optimizers.AdamW(0.01, weight_decay=0.1, gradient_accumulation_steps=2)),
        X,
        CLASSES,
    ),
    "weighted metrics": (lambda: classifier("sgd", weighted_metrics=["accuracy"]), X, CLASSES),
    "images": (images, IMAGES, SIGNS),
    "words": (words, WORDS, CLASSES),
    "several outputs": (several, X, {"a": NUMBERS, "b": SIGNS}),
}


def saved(folder: Path, make: Any, x: Any, y: Any) -> Path:
    """Save a program that has learnt a little, and return its file."""
    set_random_seed(2)
    model = make()
    model.fit(x, y, epochs=1, verbose=0)
    model.program.save(folder / "program.nnc")
    return folder / "program.nnc"


def gone_on(path: Path, size: int, x: Any, y: Any, backend: str = "numpy", **options: Any) -> list[Any]:
    def work(processes: ThreadCommunicator) -> Any:
        program = nnc.load(path, backend=backend)
        found = program.fit(x, y, verbose=0, distribute=processes, **options).history
        return found, program

    return in_processes(size, work)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("case", CASES)
def test_a_program_from_its_file_goes_on_as_in_one_process(tmp_path: Path, case, backend):
    make, x, y = CASES[case]
    path = saved(tmp_path, make, x, y)
    options = {"epochs": 3, "batch_size": 16, "validation_data": (x, y)}
    alone = nnc.load(path, backend=backend)
    expected = alone.fit(x, y, verbose=0, **options).history
    for result in gone_on(path, 2, x, y, backend, **options):
        assert not isinstance(result, Exception), result
        found, program = result
        assert found.keys() == expected.keys()
        for name, numbers in expected.items():
            numpy.testing.assert_allclose(found[name], numbers, 2e-6, err_msg=name)
        for own, other in zip(program.get_weights(), alone.get_weights(), strict=True):
            numpy.testing.assert_allclose(own, other, 1e-4, 1e-6)


def test_one_process_goes_on_to_the_bit(tmp_path: Path):
    make, x, y = CASES["adam with averages"]
    path = saved(tmp_path, make, x, y)
    alone = nnc.load(path)
    expected = alone.fit(x, y, epochs=2, verbose=0).history
    ((found, program),) = gone_on(path, 1, x, y, epochs=2)
    assert found == expected
    program.save(tmp_path / "one.nnc")
    alone.save(tmp_path / "alone.nnc")
    assert (tmp_path / "one.nnc").read_bytes() == (tmp_path / "alone.nnc").read_bytes()


NOT_THE_SAME = {
    "LeakyReLU'inner_activation'": "a layer inside has another name",
    "recurrent_activation=<ELU": "a layer inside has another name",
    "SimpleRNN(units=2,dropout=0.5,recurrent_dropout=0.5,seed=1)": "its config says nothing of the seed's numbers",
}
"""Layers whose configs make other graphs, so that these are refused."""


@pytest.mark.sampled(6)
@pytest.mark.filterwarnings("ignore:Layer 'flatten':UserWarning")
@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_a_file_defines_a_model_whose_graph_is_the_one_in_the_file(tmp_path: Path, case: Case):
    inputs = case.symbolic()
    found = case.outputs(case.make(), inputs)[0]
    model = nnc.Model(inputs, layers.Dense(1)(layers.Flatten()(found)))
    model.compile("adam", "mse")
    model.program.save(tmp_path / "program.nnc")
    divide = divider_of(nnc.load(tmp_path / "program.nnc").executor)
    assert divide is not None
    if any(text in str(case) for text in NOT_THE_SAME):
        with pytest.raises(ModelError, match="is not the one in the file"):
            divide("train")
        return
    with contextlib.suppress(DistributionError):  # of layers for which rows of a batch meet, once the graph is the same
        assert divide("train")


def changed(path: Path, change: Any) -> Path:
    """Write a program's file with another manifest, and return it."""
    target = path.with_name("changed.nnc")
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(target, "w") as copy:
        for item in archive.infolist():
            content = archive.read(item)
            if item.filename == "manifest.json":
                manifest = json.loads(content)
                change(manifest["program"])
                content = json.dumps(manifest).encode()
            copy.writestr(item, content)
    return target


def other_rate(program: Any) -> None:
    program["compiled"]["optimizer"]["config"]["beta_1"] = 0.5


def other_layer(program: Any) -> None:
    program["model"]["config"]["layers"][1]["class_name"] = "Strange"


def no_definition(program: Any) -> None:
    del program["compiled"]


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (other_rate, "its file defines a model whose graph 'train' is not the one in the file"),
        (other_layer, "its model cannot be made of its file: .*Strange"),
        (no_definition, "comes from a file that does not say how its model was compiled"),
    ],
)
def test_a_file_that_defines_no_model_or_another_is_refused(tmp_path: Path, change, message):
    path = changed(saved(tmp_path, CASES["adam with averages"][0], X, CLASSES), change)
    nnc.load(path).fit(X, CLASSES, verbose=0)  # by one process
    for error in gone_on(path, 2, X, CLASSES):
        assert isinstance(error, ModelError)
    with pytest.raises(ModelError, match=message):
        raise gone_on(path, 1, X, CLASSES)[0]


def test_what_a_file_says_of_compiling_is_a_mapping(tmp_path: Path):
    def change(program: Any) -> None:
        program["compiled"] = ["sgd"]

    path = changed(saved(tmp_path, CASES["images"][0], IMAGES, SIGNS), change)
    with pytest.raises(ProgramFileError, match="manifest: 'compiled' must be dict"):
        nnc.load(path)


def test_a_program_of_its_own_element_type_is_refused(tmp_path: Path):
    program = nnc.compile(CASES["adam with averages"][0](), dtype="float64")
    program.save(tmp_path / "program.nnc")
    for error in gone_on(tmp_path / "program.nnc", 2, X, CLASSES):
        assert isinstance(error, ModelError)
        assert "compiled with an element type or passes of its own" in str(error)


class Own(layers.Layer):
    def call(self, x: Any) -> Any:
        return x * 2.0


def test_layers_of_an_author_are_refused_by_name(tmp_path: Path):
    model = stack((6,), Own(), layers.Dense(1))
    model.compile("sgd", "mse")
    model.program.save(tmp_path / "program.nnc")
    for error in gone_on(tmp_path / "program.nnc", 2, X, SIGNS):
        assert isinstance(error, ModelError)
    assert "'Own'" in str(gone_on(tmp_path / "program.nnc", 1, X, SIGNS)[0])
