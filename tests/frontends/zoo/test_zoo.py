"""Files that Keras 3 and Keras 2 write, read back: they predict the same, and their training goes on the same."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from nnc.readers import read_model
from tests.frontends.test_writing_weights import arrays
from tests.frontends.zoo.files import FIT, LOSSES, Animal, Written, difference, write
from tests.frontends.zoo.models import ANIMALS

PACKAGES = ("keras", "tf_keras")


CASES = [
    pytest.param((name, animal), id=f"{animal.name} of {name}", marks=[pytest.mark.slow] if animal.is_slow else [])
    for animal in ANIMALS
    for name in PACKAGES
]


@pytest.fixture(scope="module", params=CASES)
def case(request: Any, tmp_path_factory: Any) -> Iterator[tuple[Animal, Written]]:
    name, animal = request.param
    package = pytest.importorskip(name)
    yield animal, write(animal, package, tmp_path_factory.mktemp("zoo"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", ["keras", "h5"])
@pytest.mark.slow
def test_whole_models(case: tuple[Animal, Written], kind: str) -> None:
    animal, written = case
    model = read_model(written.files[kind])
    assert difference(model.predict(written.x), written.predicted) <= animal.tolerance
    losses = model.fit(written.x, written.y, epochs=2, **FIT).history["loss"]
    if not animal.is_random:
        numpy.testing.assert_allclose(losses, written.losses, rtol=LOSSES)


@pytest.mark.parametrize("kind", ["weights.h5", "h5", "keras"])
@pytest.mark.sampled(2)
def test_definition_and_weights(case: tuple[Animal, Written], kind: str, tmp_path: Path) -> None:
    animal, written = case
    model = read_model(written.files["json"])
    model.load_weights(written.files[kind])
    assert difference(model.predict(written.x), written.predicted) <= animal.tolerance
    model.save_weights(tmp_path / "again.weights.h5")
    again = read_model(written.files["json"])
    again.load_weights(tmp_path / "again.weights.h5")
    for found, expected in zip(again.get_weights(), model.get_weights(), strict=True):
        numpy.testing.assert_array_equal(found, expected)
    if type(written.keras).__module__.startswith("keras."):
        written_again, by_keras = arrays(tmp_path / "again.weights.h5"), arrays(written.files["weights.h5"])
        by_keras = {path: array for path, array in by_keras.items() if not path.startswith("optimizer/")}
        written_again = {path: array for path, array in written_again.items() if not path.startswith("optimizer/")}
        assert written_again.keys() == by_keras.keys()
        for path, array in by_keras.items():
            numpy.testing.assert_array_equal(written_again[path], array, path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Keras trains on from")
@pytest.mark.sampled(1)
def test_whole_models_go_back_to_keras(case: tuple[Animal, Written], tmp_path: Path) -> None:
    animal, written = case
    keras = pytest.importorskip("keras")
    model = read_model(written.files["keras"])
    predicted = model.predict(written.x)
    ours, theirs = [], []
    for kind in ("keras", "h5"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.save(path := tmp_path / f"again.{kind}")
        ours.append(read_model(path))
        if any("of Keras 2, which" in str(item.message) for item in caught):
            with pytest.raises((TypeError, ValueError)):
                keras.models.load_model(path)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            theirs.append(keras.models.load_model(path))
    for found in ours:
        for one, other in zip(found.get_weights(), model.get_weights(), strict=True):
            numpy.testing.assert_array_equal(one, other)
    for by_keras in theirs:
        assert difference(by_keras.predict(written.x, verbose=0), predicted) <= animal.tolerance
    if animal.is_random:
        return
    losses = model.fit(written.x, written.y, epochs=2, **FIT).history["loss"]
    is_old = not type(written.keras).__module__.startswith("keras.")  # adds up gradients of embeddings otherwise
    for found in ours:
        again = found.fit(written.x, written.y, epochs=2, **FIT).history["loss"]
        numpy.testing.assert_allclose(again, losses, rtol=1e-3 if is_old else 0)
    if not theirs:
        return
    theirs[0].run_eagerly = True  # faster here than tracing it
    by_keras = theirs[0].fit(written.x, written.y, epochs=2, **FIT).history["loss"]
    numpy.testing.assert_allclose(by_keras, losses, rtol=LOSSES)


@pytest.mark.slow
def test_saved_programs_predict_the_same(case: tuple[Animal, Written], tmp_path: Path) -> None:
    animal, written = case
    read_model(written.files["h5"]).save(tmp_path / "model.nnc")
    found = nnc.load(tmp_path / "model.nnc").predict(written.x)
    assert difference(found, written.predicted) <= animal.tolerance


OPTIMIZERS: list[Any] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {"weight_decay": 0.01}),
    ("Adagrad", {}),
    ("Adadelta", {"learning_rate": 0.5}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Ftrl", {}),
]


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize(("name", "arguments"), OPTIMIZERS)
@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_training_goes_on(package: str, name: str, arguments: dict[str, Any], kind: str, tmp_path: Path) -> None:
    library = pytest.importorskip(package)
    animal = next(animal for animal in ANIMALS if animal.name == "several ends")
    written = write(animal, library, tmp_path, getattr(library.optimizers, name)(**{"learning_rate": 0.01} | arguments))
    with warnings.catch_warnings():
        if (name, package) == ("Nadam", "tf_keras"):
            warnings.filterwarnings("ignore", ".*trains as Nadam of Keras 3 does")
        model = read_model(written.files[kind])
    losses = model.fit(written.x, written.y, epochs=2, **FIT).history["loss"]
    numpy.testing.assert_allclose(losses, written.losses, rtol=LOSSES)
