"""Classify small photographs with a residual network, by the functional interface."""

import keras
from keras import layers
from synthetic_data import photographs


def convolution(x, filters, size=3, stride=1):
    regularizer = keras.regularizers.L2(1e-4)
    x = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False, kernel_regularizer=regularizer)(x)
    return layers.BatchNormalization()(x)


def residual_block(x, filters, stride=1):
    shortcut = x
    x = layers.ReLU()(convolution(x, filters, stride=stride))
    x = convolution(x, filters)
    if stride != 1 or shortcut.shape[-1] != filters:
        shortcut = convolution(shortcut, filters, size=1, stride=stride)
    x = layers.add([x, shortcut])
    return layers.ReLU()(x)


def make_resnet(input_shape, num_classes, depths=(1, 1, 1)):
    inputs = keras.Input(shape=input_shape, name="image")
    x = layers.ReLU()(convolution(inputs, 8))
    for stage, depth in enumerate(depths):
        for block in range(depth):
            x = residual_block(x, 8 * 2**stage, stride=2 if stage > 0 and block == 0 else 1)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(num_classes)(x), name="resnet")


def main():
    keras.utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = photographs(128, seed=2), photographs(64, seed=3)
    x_train, x_test = x_train.astype("float32") / 255, x_test.astype("float32") / 255
    model = make_resnet((32, 32, 3), 10)
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.001, momentum=0.9, nesterov=True),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    model.fit(x_train, y_train, batch_size=32, epochs=2, verbose=0)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"{model.count_params()} parameters, test loss {loss:.3f}, accuracy {accuracy:.3f}")
    print(model.predict(x_test[:4], verbose=0).argmax(axis=1))


if __name__ == "__main__":
    main()
