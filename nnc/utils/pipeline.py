"""Data that are made element by element, again and again: what functions give that Keras answers with a ``tf.data``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any

import numpy

from nnc.eager_tensor import eager_leaves
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
        return map(eager_leaves, self._make())

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
        return self._make()

    @staticmethod
    def from_tensor_slices(tensors: Any, name: Any = None) -> Pipeline:
        """Return the rows of arrays.

        Args:
            tensors: arrays of as many rows, nested in tuples and dictionaries.
            name: no matter.

        Raises:
            DataError: there are none, or they have different numbers of rows.
        """
        del name
        arrays = _nested(_of_user, _tuples_of(tensors))
        counts = {len(array) if array.ndim else None for array in _leaves(arrays)}
        if len(counts) != 1 or None in counts:
            listed = ", ".join(sorted(map(str, counts)))
            raise DataError(f"from_tensor_slices: arrays must have the same number of rows, got {listed}")
        (count,) = counts

        def make() -> Iterator[Element]:
            for row in range(count or 0):
                yield _nested(itemgetter(row), arrays)

        return Pipeline(make, count)

    @staticmethod
    def from_tensors(tensors: Any, name: Any = None) -> Pipeline:
        """Return arrays as one element.

        Args:
            tensors: arrays, nested in tuples and dictionaries.
            name: no matter.
        """
        del name
        element = _nested(_of_user, _tuples_of(tensors))
        return Pipeline(lambda: iter((element,)), 1)

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Sequence[Any] = (),
        output_signature: Any = None,
        name: Any = None,
    ) -> Pipeline:
        """Return what a generator gives, which is begun anew in each epoch; nobody knows how much it is.

        Args:
            generator: returns an iterator.
            output_types: element types, nested as elements are.
            output_shapes: no matter: they are those of the arrays.
            args: arguments of the generator.
            output_signature: objects with a `dtype`, instead of element types.
            name: no matter.

        Raises:
            DataError: nothing says the element types.
        """
        del output_shapes, name
        types = output_types if output_signature is None else output_signature
        if types is None:
            raise DataError("from_generator: give output_signature or output_types")

        def make() -> Iterator[Element]:
            for element in generator(*args):
                yield _typed(element, types)

        return Pipeline(make, None)

    @staticmethod
    def range(*bounds: int, output_type: Any = "int64", name: Any = None) -> Pipeline:
        """Return whole numbers, as Python's range.

        Args:
            bounds: start, stop and step, or the stop alone.
            output_type: element type.
            name: no matter.
        """
        del name
        numbers = numpy.arange(*bounds, dtype=numpy.dtype(output_type))
        return Pipeline(lambda: iter(numbers), len(numbers))

    @staticmethod
    def zip(*datasets: Any, name: Any = None) -> Pipeline:
        """Return tuples of the elements of several data sets, as many as the shortest has.

        Args:
            datasets: the data sets, or a tuple of them.
            name: no matter.
        """
        del name
        parts = _tuples_of(datasets[0] if len(datasets) == 1 else datasets)
        sets = _leaves(parts)

        def make() -> Iterator[Element]:
            for elements in zip(*(part._make() for part in sets), strict=False):
                found = iter(elements)
                yield _nested(lambda _: next(found), parts)  # noqa: B023 - used before the next one

        lengths = [part._length for part in sets if part._length is not None]
        return Pipeline(make, min(lengths) if lengths else None, all(part.is_batched for part in sets))

    def concatenate(self, dataset: Pipeline) -> Pipeline:
        """Return the elements, and those of another data set behind them.

        Args:
            dataset: the other one.
        """

        def make() -> Iterator[Element]:
            yield from self._make()
            yield from dataset._make()

        lengths = (self._length, dataset._length)
        return Pipeline(make, None if None in lengths else sum(length or 0 for length in lengths), self.is_batched)

    def filter(self, predicate: Callable[..., Any]) -> Pipeline:
        """Return the elements that a function says True of; nobody knows how many they are.

        Args:
            predicate: takes an element's arrays, a tuple's one by one.
        """

        def make() -> Iterator[Element]:
            for element in self:
                if bool(predicate(*element) if isinstance(element, tuple) else predicate(element)):
                    yield element

        return Pipeline(make, None, self.is_batched)

    def enumerate(self, start: int = 0) -> Pipeline:
        """Return pairs of a number and an element.

        Args:
            start: the first number.
        """

        def make() -> Iterator[Element]:
            for number, element in enumerate(self._make(), start):
                yield numpy.asarray(number, "int64"), element

        return Pipeline(make, self._length, self.is_batched)

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


def _leaves(nested: Any) -> list[Any]:
    if isinstance(nested, tuple):
        return [leaf for part in nested for leaf in _leaves(part)]
    if isinstance(nested, dict):
        return [leaf for part in nested.values() for leaf in _leaves(part)]
    return [nested]


def _tuples_of(given: Any) -> Any:
    """Return what a user gives with dictionaries for what is like one, such as a table."""
    if isinstance(given, tuple):
        return tuple(map(_tuples_of, given))
    return {key: _tuples_of(part) for key, part in given.items()} if isinstance(given, Mapping) else given


def _of_user(given: Any) -> Any:
    """Return what a user gives as an array, numbers of Python's and texts in the types that tensors have of them."""
    array = numpy.asarray(given)
    if array.dtype.kind in "UO":
        encoded = [item.encode() if isinstance(item, str) else item for item in array.ravel().tolist()]
        found = numpy.empty(array.size, object)
        found[:] = encoded
        return found.reshape(array.shape)
    if isinstance(given, list | int | float) and array.dtype.kind in "if":
        return array.astype("float32" if array.dtype.kind == "f" else "int32")
    return array


def _typed(element: Any, types: Any) -> Any:
    """Return what a generator gave as arrays of these types."""
    if isinstance(types, tuple):
        return tuple(_typed(part, kind) for part, kind in zip(element, types, strict=True))
    if isinstance(types, dict):
        return {key: _typed(element[key], kind) for key, kind in types.items()}
    kind = getattr(types, "dtype", types) if not isinstance(types, numpy.dtype) else types
    return _as_array(element) if str(kind) == "string" else numpy.asarray(element, numpy.dtype(kind))


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
