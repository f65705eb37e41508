"""Learns the English of Python's own documentation, character by character, and goes on with a sentence.

``python examples/text.py`` trains on the topics of ``help()``, which come with Python, and checks on those at the end
of the alphabet, which it has not read.
"""

from __future__ import annotations

from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import numpy

import nnc

LENGTH = 64
"""Characters of a sequence."""


def numbers(text: str) -> Any:
    """Return characters as numbers: 1 to 95 for those of ASCII that can be printed, 0 for all others."""
    codes = numpy.frombuffer(text.encode("ascii", "replace"), "uint8").astype("int32") - 31
    return numpy.where((codes > 0) & (codes < 96), codes, 0)


def rows(text: Any) -> tuple[Any, Any]:
    """Return sequences of characters and, for each character in them, the next one."""
    count = (len(text) - 1) // LENGTH
    x, y = text[: count * LENGTH], text[1 : count * LENGTH + 1]
    return x.reshape(count, LENGTH), y.reshape(count, LENGTH, 1)


def counting(text: Any, test: Any, order: int = 3) -> float:
    """Return the share of characters that one guesses who knows what mostly follows each `order` characters."""
    places = 96 ** numpy.arange(order)
    context = sum(text[i : len(text) - order + i] * places[i] for i in range(order))
    table = numpy.zeros((96**order, 96), "int32")
    numpy.add.at(table, (context, text[order:]), 1)
    context = sum(test[i : len(test) - order + i] * places[i] for i in range(order))
    return float((table[context].argmax(1) == test[order:]).mean())


def go_on(program: nnc.Program, start: str, count: int, seed: int = 0) -> str:
    """Return a text and what the network makes of it, each character drawn by its probability."""
    rng, text = numpy.random.default_rng(seed), start
    for _ in range(count):
        probabilities = program(numbers(text[-LENGTH:])[None])[0, -1].astype("float64") ** 1.5  # rather the likely ones
        text += chr(31 + max(int(rng.choice(96, p=probabilities / probabilities.sum())), 1))
    return text


def main(epochs: int = 6, seed: int = 0) -> dict[str, float]:
    """Train, and return the share of next characters that are right, of the network's and of counting's."""
    text = " ".join(word for name in sorted(topics) for word in topics[name].split())
    training, test = numpy.split(numbers(text), [len(text) * 9 // 10])
    nnc.utils.set_random_seed(seed)
    program = nnc.compile(Path(__file__).with_suffix(".yaml"))
    program.fit(*rows(training), epochs=epochs)
    found = {"accuracy": program.evaluate(*rows(test))["accuracy"], "counting": counting(training, test)}
    print(f"next character: {found['accuracy']:.1%} right; from a table of three characters {found['counting']:.1%}")
    print(go_on(program, "The function returns ", 200))
    return found


if __name__ == "__main__":
    main()
