"""The base network's training written by hand in NumPy: what nnc emits, as a competent person would write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
from numpy import (
    add,
    divide,
    equal,
    exp,
    float32,
    greater,
    logaddexp,
    multiply,
    negative,
    reciprocal,
    subtract,
)

from benchmarks.contestant import CHECKED_EPOCHS, Contestant
from benchmarks.networks.dense import BASE_BATCH, BASE_RATE, BASE_ROWS, BASE_WIDTHS, base_data, weights
from benchmarks.order import ORDER_SEED

Step = Callable[[], None]


class SameCalls:
    """The same kernel calls as in ``program.source('train')``, everything bound beforehand, ``out=`` everywhere."""

    def __init__(self) -> None:
        pairs = weights(BASE_WIDTHS)
        self.parameters = numpy.concatenate([array.ravel() for pair in pairs for array in pair])
        self.gradients = numpy.empty(9, float32)
        self.total, self.count = numpy.zeros(2, float32), numpy.zeros(2, float32)
        self.x, self.y = numpy.empty((BASE_BATCH, 2), float32), numpy.empty((BASE_BATCH, 1), float32)
        self.step = self._make_step()

    def _make_step(self) -> Step:
        parameters, gradients, total, count, x, y = (
            self.parameters, self.gradients, self.total, self.count, self.x, self.y
        )  # fmt: skip
        w1, b1, w2, b2 = _parts(parameters)
        g_w1, g_b1, g_w2, g_b2 = _parts(gradients)
        h, z, p = numpy.empty((BASE_BATCH, 2), float32), numpy.empty_like(y), numpy.empty_like(y)
        loss, right, d_z = numpy.empty_like(y), numpy.empty_like(y), numpy.empty_like(y)
        d_h, slope, answer = numpy.empty_like(h), numpy.empty_like(h), numpy.empty(y.shape, bool)
        sums, mean = numpy.zeros(2, float32), numpy.zeros((), float32)
        loss_sum, right_sum = sums[:1].reshape(()), sums[1:]
        losses, ones, b2_number = loss.reshape(-1), numpy.ones(BASE_BATCH, float32), b2.reshape(())
        x_t, h_t, w2_t = x.T, h.T, w2.T
        zero, half, one = (numpy.array(number, float32) for number in (0.0, 0.5, 1.0))
        rows, per_row = numpy.array(BASE_BATCH, float32), numpy.array(1 / BASE_BATCH, float32)
        rate, both = numpy.array(BASE_RATE, float32), numpy.full(2, BASE_BATCH, float32)

        def step() -> None:
            add(count, both, count)
            x.dot(w1, h)
            add(h, b1, h)
            negative(h, h)
            exp(h, h)
            add(h, one, h)
            reciprocal(h, h)
            h.dot(w2, z)
            add(z, b2_number, z)
            negative(z, p)
            exp(p, p)
            add(p, one, p)
            reciprocal(p, p)
            logaddexp(z, zero, loss)
            multiply(z, y, z)
            subtract(loss, z, loss)
            ones.dot(losses, loss_sum)
            divide(loss_sum, rows, mean)
            subtract(p, y, d_z)
            multiply(d_z, per_row, d_z)
            greater(p, half, answer)
            right[...] = answer
            equal(y, right, answer)
            right[...] = answer
            ones.dot(right, right_sum)
            add(total, sums, total)
            ones.dot(d_z, g_b2)
            d_z.dot(w2_t, d_h)
            subtract(one, h, slope)
            multiply(h, slope, slope)
            multiply(d_h, slope, d_h)
            h_t.dot(d_z, g_w2)
            ones.dot(d_h, g_b1)
            x_t.dot(d_h, g_w1)
            multiply(gradients, rate, gradients)
            subtract(parameters, gradients, parameters)

        return step


class FewestCalls:
    """What we would write if nothing else counted: features in rows, biases in the products, sums as products."""

    def __init__(self) -> None:
        pairs = weights(BASE_WIDTHS)
        self.parameters = numpy.concatenate(
            [numpy.concatenate([kernel.T, bias[:, None]], 1).ravel() for kernel, bias in pairs]
        )
        self.total, self.count = numpy.zeros(2, float32), numpy.zeros(2, float32)
        self.x, self.y = numpy.empty((BASE_BATCH, 2), float32), numpy.empty((BASE_BATCH, 1), float32)
        self.step = self._make_step()

    def _make_step(self) -> Step:
        parameters, total, count, x, y = self.parameters, self.total, self.count, self.x, self.y.reshape(1, -1)
        w1, w2 = parameters[:6].reshape(2, 3), parameters[6:].reshape(1, 3)
        gradients = numpy.empty(9, float32)
        g_w1, g_w2 = gradients[:6].reshape(2, 3), gradients[6:].reshape(1, 3)
        x_and_1, h_and_1 = numpy.ones((3, BASE_BATCH), float32), numpy.ones((3, BASE_BATCH), float32)
        x_window, x_t, h = x_and_1[:2], x.T, h_and_1[:2]
        z, p, d_z, soft = (numpy.empty((1, BASE_BATCH), float32) for _ in range(4))
        d_h, slope = numpy.empty_like(h), numpy.empty_like(h)
        x_t1, h_t1, w2_t = x_and_1.T, h_and_1.T, w2[:, :2].T
        right, truth = numpy.empty((1, BASE_BATCH), bool), numpy.empty((1, BASE_BATCH), bool)
        ones, soft_row, z_row, y_row = numpy.ones(BASE_BATCH, float32), soft.reshape(-1), z.reshape(-1), y.reshape(-1)
        rights = numpy.empty(BASE_BATCH, float32)
        right_row = right.reshape(-1)
        sums, inner = numpy.zeros(2, float32), numpy.zeros((), float32)
        loss_sum, right_sum = sums[:1].reshape(()), sums[1:].reshape(())
        zero, half, one = (numpy.array(number, float32) for number in (0.0, 0.5, 1.0))
        rate, both = numpy.array(BASE_RATE / BASE_BATCH, float32), numpy.full(2, BASE_BATCH, float32)
        w1_dot, w2_dot, w2_t_dot, ones_dot, z_dot = w1.dot, w2.dot, w2_t.dot, ones.dot, z_row.dot

        def step() -> None:
            add(count, both, count)
            x_window[...] = x_t
            w1_dot(x_and_1, h)
            negative(h, h)
            exp(h, h)
            add(h, one, h)
            reciprocal(h, h)
            w2_dot(h_and_1, z)
            negative(z, p)
            exp(p, p)
            add(p, one, p)
            reciprocal(p, p)
            logaddexp(z, zero, soft)
            ones_dot(soft_row, loss_sum)
            z_dot(y_row, inner)
            subtract(loss_sum, inner, loss_sum)
            greater(p, half, right)
            greater(y, half, truth)
            equal(right, truth, right)
            rights[...] = right_row
            ones_dot(rights, right_sum)
            add(total, sums, total)
            subtract(p, y, d_z)
            w2_t_dot(d_z, d_h)
            subtract(one, h, slope)
            multiply(h, slope, slope)
            multiply(d_h, slope, d_h)
            d_z.dot(h_t1, g_w2)
            d_h.dot(x_t1, g_w1)
            multiply(gradients, rate, gradients)
            subtract(parameters, gradients, parameters)

        return step


class Training:
    """The loop over epochs around a step: order, rows, metrics."""

    def __init__(self, network: SameCalls | FewestCalls) -> None:
        self.network = network
        x, y = base_data()
        self.rows = numpy.arange(BASE_ROWS)
        self.order = self.rows.copy()
        windows = [self.order[start : start + BASE_BATCH] for start in range(0, BASE_ROWS, BASE_BATCH)]
        self.batches = [(window, x.take, network.x, y.take, network.y, network.step) for window in windows]
        self.generator = numpy.random.default_rng(ORDER_SEED)

    @property
    def contestant(self) -> Contestant:
        """The loop, and the losses of the first epochs."""
        return Contestant(self.fit, lambda: self.fit(CHECKED_EPOCHS, shuffle=False)["loss"])

    def fit(self, epochs: int, shuffle: bool = True) -> dict[str, list[float]]:
        """Train, and return loss and accuracy of every epoch."""
        order, total, count = self.order, self.network.total, self.network.count
        history: dict[str, list[float]] = {"loss": [], "accuracy": []}
        for _ in range(epochs):
            order[:] = self.rows
            if shuffle:
                self.generator.shuffle(order)
            total.fill(0)
            count.fill(0)
            for window, take_x, x, take_y, y, step in self.batches:
                take_x(window, 0, x, "clip")
                take_y(window, 0, y, "clip")
                step()
            (loss, right), (losses, rights) = total.tolist(), count.tolist()
            history["loss"].append(loss / losses)
            history["accuracy"].append(right / rights)
        return history


def _parts(vector: Any) -> tuple[Any, Any, Any, Any]:
    return vector[:4].reshape(2, 2), vector[4:6], vector[6:8].reshape(2, 1), vector[8:]


def same_calls() -> Contestant:
    """Return the loop around nnc's kernel calls."""
    return Training(SameCalls()).contestant


def fewest_calls() -> Contestant:
    """Return the loop around as few kernel calls as we could find."""
    return Training(FewestCalls()).contestant
