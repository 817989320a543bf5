"""Fuzz the decoder of values: mutated encodings must decode or raise, never crash.

    python tests/fuzz/fuzz_codec.py [seconds=60] [seed=1]

Meant for an extension built with ASan and UBSan (`make fuzz`); without, it still finds
exceptions of a wrong kind and values that do not encode again to what they were. Prints
the seed of each round, so that a crash can be run again.
"""

from __future__ import annotations

import datetime
import decimal
import random
import sys
import time
import uuid
import zoneinfo
from collections.abc import Callable, Iterator
from typing import Any

from pinyon import _core

CODECS = (
    _core.Codec(),
    _core.Codec(compress_min=0),
    _core.Codec("pickle", secret=b"0123456789abcdef"),
)
# Bytes that mean something: heads of every form, lengths at their limits, tags.
TELLING = bytes(
    [*range(0xC0, 0xE0), 0, 1, 2, 7, 8, 9, 0x7F, 0x80, 0x90, 0x9F, 0xA0, 255]
)


class Box:
    def __init__(self, content: Any) -> None:
        self.content = content


def seeds() -> Iterator[Any]:
    now = datetime.datetime(2024, 2, 29, 1, 2, 3, 4)
    paris = zoneinfo.ZoneInfo("Europe/Paris")
    east = datetime.timezone(datetime.timedelta(hours=5, microseconds=1), "east")
    yield from (
        None,
        True,
        7,
        -(2**70),
        1.5,
        "text é",
        b"bytes" * 30,
        2j,
        bytearray(b"x"),
    )
    yield from (now, now.replace(tzinfo=paris), now.replace(tzinfo=east, fold=1))
    yield from (now.date(), now.time(), east, paris, datetime.timedelta(-3, 2, 1))
    yield from (decimal.Decimal("1.50"), uuid.UUID(int=7), Box([1, {"k": Box(None)}]))
    yield [1, (2, {3}), frozenset([4]), {"k": [None] * 20, (1, "a"): 2.5}, "x" * 300]
    yield {f"key{i}": [i, str(i), {"n": (i,)}] for i in range(40)}
    yield [[[[[[[[("deep", {1: {2: {3: {4}}}})]]]]]]]]


def flip(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def tell(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] = chance.choice(TELLING)


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def drop(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.randrange(1, 5)]


def repeat(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    piece = data[at : at + chance.randrange(1, 20)]
    data[at:at] = piece * chance.choice((1, 2, 50))


def insert(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at:at] = chance.randbytes(chance.randrange(1, 8))


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flip,
    tell,
    tell,
    cut,
    drop,
    repeat,
    insert,
)


def mutate(data: bytes, chance: random.Random) -> bytes:
    mutant = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        if mutant:
            chance.choice(MUTATIONS)(mutant, chance)
    return bytes(mutant[:100_000])


def check(data: bytes, bits: int) -> bool:
    """Decode; what decodes must come back from its own encoding, byte for byte."""
    decoded = False
    for codec in CODECS:
        try:
            value = codec.decode(data, bits)
        except _core.SerializationError:
            continue
        decoded = True
        again = codec.encode(value)
        if codec.encode(codec.decode(*again)) != again:
            raise AssertionError(f"{value!r} does not come back, from {data!r}, {bits}")
    return decoded


def main(seconds: float, seed: int) -> None:
    _core.register(Box, "fuzz.Box", lambda box: box.content, Box)
    corpus = [codec.encode(value) for codec in CODECS for value in seeds()]
    corpus += [CODECS[0].encode(value, 1, 2) for value in seeds()]
    corpus += [CODECS[0].encode([value, {"k": (value,)}]) for value in seeds()] * 20
    end = time.monotonic() + seconds
    rounds = decoded = 0
    while time.monotonic() < end:
        chance = random.Random(f"{seed}-{rounds}")
        data, bits = chance.choice(corpus)
        if chance.random() < 0.05:
            bits = chance.randrange(16)
        mutant = mutate(data, chance)
        if check(mutant, bits):
            decoded += 1
            # What is only text or bytes would soon be all there is.
            if len(corpus) < 5000 and mutant[:1] == b"\x08" and bits in (0, 2):
                corpus.append((mutant, bits))
        rounds += 1
    print(f"{rounds} mutants of seed {seed}, {decoded} decoded, corpus {len(corpus)}")


if __name__ == "__main__":
    arguments = [float(word) for word in sys.argv[1:]]
    main(arguments[0] if arguments else 60, int(arguments[1]) if arguments[1:] else 1)
