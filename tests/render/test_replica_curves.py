"""The curves of replicas: a thin line for each, what is usual among them, and which one is best."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy
import pytest

import nnc
from nnc.callbacks import History
from nnc.errors import DataError
from nnc.render.history_curves import Best, best_of, panels_of, replicas_of
from nnc.render.history_svg import LEFT, LINE, OF_REPLICAS, RIGHT, TOP, history_svg
from nnc.render.notebook import html
from nnc.render.replica_lines import quantiles, seen

SVG = "{http://www.w3.org/2000/svg}"


def history(**numbers: Any) -> History:
    """Return the record of a training with arrays (epochs, replicas)."""
    found = History()
    found.on_train_begin()
    found.add_epochs(0, len(next(iter(numbers.values()))), numbers)
    return found


def falling(epochs: int, replicas: int, noise: float = 0.0) -> Any:
    """Return losses that fall at a speed of its own each."""
    random = numpy.random.default_rng(5)
    epoch = numpy.arange(epochs)[:, None]
    losses = 0.1 + 0.6 * numpy.exp(-epoch / random.uniform(epochs / 20, epochs, replicas))
    return losses + noise * random.normal(size=(epochs, replicas))


def lines_of(panel: ElementTree.Element) -> dict[str, list[Any]]:
    """Return the lines of each replica in a panel, in pixels, each as an array of points."""
    found: dict[str, list[Any]] = {}
    for path in panel.iter(f"{SVG}path"):
        title = path.find(f"{SVG}title")
        if title is not None and (title.text or "").startswith("replica "):
            for text in path.get("d", "").split("M")[1:]:
                begin, _, steps = text.partition("h")[0].partition("l")  # a dot is a short level line
                numbers = [float(item) for item in re.findall(r"-?\d+", f"{begin} {steps}")]
                found.setdefault(title.text or "", []).append(numpy.array(numbers).reshape(-1, 2).cumsum(0) / 10)
    return found


def panels(record: History) -> list[ElementTree.Element]:
    return ElementTree.fromstring(history_svg(record)).findall(f"{SVG}g")


@pytest.fixture(scope="module")
def trained() -> History:
    model = nnc.Sequential([nnc.layers.Dense(2, "sigmoid", input_dim=2), nnc.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    x = numpy.random.default_rng(0).normal(size=(40, 2)).astype("float32")
    program = nnc.compile(model, replicas=5, seeds=range(5))
    return program.fit(x, x[:, :1] > 0, epochs=6, validation_split=0.25, validation_freq=2, verbose=0)


def test_a_training_of_replicas_is_drawn(trained, tmp_path):
    assert replicas_of(trained) == 5
    assert (trained.epochs_of("loss"), trained.epochs_of("val_loss")) == ([1, 2, 3, 4, 5, 6], [2, 4, 6])
    losses = numpy.array(trained.history["val_loss"])
    row, replica = numpy.unravel_index(losses.argmin(), losses.shape)
    assert best_of(trained) == Best("val_loss", 2 * (int(row) + 1), float(losses.min()), int(replica))
    loss, accuracy = panels(trained)
    for panel in (loss, accuracy):
        assert {name: len(lines) for name, lines in lines_of(panel).items()} == {f"replica {k}": 2 for k in range(5)}
    pytest.importorskip("matplotlib")
    trained.plot(path=tmp_path / "curves.png")


def test_best_is_the_smallest_number_of_all():
    losses = falling(50, 4)
    losses[30, 2], losses[40:, 1], losses[10, 0] = -1.0, numpy.nan, -numpy.inf
    assert best_of(history(loss=losses)) == Best("loss", 31, -1.0, 2)
    (panel,) = panels(history(loss=losses))
    (mark,) = panel.iter(f"{SVG}circle")
    right = OF_REPLICAS.width - RIGHT
    assert float(mark.get("cx", "")) == pytest.approx(LEFT + (right - LEFT) * 30 / 49, abs=0.1)
    assert float(mark.get("cy", "")) == OF_REPLICAS.height - 26
    assert "best: replica 2, epoch 31" in [text.text for text in panel.iter(f"{SVG}text")]
    titles = [title.text for title in panel.iter(f"{SVG}title")]
    assert "best epoch: 31 of replica 2, loss -1" in titles


def test_quantiles_leave_out_who_has_stopped():
    values = numpy.random.default_rng(1).normal(size=(7, 30))
    values[3, 4:], values[4, 1:], values[5, 10:] = numpy.nan, numpy.nan, numpy.inf
    values[6] = numpy.nan
    found = quantiles(values, (0.1, 0.5, 0.9))
    known = numpy.where(numpy.isfinite(values), values, numpy.nan)[:6]
    numpy.testing.assert_allclose(found[:, :6], numpy.nanquantile(known, (0.1, 0.5, 0.9), axis=1), rtol=1e-12)
    assert numpy.isnan(found[:, 6]).all()


def test_stopped_replicas_end_where_they_stopped():
    losses = falling(100, 3)
    losses[60:, 1] = numpy.nan
    losses[:, 2] = numpy.nan
    (panel,) = panels(history(loss=losses))
    lines = lines_of(panel)
    assert list(lines) == ["replica 0", "replica 1"]
    width = OF_REPLICAS.width - RIGHT - LEFT
    assert lines["replica 0"][0][-1, 0] == pytest.approx(LEFT + width, abs=0.06)
    assert lines["replica 1"][0][-1, 0] == pytest.approx(LEFT + width * 59 / 99, abs=0.06)


def test_gaps_part_lines():
    losses = falling(100, 2)
    losses[[20, 50, 51], 0] = numpy.nan
    losses[[97, 99], 1] = numpy.nan  # a dot is left
    (panel,) = panels(history(loss=losses))
    assert {name: len(lines) for name, lines in lines_of(panel).items()} == {"replica 0": 3, "replica 1": 2}


@pytest.mark.parametrize("noise", [0.0, 5.0])
def test_lines_through_what_is_seen_pass_all_points(noise):
    x, y = numpy.arange(300.0), 200 * falling(300, 40) + noise * numpy.random.default_rng(0).normal(size=(300, 40))
    y[:5, 3], y[200, 3], y[280:, 3] = numpy.nan, numpy.nan, numpy.nan
    kept = seen(x, y, 400, 10**6)
    for column, mask in zip(y.T, kept.T, strict=True):
        known = numpy.isfinite(column)
        assert not (mask & ~known).any()
        distance = numpy.interp(x, x[mask], column[mask])[known] - column[known]
        assert abs(distance).max() <= 0.25 + 1e-9
    assert kept[[5, 199, 201, 279], 3].all()
    assert noise or kept.sum(0).max() < 40


def test_lines_are_coarser_before_they_leave_out_epochs():
    x, y = numpy.arange(300.0), 200 * falling(300, 40) + numpy.random.default_rng(0).normal(size=(300, 40))
    kept = seen(x, y, 400, 1500)
    assert kept.sum() <= 1500
    for column, mask in zip(y.T, kept.T, strict=True):
        assert abs(numpy.interp(x, x[mask], column[mask]) - column).max() <= 4.0


def test_thinned_lines_are_where_the_numbers_are():
    losses = falling(300, 40)
    losses[150:, 7] = numpy.nan
    (panel,) = panels(history(loss=losses))
    top, bottom = TOP, OF_REPLICAS.height - 26
    low, high = numpy.nanmin(losses), numpy.nanmax(losses)
    down = top + (bottom - top) * (high - losses) / (high - low)
    across = LEFT + (OF_REPLICAS.width - RIGHT - LEFT) * numpy.arange(300) / 299
    for name, (line,) in lines_of(panel).items():
        column = down[:, int(name.split()[1])]
        known = numpy.isfinite(column)
        distance = numpy.interp(across, line[:, 0], line[:, 1])[known] - column[known]
        assert abs(distance).max() < 0.5
        assert len(line) < 40


def test_numbers_that_jump_about_keep_to_the_budget_with_their_extremes():
    x, y = numpy.arange(2000.0), numpy.random.default_rng(0).uniform(0, 200, (2000, 50))
    y[700, 3], y[1999, 4] = -500.0, 900.0
    kept = seen(x, y, 400, 4000)
    assert kept.sum() <= 4000
    assert kept[700, 3]
    assert kept[[0, 1999]].all()
    assert (kept.sum(0) > 20).all()


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.slow
def test_a_thousand_curves_are_a_small_file(noise, tmp_path):
    losses = falling(500, 1000, noise)
    record = history(loss=losses, val_loss=losses + 0.05)
    text = history_svg(record)
    assert len(text) < 1_000_000
    (panel,) = ElementTree.fromstring(text).findall(f"{SVG}g")
    lines = lines_of(panel)
    assert len(lines) == 1000
    assert all(len(parts) == 2 for parts in lines.values())
    pytest.importorskip("matplotlib")
    record.plot(path=tmp_path / "curves.svg")
    assert Path(tmp_path / "curves.svg").stat().st_size < 1_000_000


@pytest.mark.parametrize(("count", "bands"), [(20, 0), (21, 2)])
def test_many_curves_have_a_band(count, bands):
    losses = falling(30, count)
    (panel,) = panels(history(loss=losses, val_loss=losses + 0.1))
    polygons = panel.findall(f"{SVG}polygon")
    assert len(polygons) == bands
    medians = [line for line in panel.findall(f"{SVG}polyline") if line.get("stroke") != "#FFFFFF"]
    assert [line.get("stroke-dasharray") for line in medians] == [None, "5 3"]
    points = numpy.array([point.split(",") for point in medians[0].get("points", "").split()], float)
    both = numpy.array([losses, losses + 0.1])
    top, bottom = TOP + LINE, OF_REPLICAS.height - 26
    expected = top + (bottom - top) * (both.max() - numpy.median(losses, 1)) / (both.max() - both.min())
    numpy.testing.assert_allclose(points[:, 1], expected, atol=0.06)


def test_legends_stay_in_their_panel():
    losses = falling(30, 1000)
    for panel in panels(history(loss=losses, val_loss=losses + 0.1, accuracy=losses)):
        lowest = 0.0
        for text in panel.iter(f"{SVG}text"):
            if not text.get("text-anchor"):
                assert float(text.get("x", "")) + 4.7 * len(text.text or "") < OF_REPLICAS.width
                if not (text.text or "").startswith("epoch"):
                    lowest = max(lowest, float(text.get("y", "")))
        (axes,) = (path for path in panel.iter(f"{SVG}path") if path.get("stroke-opacity") == "0.5")
        assert lowest < float(re.split("[ V]", axes.get("d", ""))[1])


def test_figure_has_lines_of_all_and_the_median():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    losses = falling(30, 25)
    losses[20:, 3] = numpy.nan
    record = history(loss=losses)
    (axis,) = record.plot()
    try:
        assert axis.get_title() == "loss of 25 replicas"
        lines = next(item for item in axis.collections if hasattr(item, "get_segments"))
        segments = lines.get_segments()
        assert [len(segment) for segment in segments] == [20 if number == 3 else 30 for number in range(25)]
        numpy.testing.assert_array_equal(segments[8][:, 1], losses[:, 8])
        numpy.testing.assert_allclose(axis.lines[0].get_ydata(), numpy.nanmedian(losses, 1))
        best = best_of(record)
        assert best is not None
        assert axis.lines[-1].get_xydata().tolist() == [[best.epoch, best.value]]
        texts = [text.get_text() for text in axis.get_legend().texts]
        assert texts == ["training: median, 10 % to 90 %", f"best epoch: 30 of replica {best.replica}"]
    finally:
        pyplot.close("all")


def test_table_in_notebooks_has_mean_and_spread():
    losses = falling(40, 30)
    losses[25:, 4] = numpy.nan
    root = ElementTree.fromstring(html(history(loss=losses)) or "")
    caption, row = root.find("table/caption/b"), list(root.iter("tr"))[1]
    assert caption is not None
    assert (caption.text or "").startswith("40 epochs of 30 replicas; best epoch: 40 of replica ")
    kept = numpy.delete(losses[-1], 4)
    lowest, highest = numpy.nanmin(losses, 0), numpy.nanmax(losses, 0)
    expected = [f"{item.mean():.4f} ± {item.std():.4f}" for item in (losses[0], kept, lowest, highest)]
    assert [cell.text for cell in row] == ["loss", *expected]


def test_one_replica_is_a_single_curve():
    losses = falling(30, 1)
    (panel,) = panels_of(history(loss=losses))
    assert (panel.title, panel.curves[0].label) == ("loss of 1 replica", "training")
    assert best_of(history(loss=losses)) == Best("loss", 30, float(losses.min()), 0)


def test_replicas_with_several_results_each():
    scores = numpy.stack([falling(30, 4), falling(30, 4) + 1.0, falling(30, 4) + 2.0], -1)
    record = history(loss=falling(30, 4), f1_score=scores)
    _, panel = panels_of(record)
    assert panel.title == "f1_score of 4 replicas × 3 results"
    assert [panel.curves[0].replica(column) for column in (0, 2, 3, 11)] == [0, 0, 1, 3]
    assert {len(lines) for lines in lines_of(panels(record)[1]).values()} == {3}


def test_trainings_of_different_numbers_of_replicas_are_not_drawn_as_one():
    record = history(loss=falling(3, 4))
    record.add_epochs(3, 2, {"loss": falling(2, 5)})
    with pytest.raises(DataError) as error:
        panels_of(record)
    assert str(error.value) == (
        "the history has arrays of the shape (4,) and of (5,) as 'loss': numbers of several trainings, of which each"
        " needs a History of its own to be drawn"
    )
