"""Tell praise from blame in reviews: word embeddings, their mean, and a dense layer."""

import keras
from keras import layers
from synthetic_data import reviews

MAX_FEATURES = 1000
MAXLEN = 60


def main():
    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = reviews(256, seed=0), reviews(64, seed=1)
    x_train = keras.utils.pad_sequences(x_train, maxlen=MAXLEN, padding="post", truncating="post")
    x_test = keras.utils.pad_sequences(x_test, maxlen=MAXLEN, padding="post", truncating="post")
    print("shape of the reviews:", x_train.shape)

    model = keras.Sequential()
    model.add(keras.Input(shape=(None,), dtype="int32"))
    model.add(layers.Embedding(MAX_FEATURES, 16, mask_zero=True))
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(16, activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])

    early = keras.callbacks.EarlyStopping(monitor="val_loss", patience=2, restore_best_weights=True)
    history = model.fit(x_train, y_train, batch_size=32, epochs=5, validation_split=0.2, callbacks=[early], verbose=0)
    print("validation loss:", [round(loss, 4) for loss in history.history["val_loss"]])
    results = model.evaluate(x_test, y_test, verbose=0, return_dict=True)
    print({name: round(value, 3) for name, value in results.items()})
    print(model.predict(x_test[:5], verbose=0).ravel().round(3))


if __name__ == "__main__":
    main()
