"""Serves a program on Ray Serve, requests that wait joined into batches: ``python ray_serve.py model.nnc``."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy
import ray
from kserve import HEADER, RequestError, Served, read_inputs, read_request, wanted_outputs, written
from ray import serve
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import nnc
from nnc.errors import NncError

MOST_TOGETHER = 64
"""Requests that are computed as one batch."""


@serve.deployment(max_ongoing_requests=256)
class Model:
    """A program behind ``POST /v2/models/NAME/infer``, as the KServe v2 protocol has it.

    Args:
        name: what requests call it.
        program: the program; Ray ships it to each replica.
        wait: seconds that the first request of a batch waits for others; 0 to answer each by itself.
    """

    def __init__(self, name: str, program: nnc.Program, wait: float) -> None:
        self.served = Served(name, program)
        self.path = f"/v2/models/{name}/infer"
        self.is_batched = wait > 0
        if self.is_batched:
            self.predict_together.set_batch_wait_timeout_s(wait)

    @serve.batch(max_batch_size=MOST_TOGETHER, batch_wait_timeout_s=0.002)
    async def predict_together(self, requests: list[list[Any]]) -> list[list[Any]]:
        """Predict the rows of several requests at once."""
        ends = numpy.cumsum([len(arrays[0]) for arrays in requests])[:-1]
        joined = [numpy.concatenate(arrays) for arrays in zip(*requests, strict=True)]
        outputs = [numpy.split(array, ends) for array in self.served.predict(joined)]
        return [list(arrays) for arrays in zip(*outputs, strict=True)]

    async def __call__(self, request: Request) -> Response:
        """Answer a request, or say what is wrong with it."""
        try:
            if request.url.path != self.path or request.method != "POST":
                raise RequestError(f"{request.method} {request.url.path}: there is POST {self.path}", 404)
            given, rest = read_request(await request.body(), request.headers.get(HEADER))
            arrays = read_inputs(self.served, given, rest)
            wanted_outputs(self.served, given)
            is_open = any(-1 in tensor.shape[1:] for tensor in self.served.inputs)  # other lengths join no batch
            if self.is_batched and not is_open:
                outputs = await self.predict_together(arrays)
            else:
                outputs = self.served.predict(arrays)
            content, headers = written(self.served, given, outputs)
        except RequestError as error:
            return JSONResponse({"error": str(error)}, error.status)
        except NncError as error:
            return JSONResponse({"error": str(error)}, 400)
        return Response(content, headers=headers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, metavar="MODEL.nnc", help="a saved program, served by its name")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--address", default="local", help="cluster to run on, such as auto; by default this machine")
    parser.add_argument("--replicas", type=int, default=1, help="processes that predict")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds to wait for others; 0: each by itself")
    parser.add_argument("--backend", default="auto", help="numpy, c or auto")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Ray is to end as well
    own = {"include_dashboard": False} if options.address == "local" else {}
    environment = {"env_vars": {"PYTHONPATH": _path()}}
    ray.init(options.address, logging_level=logging.ERROR, runtime_env=environment, **own)
    try:
        serve.start(http_options={"host": options.host, "port": options.port})
        program = nnc.load(options.file, backend=options.backend)
        deployment = Model.options(num_replicas=options.replicas, logging_config={"enable_access_log": False})
        serve.run(deployment.bind(options.file.stem, program, options.wait), name="nnc")
        print(f"http://{options.host}:{options.port}/v2/models/{options.file.stem}/infer", flush=True)
        while True:
            time.sleep(60)
    except KeyboardInterrupt:
        pass
    finally:
        serve.shutdown()
        ray.shutdown()


def _path() -> str:
    """Return where workers find `kserve` and nnc."""
    folders = [str(Path(__file__).parent), str(Path(nnc.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return os.pathsep.join(filter(None, folders))


if __name__ == "__main__":
    main()
