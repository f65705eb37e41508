"""Predict prices from two groups of measurements: some go straight to the output, others through layers as well."""

import keras
from keras import layers
from synthetic_data import houses


def main():
    keras.utils.set_random_seed(3)
    (x_train, y_train), (x_valid, y_valid) = houses(192, seed=0), houses(64, seed=1)
    x_train_wide, x_train_deep = x_train[:, :5], x_train[:, 2:]
    x_valid_wide, x_valid_deep = x_valid[:, :5], x_valid[:, 2:]

    norm_wide, norm_deep = layers.Normalization(), layers.Normalization()
    input_wide = layers.Input(shape=[5], name="wide")
    input_deep = layers.Input(shape=[6], name="deep")
    hidden1 = layers.Dense(30, activation="relu")(norm_deep(input_deep))
    hidden2 = layers.Dense(30, activation="relu")(hidden1)
    concat = layers.concatenate([norm_wide(input_wide), hidden2])
    output = layers.Dense(1, name="main")(concat)
    aux_output = layers.Dense(1, name="auxiliary")(hidden2)
    model = keras.Model(inputs=[input_wide, input_deep], outputs=[output, aux_output])

    norm_wide.adapt(x_train_wide)
    norm_deep.adapt(x_train_deep)
    model.compile(
        loss=("mse", "mse"),
        loss_weights=(0.9, 0.1),
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
        metrics=["RootMeanSquaredError", "RootMeanSquaredError"],
    )
    history = model.fit(
        {"wide": x_train_wide, "deep": x_train_deep},
        (y_train, y_train),
        epochs=3,
        validation_data=((x_valid_wide, x_valid_deep), (y_valid, y_valid)),
        verbose=0,
    )
    for name, values in history.history.items():
        print(name, [round(value, 4) for value in values])
    weighted_sum, main_loss, aux_loss, main_rmse, aux_rmse = model.evaluate(
        (x_valid_wide, x_valid_deep), (y_valid, y_valid), verbose=0
    )
    print(f"sum {weighted_sum:.4f} of {main_loss:.4f} and {aux_loss:.4f}; errors {main_rmse:.4f} and {aux_rmse:.4f}")
    y_main, y_aux = model.predict((x_valid_wide[:3], x_valid_deep[:3]), verbose=0)
    print(y_main.ravel().round(2), y_aux.ravel().round(2))


if __name__ == "__main__":
    main()
