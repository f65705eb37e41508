"""`nnc export`: a model file or a program as source."""

from __future__ import annotations

import json
from pathlib import Path

import numpy

import nnc
from tests.cli.conftest import Run
from tests.export.networks import RUN, python


def test_python(run: Run, folder: Path) -> None:
    run("train", "base.yaml", "--data", "points.npz", "--epochs", "3", "-o", "base.nnc")
    result = run("export", "base.nnc", "--to", "python", "--train", "--batch", "8", "-o", "model.py", "--json")
    written = ["model.py", "model.npz"]
    assert json.loads(result.stdout) == {"model": "base", "target": "python", "written": written}
    assert result.stderr == "wrote model.py, model.npz\n"
    done = python(folder, RUN, "model.py")
    assert done.returncode == 0, done.stderr
    assert "losses: agrees" in done.stdout
    expected = nnc.load("base.nnc").predict(numpy.load("x.npy"))
    code = "import model, numpy; numpy.save('y.npy', model.predict(numpy.load('x.npy')))"
    assert python(folder, code).returncode == 0
    numpy.testing.assert_allclose(numpy.load("y.npy"), expected, rtol=1e-6)


def test_a_model_file(run: Run, folder: Path) -> None:
    run("export", "base.yaml", "--to", "python", "-o", "model.py")
    assert python(folder, RUN, "model.py").stdout == "prediction dense_1: agrees, largest difference 0.0e+00\n"
    assert "def train_step" not in (folder / "model.py").read_text()


def test_c(run: Run, folder: Path) -> None:
    result = run(
        "export", "base.yaml", "--to", "c", "--train", "--batch", "4", "--weights", "file", "-o", "out", "--json"
    )
    names = ("base.h", "base.c", "test_base.c", "base.mk", "base.weights")
    assert json.loads(result.stdout)["written"] == [str(Path("out") / name) for name in names]
    assert all((folder / "out" / name).stat().st_size for name in names)
    run("export", "base.yaml", "--to", "c", "--batch", "1", "--name", "net", "-o", "out")
    assert "#define NET_BATCH 1\n" in (folder / "out" / "net.h").read_text()


def test_errors_of_c(run: Run, folder: Path) -> None:
    error = run("export", "base.yaml", "--to", "c", "--name", "2x", "-o", "out", code=1).stderr
    assert error.startswith("error: name must be one that C allows, letters and digits that begin with a letter,")
    (folder / "file").write_text("mine")
    error = run("export", "base.yaml", "--to", "c", "-o", "file", code=1).stderr
    assert error == "error: file: cannot be written: it is a file; C source goes into a folder\n"
    error = run("export", "base.yaml", "--to", "c", "-o", "file/out", code=1).stderr
    assert error == "error: file/out: Not a directory\n"
    assert "--to c" in run("export", "base.yaml", "--to", "python", "--name", "x", "-o", "model.py", code=2).stderr
    assert "NAME=N" in run("export", "base.yaml", "--to", "c", "--lengths", "time", "-o", "out", code=1).stderr
    assert not (folder / "out").exists()


def test_errors(run: Run) -> None:
    assert "java" in run("export", "base.yaml", "--to", "java", "-o", "model.py", code=2).stderr
    error = run("export", "base.yaml", "--to", "python", "-o", "model.c", code=1).stderr
    assert error == "error: model.c: expected a file named *.py that Python can import, such as model.py\n"
    error = run("export", "base.yaml", "--to", "python", "-o", "no/model.py", code=1).stderr
    assert error == "error: no/model.py: cannot be written: the folder 'no' does not exist\n"


def test_names_are_no_code(run: Run, folder: Path) -> None:
    name = "y'+str(__import__('os').system('touch marker'))+'"
    model = {"name": "it's\\", "input": [2], "layers": [{"Dense": {"units": 2, "name": name}}]}
    (folder / "model.yaml").write_text(json.dumps(model))
    run("export", "model.yaml", "--to", "python", "-o", "exported.py")
    assert """\"\"\"Predicts 'it's/' with NumPy alone.""" in (folder / "exported.py").read_text()
    done = python(folder, RUN, "exported.py")
    assert done.returncode == 0, done.stderr
    assert f"prediction {name}: agrees" in done.stdout
    run("export", "model.yaml", "--to", "c", "-o", "exported")
    assert sorted(path.name for path in (folder / "exported").iterdir()) == [
        "it_s.c",
        "it_s.h",
        "it_s.mk",
        "test_it_s.c",
    ]
    assert not list(folder.rglob("marker"))
