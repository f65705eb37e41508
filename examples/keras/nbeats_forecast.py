"""Forecast a series by N-BEATS: each block explains a part of the window, and the next one what is left of it."""

import keras
import numpy as np
from keras import layers

WINDOW, HORIZON = 14, 2


class NBeatsBlock(layers.Layer):
    """Returns what a block makes of a window: the part that it explains, and its part of the forecast."""

    def __init__(self, units, depth, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.depth = depth
        self.hidden = [layers.Dense(units, activation="relu") for _ in range(depth)]
        self.theta = layers.Dense(WINDOW + HORIZON, name="theta")

    def call(self, inputs):
        x = inputs
        for layer in self.hidden:
            x = layer(x)
        theta = self.theta(x)
        return theta[:, :WINDOW], theta[:, -HORIZON:]

    def get_config(self):
        return {**super().get_config(), "units": self.units, "depth": self.depth}


def make_windows(series):
    places = np.arange(len(series) - WINDOW - HORIZON + 1)[:, None] + np.arange(WINDOW + HORIZON)
    rows = series[places]
    return rows[:, :WINDOW], rows[:, WINDOW:]


def make_model():
    inputs = layers.Input(shape=(WINDOW,), name="window")
    residual, forecast = inputs, None
    for number in range(3):
        backcast, part = NBeatsBlock(16, 2, name=f"block_{number}")(residual)
        residual = layers.subtract([residual, backcast], name=f"residual_{number}")
        forecast = part if forecast is None else layers.add([forecast, part], name=f"forecast_{number}")
    return keras.Model(inputs, forecast, name="nbeats")


def main():
    keras.utils.set_random_seed(5)
    moments = np.arange(400)
    noise = np.random.default_rng(5).normal(size=400)
    series = (np.sin(moments / 4) + 0.5 * np.sin(moments / 11) + 0.1 * noise).astype("float32")
    x, y = make_windows(series)
    train, test = (x[:300], y[:300]), (x[300:], y[300:])
    naive = np.abs(test[1] - test[0][:, -1:]).mean()
    model = make_model()
    model.compile(loss="mae", optimizer=keras.optimizers.Adam(0.003), metrics=["mae", "mse"])
    model.fit(
        *train,
        batch_size=50,
        epochs=6,
        validation_data=test,
        verbose=0,
        callbacks=[keras.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=2)],
    )
    _, error, _ = model.evaluate(*test, verbose=0)
    print("error of the last value", round(float(naive), 3), "of N-BEATS", round(error, 3))
    window = list(test[0][0])
    for _ in range(3):
        window += list(model.predict(np.array([window[-WINDOW:]]), verbose=0)[0])
    print("six steps on", np.round(window[WINDOW:], 2))


if __name__ == "__main__":
    main()
