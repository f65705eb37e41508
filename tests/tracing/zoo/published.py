"""Parts of published models as their examples write them."""

from __future__ import annotations

from tests.tracing.zoo.registry import built, chain, model


@model
def rows_told_apart_in_a_batch(keras):
    ops = keras.ops

    class Contrast(keras.layers.Layer):
        def call(self, inputs):
            first, second = (ops.normalize(x, axis=1) for x in inputs)
            scores = ops.matmul(first, ops.transpose(second)) / 0.3
            own = ops.arange(ops.shape(first)[0])
            both = scores, ops.transpose(scores)
            losses = [keras.losses.sparse_categorical_crossentropy(own, x, from_logits=True) for x in both]
            self.add_loss(0.5 * ops.mean(losses[0] + losses[1]))
            return first

    inputs = keras.Input((6,))
    views = [keras.layers.Dense(3)(inputs), keras.layers.Dense(3)(inputs)]
    return keras.Model(inputs, Contrast()(views))


@model
def pooling_without_aliases(keras):
    import numpy

    class BlurPool(keras.layers.Layer):
        def build(self, input_shape):
            kernel = numpy.outer([1, 2, 1], [1, 2, 1]).astype("float32") / 16.0
            self.kernel = numpy.repeat(kernel[:, :, None, None], input_shape[-1], axis=2)

        def call(self, x):
            x = keras.ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="reflect")
            return keras.ops.depthwise_conv(x, keras.ops.convert_to_tensor(self.kernel), strides=2, padding="valid")

    convolution = keras.layers.Conv2D(3, 3)
    return chain(keras, convolution, BlurPool(), keras.layers.Flatten(), keras.layers.Dense(2), shape=(7, 7, 2))


@model
def couplings_that_can_be_inverted(keras):
    import numpy

    class Coupling(keras.layers.Layer):
        def __init__(self, mask):
            super().__init__()
            self.kept = numpy.array(mask, "float32")
            make = keras.layers.Dense
            self.scale = keras.Sequential([make(4, "relu"), make(len(mask), "tanh")])
            self.shift = keras.Sequential([make(4, "relu"), make(len(mask))])

        def call(self, x, direction=1):
            left = 1 - self.kept
            kept = self.kept * x
            scale, shift = left * self.scale(kept), left * self.shift(kept)
            return left * (x * keras.ops.exp(direction * scale) + direction * shift) + kept, keras.ops.sum(scale, 1)

    class Flow(keras.Model):
        def __init__(self):
            super().__init__()
            self.couplings = [Coupling([i % 2, 1 - i % 2] * 3) for i in range(2)]

        def call(self, x):
            total = 0
            for coupling in self.couplings[::-1]:
                x, determinant = coupling(x, direction=-1)
                total += determinant
            self.add_loss(-0.01 * keras.ops.mean(total))
            return x

    return built(keras, Flow())


@model
def nodes_of_one_graph(keras):
    import numpy

    generator = numpy.random.default_rng(0)
    features, edges = generator.normal(size=(6, 3)).astype("float32"), generator.integers(0, 6, (2, 12))

    class Messages(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.prepare = keras.Sequential([keras.layers.BatchNormalization(), keras.layers.Dense(4, "gelu")])
            self.update = keras.layers.Dense(4)

        def call(self, nodes):
            sent = self.prepare(keras.ops.take(nodes, edges[1], axis=0)) / 12.0
            got = keras.ops.segment_sum(sent, keras.ops.convert_to_tensor(edges[0]), num_segments=nodes.shape[0])
            return self.update(keras.ops.concatenate([nodes, got], axis=1))

    class Graph(keras.Model):
        def __init__(self):
            super().__init__()
            self.features = keras.ops.convert_to_tensor(features)
            self.first, self.messages, self.out = keras.layers.Dense(4), Messages(), keras.layers.Dense(3)

        def call(self, x):
            nodes = self.first(self.features)
            nodes = nodes + self.messages(nodes)
            return self.out(keras.ops.take(nodes, keras.ops.cast(x[:, 0], "int32"), axis=0))

    return built(keras, Graph())


@model
def forest_of_soft_decisions(keras):
    ops = keras.ops

    class Tree(keras.Model):
        def __init__(self, depth):
            super().__init__()
            self.depth, self.decide = depth, keras.layers.Dense(2**depth, "sigmoid")
            self.leaves = self.add_weight(shape=[2**depth, 3], initializer="random_normal")

        def call(self, x):
            rows = ops.shape(x)[0]
            decisions = ops.expand_dims(self.decide(x), axis=2)
            decisions = ops.concatenate([decisions, 1 - decisions], axis=2)
            reached, start, stop = ops.ones([rows, 1, 1]), 1, 2
            for level in range(self.depth):
                reached = ops.tile(ops.reshape(reached, [rows, -1, 1]), (1, 1, 2)) * decisions[:, start:stop, :]
                start, stop = stop, stop + 2 ** (level + 1)
            return ops.matmul(ops.reshape(reached, [rows, 2**self.depth]), ops.softmax(self.leaves))

    class Forest(keras.Model):
        def __init__(self):
            super().__init__()
            self.trees = [Tree(2) for _ in range(2)]

        def call(self, x):
            return sum(tree(x) for tree in self.trees) / len(self.trees)

    return built(keras, Forest())


@model
def queue_of_former_rows(keras):
    ops = keras.ops

    class Queue(keras.layers.Layer):
        def build(self, input_shape):
            self.rows = self.add_weight((12, input_shape[-1]), "random_normal", trainable=False, name="rows")
            self.place = self.add_weight((), "zeros", dtype="int32", trainable=False, name="place")

        def call(self, x, training=None):
            scores = ops.matmul(x, ops.transpose(self.rows))
            if training:
                self.rows.assign(ops.concatenate([ops.stop_gradient(x), self.rows], axis=0)[:12])
                self.place.assign((self.place + 8) % 12)
            return scores

    return chain(keras, keras.layers.Dense(3), Queue(), keras.layers.Dense(2))


@model
def fields_in_chains(keras):
    ops = keras.ops

    class Field(keras.layers.Layer):
        def __init__(self, tags):
            super().__init__()
            self.tags, self.scores = tags, keras.layers.Dense(tags)

        def build(self, input_shape):
            self.scores.build(input_shape)
            self.changes = self.add_weight((self.tags, self.tags), "random_normal", name="changes")

        def call(self, x):
            scores = self.scores(x)
            total = best = scores[:, 0]
            for step in range(1, x.shape[1]):
                total = ops.logsumexp(total[:, :, None] + self.changes[None], axis=1) + scores[:, step]
                best = ops.max(best[:, :, None] + self.changes, axis=1) + scores[:, step]
            self.add_loss(0.1 * ops.mean(ops.logsumexp(total, axis=-1)))
            return ops.concatenate([total, best], axis=-1)

    return chain(keras, keras.layers.Reshape((3, 2)), Field(3), keras.layers.Dense(2))


@model
def scan_of_a_selective_state_space(keras):
    ops = keras.ops

    class Selective(keras.layers.Layer):
        def __init__(self, size):
            super().__init__()
            self.size, self.mix = size, keras.layers.Dense(2 * size)

        def build(self, input_shape):
            depth = input_shape[-1]
            self.rate = keras.layers.Dense(depth, "softplus")
            self.mix.build(input_shape)
            self.rate.build(input_shape)
            self.decay = self.add_weight((depth, self.size), "ones", name="decay")

        def call(self, x):
            into, out = ops.split(self.mix(x), 2, axis=-1)
            rate = self.rate(x)
            kept = ops.exp(ops.einsum("btd,dn->btdn", rate, -ops.exp(self.decay)))
            added = ops.einsum("btd,btn,btd->btdn", rate, into, x)

            def step(state, given):
                state = given[0] * state + given[1]
                return state, state

            _, states = ops.scan(
                step, ops.zeros_like(kept[:, 0]), (ops.moveaxis(kept, 1, 0), ops.moveaxis(added, 1, 0))
            )
            return ops.einsum("tbdn,btn->btd", states, out)

    pooling = keras.layers.GlobalAveragePooling1D()
    return chain(keras, keras.layers.Dense(3), Selective(2), pooling, keras.layers.Dense(2), shape=(5, 2))


@model
def best_of_a_tensor_by_name(keras):
    def call(x):
        found = keras.ops.top_k(x, 3)
        return x + keras.ops.sum(found.values, axis=-1, keepdims=True) * keras.ops.multi_hot(found.indices, 6)

    class Best(keras.layers.Layer):
        def call(self, x):
            return call(x)

    return chain(keras, keras.layers.Dense(6), Best(), keras.layers.Dense(2))
