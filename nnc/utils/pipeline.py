"""Data that are made element by element, again and again: what functions give that Keras answers with a ``tf.data``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any

import numpy

from nnc.errors import DataError
from nnc.utils.seeds import random_generator

Element = Any
"""An array, or a tuple or dictionary of elements."""


@dataclass(frozen=True)
class ElementSpec:
    """What is known of an element's array.

    Args:
        shape: its shape; None for the rows of a batch.
        dtype: its element type.
    """

    shape: tuple[int | None, ...]
    dtype: numpy.dtype[Any]


class Pipeline:
    """Data that are made when they are needed, and anew in each epoch; `fit`, `evaluate` and `predict` take them.

    Its methods are those of a ``tf.data.Dataset`` that scripts use with what `keras.utils` gives them; elements are
    NumPy arrays, and so are those that a function of `map` is called with.

    Args:
        make: returns a new iterator over the elements.
        length: number of elements; None where they never end.
        is_batched: whether an element is a batch, whose arrays have rows.

    Attributes:
        class_names: of what comes from a folder, the names of the classes that targets count; None without targets.
        file_paths: of what comes from a folder, its files.
    """

    class_names: list[str] | None
    file_paths: list[str]

    def __init__(self, make: Callable[[], Iterator[Element]], length: int | None, is_batched: bool = False) -> None:
        self._make, self._length, self.is_batched = make, length, is_batched

    def __iter__(self) -> Iterator[Element]:
        return self._make()

    def __len__(self) -> int:
        if self._length is None:
            raise TypeError("the data set is infinite")
        return self._length

    def __getattr__(self, name: str) -> Any:
        there = ", ".join(sorted(key for key in vars(Pipeline) if not key.startswith("_")))
        raise AttributeError(f"this data set has no {name!r}; it has {there}")

    def __repr__(self) -> str:
        return f"<Pipeline of {'endless' if self._length is None else self._length} elements>"

    def cardinality(self) -> int:
        """Return the number of elements, -1 where they never end."""
        return -1 if self._length is None else self._length

    @property
    def element_spec(self) -> Any:
        """Shapes and element types, nested as elements are.

        Raises:
            DataError: there is no element.
        """
        for element in self:
            return _nested(self._spec, element)
        raise DataError("the data set is empty, so nothing is known of its elements")

    def _spec(self, array: Any) -> ElementSpec:
        shape = array.shape
        return ElementSpec((None, *shape[1:]) if self.is_batched else shape, array.dtype)

    def as_numpy_iterator(self) -> Iterator[Element]:
        """Return an iterator over the elements."""
        return iter(self)

    def take(self, count: int) -> Pipeline:
        """Return the first elements; all where the count is -1.

        Args:
            count: how many.
        """
        if count < 0:
            return self
        return Pipeline(lambda: islice(iter(self), count), _smaller(self._length, count), self.is_batched)

    def skip(self, count: int) -> Pipeline:
        """Return all but the first elements; none where the count is -1.

        Args:
            count: how many are left out.
        """
        if count < 0:
            return Pipeline(lambda: iter(()), 0, self.is_batched)
        length = None if self._length is None else max(self._length - count, 0)
        return Pipeline(lambda: islice(iter(self), count, None), length, self.is_batched)

    def map(
        self, map_func: Callable[..., Element], num_parallel_calls: Any = None, deterministic: Any = None
    ) -> Pipeline:
        """Return what a function makes of each element.

        Args:
            map_func: takes an element's arrays, a tuple's one by one, and returns arrays.
            num_parallel_calls: no matter: elements are made one after the other, in their order.
            deterministic: likewise.
        """
        del num_parallel_calls, deterministic

        def make() -> Iterator[Element]:
            for element in self:
                made = map_func(*element) if isinstance(element, tuple) else map_func(element)
                yield _nested(_as_array, tuple(made) if isinstance(made, list) else made)

        return Pipeline(make, self._length, self.is_batched)

    def shuffle(self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool = True) -> Pipeline:
        """Return the elements in a random order, another one in each epoch; it is not that of ``tf.data``.

        Args:
            buffer_size: from how many elements at a time the next one is drawn.
            seed: of the order.
            reshuffle_each_iteration: whether each epoch has an order of its own.

        Raises:
            DataError: the buffer holds nothing.
        """
        size = _positive("shuffle", "buffer_size", buffer_size)
        orders = orders_of(seed)
        fixed = None if reshuffle_each_iteration else int(orders.integers(2**32))

        def make() -> Iterator[Element]:
            generator = orders if fixed is None else numpy.random.default_rng(fixed)
            waiting: list[Element] = []
            for element in self:
                if len(waiting) < size:
                    waiting.append(element)
                    continue
                place = int(generator.integers(size))
                chosen, waiting[place] = waiting[place], element
                yield chosen
            for place in generator.permutation(len(waiting)):
                yield waiting[place]

        return Pipeline(make, self._length, self.is_batched)

    def batch(
        self, batch_size: int, drop_remainder: bool = False, num_parallel_calls: Any = None, deterministic: Any = None
    ) -> Pipeline:
        """Return batches of elements, whose arrays have a new first axis.

        Args:
            batch_size: elements of a batch.
            drop_remainder: whether a last batch of fewer is left out.
            num_parallel_calls: no matter: batches are made one after the other, in their order.
            deterministic: likewise.

        Raises:
            DataError: a batch has no elements, or those of one batch differ in shape.
        """
        del num_parallel_calls, deterministic
        size = _positive("batch", "batch_size", batch_size)

        def make() -> Iterator[Element]:
            elements = iter(self)
            while batch := list(islice(elements, size)):
                if len(batch) == size or not drop_remainder:
                    yield stacked(batch)

        length = self._length
        return Pipeline(
            make, None if length is None else length // size if drop_remainder else -(-length // size), True
        )

    def unbatch(self) -> Pipeline:
        """Return the rows of batches, which are counted now."""

        def make() -> Iterator[Element]:
            for batch in self:
                for row in range(_rows(batch)):
                    yield _nested(itemgetter(row), batch)

        return Pipeline(make, None if self._length is None else sum(map(_rows, self)))

    def prefetch(self, buffer_size: Any = None) -> Pipeline:
        """Return the same data: elements are made when they are needed.

        Args:
            buffer_size: no matter.
        """
        del buffer_size
        return self

    def cache(self, filename: str = "") -> Pipeline:
        """Return data whose elements are kept in memory once they have all been made.

        Args:
            filename: must be empty; files are not supported.

        Raises:
            DataError: there is a file name.
        """
        if filename:
            raise DataError(f"cache: elements are kept in memory; leave out the file {filename!r}")
        kept: list[Element] = []
        complete: list[bool] = []

        def make() -> Iterator[Element]:
            if complete:
                yield from kept
                return
            made = []
            for element in self:
                made.append(element)
                yield element
            kept[:] = made
            complete.append(True)

        return Pipeline(make, self._length, self.is_batched)

    def repeat(self, count: int | None = None) -> Pipeline:
        """Return the elements several times.

        Args:
            count: how often; without end where it is None or -1.
        """
        is_endless = count is None or count < 0

        def make() -> Iterator[Element]:
            done = 0
            while is_endless or done < (count or 0):
                empty = True
                for element in self:
                    empty = False
                    yield element
                if empty:
                    return
                done += 1

        length = None if is_endless or self._length is None else self._length * (count or 0)
        return Pipeline(make, length, self.is_batched)


def orders_of(seed: int | None) -> numpy.random.Generator:
    """Return what draws orders of elements; without a seed, one that `set_random_seed` decides."""
    return numpy.random.default_rng(int(random_generator().integers(2**32)) if seed is None else seed)


def stacked(elements: list[Element]) -> Element:
    """Return elements as one, whose arrays have a new first axis.

    Raises:
        DataError: they differ in shape.
    """
    first = elements[0]
    if isinstance(first, tuple):
        return tuple(stacked([element[place] for element in elements]) for place in range(len(first)))
    if isinstance(first, dict):
        return {key: stacked([element[key] for element in elements]) for key in first}
    shapes = {numpy.shape(element) for element in elements}
    if len(shapes) > 1:
        shown = " and ".join(map(str, sorted(shapes)[:2]))
        raise DataError(f"batch: elements of one batch have different shapes, {shown}")
    return numpy.stack(elements)


def _nested(function: Callable[[Any], Any], element: Element) -> Any:
    if isinstance(element, tuple):
        return tuple(_nested(function, part) for part in element)
    if isinstance(element, dict):
        return {key: _nested(function, part) for key, part in element.items()}
    return function(element)


def _as_array(given: Any) -> Any:
    """Return an array; of a text one of objects, in which none loses zeros at its end."""
    return numpy.asarray(given, object if isinstance(given, bytes | str) else None)


def _rows(batch: Element) -> int:
    while isinstance(batch, tuple | dict):
        batch = next(iter(batch.values())) if isinstance(batch, dict) else batch[0]
    return len(batch)


def _smaller(length: int | None, count: int) -> int:
    return count if length is None else min(length, count)


def _positive(where: str, key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | numpy.integer) or value < 1:
        raise DataError(f"{where}: {key} must be a whole number of at least 1, got {value!r}")
    return int(value)
