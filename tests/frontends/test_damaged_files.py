"""Damaged and hostile binary model files: always one of nnc's errors, in bounded time and memory."""

from __future__ import annotations

import json
import pickle
import resource
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy
import pytest

import nnc
from frontends.hdf5 import open_hdf5
from frontends.hdf5_texts import StoredTexts
from nnc.errors import ModelError, NncError
from nnc.readers import read_model
from tests.frontends.zoo.old_files import layer, random_arrays, write_h5

LIMIT = 128 * 1024
"""How many KiB reading a small file may take."""
KERNELS = random_arrays(1, (4, 3), (3,), (3, 2), (2,))


def h5_bytes(tmp_path: Path) -> bytes:
    layers = [
        layer("Dense", "one", units=3, activation="tanh", batch_input_shape=[None, 4]),
        layer("Dense", "two", units=2, activation="linear"),
    ]
    weights = {
        "one": [("one/kernel:0", KERNELS[0]), ("one/bias:0", KERNELS[1])],
        "two": [("two/kernel:0", KERNELS[2]), ("two/bias:0", KERNELS[3])],
    }
    options = {"class_name": "SGD", "config": {"lr": 0.5, "momentum": 0.5}}
    training = {"optimizer_config": options, "loss": "mse", "metrics": ["mae"]}
    state = [("iterations:0", 1.0), *((f"v{index}", array) for index, array in enumerate(KERNELS))]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    path = write_h5(tmp_path / "whole.h5", config, weights, "2.2.4", training, state)
    return path.read_bytes()


def config_of_archive() -> dict[str, Any]:
    layers = [
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "name": "x"}},
        {"class_name": "Dense", "config": {"name": "one", "units": 3, "activation": "tanh"}},
        {"class_name": "Dense", "config": {"name": "two", "units": 2}},
    ]
    compile_config = {"optimizer": "sgd", "loss": "mse"}
    return {"class_name": "Sequential", "config": {"name": "s", "layers": layers}, "compile_config": compile_config}


def tree_bytes(path: Path, shapes: Any = None) -> bytes:
    with h5py.File(path, "w") as file:
        for index, name in enumerate(("dense", "dense_1")):
            group = file.create_group(f"layers/{name}/vars")
            for number in (0, 1):
                array = KERNELS[2 * index + number]
                group.create_dataset(str(number), data=array if shapes is None else numpy.zeros(shapes, "float32"))
    return path.read_bytes()


def archive_bytes(tmp_path: Path, config: Any = None, weights: bytes | None = None, **members: bytes) -> bytes:
    path = tmp_path / "archive.keras"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.3.3"}))
        file.writestr("config.json", json.dumps(config_of_archive() if config is None else config))
        file.writestr("model.weights.h5", tree_bytes(tmp_path / "w.h5") if weights is None else weights)
        for name, content in members.items():
            file.writestr(name, content)
    return path.read_bytes()


MAKERS: dict[str, Callable[[Path], bytes]] = {"h5": h5_bytes, "keras": archive_bytes}


def attempt(path: Path) -> bool:
    """Read a file; return whether that worked. Any error but nnc's own comes through."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        read_model(path)
        return True
    except NncError as error:
        assert str(error).strip()
        return False
    finally:
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < LIMIT


@pytest.mark.parametrize("kind", MAKERS)
def test_files_as_they_are(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"file.{kind}"
    path.write_bytes(MAKERS[kind](tmp_path))
    x = numpy.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    right = numpy.tanh(x @ KERNELS[0] + KERNELS[1]) @ KERNELS[2] + KERNELS[3]
    numpy.testing.assert_allclose(read_model(path).predict(x), right, atol=1e-5)


@pytest.mark.sampled(1)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", MAKERS)
def test_flipped_bytes(tmp_path: Path, kind: str) -> None:
    content = MAKERS[kind](tmp_path)
    generator = numpy.random.default_rng(11)
    path = tmp_path / f"file.{kind}"
    for _ in range(60):
        damaged = bytearray(content)
        for position in generator.integers(0, len(content), generator.integers(1, 12)):
            damaged[position] ^= int(generator.integers(1, 256))
        path.write_bytes(damaged)
        attempt(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", MAKERS)
def test_truncated_files(tmp_path: Path, kind: str) -> None:
    content = MAKERS[kind](tmp_path)
    path = tmp_path / f"file.{kind}"
    for length in range(0, len(content), max(1, len(content) // 20)):
        path.write_bytes(content[:length])
        assert not attempt(path)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*path, key), *places(item, (*path, key)))]


STRANGE: list[Any] = [None, -1, 2**40, 0.5, "x", "<lambda>", [], {}, [[]], {"class_name": "Dense"}, True, "a\x00b"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("change", ["remove", *range(len(STRANGE))])
@pytest.mark.sampled(6)
def test_changed_configs(tmp_path: Path, change: Any) -> None:
    weights = tree_bytes(tmp_path / "w.h5")
    path = tmp_path / "file.keras"
    for place in places(config_of_archive()):
        config = config_of_archive()
        owner: Any = config
        for key in place[:-1]:
            owner = owner[key]
        if change == "remove":
            del owner[place[-1]]
        else:
            owner[place[-1]] = STRANGE[change]
        path.write_bytes(archive_bytes(tmp_path, config, weights))
        attempt(path)


@pytest.mark.parametrize("shape", [(), (3,), (4, 3, 1), (3, 4), (0,), (1, 0)])
def test_arrays_of_other_shapes(tmp_path: Path, shape: Any) -> None:
    path = tmp_path / "file.keras"
    path.write_bytes(archive_bytes(tmp_path, weights=tree_bytes(tmp_path / "w.h5", shape)))
    with pytest.raises(ModelError, match=r"layer 'one' \(Dense\): its weights have the shapes"):
        read_model(path)


def hostile_h5(path: Path, change: Callable[[Any], None], tmp_path: Path) -> Path:
    path.write_bytes(h5_bytes(tmp_path))
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def claims_much(file: Any) -> None:
    """A kernel that is stored in no byte and claims many."""
    del file["model_weights/one/one/kernel:0"]
    file["model_weights/one"].create_dataset("one/kernel:0", (2**20, 2**14), "float32", chunks=(2**10, 2**10))


def is_elsewhere(file: Any) -> None:
    del file["model_weights/one/one/kernel:0"]
    file["model_weights/one/one/kernel:0"] = h5py.ExternalLink("/etc/passwd", "/x")


def is_a_soft_link(file: Any) -> None:
    del file["model_weights/two"]
    file["model_weights/two"] = h5py.SoftLink("/model_weights/one")


def is_no_number(file: Any) -> None:
    del file["model_weights/one/one/bias:0"]
    file["model_weights/one"].create_dataset("one/bias:0", data=[b"a", b"b", b"c"])


def lies_outside(file: Any) -> None:
    file["model_weights"].attrs["layer_names"] = [b"../../one", b"two"]


def is_huge(file: Any) -> None:
    config = json.loads(file.attrs["model_config"])
    config["config"]["layers"][0]["config"]["units"] = 2**28
    file.attrs["model_config"] = json.dumps(config)


def is_deep(file: Any) -> None:
    file.attrs["model_config"] = "[" * 30_000 + "]" * 30_000


def is_a_list(file: Any) -> None:
    file.attrs["model_config"] = "[1]"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (claims_much, "claims 68,719,476,736 bytes, but 0 are in the file"),
        (is_elsewhere, "'one/kernel:0' is missing in the file"),
        (is_a_soft_link, "its group is missing in the file"),
        (is_no_number, "is not an array of numbers"),
        (lies_outside, "its group is missing in the file"),
        (is_huge, r"its weights have the shapes \(4, 3\), \(3,\) in the file, expected \(4, 268435456\)"),
        (is_deep, "values are nested more than 64 deep"),
        (is_a_list, "model_config must be a mapping, got a list"),
    ],
)
def test_hostile_h5(tmp_path: Path, change: Callable[[Any], None], message: str) -> None:
    path = hostile_h5(tmp_path / "hostile.h5", change, tmp_path)
    with pytest.raises(ModelError, match=message):
        read_model(path)


LIBRARIES: dict[str, dict[str, Any]] = {
    "earliest": {"libver": "earliest"},
    "latest": {"libver": "latest"},
    "behind something else": {"libver": "latest", "userblock_size": 1024},
}
TEXTS = ["x" * 4000, "y"]
MUCH = 2**32 - 16


def texts_bytes(path: Path, library: str, others: int = 0) -> bytes:
    """A file with texts of variable length; with many attributes they lie in a heap."""
    with h5py.File(path, "w", **LIBRARIES[library]) as file:
        file.create_group("g").attrs.create("texts", TEXTS, dtype=h5py.string_dtype())
        file["g"].attrs["text"] = "z"
        for number in range(others):
            file["g"].attrs[f"other {number}"] = "z"
        for count in (1, 3):
            file.create_group(f"g{count}").attrs.create("texts", ["w"] * count, dtype=h5py.string_dtype())
    return path.read_bytes()


def descriptor(content: bytes, length: int, before: int = 0) -> int:
    """Return where the descriptor of a text begins: its length, the address of a heap, its number there."""
    place = content.index(struct.pack("<I", length))
    while content[struct.unpack_from("<Q", content, place + 4)[0] + before :][:4] != b"GCOL":
        place = content.index(struct.pack("<I", length), place + 1)
    return place


@pytest.mark.parametrize("others", [0, 20])
@pytest.mark.parametrize("library", LIBRARIES)
def test_texts_are_measured_before_they_are_read(tmp_path: Path, library: str, others: int) -> None:
    content = texts_bytes(tmp_path / "texts.h5", library, others)
    with open_hdf5(content, "it") as root:
        assert (root.group("g") or root).texts("texts") == TEXTS
        assert (root.group("g") or root).text("text") == "z"
        assert (root.group("g3") or root).texts("texts") == ["w"] * 3
    assert StoredTexts(content).claimed("texts", (2,)) == sum(map(len, TEXTS))
    place = descriptor(content, len(TEXTS[0]), LIBRARIES[library].get("userblock_size", 0))
    much = struct.pack("<I", MUCH)
    for start, written in ((place, much), (place + 16, much), (place, much + struct.pack("<Q", 7))):  # no heap is there
        hostile = content[:start] + written + content[start + len(written) :]
        assert (StoredTexts(hostile).claimed("texts", (2,)) or 0) >= MUCH
        if library == "earliest":  # later versions have checksums
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            message = r"'texts' of 'g' claims 4,294,9\d\d,\d\d\d bytes of text, but the whole file has"
            with pytest.raises(ModelError, match=message), open_hdf5(hostile, "it") as root:
                (root.group("g") or root).texts("texts")
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < LIMIT


def test_one_text_is_not_read_many_times(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "texts.h5", "w") as file:
        file.attrs.create("texts", ["x" * 60_000, *["y"] * 3_000], dtype=h5py.string_dtype())
    content = bytearray((tmp_path / "texts.h5").read_bytes())
    place = descriptor(content, 60_000)
    content[place : place + 16 * 3_001] = content[place : place + 16] * 3_001
    with pytest.raises(ModelError, match="claims 180,060,000 bytes of text"), open_hdf5(bytes(content), "it") as root:
        root.texts("texts")


def test_attributes_that_may_be_compressed_are_not_read(tmp_path: Path) -> None:
    content = texts_bytes(tmp_path / "texts.h5", "latest", 20)
    heap = content.index(b"FRHP")
    damaged = content[: heap + 7] + b"\x10\0" + content[heap + 9 :]
    with pytest.raises(ModelError, match="is stored in a way that is not read"), open_hdf5(damaged, "it") as root:
        (root.group("g3") or root).texts("texts")


def holds_itself(group: Any) -> None:
    group["cell"] = group


def has_many_ways(group: Any) -> None:
    """Two at each of some groups, and none leads back."""
    for _ in range(10):
        inner = group.create_group("cell")
        group["layer"] = inner
        group = inner


@pytest.mark.parametrize("link", [holds_itself, has_many_ways])
def test_groups_are_read_once(tmp_path: Path, link: Callable[[Any], None]) -> None:
    tree_bytes(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5", "r+") as file:
        del file["layers/dense/vars/1"]  # so that others are looked for
        link(file["layers/dense"])
    path = tmp_path / "file.keras"
    path.write_bytes(archive_bytes(tmp_path, weights=(tmp_path / "w.h5").read_bytes()))
    with pytest.raises(ModelError, match=r"the group 'layers/dense/[a-z/]*' is '/layers/dense.*' once more"):
        read_model(path)


def bomb(tmp_path: Path) -> bytes:
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", json.dumps(config_of_archive()))
        with file.open("model.weights.h5", "w", force_zip64=True) as member:
            for _ in range(100):
                member.write(bytes(2**20))
    return path.read_bytes()


def test_zip_bombs_are_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "file.keras"
    path.write_bytes(bomb(tmp_path))
    tracemalloc.start()
    with pytest.raises(ModelError, match=r"model.weights.h5 claims 104,857,600 bytes, at most 67,108,864 are read"):
        read_model(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20


def test_members_outside_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "inside" / "file.keras"
    path.parent.mkdir()
    path.write_bytes(archive_bytes(tmp_path, **{"../outside.txt": b"x", "/tmp/outside.txt": b"x"}))
    assert read_model(path).count_params() == 23
    assert not (tmp_path / "outside.txt").exists()


class Evil:
    def __reduce__(self) -> Any:
        return (print, ("run",))


@pytest.mark.parametrize("suffix", ["h5", "keras", "hdf5"])
def test_other_kinds_of_files(tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"file.{suffix}"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ModelError, match="is a Python pickle, which is never read"):
        read_model(path)
    assert capsys.readouterr().out == ""
    if suffix != "keras":
        path.write_bytes(archive_bytes(tmp_path))
        with pytest.raises(ModelError, match=r"is a zip archive, which is named \.keras; rename it"):
            read_model(path)
    path.write_bytes(b"")
    with pytest.raises(ModelError, match="it may be damaged"):
        read_model(path)
    with pytest.raises(ModelError, match=r"no such model file: .*Did you mean 'file"):
        read_model(tmp_path / f"fil.{suffix}")


def test_missing_h5py_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    path = tmp_path / "file.h5"
    path.write_bytes(h5_bytes(tmp_path))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ModelError, match=r"is an HDF5 file; to read it, run: pip install h5py"):
        read_model(path)


def test_missing_members(tmp_path: Path) -> None:
    for name in ("config.json", "model.weights.h5"):
        path = tmp_path / "file.keras"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("config.json" if name != "config.json" else "other", json.dumps(config_of_archive()))
        with pytest.raises(ModelError, match=f"the archive has no {name}"):
            read_model(path)
    assert nnc.errors.ModelError is ModelError
