"""Serves programs by the KServe v2 protocol (Open Inference Protocol) on FastAPI: ``python kserve.py model.nnc``."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

import nnc
from nnc.errors import NncError

HEADER = "Inference-Header-Content-Length"
"""Says that behind so many bytes of JSON there are tensors as bytes: the binary tensor data extension."""
DATATYPES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float32": "FP32",
    "float64": "FP64",
}
MOST_BYTES = 64 * 2**20
BATCH = 256
"""Rows that are computed at once; a larger request is computed batch by batch."""


class RequestError(Exception):
    """A request that is wrong, with the status that says so."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Tensor:
    """An input or output: its name, the protocol's name of its type, and its shape, -1 for open sizes."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def described(self) -> dict[str, Any]:
        """Return what the protocol says of it."""
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}


class Served:
    """A program by a name.

    Args:
        name: what requests call it.
        program: the program: one network that takes numbers.
    """

    def __init__(self, name: str, program: nnc.Program) -> None:
        if program.replicas is not None:
            raise ValueError(f"program '{name}' has {program.replicas} replicas; serve one of them, program[k]")
        spec = program.spec
        if spec.edge is not None:
            raise ValueError(f"program '{name}' takes texts, which this example does not serve")
        self.name, self.program = name, program
        self.inputs = [_tensor(item) for item in spec.inputs]
        self.outputs = [_tensor(item) for item in spec.outputs]

    def predict(self, arrays: Sequence[Any]) -> list[Any]:
        """Return the outputs for inputs of shape (rows, …)."""
        if len(arrays[0]) <= BATCH:
            found = self.program(*arrays)
        else:
            found = self.program.predict(arrays[0] if len(arrays) == 1 else list(arrays), BATCH, verbose=0)
        from nnc.execution.spec import outputs_of

        return list(outputs_of(self.program.spec.structure, found))

    def described(self) -> dict[str, Any]:
        """Return what the protocol says of it."""
        return {
            "name": self.name,
            "versions": ["1"],
            "platform": "nnc",
            "inputs": [tensor.described() for tensor in self.inputs],
            "outputs": [tensor.described() for tensor in self.outputs],
        }


def _tensor(item: Any) -> Tensor:
    shape = tuple(size if isinstance(size, int) else -1 for size in item.shape)
    return Tensor(item.label, DATATYPES[item.dtype], (-1, *shape))


# ---------------------------------------------------------------------- requests


def read_request(body: bytes, header_length: str | None) -> tuple[dict[str, Any], bytes]:
    """Return the JSON of a request, and the bytes behind it."""
    length = len(body)
    if header_length is not None:
        if not header_length.isdecimal() or int(header_length) > length:
            raise RequestError(f"{HEADER} is {header_length!r}, and the body has {length} bytes")
        length = int(header_length)
    try:
        request = json.loads(body[:length])
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the request is no JSON: {error}") from error
    if not isinstance(request, dict):
        raise RequestError("the request must be a JSON object")
    return request, body[length:]


def read_inputs(served: Served, request: Mapping[str, Any], rest: bytes) -> list[Any]:
    """Return the arrays of a request in the order of the program's inputs."""
    given = request.get("inputs")
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise RequestError("'inputs' must be a list of tensors")
    known = {tensor.name: tensor for tensor in served.inputs}
    found: dict[str, Any] = {}
    start = 0
    for item in given:
        name = item.get("name")
        if not isinstance(name, str) or name not in known or name in found:
            raise RequestError(f"expected each of the inputs {', '.join(known)} once, got {name!r}")
        shape = _checked_shape(known[name], item)
        size = _parameters(item).get("binary_data_size")
        if size is None:
            found[name] = _from_json(known[name], shape, item.get("data"))
        else:
            found[name] = _from_bytes(known[name], shape, size, rest[start:])
            start += size
    if start != len(rest):
        raise RequestError(f"{len(rest)} bytes follow the JSON, and the tensors have {start}")
    missing = [name for name in known if name not in found]
    if missing:
        raise RequestError(f"the inputs {', '.join(missing)} are missing")
    rows = {len(array) for array in found.values()}
    if len(rows) > 1:
        raise RequestError(f"the inputs have different numbers of rows: {sorted(rows)}")
    return [found[name] for name in known]


def _parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    found = given.get("parameters") or {}
    if not isinstance(found, dict):
        raise RequestError(f"'parameters' must be an object, got {found!r:.80}")
    return found


def _checked_shape(tensor: Tensor, item: Mapping[str, Any]) -> tuple[int, ...]:
    if item.get("datatype") != tensor.datatype:
        raise RequestError(f"input '{tensor.name}' is {tensor.datatype}, got {item.get('datatype')!r}")
    shape = item.get("shape")
    if not isinstance(shape, list) or not all(type(size) is int and size > 0 for size in shape):
        raise RequestError(f"input '{tensor.name}': 'shape' must be a list of positive numbers, got {shape!r}")
    fits = len(shape) == len(tensor.shape) and all(
        own in (-1, size) for own, size in zip(tensor.shape, shape, strict=True)
    )
    if not fits:
        raise RequestError(f"input '{tensor.name}' has shape {list(tensor.shape)}, got {shape}")
    return tuple(shape)


def _dtype(tensor: Tensor) -> Any:
    name = next(name for name, datatype in DATATYPES.items() if datatype == tensor.datatype)
    return numpy.dtype(name).newbyteorder("<")


def _from_json(tensor: Tensor, shape: tuple[int, ...], data: Any) -> Any:
    try:  # nested, or in one row
        array = numpy.array(data)
        if array.dtype.kind not in "biuf" or array.size != prod(shape):
            raise ValueError(f"expected {prod(shape)} numbers")
        kind = _dtype(tensor).kind
        if (array.dtype.kind == "b") != (kind == "b") or (array.dtype.kind == "f" and kind != "f"):
            raise ValueError(f"expected {tensor.datatype}")
        if kind in "iu":
            limits = numpy.iinfo(_dtype(tensor))
            if array.min() < limits.min or array.max() > limits.max:
                raise ValueError(f"a number does not fit {tensor.datatype}")
    except (ValueError, TypeError, OverflowError) as error:
        raise RequestError(f"input '{tensor.name}': 'data' does not fit shape and datatype: {error}") from error
    return array.astype(_dtype(tensor).newbyteorder("=")).reshape(shape)


def _from_bytes(tensor: Tensor, shape: tuple[int, ...], size: Any, rest: bytes) -> Any:
    dtype = _dtype(tensor)
    wanted = prod(shape) * dtype.itemsize
    if type(size) is not int or size != wanted:
        raise RequestError(f"input '{tensor.name}' has {wanted} bytes, and 'binary_data_size' is {size!r}")
    if len(rest) < size:
        raise RequestError(f"input '{tensor.name}' has {size} bytes, and {len(rest)} are left in the body")
    return numpy.frombuffer(rest, dtype, prod(shape)).astype(dtype.newbyteorder("=")).reshape(shape)


# ---------------------------------------------------------------------- answers


def wanted_outputs(served: Served, request: Mapping[str, Any]) -> list[tuple[int, bool]]:
    """Return the numbers of the outputs that a request wants, and for each whether as bytes."""
    all_binary = bool(_parameters(request).get("binary_data_output", False))
    wanted = request.get("outputs")
    if wanted is not None and not (isinstance(wanted, list) and all(isinstance(item, dict) for item in wanted)):
        raise RequestError("'outputs' must be a list of tensors")
    if not wanted:
        return [(index, all_binary) for index in range(len(served.outputs))]
    names = [tensor.name for tensor in served.outputs]
    found = []
    for item in wanted:
        name = item.get("name")
        if name not in names:
            raise RequestError(f"there is no output {name!r}; there are {', '.join(names)}")
        binary = _parameters(item).get("binary_data", all_binary)
        found.append((names.index(name), bool(binary)))
    return found


def written(served: Served, request: Mapping[str, Any], arrays: Sequence[Any]) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of an answer."""
    outputs, tail = [], b""
    for index, binary in wanted_outputs(served, request):
        tensor, array = served.outputs[index], arrays[index]
        entry: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": list(array.shape)}
        if binary:
            data = array.astype(_dtype(tensor)).tobytes()
            entry["parameters"] = {"binary_data_size": len(data)}
            tail += data
        elif array.dtype.kind == "f" and not numpy.isfinite(array).all():
            raise RequestError(f"output '{tensor.name}' has NaN or infinity, which JSON has not; ask for bytes", 422)
        else:
            entry["data"] = array.reshape(-1).tolist()
        outputs.append(entry)
    answer: dict[str, Any] = {"model_name": served.name, "model_version": "1", "outputs": outputs}
    if "id" in request:
        answer["id"] = request["id"]
    text = json.dumps(answer).encode()
    if not tail:
        return text, {"Content-Type": "application/json"}
    return text + tail, {"Content-Type": "application/octet-stream", HEADER: str(len(text))}


def infer(served: Served, body: bytes, header_length: str | None) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of the answer to a request's body."""
    request, rest = read_request(body, header_length)
    arrays = read_inputs(served, request, rest)
    wanted_outputs(served, request)  # before anything is computed
    try:
        return written(served, request, served.predict(arrays))
    except NncError as error:
        raise RequestError(str(error)) from error


def application(programs: Mapping[str, nnc.Program]) -> FastAPI:
    """Return what serves programs by their names."""
    served = {name: Served(name, program) for name, program in programs.items()}
    app = FastAPI(title="nnc", openapi_url=None)

    def model(name: str, version: str | None = None) -> Served:
        if name not in served:
            raise RequestError(f"there is no model '{name}'; there are {', '.join(served)}", 404)
        if version not in (None, "1"):
            raise RequestError(f"model '{name}' has version 1, and no '{version}'", 404)
        return served[name]

    @app.exception_handler(RequestError)
    async def wrong(request: Request, error: RequestError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, error.status)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": f"{request.method} {request.url.path}: {error.detail}"}, error.status_code)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 500)

    @app.get("/v2/health/live")
    async def live() -> dict[str, bool]:
        return {"live": True}

    @app.get("/v2/health/ready")
    async def ready() -> dict[str, bool]:
        return {"ready": True}

    @app.get("/v2")
    async def server() -> dict[str, Any]:
        return {"name": "nnc", "version": nnc.__version__, "extensions": ["binary_tensor_data"]}

    @app.get("/v2/models/{name}/versions/{version}/ready")
    @app.get("/v2/models/{name}/ready")
    async def model_ready(name: str, version: str | None = None) -> dict[str, Any]:
        return {"name": model(name, version).name, "ready": True}

    @app.get("/v2/models/{name}/versions/{version}")
    @app.get("/v2/models/{name}")
    async def metadata(name: str, version: str | None = None) -> dict[str, Any]:
        return model(name, version).described()

    @app.post("/v2/models/{name}/versions/{version}/infer")
    @app.post("/v2/models/{name}/infer")
    async def inference(request: Request, name: str, version: str | None = None) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                raise RequestError(f"a request may have {MOST_BYTES} bytes", 413)
        found = model(name, version)
        if len(body) < 2**16:  # a thread costs more than a small prediction
            content, headers = infer(found, body, request.headers.get(HEADER))
        else:
            content, headers = await asyncio.to_thread(infer, found, body, request.headers.get(HEADER))
        return Response(content, headers=headers)

    return app


def main() -> None:
    import uvicorn

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="MODEL.nnc", help="saved programs, by their names")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--backend", default="auto", help="numpy, c or auto")
    options = parser.parse_args()
    programs = {path.stem: nnc.load(path, backend=options.backend) for path in options.files}
    uvicorn.run(application(programs), host=options.host, port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
