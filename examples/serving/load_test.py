"""Sends requests to a server of the KServe v2 protocol, checks each answer, and prints times.

``python load_test.py model.nnc --requests 100000 --concurrency 16`` has as many connections, each of which sends its
next request when the last is answered. A request that is not answered with status 200 is lost, one with other numbers
than the program's own is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy

import nnc

HEADER = "Inference-Header-Content-Length"
DIFFERENT = 256
"""Requests that differ, after which they come again."""


def requests(program: nnc.Program, name: str, host: str, as_bytes: bool) -> list[tuple[bytes, Any]]:
    """Return requests of one row as they are sent, and the output that each should get."""
    (given,) = program.spec.inputs
    generator = numpy.random.default_rng(0)
    found = []
    for _ in range(DIFFERENT):
        x = generator.normal(size=(1, *given.shape)).astype("float32")
        tensor: dict[str, Any] = {"name": given.label, "shape": list(x.shape), "datatype": "FP32"}
        if as_bytes:
            tensor["parameters"] = {"binary_data_size": x.nbytes}
            head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
            body, extra = head + x.tobytes(), f"{HEADER}: {len(head)}\r\n"
        else:
            body, extra = json.dumps({"inputs": [tensor | {"data": x.reshape(-1).tolist()}]}).encode(), ""
        lines = f"POST /v2/models/{name}/infer HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        found.append((lines.encode() + body, program(x)))
    return found


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the next answer of a connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in head[1:] if line)}
    if "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:  # in chunks
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
    return int(head[0].split()[1]), headers, body


def output_of(headers: dict[str, str], body: bytes) -> Any:
    """Return the only output in an answer."""
    length = int(headers.get(HEADER.lower(), len(body)))
    (output,) = json.loads(body[:length])["outputs"]
    data = output.get("data")
    array = numpy.frombuffer(body[length:], "<f4") if data is None else numpy.array(data, "float32")
    return array.reshape(output["shape"])


async def connection(
    host: str,
    port: int,
    numbers: Iterator[int],
    sent: list[tuple[bytes, Any]],
    times: list[float],
    counts: dict[str, int],
) -> None:
    """Send requests one after the other, as long as there are numbers."""
    reader, writer = await asyncio.open_connection(host, port)
    for number in numbers:
        request, expected = sent[number % DIFFERENT]
        begun = time.perf_counter()
        try:
            writer.write(request)
            status, headers, body = await answer(reader)
        except (OSError, asyncio.IncompleteReadError):
            counts["lost"] += 1
            reader, writer = await asyncio.open_connection(host, port)
            continue
        times.append(time.perf_counter() - begun)
        if status != 200:
            if not counts["lost"]:
                print(f"the first one lost has status {status}: {body[:200]!r}", file=sys.stderr)
            counts["lost"] += 1
        elif not numpy.allclose(output_of(headers, body), expected, rtol=1e-5, atol=1e-6):
            counts["wrong"] += 1
    writer.close()


async def load(options: argparse.Namespace) -> dict[str, Any]:
    """Send all requests, and return what was counted and measured."""
    program = nnc.load(options.file, backend="numpy")
    sent = requests(program, options.file.stem, options.host, options.bytes)
    times: list[float] = []
    counts = {"lost": 0, "wrong": 0}
    warm = connection(options.host, options.port, iter(range(options.warm_up)), sent, [], dict(counts))
    await warm
    numbers = iter(range(options.requests))
    begun = time.perf_counter()
    await asyncio.gather(
        *(connection(options.host, options.port, numbers, sent, times, counts) for _ in range(options.concurrency))
    )
    seconds = time.perf_counter() - begun
    p50, p99 = numpy.percentile(times, [50, 99]) * 1e3
    return {
        "requests": options.requests,
        "answered": len(times),
        **counts,
        "seconds": round(seconds, 1),
        "requests per second": round(len(times) / seconds),
        "p50 ms": round(p50, 2),
        "p99 ms": round(p99, 2),
        "longest ms": round(max(times) * 1e3, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path, metavar="MODEL.nnc", help="the program that is served, of one float32 input")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--concurrency", type=int, default=16, help="connections")
    parser.add_argument("--warm-up", type=int, default=1000, help="requests before the clock starts")
    parser.add_argument("--bytes", action="store_true", help="tensors as bytes instead of JSON")
    found = asyncio.run(load(parser.parse_args()))
    print(", ".join(f"{what}: {value:,}" for what, value in found.items()))
    return int(found["lost"] + found["wrong"] > 0 or found["answered"] != found["requests"])


if __name__ == "__main__":
    sys.exit(main())
