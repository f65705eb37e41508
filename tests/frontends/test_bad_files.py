"""What is said about bad files: every line of the report is a contract."""

# ruff: noqa: E501 (a message is one line here too)

from __future__ import annotations

import pytest

from tests.frontends.samples import report

HEAD = "input: [4]\nlayers:\n"
END = "  - Dense: {units: 1, name: out}\n"


LAYERS = [
    ("Dens: {units: 2}", "layer 'dens' (Dens): unknown layer class 'Dens'. Did you mean 'Dense'?"),
    (
        "Quux: {units: 2}",
        "layer 'quux' (Quux): unknown layer class 'Quux'. A class of your own: register it with @nnc.layers.register, or replace it with a layer: --replace 'Quux=Layer(args)'",
    ),
    ("Dense: {units: two}", "layer 'dense' (Dense): units must be a positive integer, got 'two'"),
    ("Dense: two", "layer 'dense' (Dense): units must be a positive integer, got 'two'"),
    ("Dense: {units: '2'}", "layer 'dense' (Dense): units must be a positive integer, got '2'; write 2 without quotes"),
    ("Dense: {units: -3}", "layer 'dense' (Dense): units must be a positive integer, got -3"),
    ("Dense: {units: 2.5}", "layer 'dense' (Dense): units must be a positive integer, got 2.5"),
    ("Dense: {units: true}", "layer 'dense' (Dense): units must be a positive integer, got True"),
    ("Dense: {units: null}", "layer 'dense' (Dense): units must be a positive integer, got None"),
    ("Dense: {units: [2]}", "layer 'dense' (Dense): units must be a positive integer, got [2]"),
    ("Dense", "layer 'dense' (Dense): units is missing; it has no default"),
    ("Dense: {unit: 2}", "layer 'dense' (Dense): has no argument 'unit'. Did you mean 'units'?"),
    (
        "Dense: {units: 2, use_bias: yes}",
        "layer 'dense' (Dense): use_bias must be True or False, got 'yes'; write true",
    ),
    (
        "Dense: {units: 2, trainable: 'no'}",
        "layer 'dense' (Dense): trainable has to be a boolean, True or False, got 'no'; write false",
    ),
    ("Dense: {units: 2, activation: rleu}", "layer 'dense' (Dense): unknown activation 'rleu'. Did you mean 'relu'?"),
    (
        "Dense: {units: 2, bias_initializer: zeroes}",
        "layer 'dense' (Dense): unknown initializer 'zeroes'. Did you mean 'zeros'?",
    ),
    (
        "Dense: {units: 2, kernel_initializer: {RandomNormal: {stdev: 1}}}",
        "layer 'dense' (Dense): initializer RandomNormal has no argument 'stdev'. Did you mean 'stddev'?",
    ),
    (
        "Dense: {units: 2, lora_rank: 2}",
        "layer 'dense' (Dense): lora_rank is not supported; leave it out",
    ),
    ("Dense: {units: 2, dtype: float31}", "layer 'dense' (Dense): dtype must be float32 or float64, got 'float31'"),
    ("Activation: rleu", "layer 'activation' (Activation): unknown activation 'rleu'. Did you mean 'relu'?"),
    ("Activation", "layer 'activation' (Activation): activation is missing, for example Activation('relu')"),
    (
        "Dropout: {rate: 2}",
        "layer 'dropout' (Dropout): Invalid value received for argument `rate`. Expected a float value between"
        " 0 and 1, got 2",
    ),
    ("Dropout: {rate: 0.5, seed: x}", "layer 'dropout' (Dropout): seed must be an integer or None, got 'x'"),
    (
        "Softmax: {axis: '1'}",
        "layer 'softmax' (Softmax): Expected an int or a list/tuple of ints for the argument 'axis', got '1'; write 1 without quotes",
    ),
    ("Softmax: {axis: 5}", "layer 'softmax' (Softmax): axis 5 is out of range for f32[batch,4]"),
    (
        "ReLU: 3",
        "layer 're_lu' (ReLU): expected its arguments by name, such as ReLU: {name: value}, got 3",
    ),
    (
        "Reshape: [2, 3]",
        "layer 'reshape' (Reshape): f32[batch,4] has 4*batch elements and cannot be reshaped to (batch, 2, 3), which has"
        " 6*batch",
    ),
    ("Dense: {units: 2, name: 5}", "layer 'dense' (Dense): name must be text, got 5; put it in quotes"),
    (
        "Dense: {units: 2, name: a/b}",
        "layer 'dense' (Dense): name must be 1 to 200 printable characters without '/', got 'a/b'",
    ),
    (
        'Dense: {units: 2, name: "a\\nb"}',
        "layer 'dense' (Dense): name must be 1 to 200 printable characters without '/', got 'a\\nb'",
    ),
    (
        f"Dense: {{units: 2, name: {'x' * 999}}}",
        f"layer 'dense' (Dense): name must be 1 to 200 printable characters without '/', got '{'x' * 40}...'",
    ),
    (
        "Dense: {units: 9000000000000}",
        "layer 'dense' (Dense): weight 'kernel' of shape (4, 9000000000000) has more than 2,147,483,647 elements",
    ),
    ("Dense: {units: 99999999999999999999}", "this number has too many digits; the largest is 9223372036854775807"),
    ("Dropout: .nan", "expected a finite number, got .nan"),
    (
        "InputLayer: {shape: [2]}",
        "an input is not a layer here; write it at the top, for example input: [2], for rows of 2 numbers",
    ),
    ("[Dense, 2]", "a layer must be a class with its arguments, such as Dense: {units: 2}, got a list"),
    ("5", "a layer must be a class with its arguments, such as Dense: {units: 2}, got 5"),
    ("{}", "a layer must be a class with its arguments, such as Dense: {units: 2}, got an empty mapping"),
    ("name: x", "a layer needs a class, such as Dense: {units: 2}; only its name or inputs are given"),
    ("{Dense: 2, Dropout: 0.5}", "a layer must have one class, got Dense, Dropout; begin each layer with '- '"),
    ("{Dense: null, units: 2}", "indent units further than Dense: they are its arguments"),
    (
        "{Dense: {units: 2, name: x}, name: y}",
        "layer 'dense' (Dense): name is given twice, beside the class and among its arguments; remove one",
    ),
    ("Dense: {units: 1, units: 2}", "'units' is given twice, first on line 3; remove one"),
    ("Dense: {units: 2, [a]: 1}", "expected a name before ':', found a list or a mapping"),
    ("Dense: {<<: 3, units: 2}", "'<<' must be followed by an alias of a mapping, such as '<<: *defaults'"),
    (
        "Dense: {units: 2, inputs: 5}",
        "layer 'dense' (Dense): inputs must be a list of names of layers, such as [a, b], got 5",
    ),
    (
        "Dense: {units: 2, inputs: []}",
        "layer 'dense' (Dense): inputs must be a list of names of layers, such as [a, b], got an empty list",
    ),
    (
        "Dense: {units: 2, inputs: inptu}",
        "layer 'dense' (Dense): there is no layer or input 'inptu'. Did you mean 'input'?",
    ),
    (
        "Dense: {units: 2, inputs: [input, out]}",
        "layer 'dense' (Dense): the layers form a cycle: dense → out → dense; cut it",
    ),
    ("Dense: {units: 2, inputs: [input, input]}", "layer 'dense' (Dense): takes one input, got 2"),
]


@pytest.mark.parametrize(("layer", "expected"), LAYERS)
def test_bad_layer(layer: str, expected: str) -> None:
    """One problem, on line 3; the layer after it has none of its own."""
    assert report(f"{HEAD}  - {layer}\n{END}") == [f"line 3: {expected}"]


FILES: list[tuple[str, list[str]]] = [
    (
        "layers: [{Dense: 2}]",
        [
            "line 1: there is no input shape; add one at the top, for example input: [2], for rows of 2 numbers; or train"
            " it on a table, whose columns say it: nnc train MODEL --data FILE.csv"
        ],
    ),
    ("inputs: [2]\nlayers: [{Dense: 2}]", ["line 1: unknown key 'inputs'. Did you mean 'input'?"]),
    ("input: [2]\nlayer: [{Dense: 2}]", ["line 2: unknown key 'layer'. Did you mean 'layers'?"]),
    (
        "input: [2]",
        ["line 1: layers must be a list of layers, for example layers: [{Dense: {units: 1}}]; there are none"],
    ),
    (
        "input: [2]\nlayers: {Dense: 2}",
        ["line 2: layers must be a list of layers, for example layers: [{Dense: {units: 1}}]; got a mapping"],
    ),
    ("input: [2, -1]\nlayers: [Flatten]", ["line 1: input 'input': shape must be a list of positive integers, got -1"]),
    (
        "input: [2, 99999999999]\nlayers: [Flatten]",
        ["line 1: input 'input': shape may have dimensions up to 2,147,483,647, got 99999999999"],
    ),
    (
        "input:\n  a: [2]\n  b: [true, 3]\nlayers: [{Add: {inputs: [a, b]}}]",
        ["line 3: input 'b': shape must be a list of positive integers, got true"],
    ),
    (
        "input: {}\nlayers: [Flatten]",
        ["line 1: the input has no shape; give it, for example input: [2], for rows of 2 numbers"],
    ),
    (
        "input: {shape: [2], dtyp: int32}\nlayers: [Flatten]",
        ["line 1: input 'input': has no argument 'dtyp'. Did you mean 'dtype'?"],
    ),
    (
        "input: {a/b: [2]}\nlayers: [Flatten]",
        ["line 1: input: name must be 1 to 200 printable characters without '/', got 'a/b'"],
    ),
    ("name: 5\ninput: [2]\nlayers: [Flatten]", ["line 1: model: name must be text, got 5; put it in quotes"]),
    ("dtype: half\ninput: [2]\nlayers: [Flatten]", ["line 1: dtype must be float32 or float64, got 'half'"]),
    (
        "input: {a: [2], b: [2]}\nlayers:\n  - Dense: 2\n  - Add: {inputs: [a, b]}",
        ["line 3: layer 'dense' (Dense): there are several inputs (a, b); say which it reads, for example inputs: [a]"],
    ),
    (
        "input: {a: [2], b: [3]}\nlayers:\n  - Dense: {units: 2, inputs: a}\n",
        ["line 1: input 'b': no layer reads it; remove it, or name it in inputs: of a layer"],
    ),
    (
        "input: {a: [2], b: [3]}\nlayers:\n  - Flatten: {inputs: a}\n  - Add: {inputs: [flatten, b]}\n  - Dense: 2\n",
        ["line 4: layer 'add' (Add): shapes (batch, 2) and (batch, 3) do not broadcast: axis -1 is 2 and 3"],
    ),
    (
        "input: {a: [2], b: [3, 2]}\nlayers:\n  - Concatenate:\n      inputs: [a, b]\n",
        [
            "line 3: layer 'concatenate' (Concatenate): f32[batch,2] and f32[batch,3,2] cannot be concatenated along axis 1"
        ],
    ),
    (
        f"{HEAD}  - Dense: {{units: 2, name: a}}\n  - Dense: {{units: 2, name: b, inputs: input}}\n",
        ["line 4: no layer reads a, b; say which are outputs, for example outputs: [a, b]"],
    ),
    (
        f"{HEAD}  - Dense: {{units: 2, name: a}}\n  - Dense: {{units: 2, name: b, inputs: input}}\noutputs: b\n",
        ["line 3: layer 'a' (Dense): no layer reads it; remove it, or name it in outputs:"],
    ),
    (
        f"{HEAD}  - Dense: {{units: 2, name: a}}\noutputs: [aa]\n",
        ["line 4: outputs: there is no layer or input 'aa'. Did you mean 'a'?"],
    ),
    (
        f"{HEAD}  - Dense: {{units: 2, name: a}}\n  - Flatten\n  - Dropout: {{rate: 0.5, name: a}}\n",
        ["line 5: layer 'a' (Dropout): two layers are named 'a', the first (Dense) on line 3; rename one"],
    ),
    (
        f"{HEAD}  - Dense: {{units: 2, name: input}}\n",
        ["line 3: layer 'input' (Dense): two layers are named 'input', the first (InputLayer) on line 1; rename one"],
    ),
    (
        f"{HEAD}"
        "  - Add: {name: x, inputs: [input, z]}\n  - Flatten: {name: y}\n  - Flatten: {name: z}\n"
        "  - Add: {name: p, inputs: [x, p]}\n  - Dense: {units: 0}\n",
        [
            "line 3: layer 'x' (Add): the layers form a cycle: x → y → z → x; cut it",
            "line 6: layer 'p' (Add): the layers form a cycle: p → p; cut it",
            "line 7: layer 'dense' (Dense): units must be a positive integer, got 0",
        ],
    ),
    (
        # independent problems are all reported, those that follow from them are not
        f"{HEAD}"
        "  - Reshape: [2, 3]\n  - Dense: {units: two, activation: sigmod, unitz: 3}\n  - Softmax: {axis: 9}\n"
        "  - Dense: {units: 1}\ncompile: {optimizer: sdg, loss: msee, metrics: [acuracy]}\n",
        [
            "line 3: layer 'reshape' (Reshape): f32[batch,4] has 4*batch elements and cannot be reshaped to (batch, 2, 3),"
            " which has 6*batch",
            "line 4: layer 'dense' (Dense): has no argument 'unitz'. Did you mean 'units'?",
            "line 4: layer 'dense' (Dense): units must be a positive integer, got 'two'",
            "line 4: layer 'dense' (Dense): unknown activation 'sigmod'. Did you mean 'sigmoid'?",
            "line 7: compile: unknown optimizer 'sdg'. Did you mean 'sgd'?",
            "line 7: compile: unknown loss 'msee'. Did you mean 'mse'?",
            "line 7: compile: unknown metric 'acuracy'. Did you mean 'accuracy'?",
        ],
    ),
    (
        # an unknown activation changes no shape, so what comes after is checked
        f"{HEAD}  - Dense: {{units: 3, activation: sigmod}}\n  - Reshape: [2, 2]\n",
        [
            "line 3: layer 'dense' (Dense): unknown activation 'sigmod'. Did you mean 'sigmoid'?",
            "line 4: layer 'reshape' (Reshape): f32[batch,3] has 3*batch elements and cannot be reshaped to (batch, 2, 2),"
            " which has 4*batch",
        ],
    ),
    (
        "input: [2]\nlayers: [Flatten]\nloss: mse\n",
        ["line 3: unknown key 'loss'. It belongs under 'compile:', as compile: {loss: …}"],
    ),
    ("hello", ["line 1: expected a model, with 'input:' and 'layers:', got 'hello'"]),
    ("- input: [2]\n- layers: []", ["line 1: expected a model, with 'input:' and 'layers:', got a list"]),
    ("", ["model.yaml: the file is empty; expected a model, with 'input:' and 'layers:'"]),
    ("# nothing\n", ["model.yaml: the file is empty; expected a model, with 'input:' and 'layers:'"]),
    ("a: 1\n---\nb: 2\n", ["line 2: a second document starts here; put each model in a file of its own"]),
    (
        "a: [1\nb: 2\n",
        ["line 2: this is not valid YAML (column 2): while parsing a flow sequence, expected ',' or ']', but got ':'"],
    ),
    (
        "a:\n\tb: 2\n",
        [
            "line 2: this is not valid YAML (column 1): while scanning for the next token, found character '\\t' that cannot start any token"
        ],
    ),
    ("a: b\0", ["line 1: expected text, found the character '\\x00'; save the file as UTF-8 text"]),
]


@pytest.mark.parametrize(("text", "expected"), FILES)
def test_bad_file(text: str, expected: list[str]) -> None:
    assert report(text) == expected


COMPILE = [
    ("5", "compile: must be a mapping, such as {optimizer: sgd, loss: mse}, got 5"),
    ("{los: mse}", "compile: unknown key 'los'. Did you mean 'loss'?"),
    ("{optimizer: 3, loss: mse}", "compile: an optimizer must be a name, a config or an Optimizer, got 3"),
    (
        "{optimizer: {SGD: {learning_rate: -1}}}",
        "compile: optimizer 'sgd': learning_rate must be a finite number above 0, got -1",
    ),
    (
        "{optimizer: {SGD: {momentm: 0.9}}}",
        "compile: optimizer SGD has no argument 'momentm'. Did you mean 'momentum'?",
    ),
    (
        "{optimizer: {SDG: {momentum: 0.9}}}",
        "compile: unknown optimizer 'SDG'. Did you mean 'sgd'?",
    ),
    (
        "{loss: categorical_crossentropy, metrics: [accuracy]}",
        "compile: loss 'categorical_crossentropy' needs an output with one unit per class, got f32[batch,1], which has 1;"
        " use 'binary_crossentropy', or Dense(classes) with activation 'softmax' as last layer",
    ),
    ("{loss: {MeanSquaredError: {reduction: none}}}", None),
    ("{loss: [mse, mae]}", "compile: loss must be one, or one per output (out), got 2"),
    ("{loss: {outt: mse, b: mae}}", "compile: loss: the model has no output 'outt'. Did you mean 'out'?"),
    ("{loss: mse, metrics: [{BinaryAccuracy: {treshold: 1}}]}", None),
]


@pytest.mark.parametrize(("compile", "expected"), COMPILE)
def test_bad_compile_section(compile: str, expected: str | None) -> None:
    (problem,) = report(f"{HEAD}{END}compile:\n  {compile}\n")
    assert problem.startswith("line 5: compile: ")
    assert expected is None or problem == f"line 5: {expected}"


def test_losses_of_several_outputs() -> None:
    text = f"{HEAD}  - Dense: {{units: 1, name: a}}\n  - Dense: {{units: 3, name: b}}\noutputs: [a, b]\ncompile:\n"
    found = report(f"{text}  loss:\n    a: sparse_categorical_crossentropy\n    b: msee\n  metrics: [mae]\n")
    assert found == [
        "line 8: compile: output 'a': loss 'sparse_categorical_crossentropy' needs an output with one unit per class, got"
        " f32[batch,1], which has 1; use 'binary_crossentropy', or Dense(classes) with activation 'softmax' as last layer",
        "line 9: compile: unknown loss 'msee'. Did you mean 'mse'?",
        "line 10: compile: metrics must be one, or one per output (a, b), got 1",
    ]


def test_only_so_many_problems_are_listed() -> None:
    found = report(HEAD + "  - Dense: -1\n" * 500)
    assert len(found) == 101
    assert found[-1] == "model.yaml: reading stopped after 100 problems"


def test_what_is_unknown_many_times_is_one_line():
    layers = "  - Swosh: {units: 2}\n" * 12 + "  - Dense: {units: 2, activation: rel}\n" * 12
    first, second = report(f"input: [2]\nlayers:\n{layers}")
    assert "line 3: layer 'swosh' (Swosh) and 11 more: unknown layer class 'Swosh'." in first
    assert "line 15: layer 'dense' (Dense) and 11 more: unknown activation 'rel'. Did you mean 'relu'?" in second
