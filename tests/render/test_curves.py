"""Loss and metrics by epoch, as Matplotlib draws them and as a small SVG."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

import numpy
import pytest

import nnc
from nnc.callbacks import History
from nnc.errors import DataError
from nnc.render.history_curves import COLOURS, Best, best_of, panels_of
from nnc.render.history_svg import POINTS, history_svg
from nnc.render.notebook import html

SVG = "{http://www.w3.org/2000/svg}"


def history(**numbers: list[float]) -> History:
    """Return the record of a training with these numbers by epoch; None is an epoch without one."""
    found = History()
    found.on_train_begin()
    for epoch, row in enumerate(zip(*numbers.values(), strict=True)):
        found.on_epoch_end(epoch, {name: item for name, item in zip(numbers, row, strict=True) if item is not None})
    return found


LOSS = [3.0, 2.0, 1.5, 1.0]
RECORD = history(loss=LOSS, accuracy=[0.1, 0.5, 0.8, 0.9], val_loss=[None, 2.5, None, 2.75])


def test_panels_have_training_and_validation():
    panels = panels_of(RECORD)
    assert [panel.name for panel in panels] == ["loss", "accuracy"]
    training, validation = panels[0].curves
    assert (training.kind, validation.kind) == ("training", "validation")
    assert training.values.tolist() == [[3.0], [2.0], [1.5], [1.0]]
    assert (list(validation.epochs), validation.values.tolist()) == ([2, 4], [[2.5], [2.75]])
    assert [panel.name for panel in panels_of(RECORD, ["accuracy"])] == ["accuracy"]


def test_a_record_says_what_it_holds():
    assert repr(RECORD) == "<History: 4 epochs of loss, accuracy, val_loss>"
    assert repr(History()) == "<History: 0 epochs of nothing yet>"


def test_best_epoch_is_that_of_the_smallest_loss_of_the_validation():
    assert best_of(RECORD) == Best("val_loss", 2, 2.5)
    assert best_of(history(loss=[2.0, numpy.nan, 1.0, 1.5])) == Best("loss", 3, 1.0)
    assert best_of(history(loss=[numpy.nan])) is None
    assert best_of(history(accuracy=[0.5])) is None


def test_epochs_are_counted_on_in_a_further_training():
    model = nnc.Sequential([nnc.layers.Dense(1, input_dim=1)])
    model.compile("sgd", "mse")
    x = numpy.ones((8, 1), "float32")
    record = model.fit(x, x, epochs=2, verbose=0)
    assert record.epochs_of("loss") == [1, 2]
    model.fit(x, x, epochs=6, initial_epoch=4, verbose=0, callbacks=record)
    model.fit(x, x, epochs=2, verbose=0, callbacks=record, validation_data=(x, x), validation_freq=2)
    assert record.epochs_of("loss") == [1, 2, 5, 6, 7, 8]
    assert record.epochs_of("val_loss") == [8]
    record.history["mine"] = [1.0, 2.0]
    assert record.epochs_of("mine") == [1, 2]


# ------------------------------------------------------------------ Matplotlib


def test_figure_shows_all_numbers():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    axes = RECORD.plot()
    try:
        assert [axis.get_title() for axis in axes] == ["loss", "accuracy"]
        assert axes[0].figure is pyplot.gcf()
        lines = {line.get_label(): line for line in axes[0].lines}
        assert lines["training"].get_ydata().tolist() == LOSS
        assert lines["training"].get_color() == COLOURS["training"]
        assert lines["validation"].get_xdata().tolist() == [2, 4]
        assert lines["validation"].get_linestyle() == "--"
        assert lines["best epoch: 2"].get_xdata() == [2, 2]
        assert [text.get_text() for text in axes[1].get_legend().texts] == ["training", "best epoch: 2"]
    finally:
        pyplot.close("all")


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
@pytest.mark.sampled(2)
def test_files_are_the_same_every_time_and_leave_no_figure_open(suffix, tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    first, second = tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"
    axes = RECORD.plot(path=first)
    RECORD.plot(["loss", "accuracy"], path=str(second))
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes()[:4] == {".png": b"\x89PNG", ".svg": b"<?xm", ".pdf": b"%PDF"}[suffix]
    assert len(axes) == 2
    assert not pyplot.get_fignums()


def test_many_metrics_stand_in_rows(tmp_path):
    pytest.importorskip("matplotlib")
    found = history(**{name: [1.0, 2.0] for name in ("loss", "a", "b", "c")})
    axes = found.plot(path=tmp_path / "curves.png")
    assert [axis.get_title() for axis in axes] == ["loss", "a", "b", "c"]
    assert axes[3].get_position().y1 < axes[0].get_position().y0
    assert len(axes[0].figure.axes) == 4


def test_metrics_with_several_results(tmp_path):
    pytest.importorskip("matplotlib")
    scores = [numpy.array([0.1, 0.2, 0.3]), numpy.array([0.2, 0.4, 0.6])]
    found = history(loss=[2.0, 1.0], f1_score=scores)
    _, axis = found.plot(path=tmp_path / "curves.png")
    assert [line.get_ydata().tolist() for line in axis.lines[:3]] == [[0.1, 0.2], [0.2, 0.4], [0.3, 0.6]]
    assert axis.lines[0].get_label() == "training, 3 results"
    assert history_svg(found).count("<polyline") == 4


MESSAGES = [
    ({"names": ["acuracy"]}, "the history has no 'acuracy', only loss, accuracy. Did you mean 'accuracy'?"),
    ({"path": "curve.jpg"}, "'curve.jpg': curves are drawn to files named *.png, *.svg, *.pdf"),
]


@pytest.mark.parametrize(("options", "message"), MESSAGES, ids=[message for _, message in MESSAGES])
def test_what_cannot_be_drawn(options, message):
    with pytest.raises(DataError) as error:
        RECORD.plot(**options)
    assert str(error.value) == message


def test_nothing_to_draw():
    with pytest.raises(
        DataError, match=r"^there is nothing to draw: the history has no epoch; call fit\(\.\.\.\) first$"
    ):
        History().plot()


def test_without_matplotlib():
    code = """
import sys
sys.modules["matplotlib"] = None
from nnc.callbacks import History
record = History()
record.on_epoch_end(0, {"loss": 1.0})
try:
    record.plot()
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("NncError drawing curves needs Matplotlib (")
    assert done.stdout.endswith("; pip install 'nnc-keras[plot]'\n")


# ------------------------------------------------------------------ SVG


def test_svg_has_every_number_in_its_place():
    root = ElementTree.fromstring(history_svg(RECORD))
    assert root.tag == f"{SVG}svg"
    loss, accuracy = root.findall(f"{SVG}g")
    texts = [text.text for text in loss.iter(f"{SVG}text")]
    assert texts == ["loss", "3", "1", "epoch 1", "4", "training", "validation", "best: 2"]
    training, validation = loss.findall(f"{SVG}polyline")
    points = [tuple(map(float, point.split(","))) for point in training.get("points").split()]
    across, down = zip(*points, strict=True)
    numpy.testing.assert_allclose(numpy.diff(across), numpy.diff(across)[0], atol=0.2)
    numpy.testing.assert_allclose(numpy.interp(2.0, [3.0, 1.0][::-1], [down[0], down[3]][::-1]), down[1], atol=0.1)
    assert validation.get("stroke") == COLOURS["validation"]
    assert len(accuracy.findall(f"{SVG}polyline")) == 1


def test_svg_of_one_epoch_of_gaps_and_of_equal_numbers():
    assert history_svg(history(loss=[1.0])).count("<circle") == 1
    assert history_svg(history(loss=[1.0, numpy.nan, 2.0, 3.0])).count("<polyline") == 1
    assert history_svg(history(loss=[numpy.nan, numpy.nan])).count("<polyline") == 0
    for record in (history(loss=[1.0, 1.0, 1.0]), history(**{"a<b": [1.0, 2.0]})):
        ElementTree.fromstring(history_svg(record))


def test_svg_of_many_epochs_keeps_extremes():
    losses = numpy.ones(20_000)
    losses[[1234, 4321]] = 9.0, -9.0
    text = history_svg(history(loss=losses.tolist()))
    points = text.partition('<polyline points="')[2].partition('"')[0].split()
    assert len(points) <= POINTS
    heights = [float(point.split(",")[1]) for point in points]
    assert (min(heights), max(heights)) == (40.0, 144.0)


NAMES = ("<b>&\"'", "]]> <script>alert(1)</script>", r"$\input{x}$ \N{0}", "a\nb\x00\x1b\u202e")


def test_names_are_neither_markup_nor_formulas(tmp_path):
    record = history(loss=LOSS, **dict.fromkeys(NAMES, LOSS))
    expected = [*NAMES[:3], r"a\nb\x00\x1b\u202e"]
    drawn = ElementTree.fromstring(history_svg(record))
    assert [text.text for text in drawn.iter(f"{SVG}text") if text.get("font-weight")] == ["loss", *expected]
    assert {element.tag for element in drawn.iter()} <= {
        f"{SVG}{tag}" for tag in ("svg", "g", "text", "path", "title", "polyline")
    }
    table = ElementTree.fromstring(html(record))
    assert [row[0].text for row in table.iter("tr")] == [None, "loss", *expected]
    pytest.importorskip("matplotlib")
    axes = record.plot(path=tmp_path / "curves.svg")
    assert [axis.get_title() for axis in axes] == ["loss", *expected]
    ElementTree.parse(tmp_path / "curves.svg")
