"""Looks for everything that nnc uses; nothing is installed, written to the user's folders, or imported without need."""

from __future__ import annotations

from collections.abc import Callable

from nnc.doctor.compiler import find_backend_choice, find_cache, find_compiler, find_processor
from nnc.doctor.findings import Finding, Report
from nnc.doctor.packages import find_dependencies, find_extras, find_readers
from nnc.doctor.software import find_graphviz, find_linear_algebra, find_numpy, find_python

CHECKS: tuple[Callable[[], list[Finding]], ...] = (
    find_python,
    find_numpy,
    find_linear_algebra,
    find_processor,
    find_compiler,
    find_cache,
    find_backend_choice,
    find_graphviz,
    find_dependencies,
    find_readers,
    find_extras,
)
"""The checks, in the order in which they are shown."""


def examine() -> Report:
    """Look for everything that nnc uses, and return what was found, what is missing, and what is broken."""
    from nnc import __version__

    return Report(__version__, tuple(finding for check in CHECKS for finding in check()))
