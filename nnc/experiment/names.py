"""Names with a slip of the pen: the one known name that is meant, or an error with the nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nnc.errors import ModelError, nearest

_LETTERS_PER_SLIP = 6
_MOST_SLIPS = 2


def edit_distance(first: str, second: str) -> int:
    """Return the number of letters to insert, delete, change or swap with their neighbour to get from one to the other.

    This is the optimal string alignment distance (Damerau 1964; no letter is touched twice).

    >>> edit_distance("corssentropy", "crossentropy")
    1
    """
    before: list[int] = []
    above = list(range(len(second) + 1))
    for row, letter in enumerate(first, 1):
        current = [row]
        for column, other in enumerate(second, 1):
            cost = min(above[column] + 1, current[column - 1] + 1, above[column - 1] + (letter != other))
            swapped = row > 1 and column > 1 and letter == second[column - 2] and first[row - 2] == other
            current.append(min(cost, before[column - 2] + 1) if swapped else cost)
        before, above = above, current
    return above[-1]


def resolve(name: str, known: Iterable[str], what: str, notify: Callable[[str], None]) -> str:
    """Return the known name that is meant.

    Capitals and underscores do not count. Short names must be right: ``mape`` is not taken for ``mae``.

    Args:
        name: what the user wrote.
        known: the names there are, one for each thing.
        what: what is named, for messages.
        notify: called with one line where a slip was corrected.

    Raises:
        ModelError: no known name, or more than one, is near enough; the message has the nearest.
    """
    names = {_plain(item): item for item in known}
    plain = _plain(name)
    if plain in names:
        return names[plain]
    allowed = min(_MOST_SLIPS, len(plain) // _LETTERS_PER_SLIP)
    near = [item for key, item in names.items() if edit_distance(plain, key) <= allowed]
    if len(near) == 1:
        notify(f"note: {what} {name!r} is taken as {near[0]!r}")
        return near[0]
    listed = ", ".join(sorted(names.values()))
    raise ModelError(f"unknown {what} {name!r}; known are {listed}.{nearest(name, names.values())}")


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
