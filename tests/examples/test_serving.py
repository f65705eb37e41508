"""The example of a server speaks the KServe v2 protocol, with the numbers of `predict`, and names what is wrong."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy
import pytest

import nnc

FOLDER = Path(__file__).parents[2] / "examples" / "serving"
X = numpy.random.default_rng(2).normal(size=(7, 3)).astype("float32")
HEADER = "Inference-Header-Content-Length"


def module(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found
    spec.loader.exec_module(found)
    return found


def network():
    model = nnc.Sequential([nnc.Input((3,), name="x"), nnc.layers.Dense(8, "tanh"), nnc.layers.Dense(2, name="y")])
    return nnc.compile(model)


def network_of_two():
    one, other = nnc.Input((3,), name="one"), nnc.Input((2,), dtype="int32", name="other")
    both = nnc.layers.Concatenate()([one, nnc.layers.Rescaling(0.5)(other)])
    return nnc.compile(
        nnc.Model([one, other], [nnc.layers.Dense(1, name="a")(both), nnc.layers.Dense(2, name="b")(both)])
    )


@pytest.fixture(scope="module")
def programs():
    return {"small": network(), "two": network_of_two()}


@pytest.fixture(scope="module")
def client(programs):
    pytest.importorskip("fastapi")
    testclient = pytest.importorskip("fastapi.testclient")
    with testclient.TestClient(module("kserve").application(programs)) as found:
        yield found


def tensor(x=X, **changes):
    found = {"name": "x", "shape": list(x.shape), "datatype": "FP32", "data": x.reshape(-1).tolist()}
    return found | changes


def label(program):
    return program.spec.outputs[0].label


def test_health_and_metadata(client, programs):
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2").json() == {
        "name": "nnc",
        "version": nnc.__version__,
        "extensions": ["binary_tensor_data"],
    }
    assert client.get("/v2/models/small").json() == {
        "name": "small",
        "versions": ["1"],
        "platform": "nnc",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}],
        "outputs": [{"name": label(programs["small"]), "datatype": "FP32", "shape": [-1, 2]}],
    }
    assert client.get("/v2/models/small/versions/1/ready").json() == {"name": "small", "ready": True}


@pytest.mark.parametrize("rows", [1, 7, 300])
@pytest.mark.parametrize("nested", [False, True])
def test_json(client, programs, rows, nested):
    x = numpy.resize(X, (rows, 3))
    data = x.tolist() if nested else x.reshape(-1).tolist()
    answer = client.post("/v2/models/small/infer", json={"id": "42", "inputs": [tensor(x, data=data)]})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["model_name"], found["model_version"], found["id"]) == ("small", "1", "42")
    (output,) = found["outputs"]
    assert (output["name"], output["datatype"], output["shape"]) == (label(programs["small"]), "FP32", [rows, 2])
    y = numpy.array(output["data"], "float32").reshape(output["shape"])
    numpy.testing.assert_allclose(y, programs["small"].predict(x, verbose=0), rtol=1e-6)


def binary(arrays, **parameters):
    inputs = [
        {"name": name, "shape": list(x.shape), "datatype": kind, "parameters": {"binary_data_size": x.nbytes}}
        for name, kind, x in arrays
    ]
    head = json.dumps({"inputs": inputs, **parameters}).encode()
    return head + b"".join(x.tobytes() for _, _, x in arrays), {HEADER: str(len(head))}


def tensors(answer):
    head = int(answer.headers[HEADER])
    found, start = {}, head
    for output in json.loads(answer.content[:head])["outputs"]:
        size = output["parameters"]["binary_data_size"]
        found[output["name"]] = numpy.frombuffer(answer.content[start : start + size], "<f4").reshape(output["shape"])
        start += size
    assert start == len(answer.content)
    return found


def test_bytes(client, programs):
    body, headers = binary([("x", "FP32", X)], parameters={"binary_data_output": True})
    answer = client.post("/v2/models/small/versions/1/infer", content=body, headers=headers)
    assert answer.headers["content-type"] == "application/octet-stream"
    (y,) = tensors(answer).values()
    numpy.testing.assert_array_equal(y, programs["small"](X))


def test_several_inputs_and_outputs(client, programs):
    other = numpy.arange(14, dtype="int32").reshape(7, 2)
    first, second = (output.label for output in programs["two"].spec.outputs)
    expected = programs["two"].predict([X, other], verbose=0)
    body, headers = binary([("other", "INT32", other), ("one", "FP32", X)], parameters={"binary_data_output": True})
    found = tensors(client.post("/v2/models/two/infer", content=body, headers=headers))
    assert list(found) == [first, second]
    for array, wanted in zip(found.values(), expected, strict=True):
        numpy.testing.assert_allclose(array, wanted, rtol=1e-6)
    wanted = [{"name": second, "parameters": {"binary_data": False}}]
    body, headers = binary([("one", "FP32", X), ("other", "INT32", other)], outputs=wanted)
    answer = client.post("/v2/models/two/infer", content=body, headers=headers).json()
    assert [output["name"] for output in answer["outputs"]] == [second]
    numpy.testing.assert_allclose(numpy.array(answer["outputs"][0]["data"]).reshape(7, 2), expected[1], rtol=1e-6)


WRONG = {
    "name": (tensor(name="z"), "expected each of the inputs x once, got 'z'"),
    "datatype": (tensor(datatype="FP64"), "input 'x' is FP32, got 'FP64'"),
    "rank": (tensor(shape=[21]), "input 'x' has shape [-1, 3], got [21]"),
    "shape": (tensor(shape=[3, 7]), "input 'x' has shape [-1, 3], got [3, 7]"),
    "rows": (tensor(shape=[0, 3], data=[]), "'shape' must be a list of positive numbers, got [0, 3]"),
    "negative": (tensor(shape=[-7, 3]), "'shape' must be a list of positive numbers"),
    "size": (tensor(data=[1.0]), "'data' does not fit shape and datatype: expected 21 numbers"),
    "texts": (tensor(data=["a"] * 21), "'data' does not fit shape and datatype"),
    "ragged": (tensor(data=[[1.0], [1.0, 2.0]]), "'data' does not fit shape and datatype"),
    "no data": ({key: value for key, value in tensor().items() if key != "data"}, "'data' does not fit"),
}


@pytest.mark.parametrize("key", WRONG)
def test_wrong_tensors(client, key):
    given, message = WRONG[key]
    answer = client.post("/v2/models/small/infer", json={"inputs": [given]})
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    assert message in answer.json()["error"]


def test_wrong_requests(client):
    def error(status, *arguments, **options):
        answer = client.post(*arguments, **options)
        assert answer.status_code == status, answer.text
        return answer.json()["error"]

    path = "/v2/models/small/infer"
    assert error(404, "/v2/models/none/infer", json={}) == "there is no model 'none'; there are small, two"
    assert error(404, "/v2/models/small/versions/2/infer", json={}) == "model 'small' has version 1, and no '2'"
    assert error(404, "/v2/nothing", json={}) == "POST /v2/nothing: Not Found"
    assert "the request is no JSON" in error(400, path, content=b"{")
    assert error(400, path, content=b"[]") == "the request must be a JSON object"
    assert error(400, path, json={}) == "'inputs' must be a list of tensors"
    assert error(400, path, json={"inputs": []}) == "the inputs x are missing"
    unknown = {"inputs": [tensor()], "outputs": [{"name": "z"}]}
    assert "there is no output 'z'; there are " in error(400, path, json=unknown)
    assert error(400, path, json={"inputs": [tensor(parameters=[1])]}) == "'parameters' must be an object, got [1]"
    assert error(400, path, json={"inputs": [tensor()], "outputs": ["y"]}) == "'outputs' must be a list of tensors"
    body, headers = binary([("x", "FP32", X)])
    assert error(400, path, content=body[:-1], headers=headers) == (
        "input 'x' has 84 bytes, and 83 are left in the body"
    )
    assert error(400, path, content=body + b"!", headers=headers) == (
        "85 bytes follow the JSON, and the tensors have 84"
    )
    assert error(400, path, content=body, headers={HEADER: "100000"}).startswith(f"{HEADER} is '100000'")
    assert error(400, path, content=body, headers={HEADER: "-1"}).startswith(f"{HEADER} is '-1'")
    body, headers = binary([("x", "FP32", X.astype("float64"))])
    assert error(400, path, content=body, headers=headers) == ("input 'x' has 84 bytes, and 'binary_data_size' is 168")
    other = {"name": "other", "shape": [7, 2], "datatype": "INT32", "data": [2**40] * 14}
    one = tensor(name="one")
    assert "a number does not fit INT32" in error(400, "/v2/models/two/infer", json={"inputs": [one, other]})


def test_what_json_has_not(client):
    x = numpy.full((1, 3), numpy.nan, "float32")
    body, headers = binary([("x", "FP32", x)])
    answer = client.post("/v2/models/small/infer", content=body, headers=headers)
    assert answer.status_code == 422
    assert "has NaN or infinity, which JSON has not; ask for bytes" in answer.json()["error"]


@contextmanager
def serving(script, path, *arguments):
    """Run a script as a server on a free port, which is yielded, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, FOLDER / script, path, "--port", str(port), "--backend", "numpy", *arguments]
    environment = os.environ | {"PYTHONPATH": str(FOLDER.parents[1]), "RAY_USAGE_STATS_ENABLED": "0"}
    with (path.parent / "server.txt").open("w") as log:
        server = subprocess.Popen(command, cwd=path.parent, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(600):
            assert server.poll() is None, (path.parent / "server.txt").read_text()
            try:
                status, body = ask(port, "GET", "/v2/nothing")
                if status == 404 and body.startswith(b'{"error":'):  # Ray's proxy, which comes first, has another
                    break
            except OSError:
                pass
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(60)


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def load_test(path, port, *arguments):
    command = [sys.executable, FOLDER / "load_test.py", path, "--port", str(port), "--requests", "300"]
    command += ["--warm-up", "3", *arguments]
    environment = os.environ | {"PYTHONPATH": str(FOLDER.parents[1])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    return done.returncode, f"{done.stdout}{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [(), ("--bytes",)])
def test_the_load_test_counts_what_is_lost_and_wrong(tmp_path, arguments):
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    network().save(tmp_path / "small.nnc")
    (tmp_path / "other").mkdir()
    network().save(tmp_path / "other" / "small.nnc")  # with weights of its own
    network().save(tmp_path / "other" / "unknown.nnc")
    with serving("kserve.py", tmp_path / "small.nnc") as port:
        code, text = load_test(tmp_path / "small.nnc", port, *arguments)
        assert (code, text.partition(", seconds")[0]) == (0, "requests: 300, answered: 300, lost: 0, wrong: 0")
        code, text = load_test(tmp_path / "other" / "small.nnc", port, *arguments)
        assert (code, text.partition(", seconds")[0]) == (1, "requests: 300, answered: 300, lost: 0, wrong: 300")
        code, text = load_test(tmp_path / "other" / "unknown.nnc", port, *arguments)
        assert (code, text.partition(", seconds")[0]) == (1, "requests: 300, answered: 300, lost: 300, wrong: 0")


@pytest.mark.slow
@pytest.mark.parametrize("wait", ["0", "0.01"])
def test_ray_serve(tmp_path, wait):
    pytest.importorskip("fastapi")
    pytest.importorskip("ray.serve")
    made = network()
    made.save(tmp_path / "small.nnc")
    with serving("ray_serve.py", tmp_path / "small.nnc", "--wait", wait) as port:
        code, text = load_test(tmp_path / "small.nnc", port)
        assert (code, text.partition(", seconds")[0]) == (0, "requests: 300, answered: 300, lost: 0, wrong: 0")
        status, body = ask(port, "POST", "/v2/models/small/infer", json.dumps({"inputs": [tensor(shape=[21])]}))
        assert (status, json.loads(body)) == (400, {"error": "input 'x' has shape [-1, 3], got [21]"})
        status, body = ask(port, "POST", "/v2/models/small/infer", json.dumps({"inputs": [tensor()]}))
        y = numpy.array(json.loads(body)["outputs"][0]["data"]).reshape(7, 2)
        numpy.testing.assert_allclose(y, made.predict(X, verbose=0), rtol=1e-5)
