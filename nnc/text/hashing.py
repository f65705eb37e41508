"""The hashes that TensorFlow puts texts into buckets by: FarmHash's fingerprint, and SipHash with a key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy
from numpy.typing import NDArray

_MASK = 2**64 - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
_CROSSING_KEY = 0xDECAFCAFFE
_CROSSING_FACTOR = 0xC6A4A7935BD1E995
Hash = Callable[[bytes], int]


def hash_function(salt: Sequence[int] | None) -> Hash:
    """Return the hash of texts: FarmHash's fingerprint, or SipHash where there is a salt of two numbers."""
    return fingerprint if salt is None else partial(siphash, (int(salt[0]), int(salt[1])))


def buckets(texts: Sequence[bytes], count: int, salt: Sequence[int] | None = None) -> NDArray[numpy.int64]:
    """Return the bucket of each text, from 0 to ``count - 1``."""
    hashed = hash_function(salt)
    known = {text: hashed(text) % count for text in set(texts)}
    return numpy.array([known[text] for text in texts], "int64")


# ---------------------------------------------------------------------- FarmHash


def fingerprint(text: bytes) -> int:
    """Return the fingerprint of a text, 64 bits: FarmHash's ``Fingerprint64``."""
    length = len(text)
    if length <= 16:
        return _up_to_16(text, length)
    if length <= 32:
        return _up_to_32(text, length)
    return _up_to_64(text, length) if length <= 64 else _longer(text, length)


def _word(text: bytes, start: int) -> int:
    return int.from_bytes(text[start : start + 8], "little")


def _rotated(value: int, shift: int) -> int:
    value &= _MASK
    return (value >> shift) | (value << (64 - shift) & _MASK)


def _mixed(value: int) -> int:
    value &= _MASK
    return value ^ (value >> 47)


def _joined(first: int, second: int, factor: int) -> int:
    one = _mixed(((first ^ second) & _MASK) * factor)
    return _mixed(((second & _MASK) ^ one) * factor) * factor & _MASK


def _up_to_16(text: bytes, length: int) -> int:
    factor = _K2 + length * 2
    if length >= 8:
        a, b = _word(text, 0) + _K2, _word(text, length - 8)
        return _joined(_rotated(b, 37) * factor + a, (_rotated(a, 25) + b) * factor, factor)
    if length >= 4:
        a, b = int.from_bytes(text[:4], "little"), int.from_bytes(text[-4:], "little")
        return _joined(length + (a << 3), b, factor)
    if length:
        y, z = text[0] + (text[length >> 1] << 8), length + (text[-1] << 2)
        return _mixed(y * _K2 ^ z * _K0) * _K2 & _MASK
    return _K2


def _up_to_32(text: bytes, length: int) -> int:
    factor = _K2 + length * 2
    a, b = _word(text, 0) * _K1, _word(text, 8)
    c, d = _word(text, length - 8) * factor, _word(text, length - 16) * _K2
    return _joined(_rotated(a + b, 43) + _rotated(c, 30) + d, a + _rotated(b + _K2, 18) + c, factor)


def _up_to_64(text: bytes, length: int) -> int:
    factor = _K2 + length * 2
    a, b = _word(text, 0) * _K2, _word(text, 8)
    c, d = _word(text, length - 8) * factor, _word(text, length - 16) * _K2
    y = _rotated(a + b, 43) + _rotated(c, 30) + d
    z = _joined(y, a + _rotated(b + _K2, 18) + c, factor)
    e, f = _word(text, 16) * factor, _word(text, 24)
    g, h = (y + _word(text, length - 32)) * factor, (z + _word(text, length - 24)) * factor
    return _joined(_rotated(e + f, 43) + _rotated(g, 30) + h, e + _rotated(f + a, 18) + g, factor)


def _longer(text: bytes, length: int) -> int:
    y = 81 * _K1 + 113 & _MASK
    x, z = 81 * _K2 + _word(text, 0), _mixed(y * _K2 + 113) * _K2
    v, w = (0, 0), (0, 0)
    start, end = 0, (length - 1) // 64 * 64

    def step(start: int, factor: int, one: int, nine: int) -> None:
        nonlocal x, y, z, v, w
        x = _rotated(x + y + v[0] + _word(text, start + 8), 37) * one
        y = _rotated(y + v[1] + _word(text, start + 48), 42) * one & _MASK
        x = (x ^ w[1] * nine) & _MASK
        y += v[0] * nine + _word(text, start + 40)
        z = _rotated(z + w[0], 33) * one
        v = _weak(text, start, v[1] * factor, x + w[0])
        w = _weak(text, start + 32, z + w[1], y + _word(text, start + 16))
        x, z = z & _MASK, x

    while start != end:
        step(start, _K1, _K1, 1)
        start += 64
    factor = _K1 + ((z & 0xFF) << 1)
    w = (w[0] + (length - 1 & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    step(length - 64, factor, factor, 9)
    first = _joined(v[0], w[0], factor) + _mixed(y) * _K0 + z
    return _joined(first, _joined(v[1], w[1], factor) + x, factor)


def _weak(text: bytes, start: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = (_word(text, start + offset) for offset in (0, 8, 16, 24))
    a += w
    b = _rotated(b + a + z, 21)
    c = a
    a += x + y
    b += _rotated(a, 44)
    return (a + z) & _MASK, (b + c) & _MASK


# ---------------------------------------------------------------------- crossings


def crossing(parts: Sequence[bytes | int], count: int) -> int:
    """Return the bucket of several texts or whole numbers together, as ``tf.sparse.cross_hashed``."""
    found = _CROSSING_KEY
    for part in parts:
        hashed = part & _MASK if isinstance(part, int) else fingerprint(part)
        found = _mixed(_joined_fingerprints(found, hashed))
    return found % count


def _joined_fingerprints(first: int, second: int) -> int:
    joined = first ^ _CROSSING_FACTOR
    joined ^= _mixed(second * _CROSSING_FACTOR) * _CROSSING_FACTOR & _MASK
    return _mixed(joined * _CROSSING_FACTOR) * _CROSSING_FACTOR


# ---------------------------------------------------------------------- SipHash


def siphash(key: tuple[int, int], text: bytes) -> int:
    """Return the SipHash-2-4 of a text, 64 bits, with a key of two numbers of 64 bits."""
    low, high = key[0] & _MASK, key[1] & _MASK
    state = [low ^ 0x736F6D6570736575, high ^ 0x646F72616E646F6D, low ^ 0x6C7967656E657261, high ^ 0x7465646279746573]
    length = len(text)
    for start in range(0, length - length % 8, 8):
        _absorb(state, _word(text, start))
    last = text[length - length % 8 :]
    _absorb(state, int.from_bytes(last, "little") | (length & 0xFF) << 56)
    state[2] ^= 0xFF
    _rounds(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _absorb(state: list[int], word: int) -> None:
    state[3] ^= word
    _rounds(state, 2)
    state[0] ^= word


def _rounds(state: list[int], count: int) -> None:
    a, b, c, d = state
    for _ in range(count):
        a, c = (a + b) & _MASK, (c + d) & _MASK
        b, d = _rotated(b, 51) ^ a, _rotated(d, 48) ^ c
        a = _rotated(a, 32)
        c, a = (c + b) & _MASK, (a + d) & _MASK
        b, d = _rotated(b, 47) ^ c, _rotated(d, 43) ^ a
        c = _rotated(c, 32)
    state[:] = a, b, c, d
