"""The process of a contestant: makes it, says what that took, then runs it on request, one line of JSON for each."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.contestant import Contestant

MARK = "contestant: "
"""What the lines begin with that this process writes for whoever started it."""


def serve(factory: str, arguments: dict[str, Any], threads: int, learns: bool) -> None:
    """Answer questions until the input ends.

    Args:
        factory: ``module:function``, which returns the contestant.
        arguments: of the factory.
        threads: processors to keep to; 0 leaves them alone.
        learns: whether running changes what the contestant computes.
    """
    if threads:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    place, _, name = factory.partition(":")
    try:
        start = perf_counter()
        module = importlib.import_module(place)
        imported = perf_counter()
        make: Callable[[], Contestant] = partial(getattr(module, name), **arguments)
        contestant = make()
        built = perf_counter()
        contestant.run(1)
        _say({"import": imported - start, "build": built - imported, "first": perf_counter() - built})
        for line in sys.stdin:
            question = json.loads(line)
            if "count" not in question:
                contestant = make() if learns else contestant
                _say({"numbers": None if contestant.numbers is None else list(map(float, contestant.numbers()))})
                continue
            start = perf_counter()
            contestant.run(question["count"])
            _say({"seconds": perf_counter() - start})
    except Exception as error:
        _say({"error": f"{type(error).__name__}: {error}"})
        raise


def _say(answer: Mapping[str, Any]) -> None:
    print(MARK + json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "learns")
