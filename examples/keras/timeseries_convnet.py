"""Say from the noise of an engine whether it is broken, with convolutions along time."""

import keras
import numpy as np
from keras import layers
from synthetic_data import engine_noise


def make_model(input_shape, num_classes):
    input_layer = keras.layers.Input(input_shape)
    x = input_layer
    for dilation in (1, 2, 4):
        x = layers.Conv1D(filters=16, kernel_size=3, padding="causal", dilation_rate=dilation, use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    gap = layers.GlobalAveragePooling1D()(x)
    output_layer = layers.Dense(num_classes, activation="softmax")(gap)
    return keras.models.Model(inputs=input_layer, outputs=output_layer)


def main():
    keras.utils.set_random_seed(9)
    (x_train, y_train), (x_test, y_test) = engine_noise(192, seed=0), engine_noise(64, seed=1)
    num_classes = len(np.unique(y_train))
    model = make_model(input_shape=x_train.shape[1:], num_classes=num_classes)
    callbacks = [
        keras.callbacks.ModelCheckpoint("best_model.keras", save_best_only=True, monitor="val_loss"),
        keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1, min_lr=0.0001),
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=4, verbose=0),
    ]
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"])
    history = model.fit(x_train, y_train, batch_size=32, epochs=4, callbacks=callbacks, validation_split=0.2, verbose=0)
    print("learning rates", history.history["learning_rate"])
    model = keras.models.load_model("best_model.keras")
    test_loss, test_acc = model.evaluate(x_test, y_test, verbose=0)
    print(f"Test accuracy {test_acc:.3f}, loss {test_loss:.4f}")
    print(model.predict(x_test[:3], verbose=0).round(3))


if __name__ == "__main__":
    main()
