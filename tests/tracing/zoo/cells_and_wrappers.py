"""Own cells and layers inside Keras's recurrent layers and wrappers."""

from __future__ import annotations

from tests.tracing.zoo.registry import chain, model


@model
def own_cell(keras):
    class Cell(keras.layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.units = self.state_size = units
            self.project = keras.layers.Dense(units)

        def build(self, input_shape):
            self.project.build(input_shape)
            self.memory = self.add_weight((self.units, self.units), "orthogonal", name="memory")

        def call(self, inputs, states):
            new = keras.ops.tanh(self.project(inputs) + keras.ops.matmul(states[0], self.memory))
            return new, [new]

    return chain(keras, keras.layers.Reshape((3, 2)), keras.layers.RNN(Cell(4)), keras.layers.Dense(2))


@model
def own_cell_of_two_states(keras):
    class Cell(keras.layers.Layer):
        state_size, output_size = [3, 3], 3

        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[-1] + 3, 6), "glorot_uniform", name="kernel")

        def call(self, inputs, states, training=None):
            gates = keras.ops.matmul(keras.ops.concatenate([inputs, states[0]], axis=-1), self.kernel)
            forget, new = keras.ops.sigmoid(gates[:, :3]), keras.ops.tanh(gates[:, 3:])
            memory = forget * states[1] + (1.0 - forget) * new
            return memory * 2.0, [memory, memory]

    cells = keras.layers.RNN(Cell(), return_sequences=True)
    return chain(keras, keras.layers.Reshape((3, 2)), cells, keras.layers.Flatten(), keras.layers.Dense(2))


@model
def bidirectional_inside(keras):
    class Encoder(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.cells = keras.layers.Bidirectional(keras.layers.LSTM(3))

        def build(self, input_shape):
            self.cells.build(input_shape)

        def call(self, x):
            return self.cells(x)

    return chain(keras, keras.layers.Reshape((3, 2)), Encoder(), keras.layers.Dense(2))


def recurrent_cell(keras, with_first_state=False):
    class Cell(keras.layers.Layer):
        def __init__(self, units, **options):
            super().__init__(**options)
            self.units = self.state_size = units
            self.project = keras.layers.Dense(units)

        def build(self, input_shape):
            self.project.build(input_shape)
            self.memory = self.add_weight((self.units, self.units), "orthogonal", name="memory")
            self.first = self.add_weight((self.units,), "random_normal", name="first") if with_first_state else None

        def call(self, inputs, states):
            new = keras.ops.tanh(self.project(inputs) + keras.ops.matmul(states[0], self.memory))
            return new, [new]

    class Started(Cell):
        def get_initial_state(self, batch_size=None):
            return [keras.ops.broadcast_to(self.first, (batch_size, self.units))]

    return Started if with_first_state else Cell


def own_dense(keras):
    class Own(keras.layers.Layer):
        def __init__(self, units, **options):
            super().__init__(**options)
            self.units, self.dense = units, keras.layers.Dense(units)

        def build(self, input_shape):
            self.dense.build(input_shape)
            self.scale = self.add_weight((self.units,), "ones", name="scale")

        def call(self, x):
            return keras.ops.tanh(self.dense(x)) * self.scale

        def compute_output_shape(self, input_shape):
            return (*input_shape[:-1], self.units)

    return Own


def scaled_lstm(keras):
    class Scaled(keras.layers.LSTM):
        def call(self, sequences, initial_state=None, mask=None, training=False):
            return 2.0 * super().call(sequences, initial_state=initial_state, mask=mask, training=training)

    return Scaled


@model
def own_layer_at_each_step(keras):
    layers = (keras.layers.TimeDistributed(own_dense(keras)(3)), keras.layers.GlobalMaxPooling1D())
    return chain(keras, *layers, keras.layers.Dense(2), shape=(None, 4))


@model
def statistics_at_each_step(keras):
    centred = keras.layers.Lambda(lambda x: x - keras.ops.mean(x, axis=0))
    inner = keras.Sequential([keras.layers.Dense(3, use_bias=False), centred, keras.layers.BatchNormalization()])
    layers = (keras.layers.TimeDistributed(inner), keras.layers.Flatten(), keras.layers.Dense(2))
    return chain(keras, *layers, shape=(3, 2))


@model
def own_cell_in_both_directions(keras):
    cell = recurrent_cell(keras)
    with keras.utils.custom_object_scope({"Cell": cell}):
        both = keras.layers.Bidirectional(keras.layers.RNN(cell(3), return_sequences=True), merge_mode="sum")
    pooling = keras.layers.GlobalAveragePooling1D()
    return chain(keras, keras.layers.Dense(3), both, pooling, keras.layers.Dense(2), shape=(None, 2))


@model
def own_cells_among_others(keras):
    cells = [keras.layers.GRUCell(3), recurrent_cell(keras)(4), keras.layers.LSTMCell(2)]
    return chain(keras, keras.layers.Reshape((3, 2)), keras.layers.RNN(cells), keras.layers.Dense(2))


@model
def own_cell_with_a_first_state(keras):
    cells = keras.layers.RNN(recurrent_cell(keras, with_first_state=True)(4))
    return chain(keras, keras.layers.Reshape((3, 2)), cells, keras.layers.Dense(2))


@model
def own_cell_backwards_with_masks(keras):
    cells = keras.layers.RNN(recurrent_cell(keras)(4), go_backwards=True, return_sequences=True)
    layers = (keras.layers.Embedding(3, 4, mask_zero=True), cells, keras.layers.LSTM(2), keras.layers.Dense(2))
    return chain(keras, *layers)


@model
def own_cell_with_states_in_and_out(keras):
    x = keras.Input((6,))
    cells = keras.layers.RNN(recurrent_cell(keras)(4), return_state=True)
    output, state = cells(keras.layers.Reshape((3, 2))(x), initial_state=[keras.layers.Dense(4)(x)])
    return keras.Model(x, keras.layers.Dense(2)(keras.layers.Concatenate()([output, 2.0 * state])))


@model
def own_cell_that_goes_on_in_the_next_batch(keras):
    x = keras.Input(batch_shape=(8, 6))
    cells = keras.layers.RNN(recurrent_cell(keras)(4), stateful=True)
    return keras.Model(x, keras.layers.Dense(2)(cells(keras.layers.Reshape((3, 2))(x))))


@model
def own_cell_written_out_with_masks(keras):
    cells = keras.layers.RNN(recurrent_cell(keras)(4), unroll=True, return_sequences=True, zero_output_for_mask=True)
    embedding = keras.layers.Embedding(3, 4, mask_zero=True)
    return chain(keras, embedding, cells, keras.layers.Flatten(), keras.layers.Dense(2))


@model
def recurrent_layer_of_its_own(keras):
    return chain(keras, keras.layers.Reshape((3, 2)), scaled_lstm(keras)(3), keras.layers.Dense(2))


@model
def recurrent_layer_of_its_own_in_both_directions(keras):
    cls = scaled_lstm(keras)
    with keras.utils.custom_object_scope({"Scaled": cls}):
        both = keras.layers.Bidirectional(cls(3))
    return chain(keras, keras.layers.Embedding(3, 4, mask_zero=True), both, keras.layers.Dense(2))


@model
def cell_derived_from_an_lstm(keras):
    class Clipped(keras.layers.LSTMCell):
        def call(self, inputs, states, training=False):
            output, states = super().call(inputs, states, training=training)
            return keras.ops.clip(output, -0.2, 0.2), states

    return chain(keras, keras.layers.Reshape((3, 2)), keras.layers.RNN(Clipped(3)), keras.layers.Dense(2))


@model
def wrapper_of_its_own(keras):
    class Residual(keras.layers.Wrapper):
        def call(self, x):
            return x + self.layer(x)

    return chain(keras, Residual(own_dense(keras)(6)), Residual(keras.layers.Dense(6)), keras.layers.Dense(2))


@model
def spectral_normalization_of_its_own_layer(keras):
    class Doubled(keras.layers.Dense):
        def call(self, inputs):
            return 2.0 * super().call(inputs)

    return chain(keras, keras.layers.SpectralNormalization(Doubled(4), power_iterations=2), keras.layers.Dense(2))


@model
def layer_inside_and_outside_a_wrapper(keras):
    class Twice(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(6)
            self.steps = keras.layers.TimeDistributed(self.dense)

        def build(self, input_shape):
            self.steps.build((None, 1, 6))

        def call(self, x):
            return self.dense(x) + 2.0 * self.steps(x[:, None, :])[:, 0]

    return chain(keras, Twice(), keras.layers.Dense(2))
