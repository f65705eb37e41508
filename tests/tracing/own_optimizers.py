"""Optimizers and learning-rate schedules as users write them: functions of Keras's package that return one each."""

from __future__ import annotations

import math


def sign_momentum(keras):
    class SignMomentum(keras.optimizers.Optimizer):
        def __init__(self, learning_rate=0.01, momentum=0.9, **options):
            super().__init__(learning_rate=learning_rate, **options)
            self.momentum = momentum

        def build(self, variables):
            if self.built:
                return
            super().build(variables)
            self.velocities = [self.add_variable_from_reference(item, name="velocity") for item in variables]

        def update_step(self, gradient, variable, learning_rate):
            rate = keras.ops.cast(learning_rate, variable.dtype)
            velocity = self.velocities[self._get_variable_index(variable)]
            self.assign(velocity, self.momentum * velocity - rate * keras.ops.sign(gradient))
            self.assign_add(variable, velocity)

    return SignMomentum(0.01, weight_decay=0.05)


def lion(keras):
    ops = keras.ops

    class OwnLion(keras.optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            self.moments = self.add_optimizer_variables(variables, "moment")

        def update_step(self, gradient, variable, learning_rate):
            moment = self.moments[self._get_variable_index(variable)]
            update = ops.sign(0.9 * moment + 0.1 * gradient)
            self.assign_sub(variable, learning_rate * (update + 0.01 * variable))
            self.assign(moment, 0.99 * moment + 0.01 * gradient)

    return OwnLion(learning_rate=0.003, clipnorm=0.2)


def decoupled_adam(keras):
    class DecoupledAdam(keras.optimizers.Adam):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate)
            self.assign_sub(variable, 0.02 * learning_rate * variable)

    return DecoupledAdam(0.01, amsgrad=True)


def adagrad(keras):
    ops = keras.ops

    class OwnAdagrad(keras.optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            start = keras.initializers.Constant(0.1)
            self.sums = self.add_optimizer_variables(variables, "sum", start)

        def update_step(self, gradient, variable, learning_rate):
            total = self.sums[self._get_variable_index(variable)]
            self.assign_add(total, ops.square(gradient))
            self.assign_sub(variable, learning_rate * gradient * ops.rsqrt(total + 1e-7))

    return OwnAdagrad(learning_rate=0.1, clipvalue=0.1)


def centralized(keras):
    class Centralized(keras.optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            if len(gradient.shape) > 1:
                gradient = gradient - keras.ops.mean(gradient, axis=0, keepdims=True)
            super().update_step(gradient, variable, learning_rate)

    return Centralized(0.1, momentum=0.9, nesterov=True)


def lookahead(keras):
    ops = keras.ops

    class Lookahead(keras.optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            self.slow = self.add_optimizer_variables(variables, "slow")

        def update_step(self, gradient, variable, learning_rate):
            slow = self.slow[self._get_variable_index(variable)]
            self.assign(slow, ops.where(ops.equal(self.iterations, 0), variable + 0.0, slow))
            fast = variable - learning_rate * gradient
            due = ops.equal((self.iterations + 1) % 2, 0)
            mixed = slow + 0.5 * (fast - slow)
            self.assign(slow, ops.where(due, mixed, slow))
            self.assign(variable, ops.where(due, mixed, fast))

    return Lookahead(learning_rate=0.2)


def multipliers(keras):
    class Multipliers(keras.optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            factor = 2.0 if "bias" in variable.name else 0.5
            self.assign_sub(variable, learning_rate * factor * gradient)

    return Multipliers(learning_rate=0.1, global_clipnorm=0.5)


def layerwise(keras):
    ops = keras.ops

    class Layerwise(keras.optimizers.Optimizer):
        """Steps as long as the weights are, and second moments by row and column."""

        def build(self, variables):
            super().build(variables)
            self.rows, self.columns = [], []
            for item in variables:
                rank = len(item.shape)
                self.rows.append(self.add_variable(item.shape[:1], name="rows"))
                self.columns.append(self.add_variable(item.shape[1:] if rank > 1 else (1,), name="columns"))

        def update_step(self, gradient, variable, learning_rate):
            index = self._get_variable_index(variable)
            rows, columns = self.rows[index], self.columns[index]
            square = ops.square(gradient) + 1e-6
            if len(variable.shape) > 1:
                self.assign(rows, 0.9 * rows + 0.1 * ops.mean(square, axis=1))
                self.assign(columns, 0.9 * columns + 0.1 * ops.mean(square, axis=0))
                second = rows[:, None] * columns[None, :] / ops.mean(rows)
            else:
                self.assign(rows, 0.9 * rows + 0.1 * square)
                second = rows
            step = gradient / ops.sqrt(second)
            ratio = ops.norm(variable) / (ops.norm(step) + 1e-6)
            self.assign_sub(variable, learning_rate * ops.where(ratio > 0, ratio, 1.0) * step)

    return Layerwise(learning_rate=0.05)


def shared_step(keras):
    ops = keras.ops

    class SharedStep(keras.optimizers.Optimizer):
        """Each weight's gradient makes the steps of those after it smaller."""

        def build(self, variables):
            super().build(variables)
            self.seen = self.add_variable((), "ones", name="seen")
            self.updates = self.add_variable((), "zeros", dtype="int32", name="updates")

        def update_step(self, gradient, variable, learning_rate):
            self.assign_add(self.seen, ops.sum(ops.square(gradient)))
            self.assign_add(self.updates, 1)
            count = ops.cast(self.updates, variable.dtype)
            self.assign_sub(variable, learning_rate * gradient / ops.sqrt(self.seen * count))

    return SharedStep(learning_rate=0.3)


def yogi(keras):
    ops = keras.ops

    class Yogi(keras.optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            self.first, self.second = self.add_optimizer_variables(variables, ["first", "second"])

        def update_step(self, gradient, variable, learning_rate):
            step = ops.cast(self.iterations + 1, variable.dtype)
            index = self._get_variable_index(variable)
            first, second = self.first[index], self.second[index]
            square = ops.square(gradient)
            first.assign_add((gradient - first) * 0.1)
            second.assign_sub(0.01 * ops.sign(second - square) * square)
            correction = ops.sqrt(1 - ops.power(0.99, step)) / (1 - ops.power(0.9, step))
            variable.assign_sub(learning_rate * correction * first / (ops.sqrt(second) + 1e-3))

    return Yogi(learning_rate=0.02, gradient_accumulation_steps=2)


def dictionary_of_slots(keras):
    ops = keras.ops

    class OwnRMSprop(keras.optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            self.means = {}
            for item in variables:
                self.means[self._var_key(item)] = self.add_variable_from_reference(item, name="mean")

        def update_step(self, gradient, variable, learning_rate):
            mean = self.means[self._var_key(variable)]
            self.assign(mean, ops.add(ops.multiply(mean, 0.9), ops.multiply(ops.square(gradient), 0.1)))
            rate = ops.cast(learning_rate, variable.dtype) * 10.0**-1
            self.assign_sub(variable, ops.divide(rate * gradient, ops.add(ops.sqrt(mean), 1e-7)))

    return OwnRMSprop(learning_rate=0.1, loss_scale_factor=16.0)


def own_rate(keras):
    class OwnRate(keras.optimizers.Optimizer):
        """Reads the learning rate where Keras keeps it, and a number of its own that is not trained."""

        def __init__(self, scale, **options):
            super().__init__(**options)
            self.scale = self.add_variable((), keras.initializers.Constant(scale), name="scale")

        def update_step(self, gradient, variable, learning_rate):
            del learning_rate
            self.assign_sub(variable, self.learning_rate * self.scale * gradient)

    return OwnRate(0.5, learning_rate=warmup(keras))


def warmup(keras):
    class Warmup(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            step = keras.ops.cast(step, "float32")
            rising = 0.1 * (step + 1.0) / 3.0
            falling = 0.1 * 0.5 * (1.0 + keras.ops.cos(math.pi * keras.ops.minimum(step / 10.0, 1.0)))
            return keras.ops.where(step < 2, rising, falling)

    return Warmup()


def scheduled_adam(keras):
    return keras.optimizers.Adam(warmup(keras), use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)


def averaged(keras):
    class Averaged(keras.optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(keras.ops.tanh(gradient), variable, learning_rate)

    return Averaged(
        keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5),
        use_ema=True,
        ema_momentum=0.5,
        ema_overwrite_frequency=2,
    )


OPTIMIZERS = {
    make.__name__: make
    for make in (
        *(sign_momentum, lion, decoupled_adam, adagrad, centralized, lookahead, multipliers, layerwise, shared_step),
        *(yogi, dictionary_of_slots, own_rate, scheduled_adam, averaged),
    )
}
