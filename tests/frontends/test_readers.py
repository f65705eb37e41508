"""Which reader reads what, and what is said where none does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import nnc
from nnc import plugins
from nnc.errors import ModelError
from nnc.readers import read_model

BASE = "input: [2]\nlayers: [{Dense: 1}]\n"
SUFFIXES = ".h5, .hdf5, .json, .keras, .yaml, .yml"


class Upper:
    """A reader that somebody else wrote."""

    name = "upper"
    suffixes = (".upper",)

    def accepts(self, source: Any) -> bool:
        return isinstance(source, str) and source.endswith(".upper")

    def read(self, source: Any, *, units: int = 1) -> nnc.Model:
        return nnc.Sequential([nnc.layers.Dense(units, input_dim=2)])


def install(monkeypatch: pytest.MonkeyPatch, *entries: Any) -> None:
    found = [SimpleNamespace(name=name, value=name, load=load) for name, load in entries]
    monkeypatch.setattr(plugins, "entry_points", lambda: iter(found))


def broken() -> Any:
    raise ImportError("no module named 'nothing'")


@pytest.mark.parametrize("suffix", ["yaml", "yml", "YAML", "json"])
@pytest.mark.parametrize("as_path", [str, Path])
def test_reads_files_by_suffix(tmp_path: Path, suffix: str, as_path: Any) -> None:
    path = tmp_path / f"model.{suffix}"
    path.write_text('{"input": [2], "layers": [{"Dense": 1}]}' if suffix == "json" else BASE)
    assert read_model(as_path(path)).count_params() == 3


def test_model_passes_through() -> None:
    model = nnc.Sequential([nnc.layers.Dense(1, input_dim=2)])
    assert read_model(model) is model


def test_compile_takes_a_path(tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_text(BASE)
    assert nnc.compile(tmp_path / "model.yaml")([[1.0, 2.0]]).shape == (1, 1)


def test_compile_option_leaves_the_compile_section_alone(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(BASE + "compile: {optimizer: lyon, loss: mse}\n")
    assert not read_model(path, compile=False).is_compiled
    with pytest.raises(ModelError, match="unknown optimizer 'lyon'"):
        read_model(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("modle.yaml", r"no such model file: '.*modle.yaml'. Did you mean 'model.yaml'\?"),
        ("model", r"no such model file: '.*model'. Did you mean 'model.yaml'\?"),
        ("nowhere/model.yaml", r"no such model file: '.*nowhere/model.yaml'.$"),
        (
            "model.txt",
            rf"'.*model.txt' has the suffix '.txt'; model files that can be read are {SUFFIXES}$",
        ),
        ("folder", rf"'.*folder' is a folder; name a model file in it \({SUFFIXES}\)$"),
        ("folder.yaml", r"'.*folder.yaml' is a folder; name a model file in it$"),
        ("a\0b.yaml", r"'.*' cannot be read: embedded null byte"),
        ("a\0b", "no such model file"),
        (f"{'x' * 300}.yaml", "cannot be read: File name too long"),
        ("pipe.yaml", "is not a regular file; expected a YAML or JSON file"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, message: str) -> None:
    import os

    (tmp_path / "model.yaml").write_text(BASE)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ModelError, match=message):
        read_model(str(tmp_path / name))


@pytest.mark.parametrize("source", [None, 5, b"model.yaml", {"layers": []}, nnc.layers.Flatten()])
def test_other_objects_are_refused(source: Any) -> None:
    with pytest.raises(
        ModelError,
        match=rf"expected an nnc model, a live Keras model or a file \({SUFFIXES}\)",
    ):
        read_model(source)


def test_unknown_option() -> None:
    with pytest.raises(ModelError, match=r"reader 'yaml' has no option 'compil'. Did you mean 'compile'\?"):
        read_model("model.yaml", compil=False)


def test_plug_in_reads_with_its_own_options(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ("upper", lambda: Upper()))
    assert read_model("model.upper", units=3).count_params() == 9


def test_broken_plug_in_disables_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ("broken", broken), ("upper", lambda: Upper()))
    assert read_model("model.upper").count_params() == 3
    expected = "model files that can be read are .upper; reader 'broken' could not be used \\(ImportError: no module"
    with pytest.raises(ModelError, match=expected):
        read_model("model.yaml")


def test_no_reader_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    with pytest.raises(ModelError, match=r"no reader of model files is installed: run 'pip install nnc-keras'"):
        read_model("model.yaml")


def test_own_readers_are_installed_once() -> None:
    names = [entry.name for entry in plugins.entry_points()]
    assert names == sorted(set(names))
    assert {"keras", "keras-archive", "h5", "yaml"} <= set(names)


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import frontends.keras_model", ["tensorflow", "keras", "yaml", "networkx"]),
        ("import nnc.readers", ["numpy", "yaml", "frontends", "nnc.models", "importlib.metadata"]),
        (
            "from nnc.readers import read_model; read_model('examples/two_inputs.yaml').summary(print_fn=str)",
            ["tensorflow", "keras", "networkx", "graphviz", "h5py"],
        ),
    ],
)
def test_imports_nothing_heavy(code: str, unwanted: list[str]) -> None:
    check = f"{code}\nimport sys\nprint([name for name in {unwanted} if name in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", check], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
