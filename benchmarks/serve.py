"""The process of a worker: makes contestants, then runs them on request, one line of JSON for each."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from benchmarks.worker import MARK, Contestant, Run


def serve(factory: str, arguments: dict[str, Any], threads: int) -> None:
    """Answer questions until the input ends."""
    if threads:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    module, _, name = factory.partition(":")
    try:
        found: dict[str, Run | Contestant] = getattr(importlib.import_module(module), name)(**arguments)
        runs = {name: one.run if isinstance(one, Contestant) else one for name, one in found.items()}
        numbers = {
            name: [float(number) for number in one.numbers()]
            for name, one in found.items()
            if isinstance(one, Contestant)
        }
    except ModuleNotFoundError as error:
        _say({"missing": error.name})
        return
    except Exception as error:
        _say({"error": f"{type(error).__name__}: {error}"})
        raise
    _say({"names": list(runs), "numbers": numbers})
    for line in sys.stdin:
        question = json.loads(line)
        run, count = runs[question["name"]], question["count"]
        try:
            start = perf_counter()
            run(count)
            seconds = perf_counter() - start
        except Exception as error:
            _say({"error": f"{type(error).__name__}: {error}"})
            raise
        _say({"seconds": seconds})


def _say(answer: Mapping[str, Any]) -> None:
    print(MARK + json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]))
