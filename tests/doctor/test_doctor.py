"""What `nnc doctor` finds, what it misses, and what it takes for broken."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy
import pytest
from typer.testing import CliRunner

from nnc.cli import app
from nnc.doctor import Finding, Report, compiler, examine, packages, software
from nnc.errors import NncError

GOLDEN = Path(__file__).parent / "golden" / "doctor.txt"
SAMPLE = Report(
    "1.2.3",
    (
        Finding("Python", "found", "3.13.1 (CPython), Linux x86_64"),
        Finding("BLAS", "found", "OpenBLAS 0.3.31 (Haswell), 4 threads", details={"threads": 4}),
        Finding("C compiler", "missing", "the C backend, for small models", "pip install 'nnc-keras[c]'"),
        Finding("matplotlib", "missing", "curves of trainings", "pip install 'nnc-keras[plot]'"),
        Finding("Graphviz", "broken", "dot: ended with code 1", "pip install graphviz-pure"),
    ),
)


def test_text_is_the_golden_one():
    """Regenerate with ``python -m tests.doctor.test_doctor`` and read the difference."""
    assert f"{SAMPLE}\n" == GOLDEN.read_text()


def test_what_is_missing_is_no_illness_and_what_is_broken_is():
    assert not SAMPLE.is_healthy
    assert Report("1", SAMPLE.findings[:-1]).is_healthy
    assert [finding.name for finding in SAMPLE.of("missing")] == ["C compiler", "matplotlib"]
    data = json.loads(json.dumps(SAMPLE.to_json()))
    assert data["healthy"] is False
    assert data["findings"][1]["details"] == {"threads": 4}


def by_name(report: Report) -> dict[str, Finding]:
    return {finding.name: finding for finding in report.findings}


def test_versions_are_those_of_what_runs():
    found = by_name(examine())
    assert found["Python"].details["version"] == platform.python_version()
    assert found["NumPy"].text == numpy.__version__
    assert found["Packages"].details["networkx"] == metadata.version("networkx")
    assert found["Backend"].details["default"] == os.environ["NNC_BACKEND"]
    assert set(found["Readers"].details["names"]) >= {"h5", "keras", "keras-archive", "yaml"}


def test_the_blas_is_numpys_own():
    (finding,) = software.find_linear_algebra()
    config = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    if finding.status == "found" and "openblas" in str(config["name"]).lower():
        assert finding.details["name"].lower().startswith("openblas")
        assert str(config["version"]) in finding.details["name"]
        assert finding.details["threads"] >= 1


def test_processor():
    (finding,) = compiler.find_processor()
    if hasattr(os, "sched_getaffinity"):
        assert finding.details["cores"] == len(os.sched_getaffinity(0))
    if Path("/proc/cpuinfo").exists():
        said = Path("/proc/cpuinfo").read_text().lower()
        assert finding.details["name"].lower() in said
        assert all(feature in said for feature in finding.details["features"])
    assert finding.details["target"] == os.environ.get("NNC_CPU", "native")


def test_a_processor_that_nobody_knows(monkeypatch):
    monkeypatch.setenv("NNC_CPU", "pentium")
    (finding,) = compiler.find_processor()
    assert (finding.status, finding.remedy) == ("broken", "unset NNC_CPU")
    assert finding.text.startswith("$NNC_CPU must be one of native")


# ---------------------------------------------------------------------- the compiler


def test_a_compiler_that_works():
    finding = compiler.find_compiler()[0]
    assert finding.status == "found"
    assert finding.details["compiles"] is True
    assert finding.details["command"] in finding.text
    said = subprocess.run(
        [*finding.details["command"].split(), "--version"], capture_output=True, text=True, check=True
    )
    assert finding.details["version"] == said.stdout.splitlines()[0]


def test_no_compiler(monkeypatch):
    from nnc.backends.c import toolchain

    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(toolchain, "find_compiler", lambda: None)
    (finding,) = compiler.find_compiler()
    assert (finding.status, finding.remedy) == ("missing", "pip install 'nnc-keras[c]'")
    assert by_name(Report("", tuple(compiler.find_backend_choice())))["Backend"].details["auto"] == "numpy"


@pytest.mark.skipif(os.name == "nt", reason="starts shell scripts")
def test_a_broken_compiler(monkeypatch, tmp_path):
    program = tmp_path / "cc"
    program.write_text("#!/bin/sh\necho 'cannot find crt1.o' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("CC", str(program))
    (finding,) = compiler.find_compiler()
    assert finding.status == "broken"
    assert finding.text == f"{program}: failed with exit code 3: cannot find crt1.o"
    assert finding.remedy == "set $CC to a compiler that works"


@pytest.mark.skipif(os.name == "nt", reason="starts shell scripts")
def test_a_compiler_without_threads(monkeypatch, tmp_path):
    from nnc.backends.c.toolchain import find_compiler

    program = tmp_path / "cc"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *-fopenmp*) echo "no libgomp" >&2; exit 1;; esac\nexec {find_compiler()} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("CC", str(program))
    compiler_found, openmp = compiler.find_compiler()
    assert (compiler_found.status, compiler_found.details["openmp"]) == ("found", False)
    assert (openmp.name, openmp.status) == ("OpenMP", "missing")


# ---------------------------------------------------------------------- the cache


def test_nothing_is_written(monkeypatch, tmp_path):
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path / "cache"))
    found = by_name(examine())
    assert found["Cache"].status == "found"
    assert found["Cache"].details == {
        "path": str(tmp_path / "cache"),
        "libraries": 0,
        "bytes": 0,
        "limit": 512 * 2**20,
        "usable": True,
    }
    assert list(tmp_path.iterdir()) == []
    assert found["Backend"].details["variables"]["NNC_CACHE_DIR"] == str(tmp_path / "cache")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="is about owners and modes")
def test_a_cache_that_anybody_can_write_to_is_broken(monkeypatch, tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(0o777)
    monkeypatch.setenv("NNC_CACHE_DIR", str(folder))
    (finding,) = compiler.find_cache()
    assert finding.status == "broken"
    assert finding.text == f"{folder} can be written by everybody; compiled code is kept for each process only"
    assert finding.remedy == "set $NNC_CACHE_DIR to a folder of your own"


def test_a_cache_in_a_file_is_broken(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path / "file" / "cache"))
    (finding,) = compiler.find_cache()
    assert finding.status == "broken"
    assert "file" in finding.text


def test_an_unknown_backend_is_broken(monkeypatch):
    monkeypatch.setenv("NNC_BACKEND", "fortran")
    (finding,) = compiler.find_backend_choice()
    assert (finding.status, finding.remedy) == ("broken", "unset NNC_BACKEND")
    assert "unknown backend 'fortran'" in finding.text


# ---------------------------------------------------------------------- Graphviz


def test_graphviz(monkeypatch):
    (finding,) = software.find_graphviz()
    assert finding.status == "found"
    assert "graphviz" in finding.details["version"].lower()

    def fail() -> str:
        raise NncError("there is neither")

    monkeypatch.setattr("nnc.render.find_graphviz", fail)
    (finding,) = software.find_graphviz()
    assert (finding.status, finding.remedy) == ("missing", "pip install graphviz-pure")
    monkeypatch.setattr("nnc.render.find_graphviz", lambda: sys.executable)
    monkeypatch.setattr(software, "said_version", lambda _: ("", "ended with code 1: oh"))
    (finding,) = software.find_graphviz()
    assert (finding.status, finding.text) == ("broken", f"{sys.executable}: ended with code 1: oh")


def test_programs_that_cannot_be_run(tmp_path):
    assert software.said_version([str(tmp_path / "nothing")]) == ("", "cannot be run: No such file or directory")
    assert software.said_version([sys.executable, "-c", "print('v1'); raise SystemExit(2)"]) == (
        "v1",
        "ended with code 2: v1",
    )


# ---------------------------------------------------------------------- packages

REQUIRES = [
    "numpy>=2.0",
    "rich>=13.9",
    'ziglang>=0.15; extra == "c"',
    'tensorflow>=2.20; extra == "tf"',
    "nnc-keras[c,tf]; extra == 'test'",
    'jax>=0.6; extra == "bench"',
    'torch>=2.7; python_version < "3.14" and extra == "bench"',
]


@pytest.fixture
def installed(monkeypatch) -> dict[str, str]:
    """Return what is installed, by package, to be changed."""
    versions = {"numpy": "2.4.0", "rich": "14.0"}

    def version(name: str) -> str:
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(packages.metadata, "version", version)
    monkeypatch.setattr(packages.metadata, "requires", lambda _: REQUIRES)
    monkeypatch.setattr(packages, "find_spec", lambda name: None if name == "tensorflow" else object())
    return versions


def test_requirements(installed):
    assert [(item.name, item.least, item.extra) for item in packages.requirements()] == [
        ("numpy", "2.0", ""),
        ("rich", "13.9", ""),
        ("ziglang", "0.15", "c"),
        ("tensorflow", "2.20", "tf"),
        ("jax", "0.6", "bench"),
        ("torch", "2.7", "bench"),
    ]


def test_missing_packages_with_what_they_would_give(installed):
    found = by_name(Report("", tuple(packages.find_extras())))
    assert {finding.status for finding in found.values()} == {"missing"}
    assert (found["ziglang"].text, found["ziglang"].remedy) == (packages.GIVES["ziglang"], "pip install 'nnc-keras[c]'")
    assert found["torch"].remedy == "pip install torch"  # not all contestants of the benchmarks
    assert found["matplotlib"].remedy == "pip install matplotlib"  # of no extra in this list


def test_installed_packages(installed):
    installed |= {"ziglang": "0.15.1", "jax": "0.5.9", "tensorflow": "2.21.0"}
    found = by_name(Report("", tuple(packages.find_extras())))
    assert (found["ziglang"].status, found["ziglang"].details) == ("found", {"version": "0.15.1"})
    assert (found["jax"].status, found["jax"].text) == ("broken", "0.5.9 is too old: nnc needs 0.6")
    assert found["jax"].remedy == "pip install 'jax>=0.6'"
    assert found["tensorflow"].text == "2.21.0 is installed, but there is no module 'tensorflow'"


def test_packages_that_nnc_needs(installed):
    (finding,) = packages.find_dependencies()
    assert (finding.status, finding.text) == ("found", "numpy 2.4.0, rich 14.0")
    del installed["rich"]
    _, finding = packages.find_dependencies()
    assert (finding.name, finding.status, finding.remedy) == ("rich", "broken", "pip install 'rich>=13.9'")
    assert finding.text == "is not installed, and nnc needs it"


def test_a_broken_reader(monkeypatch):
    class Entry:
        name = "mine"

        def load(self) -> None:
            raise ImportError("no module named mine")

    monkeypatch.setattr("nnc.plugins.entry_points", lambda: [Entry()])
    first, second = packages.find_readers()
    assert (first.name, first.status, first.text) == ("Reader mine", "broken", "ImportError: no module named mine")
    assert second.text == "no reader of model files is installed"


# ---------------------------------------------------------------------- the command


@pytest.mark.slow
def test_the_command_says_so_by_its_exit_code(monkeypatch, tmp_path):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path / "cache"))  # that of the other tests grows meanwhile
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == (0 if examine().is_healthy else 1)
    assert result.stdout == f"{examine()}\n"
    monkeypatch.setenv("NNC_BACKEND", "fortran")
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 1
    result = CliRunner().invoke(app, ["doctor", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["healthy"] is False


def test_nothing_heavy_is_imported():
    code = """
import sys
from nnc.doctor import examine
examine()
heavy = {"tensorflow", "keras", "torch", "jax", "h5py", "sklearn", "matplotlib", "onnxruntime", "scipy", "pandas"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "[]", done.stderr


if __name__ == "__main__":
    GOLDEN.write_text(f"{SAMPLE}\n")
