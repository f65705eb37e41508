"""Rows of the recurrent layers."""

from __future__ import annotations

from typing import Any

from tests.layers.cases.case import Case, with_layers

SEQUENCES, STATES = {"return_sequences": True}, {"return_sequences": True, "return_state": True}
STEPS = ((5, 3),)


def case(layer: str, config: Any, output: tuple[int, ...], **options: Any) -> Case:
    return Case(layer, config, options.pop("shapes", STEPS), output, tolerance=1e-5, **options)


SIMPLE = [
    case("SimpleRNN", {"units": 4}, (4,)),
    case("SimpleRNN", {"units": 4, "activation": "relu", "use_bias": False} | SEQUENCES, (5, 4), seed=3),
    case("SimpleRNN", {"units": 1, "go_backwards": True} | STATES, (5, 1), more=((1,),)),
    case("SimpleRNN", {"units": 2, "unroll": True} | SEQUENCES, (5, 2)),
    case("SimpleRNN", {"units": 2, "dropout": 0.5, "recurrent_dropout": 0.5, "seed": 1}, (2,)),
    case("SimpleRNN", {"units": 2, "kernel_regularizer": "l2", "bias_constraint": "non_neg"}, (2,)),
]
LSTM = [
    case("LSTM", {"units": 4}, (4,)),
    case("LSTM", {"units": 4, "unit_forget_bias": False} | SEQUENCES, (5, 4)),
    case("LSTM", {"units": 4} | STATES, (5, 4), more=((4,), (4,))),
    case("LSTM", {"units": 2, "return_state": True}, (2,), more=((2,), (2,))),
    case("LSTM", {"units": 2, "go_backwards": True}, (2,)),
    case("LSTM", {"units": 2, "go_backwards": True} | SEQUENCES, (5, 2)),
    case("LSTM", {"units": 2, "unroll": True} | STATES, (5, 2), more=((2,), (2,))),
    case("LSTM", {"units": 2, "unroll": True, "go_backwards": True} | SEQUENCES, (5, 2)),
    case(
        "LSTM", {"units": 2, "use_bias": False, "activation": "softsign", "recurrent_activation": "hard_sigmoid"}, (2,)
    ),
    case("LSTM", {"units": 2, "activation": None, "recurrent_activation": "tanh"}, (2,)),
    case("LSTM", {"units": 3, "recurrent_activation": "softmax"}, (3,)),
    case("LSTM", with_layers(units=3, activation=("PReLU", {}), recurrent_activation=("ELU", {})), (3,)),
    case("LSTM", {"units": 2, "dropout": 0.2, "recurrent_dropout": 0.1, "seed": 5}, (2,)),
    case("LSTM", {"units": 1, "recurrent_regularizer": "l1", "kernel_constraint": "unit_norm"}, (1,), shapes=((1, 1),)),
]
GRU = [
    case("GRU", {"units": 4}, (4,)),
    case("GRU", {"units": 4} | STATES, (5, 4), more=((4,),)),
    case("GRU", {"units": 2, "reset_after": False} | SEQUENCES, (5, 2)),
    case("GRU", {"units": 2, "reset_after": False, "use_bias": False, "go_backwards": True}, (2,)),
    case("GRU", {"units": 2, "use_bias": False} | SEQUENCES, (5, 2)),
    case("GRU", {"units": 2, "unroll": True, "go_backwards": True} | SEQUENCES, (5, 2)),
    case("GRU", {"units": 2, "activation": "elu", "recurrent_activation": "hard_sigmoid", "dropout": 0.5}, (2,)),
]


def rnn(*cells: tuple[str, dict[str, Any]], **config: Any) -> Any:
    def arguments(nn: Any) -> dict[str, Any]:
        made = [getattr(nn.layers, name)(**options, name=f"cell_{n}") for n, (name, options) in enumerate(cells)]
        stack = nn.layers.StackedRNNCells(made, name="cells") if len(made) > 1 else made[0]
        return {"cell": stack, **config}

    return arguments


LSTM_STATES = ((5, 3), (2,), (2,))
FIRST_STATES = [
    case("LSTM", {"units": 2} | SEQUENCES, (5, 2), shapes=LSTM_STATES, states="initial_state"),
    case("LSTM", {"units": 2, "unroll": True}, (2,), shapes=LSTM_STATES, states="initial_state"),
    case("GRU", {"units": 2, "go_backwards": True}, (2,), shapes=((5, 3), (2,)), states="initial_state"),
    case("SimpleRNN", {"units": 2} | STATES, (5, 2), more=((2,),), shapes=((5, 3), (2,)), states="initial_state"),
]
CELLS = [
    case("LSTMCell", {"units": 2}, (2,), more=((2,), (2,)), shapes=((3,), (2,), (2,)), states="states"),
    case(
        "LSTMCell",
        {"units": 2, "implementation": 1},
        (2,),
        more=((2,), (2,)),
        shapes=((3,), (2,), (2,)),
        states="states",
    ),
    case("GRUCell", {"units": 2}, (2,), more=((2,),), shapes=((3,), (2,)), states="states"),
    case(
        "StackedRNNCells",
        lambda nn: {"cells": [nn.layers.GRUCell(2, name="a"), nn.layers.SimpleRNNCell(3, name="b")]},
        (3,),
        more=((2,), (3,)),
        shapes=((3,), (2,), (3,)),
        states="states",
    ),
    case("SimpleRNNCell", {"units": 4}, (4,), more=((4,),), shapes=((3,), (4,))),
    case("GRUCell", {"units": 4}, (4,), more=((4,),), shapes=((3,), (4,))),
    case("GRUCell", {"units": 2, "reset_after": False, "use_bias": False}, (2,), more=((2,),), shapes=((3,), (2,))),
    case("RNN", rnn(("LSTMCell", {"units": 3}), **STATES), (5, 3), more=((3,), (3,))),
    case("RNN", rnn(("GRUCell", {"units": 3, "reset_after": False}), go_backwards=True), (3,)),
    case("RNN", rnn(("SimpleRNNCell", {"units": 3}), unroll=True), (3,)),
    case("RNN", rnn(("LSTMCell", {"units": 3}), ("GRUCell", {"units": 2}), return_sequences=True), (5, 2)),
    case(
        "RNN",
        rnn(("SimpleRNNCell", {"units": 3}), ("LSTMCell", {"units": 2}), return_state=True),
        (2,),
        more=((3,), (2,), (2,)),
    ),
]


def bidirectional(name: str, options: dict[str, Any], backward: dict[str, Any] | None = None, **config: Any) -> Any:
    def arguments(nn: Any) -> dict[str, Any]:
        cls = getattr(nn.layers, name)
        more = {} if backward is None else {"backward_layer": cls(**options | backward, go_backwards=True, name="back")}
        return {"layer": cls(**options, name="inner"), **more, **config}

    return arguments


BIDIRECTIONAL = [
    case("Bidirectional", bidirectional("LSTM", {"units": 2}), (4,)),
    case("Bidirectional", bidirectional("LSTM", {"units": 2} | SEQUENCES), (5, 4)),
    case("Bidirectional", bidirectional("GRU", {"units": 2} | SEQUENCES, merge_mode="sum"), (5, 2)),
    case("Bidirectional", bidirectional("GRU", {"units": 2} | SEQUENCES, merge_mode="mul"), (5, 2)),
    case("Bidirectional", bidirectional("SimpleRNN", {"units": 2}, merge_mode="ave"), (2,)),
    case("Bidirectional", bidirectional("GRU", {"units": 2} | SEQUENCES, merge_mode=None), (5, 2), more=((5, 2),)),
    case("Bidirectional", bidirectional("LSTM", {"units": 2} | STATES), (5, 4), more=((2,),) * 4),
    case(
        "Bidirectional",
        bidirectional("GRU", {"units": 2} | SEQUENCES),
        (5, 4),
        shapes=((5, 3), (2,), (2,)),
        states="initial_state",
    ),
    case("Bidirectional", bidirectional("GRU", {"units": 2} | SEQUENCES, {"activation": "relu"}), (5, 4), seed=2),
]


def inside(name: str, options: dict[str, Any]) -> Any:
    return lambda nn: {"layer": getattr(nn.layers, name)(**options, name="inner")}


TIME_DISTRIBUTED = [
    case("TimeDistributed", inside("Dense", {"units": 4, "activation": "tanh"}), (5, 4)),
    case("TimeDistributed", inside("LSTM", {"units": 2}), (5, 2), shapes=((5, 4, 3),)),
    case("TimeDistributed", inside("Flatten", {}), (5, 6), shapes=((5, 2, 3),)),
]

CONVOLUTIONS = [
    case("ConvLSTM1D", {"filters": 2, "kernel_size": 3} | SEQUENCES, (4, 5, 2), shapes=((4, 7, 3),)),
    case("ConvLSTM1D", {"filters": 2, "kernel_size": 2, "strides": 2, "padding": "same"}, (4, 2), shapes=((3, 7, 2),)),
    case(
        "ConvLSTM2D",
        {"filters": 2, "kernel_size": (2, 3)} | STATES,
        (3, 3, 3, 2),
        more=((3, 3, 2),) * 2,
        shapes=((3, 4, 5, 2),),
    ),
    case(
        "ConvLSTM2D",
        {
            "filters": 2,
            "kernel_size": 3,
            "padding": "same",
            "go_backwards": True,
            "recurrent_activation": "hard_sigmoid",
        },
        (4, 5, 2),
        shapes=((3, 4, 5, 2),),
    ),
    case(
        "ConvLSTM2D",
        {"filters": 2, "kernel_size": 2, "dilation_rate": 2, "use_bias": False},
        (3, 2, 2),
        shapes=((2, 5, 4, 1),),
    ),
    case(
        "ConvLSTM3D",
        {"filters": 1, "kernel_size": 2, "dropout": 0.5, "recurrent_dropout": 0.2},
        (2, 1, 2, 1),
        shapes=((2, 3, 2, 3, 2),),
    ),
]

CASES = [*CONVOLUTIONS, *SIMPLE, *LSTM, *GRU, *FIRST_STATES, *CELLS, *BIDIRECTIONAL, *TIME_DISTRIBUTED]
