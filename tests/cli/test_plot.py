"""`--plot`: curves of a training that the command line ran."""

from __future__ import annotations

import sys

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_train_draws_curves(run: Run, folder, suffix):
    pytest.importorskip("matplotlib")
    arguments = ("train", "base.yaml", "--data", "points.npz", "--epochs", "3", "--validation-split", "0.2")
    result = run(*arguments, "--plot", f"curve{suffix}", "-o", "base.nnc")
    assert f"drew curve{suffix}\nsaved base.nnc\n" in result.stderr
    assert (folder / f"curve{suffix}").stat().st_size > 1000
    if suffix == ".svg":
        text = (folder / "curve.svg").read_text()
        assert all(f"<!-- {word} -->" in text for word in ("loss", "accuracy", "training", "validation"))


def test_run_draws_curves(run: Run, folder):
    pytest.importorskip("matplotlib")
    result = run("run", "base.yaml", "--epochs", "2", "--plot", "curve.png")
    assert result.stderr.endswith("saved base.nnc, drew base.svg and curve.png\n")
    assert (folder / "curve.png").exists()


REFUSED = [
    (("train", "base.yaml", "--data", "points.npz", "--plot", "curve.jpg"), 1, "expected a file named *.png or *.svg"),
    (("train", "base.yaml", "--data", "points.npz", "--plot", "no/curve.png"), 1, "the folder 'no' does not exist"),
    (("run", "base.yaml", "--plot", "base.svg"), 2, "where the picture of the layers goes"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_refused_before_anything_is_trained(run: Run, folder, arguments, code, message):
    result = run(*arguments, code=code)
    assert message in " ".join(result.stderr.split())
    assert "training" not in result.stderr


def test_help_says_what_to_install(run: Run):
    """Rich takes square brackets for markup; a line may end behind the hyphen."""
    assert "pipinstall'nnc-keras[plot]'" in "".join(run("train", "--help").stdout.split())


def test_missing_matplotlib_is_said_before_anything_is_trained(run: Run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run("train", "base.yaml", "--data", "points.npz", "--plot", "curve.png", code=1)
    assert result.stderr.startswith("error: drawing curves needs Matplotlib (")
    assert "pip install 'nnc-keras[plot]'" in result.stderr
    assert "training" not in result.stderr
