"""What the rules of callbacks are written in: numbers of one network, or arrays with a number for each replica."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

Which = Any
"""True or False for one network, an array with a truth value for each of several."""
Numbers = Any
"""A number for one network, an array with one for each of several."""

_MOST_NAMED = 5


def program_of(model: Any) -> Any:
    """Return the program that is trained: that of a model, or what callbacks have for one."""
    return getattr(model, "program", model)


def replicas_of(model: Any) -> int | None:
    """Return the number of replicas that are trained, None where it is one network."""
    return getattr(model, "replicas", None)  # a model's program would be made anew where it is outdated


def for_each(model: Any, number: Any) -> Numbers:
    """Return a number as it is for one network, and once for each replica."""
    count = replicas_of(model)
    return number if count is None else numpy.full(count, number)


def trained(model: Any) -> Which:
    """Return which replicas are trained in this epoch, those that stop in it among them."""
    stopped = None if replicas_of(model) is None else program_of(model).state.stopped
    return for_each(model, True) if stopped is None else ~stopped.before_epoch


def not_stopped(model: Any) -> Which:
    """Return which replicas have not stopped by now."""
    stopped = None if replicas_of(model) is None else program_of(model).state.stopped
    return for_each(model, True) if stopped is None else ~stopped.which


def chosen(which: Which, new: Numbers, old: Numbers) -> Numbers:
    """Return the new numbers of those that are chosen, and the old ones of the others."""
    return numpy.where(which, new, old) if numpy.ndim(which) else new if which else old


def stop(model: Any, which: Which) -> None:
    """End the training of those that are chosen."""
    if not numpy.any(which):
        return
    if replicas_of(model) is None:
        model.stop_training = True
    else:
        model.stop_replicas(which)


def learning_rate_of(model: Any) -> Numbers:
    """Return the learning rate, or those of all replicas."""
    rate = model.optimizer.learning_rate
    return float(rate) if replicas_of(model) is None else numpy.asarray(rate, "float64")


def logged_learning_rate(model: Any) -> Numbers:
    """Return the learning rate for the logs, where replicas that have stopped have no numbers."""
    return chosen(trained(model), learning_rate_of(model), numpy.nan)


def logs_of(logs: dict[str, Any], count: int, number: int) -> dict[str, Any]:
    """Return the logs of one replica.

    Args:
        logs: those of all.
        count: number of replicas.
        number: which one, from 0.
    """
    found = {}
    for name, values in logs.items():
        own = values[number] if numpy.shape(values)[:1] == (count,) else values
        found[name] = own if numpy.ndim(own) else getattr(own, "item", lambda own=own: own)()
    return found


def columns_of(model: Any, logs: Mapping[str, Any]) -> dict[str, Any]:
    """Return numbers by their names, sorted; of replicas each has a name, ``loss[0]``, ``loss[1]`` and so on."""
    names, count = sorted(logs), replicas_of(model)
    if count is None:
        return {name: logs[name] for name in names}
    of_replicas = [logs_of(dict(logs), count, number) for number in range(count)]
    return {f"{name}[{number}]": own[name] for name in names for number, own in enumerate(of_replicas)}


def named(which: Which) -> str:
    """Return in words which replicas are chosen, of several that are there.

    >>> named(numpy.array([True, False, True])), named(numpy.arange(9) > 1)
    ('replicas 0, 2', '7 of 9 replicas')
    """
    numbers = numpy.flatnonzero(which).tolist()
    if len(numbers) > _MOST_NAMED:
        return f"{len(numbers)} of {len(which)} replicas"
    return f"replica{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def span(numbers: Any) -> str:
    """Return in words between which two numbers an array lies.

    >>> span(numpy.array([0.5, 0.25])), span(numpy.array([2, 2]))
    ('0.25 to 0.5', '2')
    """
    least, most = numpy.min(numbers).item(), numpy.max(numbers).item()
    return f"{least}" if least == most else f"{least} to {most}"
