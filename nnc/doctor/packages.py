"""Finds the packages that nnc needs, and those it can use, by what is installed; none of them is imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec

from nnc.doctor.findings import Finding
from nnc.installation import DISTRIBUTION, install_command

GIVES = {
    "tensorflow": "live Keras models, and nnc verify",
    "ziglang": "a C compiler, if there is no other",
    "matplotlib": "curves of trainings",
    "scikit-learn": "its pipelines and searches, and data to try nnc on",
    "tensorboardX": "numbers for TensorBoard",
    "optuna": "nnc sweep --engine optuna",
    "ray": "nnc sweep --engine ray",
    "torch": "a contestant of nnc's benchmarks",
    "jax": "a contestant of nnc's benchmarks",
    "onnxruntime": "a contestant of nnc's benchmarks",
}
"""Packages that nnc can use, and what for."""
MODULES = {"scikit-learn": "sklearn", "pyyaml": "yaml", "graphviz-pure": ""}
"""Names of modules that are other than those of their packages; empty where there is none."""
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*((?:[<>=!~]=?[^;,]+,?)*)\s*(?:;\s*(.*))?")
_EXTRA = re.compile(r"extra\s*==\s*[\"']([^\"']+)[\"']")


@dataclass(frozen=True)
class Requirement:
    """A package that nnc names in its own metadata.

    Args:
        name: of the package.
        least: its least version, empty where any will do.
        extra: of nnc that it belongs to; empty where nnc needs it.
    """

    name: str
    least: str
    extra: str


def requirements() -> list[Requirement]:
    """Return what nnc's metadata names; nothing where nnc is run from a folder without being installed."""
    try:
        lines = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    found = []
    for line in lines:
        parts = _REQUIREMENT.fullmatch(line)
        if parts is not None and parts[1].lower() != DISTRIBUTION:
            extra = _EXTRA.search(parts[3] or "")
            least = next((bound[2:].strip() for bound in parts[2].split(",") if bound.startswith(">=")), "")
            found.append(Requirement(parts[1].lower(), least, extra[1] if extra else ""))
    return found


def find_dependencies() -> list[Finding]:
    """Return the packages that nnc needs."""
    needed = [requirement for requirement in requirements() if not requirement.extra]
    versions: dict[str, str] = {}
    broken: list[Finding] = []
    for requirement in needed:
        version, problem = _installed(requirement)
        if problem or version is None:
            remedy = f"pip install {_quoted(requirement)}"
            broken.append(Finding(requirement.name, "broken", problem or "is not installed, and nnc needs it", remedy))
        else:
            versions[requirement.name] = version
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return [*([Finding("Packages", "found", listed, details=versions)] if versions else []), *broken]


def find_readers() -> list[Finding]:
    """Return the readers of model files, which other packages can add to."""
    from nnc.plugins import entry_points

    names, broken = [], []
    for entry in entry_points():
        try:
            entry.load()
        except Exception as error:  # whatever a plug-in of somebody else's does
            broken.append(Finding(f"Reader {entry.name}", "broken", f"{type(error).__name__}: {error}", "reinstall it"))
        else:
            names.append(entry.name)
    if not names:
        broken.append(Finding("Readers", "broken", "no reader of model files is installed", install_command()))
        return broken
    return [Finding("Readers", "found", ", ".join(names), details={"names": names}), *broken]


def find_extras() -> list[Finding]:
    """Return the packages that nnc can use, with what the missing ones would give."""
    known: Mapping[str, Requirement] = {
        requirement.name: requirement for requirement in reversed(requirements()) if requirement.extra
    }
    found: list[Finding] = []
    for name, gives in GIVES.items():
        requirement = known.get(name, Requirement(name, "", ""))
        version, problem = _installed(requirement)
        if problem:
            found.append(Finding(name, "broken", problem, f"pip install {_quoted(requirement)}"))
        elif version is None:
            found.append(Finding(name, "missing", gives, _install_command(requirement)))
        else:
            found.append(Finding(name, "found", f"{version}: {gives}", details={"version": version}))
    return found


def _installed(requirement: Requirement) -> tuple[str | None, str]:
    """Return the version of a package, None where it is not there, and what is wrong with it."""
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return None, ""
    module = MODULES.get(requirement.name, requirement.name)
    if module and find_spec(module) is None:
        return version, f"{version} is installed, but there is no module '{module}'"
    if requirement.least and _numbers(version) < _numbers(requirement.least):
        return version, f"{version} is too old: nnc needs {requirement.least}"
    return version, ""


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with.

    >>> _numbers("2.20.0rc1") < _numbers("2.20.1"), _numbers("3.9") < _numbers("3.11")
    (True, True)
    """
    found = []
    for part in version.split("."):
        digits = re.match(r"\d+", part)
        if digits is None:
            break
        found.append(int(digits[0]))
    return tuple(found)


def _quoted(requirement: Requirement) -> str:
    return f"'{requirement.name}>={requirement.least}'" if requirement.least else requirement.name


def _install_command(requirement: Requirement) -> str:
    """Return what installs a package; an extra of many packages, such as that of the benchmarks, is not asked for."""
    many = sum(other.extra == requirement.extra for other in requirements()) > 1
    return f"pip install {requirement.name}" if not requirement.extra or many else install_command(requirement.extra)
