"""`nnc.compile`: a model in, a program out, with options instead of the model's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.ir import Graph, Rewriter
from nnc.ir.ops.arithmetic import Add
from nnc.layers import Dense
from nnc.passes import Pass

X = numpy.random.default_rng(0).normal(size=(8, 3)).astype("float32")


def network() -> nnc.Sequential:
    return nnc.Sequential([Dense(2, "tanh", input_dim=3), Dense(1)], name="net")


def two() -> nnc.Model:
    x = nnc.Input((3,))
    return nnc.Model(x, [Dense(1, name="p")(x), Dense(1, name="q")(x)])


def test_the_program_is_the_models_own():
    model = network()
    program = nnc.compile(model)
    assert program is model.program is nnc.compile(model)
    assert program.graph_names == ("predict",)
    model.set_weights([numpy.zeros_like(weight) for weight in model.get_weights()])
    assert not program(X).any()


def test_options_come_first_and_the_rest_is_kept():
    model = two()
    model.compile("sgd", {"p": "mse", "q": "mae"}, loss_weights=[1.0, 0.25], metrics={"q": ["mse"]})
    program = nnc.compile(model, optimizer="adam")
    assert program.spec.metrics == ("loss", "p_loss", "q_loss", "q_mse")
    logs = program.evaluate(X, [X[:, :1], X[:, 1:2]])
    assert logs["loss"] == pytest.approx(logs["p_loss"] + 0.25 * logs["q_loss"])
    program.train_step(X, [X[:, :1], X[:, 1:2]])
    assert "optimizer/momentum/parameters" in program.states
    program = nnc.compile(model, metrics={"p": "mae"})
    assert program.spec.metrics == ("loss", "p_loss", "q_loss", "p_mae")


def test_a_loss_makes_a_program_that_trains():
    program = nnc.compile(network(), loss="mse")
    assert program.graph_names[-2:] == ("train", "train_weighted")
    assert program.train_step(X, X[:, :1]) > 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_element_type(dtype):
    model = network()
    program = nnc.compile(model, optimizer="adam", loss="mse", dtype=dtype)
    assert {array.dtype.name for label, array in program.states.items() if array.dtype.kind == "f"} == {dtype}
    assert program(X).dtype == dtype
    assert {weight.dtype.name for weight in model.get_weights()} == {dtype}
    losses = program.fit(X, X[:, :1] ** 2, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.program is program


def test_passes_are_observed():
    seen = []
    program = nnc.compile(
        network(), loss="mse", observe=lambda item, graph, record: seen.append((graph.name, record.name))
    )
    assert seen == []
    program.graph("train"), program.graph("predict")
    assert ("train", "differentiate") in seen
    assert ("predict", "fuse") in seen
    assert ("predict", "differentiate") not in seen


ERRORS = [
    (lambda: nnc.compile(network(), optimizer="adam"), "compile: give a loss as well; the model has none"),
    (lambda: nnc.compile(network(), metrics=["mae"]), "compile: give a loss as well; the model has none"),
    (lambda: nnc.compile(network(), dtype="float16"), "compile: dtype must be float32 or float64, got 'float16'"),
    (lambda: nnc.compile(network(), loss="msee"), "unknown loss 'msee'. Did you mean 'mse'?"),
]


@pytest.mark.parametrize(("run", "message"), ERRORS, ids=[message for _, message in ERRORS])
def test_errors(run, message):
    with pytest.raises(ModelError) as error:
        run()
    assert str(error.value) == message


def test_what_is_no_model():
    with pytest.raises(ModelError, match=r"^expected an nnc model, a live Keras model or a file \(.*\), got int$"):
        nnc.compile(3)


@dataclass(frozen=True)
class Twins(Pass, name=""):
    """Replaces x + x by 2 x."""

    def run(self, graph: Graph) -> Graph:
        rewriter = Rewriter(graph)
        for node in graph.nodes:
            operands = rewriter.operands(node)
            if isinstance(node.op, Add) and operands[0] == operands[1]:
                with rewriter.graph.scope(node.path, node.phase):
                    rewriter.replace(node, (operands[0] * 2.0,))
            else:
                rewriter.keep(node)
        return rewriter.finish()


def test_passes_of_ones_own_run_in_every_graph_before_fusion():
    class Twice(nnc.layers.Layer):
        def call(self, x):
            return x + x

    def made() -> nnc.Sequential:
        nnc.utils.set_random_seed(0)
        return nnc.Sequential([nnc.Input((3,)), Dense(4, activation="tanh"), Twice(), Dense(1)], name="net")

    ran: dict[str, list[str]] = {}
    program = nnc.compile(
        made(),
        optimizer="adam",
        loss="mse",
        passes=[Twins()],
        observe=lambda item, graph, _: ran.setdefault(graph.name, []).append(type(item).__name__),
    )
    other = nnc.compile(made(), optimizer="adam", loss="mse")
    numpy.testing.assert_allclose(program(X), other(X), rtol=1e-6)
    for each in (program, other):
        each.fit(X, X[:, :1] ** 2, epochs=3, verbose=0)
        each.evaluate(X, X[:, :1] ** 2)
    numpy.testing.assert_allclose(program(X), other(X), rtol=1e-5)
    for name in ("predict", "evaluate", "train"):
        assert ran[name].index("Twins") < ran[name].index("Fuse"), name
        assert "add(%dense, %dense)" not in str(program.graph(name))
    assert "multiply" in str(program.graph("predict"))
    assert "multiply" not in str(other.graph("predict"))
