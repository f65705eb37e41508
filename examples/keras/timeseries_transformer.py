"""Say from the noise of an engine whether it is broken, with attention between moments."""

import keras
from keras import layers
from synthetic_data import engine_noise


def transformer_encoder(inputs, head_size, num_heads, ff_dim, dropout=0):
    x = layers.MultiHeadAttention(key_dim=head_size, num_heads=num_heads, dropout=dropout)(inputs, inputs)
    x = layers.Dropout(dropout)(x)
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    res = x + inputs

    x = layers.Conv1D(filters=ff_dim, kernel_size=1, activation="relu")(res)
    x = layers.Dropout(dropout)(x)
    x = layers.Conv1D(filters=inputs.shape[-1], kernel_size=1)(x)
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    return x + res


def build_model(input_shape, head_size, num_heads, ff_dim, num_transformer_blocks, mlp_units):
    inputs = keras.Input(shape=input_shape)
    x = layers.Conv1D(8, 6, strides=6)(inputs)
    for _ in range(num_transformer_blocks):
        x = transformer_encoder(x, head_size, num_heads, ff_dim)
    x = layers.GlobalAveragePooling1D(data_format="channels_last")(x)
    for dim in mlp_units:
        x = layers.Dense(dim, activation="relu")(x)
        x = layers.Dropout(0.1)(x)
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(x))


def main():
    keras.utils.set_random_seed(10)
    (x_train, y_train), (x_test, y_test) = engine_noise(128, seed=0), engine_noise(32, seed=1)
    model = build_model(x_train.shape[1:], head_size=8, num_heads=2, ff_dim=4, num_transformer_blocks=2, mlp_units=[16])
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.SGD(learning_rate=0.05, momentum=0.9),
        metrics=["sparse_categorical_accuracy"],
    )
    callbacks = [keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True)]
    model.fit(x_train, y_train, validation_split=0.2, epochs=2, batch_size=32, callbacks=callbacks, verbose=0)
    print(model.evaluate(x_test, y_test, verbose=0))
    print(model.predict(x_test[:3], verbose=0).round(3))


if __name__ == "__main__":
    main()
