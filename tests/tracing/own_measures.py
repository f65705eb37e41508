"""Losses and metrics as users write them: functions of Keras's package that return one each."""

from __future__ import annotations

from functools import partial


def bent(keras):
    def bent(y_true, y_pred):
        error = y_true - y_pred
        return keras.ops.mean(keras.ops.where(error > 0, error * error, keras.ops.abs(error)), axis=-1)

    return bent


def scaled(keras):
    class Scaled(keras.losses.Loss):
        def __init__(self, scale, **options):
            super().__init__(**options)
            self.scale = scale

        def call(self, y_true, y_pred):
            return self.scale * keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)

    return Scaled(3.0, reduction="sum", name="scaled")


def doubled(keras):
    class Doubled(keras.losses.MeanSquaredError):
        def call(self, y_true, y_pred):
            return 2.0 * super().call(y_true, y_pred)

    return Doubled()


def made_by_a_function(keras):
    def make_loss(alpha):
        def PinballLoss(y_true, y_pred):
            error = y_true - y_pred
            return keras.ops.mean(keras.ops.maximum(alpha * error, (alpha - 1.0) * error), axis=-1)

        return PinballLoss

    return make_loss(0.8)


def with_a_default(keras):
    def tempered(y_true, y_pred, temperature=2.0, power=1.5):
        return keras.ops.sum(keras.ops.power(keras.ops.abs(y_true - y_pred) / temperature, power), axis=-1)

    return tempered


def partial_of_a_function(keras):
    def huberish(y_true, y_pred, delta):
        error = keras.ops.abs(y_true - y_pred)
        squared = 0.5 * error * error
        return keras.ops.mean(keras.ops.where(error < delta, squared, delta * (error - 0.5 * delta)), axis=-1)

    return partial(huberish, delta=0.3)


def anonymous(keras):
    return lambda y_true, y_pred: keras.ops.logaddexp(y_true, y_pred) - y_true * y_pred


def scalar(keras):
    def covariance(y_true, y_pred):
        ops = keras.ops
        return -ops.mean((y_true - ops.mean(y_true, axis=0)) * (y_pred - ops.mean(y_pred, axis=0)))

    return covariance


def method(keras):
    class Losses:
        def __init__(self):
            self.weight = 0.25

        def cubic(self, y_true, y_pred):
            return self.weight * keras.ops.mean(keras.ops.abs(y_true - y_pred) ** 3, axis=-1)

    return Losses().cubic


def masked(keras):
    class Masked(keras.losses.Loss):
        """Leaves out targets below -0.5."""

        def call(self, y_true, y_pred):
            counts = keras.ops.cast(y_true > -0.5, y_pred.dtype)
            error = keras.ops.square(y_true - y_pred) * counts
            return keras.ops.sum(error, axis=-1) / keras.ops.maximum(keras.ops.sum(counts, axis=-1), 1.0)

    return Masked(reduction="mean_with_sample_weight")


def mixed(keras):
    mse, mae = keras.losses.MeanSquaredError(reduction=None), keras.losses.MeanAbsoluteError(reduction=None)

    def mixed(y_true, y_pred):
        return mse(y_true, y_pred) + 0.1 * mae(y_true, y_pred)

    return mixed


def called_object(keras):
    class Quartic:
        def __call__(self, y_true, y_pred):
            return keras.ops.mean((y_true - y_pred) ** 4, axis=-1)

    return Quartic()


def class_itself(keras):
    class Root(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return keras.ops.sqrt(keras.ops.sum(keras.ops.square(y_true - y_pred), axis=-1) + 0.01)

    return Root


LOSSES = {
    make.__name__: make
    for make in (
        *(bent, scaled, doubled, made_by_a_function, with_a_default, partial_of_a_function, anonymous, scalar, method),
        *(masked, mixed, called_object, class_itself),
    )
}


def focal_of_indices(keras):
    def focal(y_true, y_pred):
        ops = keras.ops
        hot = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1])
        chosen = ops.sum(hot * ops.softmax(y_pred), axis=-1)
        return -ops.power(1.0 - chosen, 2.0) * ops.log(chosen + 1e-7)

    return focal


def crossentropy_of_indices(keras):
    class Smoothed(keras.losses.Loss):
        def call(self, y_true, y_pred):
            found = keras.ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
            return 0.9 * found - 0.1 * keras.ops.mean(keras.ops.log_softmax(y_pred), axis=-1)

    return Smoothed()


def column_of_indices(keras):
    def chosen(y_true, y_pred):
        ops = keras.ops
        return -ops.take_along_axis(ops.log_softmax(y_pred), ops.cast(y_true, "int32"), axis=-1)[:, 0]

    return chosen


def quantiles(keras):
    def quantiles(y_true, y_pred):
        error = y_true[:, None] - y_pred
        levels = keras.ops.convert_to_tensor([0.1, 0.5, 0.9])
        return keras.ops.mean(keras.ops.maximum(levels * error, (levels - 1.0) * error), axis=-1)

    return quantiles


def likelihood(keras):
    def likelihood(y_true, y_pred):
        mean, spread = y_pred[:, :1], keras.ops.softplus(y_pred[:, 1:2]) + 0.1
        return keras.ops.mean(keras.ops.square((y_true - mean) / spread) + 2.0 * keras.ops.log(spread), axis=-1)

    return likelihood


def contrastive(keras):
    ops = keras.ops

    class Contrastive(keras.losses.Loss):
        """Brings outputs of rows with the same label together."""

        def call(self, y_true, y_pred):
            same = ops.cast(ops.equal(y_true[:, None], y_true[None, :]), "float32")
            distance = ops.sum(ops.square(y_pred[:, None] - y_pred[None, :]), axis=-1)
            return ops.mean(same * distance + (1.0 - same) * ops.relu(1.0 - distance))

    return Contrastive()


LOSSES_OF_OTHER_TARGETS = {
    "focal_of_indices": (focal_of_indices, "indices"),
    "crossentropy_of_indices": (crossentropy_of_indices, "indices"),
    "column_of_indices": (column_of_indices, "column"),
    "quantiles": (quantiles, "numbers"),
    "likelihood": (likelihood, "column of numbers"),
    "contrastive": (contrastive, "numbers"),
}


def within(keras):
    def within(y_true, y_pred):
        return keras.ops.mean(keras.ops.cast(keras.ops.abs(y_true - y_pred) < 0.5, "float32"), axis=-1)

    return within


def CamelCase(keras):
    def LargestError(y_true, y_pred):
        return keras.ops.max(keras.ops.abs(y_true - y_pred), axis=-1)

    return LargestError


def anonymous_metric(keras):
    return lambda y_true, y_pred: keras.ops.mean(y_true * y_pred, axis=-1)


def counting(keras):
    ops = keras.ops

    class Hits(keras.metrics.Metric):
        def __init__(self, name="hits", **options):
            super().__init__(name=name, **options)
            self.hits = self.add_weight(shape=(), initializer="zeros", name="hits")

        def update_state(self, y_true, y_pred, sample_weight=None):
            values = ops.cast((y_true > 0) == (y_pred > 0), "float32")
            if sample_weight is not None:
                values = values * ops.reshape(sample_weight, (-1, 1))
            self.hits.assign_add(ops.sum(values))

        def result(self):
            return self.hits * 1.0

    return Hits()


def ratio(keras):
    ops = keras.ops

    class Ratio(keras.metrics.Metric):
        def __init__(self, **options):
            super().__init__(**options)
            self.errors = self.add_variable(shape=(2,), initializer="zeros", name="errors")
            self.sizes = self.add_variable(shape=(2,), initializer="zeros", name="sizes")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.errors.assign(self.errors + ops.sum(ops.abs(y_true - y_pred), axis=0))
            self.sizes.assign_add(ops.sum(ops.abs(y_true), axis=0))

        def result(self):
            return ops.mean(self.errors / ops.maximum(self.sizes, 1e-7))

        def reset_state(self):
            self.errors.assign(ops.zeros((2,)))
            self.sizes.assign(ops.zeros((2,)))

    return Ratio(name="ratio")


def smallest(keras):
    ops = keras.ops

    class Smallest(keras.metrics.Metric):
        """Starts with infinity, and keeps no sum."""

        def __init__(self, **options):
            super().__init__(**options)
            self.best = self.add_weight(shape=(), initializer=keras.initializers.Constant(float("inf")), name="best")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.best.assign(ops.minimum(self.best, ops.min(ops.abs(y_true - y_pred))))

        def result(self):
            return self.best + 0.0

        def reset_state(self):
            self.best.assign(float("inf"))

    return Smallest(name="smallest")


def moving(keras):
    ops = keras.ops

    class Moving(keras.metrics.Metric):
        """A moving average, which counts batches in whole numbers."""

        def __init__(self, **options):
            super().__init__(**options)
            self.mean = self.add_weight(shape=(), name="mean", initializer="zeros")
            self.batches = self.add_weight(shape=(), name="batches", initializer="zeros", dtype="int32")

        def update_state(self, y_true, y_pred, sample_weight=None):
            found = ops.mean(ops.square(y_true - y_pred))
            self.mean.assign(ops.where(self.batches == 0, found, 0.5 * self.mean + 0.5 * found))
            self.batches.assign_add(1)

        def result(self):
            return self.mean * ops.cast(self.batches, "float32")

    return Moving(name="moving")


def derived_mean(keras):
    class RootOfErrors(keras.metrics.Mean):
        def update_state(self, y_true, y_pred, sample_weight=None):
            error = keras.ops.sqrt(keras.ops.abs(y_true - y_pred))
            super().update_state(keras.ops.mean(error, axis=-1), sample_weight)

    return RootOfErrors(name="root_of_errors")


def wrapped_function(keras):
    def bias(y_true, y_pred):
        return keras.ops.mean(y_pred - y_true, axis=-1)

    return keras.metrics.MeanMetricWrapper(bias, name="bias")


def of_other_metrics(keras):
    class Both(keras.metrics.Metric):
        """The harmonic mean of two metrics of Keras's that are inside."""

        def __init__(self, **options):
            super().__init__(**options)
            self.first = keras.metrics.MeanAbsoluteError()
            self.second = keras.metrics.MeanSquaredError()

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.first.update_state(y_true, y_pred, sample_weight)
            self.second.update_state(y_true, y_pred, sample_weight)

        def result(self):
            first, second = self.first.result(), self.second.result()
            return 2.0 * first * second / (first + second)

        def reset_state(self):
            self.first.reset_state()
            self.second.reset_state()

    return Both(name="both")


def correlation(keras):
    ops = keras.ops

    class Correlation(keras.metrics.Metric):
        def __init__(self, **options):
            super().__init__(**options)
            self.sums = self.add_weight(shape=(5,), initializer="zeros", name="sums")
            self.count = self.add_weight(shape=(), initializer="zeros", name="count")

        def update_state(self, y_true, y_pred, sample_weight=None):
            x, y = ops.reshape(y_true, (-1,)), ops.reshape(y_pred, (-1,))
            found = [ops.sum(x), ops.sum(y), ops.sum(x * y), ops.sum(x * x), ops.sum(y * y)]
            self.sums.assign_add(ops.stack(found))
            self.count.assign_add(ops.cast(ops.shape(x)[0], "float32"))

        def result(self):
            x, y, xy, xx, yy = ops.unstack(self.sums / self.count)
            return (xy - x * y) / ops.sqrt((xx - x * x) * (yy - y * y))

    return Correlation(name="correlation")


def confusion(keras):
    ops = keras.ops

    class Confusion(keras.metrics.Metric):
        """Several numbers, of hits by the sign of target and output."""

        def __init__(self, **options):
            super().__init__(**options)
            self.matrix = self.add_weight(shape=(2, 2), initializer="zeros", name="matrix")

        def update_state(self, y_true, y_pred, sample_weight=None):
            rows = ops.one_hot(ops.cast(ops.reshape(y_true, (-1,)) > 0, "int32"), 2)
            columns = ops.one_hot(ops.cast(ops.reshape(y_pred, (-1,)) > 0, "int32"), 2)
            self.matrix.assign_add(ops.matmul(ops.transpose(rows), columns))

        def result(self):
            return ops.sum(self.matrix * ops.eye(2)) / ops.sum(self.matrix)

    return Confusion(name="confusion")


METRICS = {
    make.__name__: make
    for make in (
        *(within, CamelCase, anonymous_metric, counting, ratio, smallest, moving, derived_mean, wrapped_function),
        *(of_other_metrics, correlation, confusion),
    )
}
WEIGHTED = ("within", "counting", "derived_mean", "wrapped_function", "of_other_metrics")
"""Those that can be weighed."""
