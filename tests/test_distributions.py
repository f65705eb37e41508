"""What is published: a source distribution with everything in it, and the wheel that is built from it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

import pytest

from documentation.install_lines import extras_of, install, install_lines, wanted
from nnc.installation import DISTRIBUTION

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
    assert run("-m", "nnc", "--version") == f"nnc {metadata.version('nnc-keras')}"
    assert run("-m", "nnc", "compile", "base.yaml", "--emit", "ir").startswith("graph train(")
    assert "static" in run("-m", "nnc", "compile", "base.yaml", "--emit", "c")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a virtual environment that has the packages of this one but nnc, so that pip needs no network."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=True)
    pip = [home / "bin" / "python", "-m", "pip"]
    subprocess.run([*pip, "uninstall", "--yes", "setuptools"], check=True, capture_output=True)  # an old one
    packages = home / "packages"
    packages.mkdir()
    own = re.compile(r"(__editable__.*)?nnc(_keras)?[-_.].*|.*\.pth|__pycache__")
    for folder in site_packages():
        for item in folder.iterdir():
            if not own.fullmatch(item.name) and not (packages / item.name).exists():
                (packages / item.name).symlink_to(item)
    (site,) = home.glob("lib/python*/site-packages")
    (site / "packages.pth").write_text(f"{packages}\n")
    return home


def site_packages() -> list[Path]:
    """Return the folders of installed packages."""
    return [Path(entry) for entry in sys.path if entry.endswith("-packages") and Path(entry).is_dir()]


def is_installed(requirement: str) -> bool:
    """Return whether what a requirement names is installed here."""
    try:
        metadata.version(re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0])
    except metadata.PackageNotFoundError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("line", install_lines())
def test_install_lines_of_pages_work(line, distributions, environment, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with (ROOT / "pyproject.toml").open("rb") as file:
        groups = tomllib.load(file)["project"]["optional-dependencies"]
    requirements = [word for word in wanted(line) if not word.startswith(DISTRIBUTION)]
    pending = extras_of(wanted(line))
    assert pending <= set(groups)
    while pending:
        found = groups[pending.pop()]
        pending |= extras_of(found)
        requirements += [word for word in found if not word.startswith(DISTRIBUTION)]
    if missing := [word for word in requirements if not is_installed(word)]:
        pytest.skip(f"not installed here: {', '.join(missing)}")
    python = environment / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "uninstall", "--quiet", "--yes", DISTRIBUTION], check=True, capture_output=True
    )
    said = install(line, environment, distributions, "--no-index")
    if any(word.startswith(DISTRIBUTION) for word in wanted(line)):
        assert "Successfully installed nnc-keras-" in said
        command = [python, "-c", "import nnc, nnc.cli; print(nnc.__file__)"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=environment)
        assert done.returncode == 0, done.stderr
        assert Path(done.stdout.strip()).is_relative_to(environment.resolve())
        assert subprocess.run([environment / "bin" / "nnc", "--version"], check=False, cwd=environment).returncode == 0


@pytest.mark.slow
def test_an_extra_that_is_not_there_is_noticed(distributions, environment):
    with pytest.raises(RuntimeError, match="does not provide the extra 'unknown'"):
        install("pip install 'nnc-keras[unknown]'", environment, distributions, "--no-index")
