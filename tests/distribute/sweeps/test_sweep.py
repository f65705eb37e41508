"""`nnc.sweep` as a user calls it, and what it returns and writes."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError, ModelFileError
from tests.distribute.sweeps import builders


def test_the_best_is_kept_as_a_program(folder: Path, plain: dict[str, Any]):
    found = nnc.sweep(plain)
    assert len(found.trials) == 18
    assert found.best.value == min(trial.value for trial in found.trials)
    assert found.program.replicas is None
    assert found.program.states.keys() == nnc.load("sweep/best.nnc").states.keys()
    units = found.best.parameters["layers.0.units"]
    assert found.program.get_weights()[0].shape == (2, units)
    assert not list(Path("sweep/programs").glob("*.nnc")) or len(list(Path("sweep/programs").glob("*.nnc"))) == 1


@pytest.mark.slow
def test_the_largest_is_best_where_it_is_wanted(folder: Path, plain: dict[str, Any]):
    found = nnc.sweep({**plain, "objective": "val_accuracy", "epochs": 8})
    best = max(trial.value for trial in found.trials)
    assert found.best.number == next(trial.number for trial in found.trials if trial.value == best)
    assert [trial.value for trial in found.ranked()] == sorted((t.value for t in found.trials), reverse=True)


def test_table_and_report(folder: Path, plain: dict[str, Any]):
    found = nnc.sweep({**plain, "space": {"layers.0.units": [2, 0], "optimizer": ["sgd", {"Adam": {}}]}})
    rows = list(csv.DictReader(io.StringIO(found.to_csv("table.csv"))))
    assert Path("table.csv").read_text() == Path("sweep/trials.csv").read_text() == found.to_csv()
    assert [row["status"] for row in rows] == ["complete", "complete", "failed", "failed"]
    assert [row["optimizer"] for row in rows] == ["sgd", '{"Adam": {}}'] * 2
    assert [float(row["val_loss"]) for row in rows[:2]] == [trial.value for trial in found.trials[:2]]
    assert "units must be a positive integer, got 0" in rows[2]["error"]
    report = json.loads(Path("sweep/report.json").read_text())
    assert report == json.loads(json.dumps(found.to_json()))
    assert (report["best"], report["total"], report["interrupted"]) == (found.best.number, 4, False)
    assert repr(found) == f"<sweep of 4 trials by val_loss, best: trial {found.best.number}, {found.best.value:.6g}>"


def test_a_notebook_shows_table_and_picture(folder: Path, plain: dict[str, Any]):
    found = nnc.sweep(plain)
    html = found._repr_html_()
    assert f"<td>{found.best.number}</td>" in html
    picture = html[html.index("<svg") : html.index("</svg>") + 6]
    assert picture == found.svg() == Path("sweep/sweep.svg").read_text()
    root = ElementTree.fromstring(picture)
    paths = [item for item in root.iter() if item.tag.endswith("path") and item.get("d", "").count("C") == 3]
    assert len(paths) == 18
    with pytest.raises(DataError, match=r"'sweep.png': the picture of a sweep is drawn to files named \*.svg"):
        found.plot("sweep.png")


@pytest.mark.slow
def test_a_function_builds_models(folder: Path):
    arrays = numpy.load("points.npz")
    space = {"units": [3, 4], "rate": [0.0, 0.5], "learning_rate": {"log_uniform": [0.01, 1]}, "seed": [0, 1]}
    found = nnc.sweep(
        builders.build,
        space=space,
        data=(arrays["x"], arrays["y"]),
        validation_split=0.25,
        trials=10,
        epochs=2,
        seed=5,
    )
    assert {trial.together for trial in found.trials} <= set(range(1, 11))
    assert sum(trial.together > 1 for trial in found.trials) > 5
    assert len({trial.parameters["learning_rate"] for trial in found.trials}) == 10
    with pytest.raises(ModelError, match="build must return an nnc model, got int"):
        nnc.sweep(lambda parameters: 3, space={"a": [1]}, data=(arrays["x"], arrays["y"]), objective="loss", output="o")


def test_what_cannot_work_is_refused_before_anything_is_trained(folder: Path, plain: dict[str, Any]):
    with pytest.raises(DataError, match=r"no such file of rows: 'pionts.npz'"):
        nnc.sweep({**plain, "data": "pionts.npz"})
    with pytest.raises(DataError, match=r"measures no 'val_mae', only loss, accuracy, val_loss, val_accuracy"):
        nnc.sweep({**plain, "objective": {"metric": "val_mae", "mode": "min"}}, output="other")
    with pytest.raises(ModelFileError, match=r"trial-0: 1 problem\n.*units must be a positive integer, got 0"):
        nnc.sweep({**plain, "space": {"layers.0.units": [0, -1]}}, output="third")
    with pytest.raises(DataError, match=r"data must be inputs and targets, \(x, y\)"):
        nnc.sweep(plain, data=numpy.zeros((3, 2)))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="validation_data go with data"):
        nnc.sweep(plain, validation_data=(1, 2))
    assert not Path("other/best.nnc").exists()


@pytest.mark.slow
def test_a_sweep_is_not_mixed_with_another(folder: Path, plain: dict[str, Any]):
    first = nnc.sweep(plain)
    with pytest.raises(DataError, match="has a sweep already"):
        nnc.sweep(plain)
    assert nnc.sweep(plain, resume=True).trials == first.trials
    for key, value, what in [
        ("epochs", 5, "epochs"),
        ("space", {"seed": [1]}, "space"),
        ("model", {"input": [2], "layers": [{"Dense": 1}], "compile": {"loss": "mse"}}, "model"),
        ("objective", "val_accuracy", "objective"),
    ]:
        changed = {**plain, key: value}
        if key == "model":
            changed["space"] = {"seed": [0]}
        with pytest.raises(DataError, match=f"has another sweep, whose .*{what}.* differ"):
            nnc.sweep(changed, resume=True)
    arrays = dict(numpy.load("points.npz"))
    arrays["x"][0, 0] += 1
    numpy.savez("points.npz", **arrays)
    with pytest.raises(DataError, match="has another sweep, whose data differs"):
        nnc.sweep(plain, resume=True)


def test_no_trial_is_complete(folder: Path, plain: dict[str, Any]):
    found = nnc.sweep(
        {
            **plain,
            "space": {
                "layers.0.kernel_initializer": [{"Constant": {"value": v}} for v in (1e38, 3e38)],
                "layers.0.activation": ["linear"],
            },
        }
    )
    assert not found.has_best
    with pytest.raises(DataError, match=r"no trial is complete, of 2 that were trained; the first error: val_loss is"):
        _ = found.best
    with pytest.raises(DataError, match="no trial is complete"):
        _ = found.program
    assert not Path("sweep/best.nnc").exists()
