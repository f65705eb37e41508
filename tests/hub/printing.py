"""Prints how far nnc's numbers for published models are from Keras's, a line each."""

from __future__ import annotations

import argparse
import json
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

from tests.hub.comparison import compared
from tests.hub.table import PublishedModel


def main(models: Mapping[str, PublishedModel], description: str | None, results: Path | None = None) -> int:
    """Compare the models that the command line names, all by default; return whether any failed.

    Args:
        models: the models by name.
        description: what the help begins with.
        results: file that keeps the rows for docs/coverage.md, None for none.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("names", nargs="*", help="names of models, all by default")
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--shake", action="store_true", help="also let Keras train with other roundings")
    if results is not None:
        parser.add_argument(
            "--write", action="store_true", help="keep the rows for docs/coverage.md; they need --shake"
        )
    parser.add_argument("--traceback", action="store_true", help="print where it fails")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in models]:
        parser.error(f"no such model: {', '.join(unknown)}; there are {', '.join(models)}")
    failed, rows = 0, {}
    for name in arguments.names or models:
        start = perf_counter()
        try:
            found = compared(models[name], arguments.backend, arguments.shake)
            rows[name] = {"name": name, "kind": models[name].kind, **asdict(found)}
            columns = (
                f"{found.parameters:9} {found.predicted:9.1e} {found.loss:9.1e} {found.trained:9.1e}"
                f"{'' if found.shaken is None else f' {found.shaken:9.1e}'} {perf_counter() - start:5.0f} s"
            )
        except Exception as error:
            if arguments.traceback:
                traceback.print_exc()
            columns = f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
            failed += 1
        print(f"{name:32} {models[name].kind:21} {columns}", flush=True)
    if results is not None and arguments.write:
        known = {row["name"]: row for row in json.loads(results.read_text())} if results.exists() else {}
        known |= rows
        results.write_text(json.dumps([known[name] for name in models if name in known], indent=1) + "\n")
    return failed > 0
