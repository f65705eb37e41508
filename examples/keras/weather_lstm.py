"""Forecast the temperature with an LSTM, then with stacked GRU layers and recurrent regularisation."""

import keras
from keras import layers
from synthetic_data import weather


def main():
    keras.utils.set_random_seed(8)
    series = weather(900, seed=1)
    train_split = 600
    features = (series - series[:train_split].mean(axis=0)) / series[:train_split].std(axis=0)
    past, future = 24, 6
    options = {"sequence_length": past, "sampling_rate": 1, "batch_size": 64}
    dataset_train = keras.preprocessing.timeseries_dataset_from_array(
        features[:train_split], features[past + future : train_split + past + future, :1], **options
    )
    x_end = len(features) - past - future
    dataset_val = keras.preprocessing.timeseries_dataset_from_array(
        features[train_split:x_end], features[train_split + past + future :, :1], **options
    )
    for batch in dataset_train.take(1):
        inputs, targets = batch
    print("Input shape:", tuple(inputs.shape), "Target shape:", tuple(targets.shape))

    def lstm(inputs):
        return layers.LSTM(16)(inputs)

    def stacked_gru(inputs):
        x = layers.GRU(8, return_sequences=True)(inputs)
        x = layers.GRU(8)(x)
        return layers.Dropout(0.5)(x)

    for recurrent in (lstm, stacked_gru):
        inputs = keras.layers.Input(shape=(past, 3))
        outputs = keras.layers.Dense(1)(recurrent(inputs))
        model = keras.Model(inputs=inputs, outputs=outputs)
        model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001, clipnorm=1.0), loss="mse")
        checkpoint = keras.callbacks.ModelCheckpoint(
            monitor="val_loss", filepath="model_checkpoint.weights.h5", save_weights_only=True, save_best_only=True
        )
        es_callback = keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=0, patience=5)
        history = model.fit(
            dataset_train, epochs=2, validation_data=dataset_val, callbacks=[es_callback, checkpoint], verbose=0
        )
        print(recurrent.__name__, "validation losses", [round(loss, 4) for loss in history.history["val_loss"]])
        for x, y in dataset_val.take(1):
            print("actual", float(y[0, 0]), "forecast", model.predict(x, verbose=0)[0].round(3))


if __name__ == "__main__":
    main()
