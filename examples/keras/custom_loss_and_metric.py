"""Regression with a loss and a metric of one's own, as classes with a config, and an initializer and a regularizer."""

import keras
from keras import layers, ops
from synthetic_data import houses


@keras.saving.register_keras_serializable(package="examples")
class HuberLoss(keras.losses.Loss):
    """Squares of small errors, and large ones as they are."""

    def __init__(self, threshold=1.0, **kwargs):
        self.threshold = threshold
        super().__init__(**kwargs)

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        is_small_error = ops.abs(error) < self.threshold
        squared_loss = ops.square(error) / 2
        linear_loss = self.threshold * ops.abs(error) - self.threshold**2 / 2
        return ops.where(is_small_error, squared_loss, linear_loss)

    def get_config(self):
        return {**super().get_config(), "threshold": self.threshold}


@keras.saving.register_keras_serializable(package="examples")
class HuberMetric(keras.metrics.Metric):
    """The mean of that loss over all rows."""

    def __init__(self, threshold=1.0, **kwargs):
        super().__init__(**kwargs)
        self.threshold = threshold
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        error = ops.abs(ops.cast(y_true, y_pred.dtype) - y_pred)
        squared, linear = ops.square(error) / 2, self.threshold * error - self.threshold**2 / 2
        values = ops.where(error < self.threshold, squared, linear)
        self.total.assign_add(ops.sum(values))
        self.count.assign_add(ops.cast(ops.size(y_true), "float32"))

    def result(self):
        return self.total / self.count

    def get_config(self):
        return {**super().get_config(), "threshold": self.threshold}


@keras.saving.register_keras_serializable(package="examples")
def root_mean_squared_error(y_true, y_pred):
    return ops.sqrt(ops.mean(ops.square(y_pred - y_true), axis=-1))


def main():
    keras.utils.set_random_seed(5)
    (x_train, y_train), (x_valid, y_valid) = houses(200, seed=0), houses(50, seed=1)
    mean, std = x_train.mean(axis=0), x_train.std(axis=0)
    x_train, x_valid = (x_train - mean) / std, (x_valid - mean) / std
    y_train, y_valid = y_train[:, None], y_valid[:, None]
    model = keras.Sequential(
        [
            layers.Input(shape=(8,)),
            layers.Dense(30, activation="relu", kernel_initializer="he_normal", kernel_regularizer="l2"),
            layers.Dense(1),
        ]
    )
    model.compile(loss=HuberLoss(2.0), optimizer="nadam", metrics=[HuberMetric(2.0), root_mean_squared_error])
    history = model.fit(x_train, y_train, epochs=3, validation_data=(x_valid, y_valid), verbose=0)
    for name, values in history.history.items():
        print(name, [round(value, 4) for value in values])
    model.save("my_model_with_a_custom_loss.keras")
    model = keras.models.load_model("my_model_with_a_custom_loss.keras")
    print("reloaded, of the loss", type(model.loss).__name__)
    model.fit(x_train, y_train, epochs=1, verbose=0)
    print(model.evaluate(x_valid, y_valid, verbose=0))


if __name__ == "__main__":
    main()
