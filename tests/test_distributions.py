"""What is published: a source distribution with everything in it, and the wheel that is built from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("nnc/", "frontends/")
NEEDED = 77
"""The version of setuptools that `pyproject.toml` asks for."""


def tracked() -> list[str]:
    """Return the files of the repository."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this is no checkout of the repository")
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with both, built from a clean copy of the repository, the wheel from the source distribution."""
    pytest.importorskip("build")
    if int(metadata.version("setuptools").partition(".")[0]) < NEEDED:
        pytest.skip(f"setuptools is older than {NEEDED}")
    copy, target = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("dist")
    for name in tracked():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    line = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(copy)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return target


@pytest.mark.slow
def test_source_distribution_has_every_file(distributions):
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}
    assert [name for name in tracked() if name not in found | {".gitignore", "MANIFEST.in"}] == []


@pytest.mark.slow
def test_wheel_has_the_packages_and_nothing_else(distributions):
    (path,) = distributions.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        (points,) = [name for name in names if name.endswith(".dist-info/entry_points.txt")]
        parser = ConfigParser()
        parser.read_string(archive.read(points).decode())
    expected = sorted(name for name in tracked() if name.startswith(PACKAGES))
    assert sorted(name for name in names if ".dist-info/" not in name) == expected
    assert {"nnc/py.typed", "nnc/backends/c/headers/exponential.h", "nnc/__main__.py"} <= set(expected)
    assert parser["console_scripts"]["nnc"] == "nnc.cli:main"
    assert sorted(parser["nnc.frontends"]) == ["h5", "keras", "keras-archive", "yaml"]


@pytest.mark.slow
def test_wheel_runs_where_it_is_installed(distributions, tmp_path):
    (wheel,) = distributions.glob("*.whl")
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, timeout=300)
    shutil.copy(ROOT / "examples" / "base.yaml", tmp_path)

    def run(*line: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(site)}
        done = subprocess.run(
            [sys.executable, *line], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert run("-c", "import nnc; print(nnc.__file__)") == str(site / "nnc" / "__init__.py")
    assert run("-m", "nnc", "--version") == f"nnc {metadata.version('nnc')}"
    assert run("-m", "nnc", "compile", "base.yaml", "--emit", "ir").startswith("graph train(")
    assert "static" in run("-m", "nnc", "compile", "base.yaml", "--emit", "c")
