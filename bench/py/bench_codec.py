#!/usr/bin/env python3
"""bench_codec - what a value costs to encode and decode, beside other serializers.

    python bench/py/bench_codec.py [--rounds 101] [--compression]

Times pinyon's codec, msgspec, ormsgpack, pickle and marshal (those that are installed)
on values a cache holds, and prints the time and the ratio to pinyon's. The others do
less: msgspec, ormsgpack and marshal give back no tuple, set or datetime as it was, or
accept subclasses silently; pickle runs code. `--compression` shows instead what zstd
makes of values of several sizes, which is how the threshold and the level were chosen.
Ends with RESULT lines for a key of one int argument and for an encoded int.
"""

import argparse
import importlib
import json
import marshal
import pickle
import random
import time
from collections.abc import Callable
from typing import Any

from pinyon import _core
from rounds import Subject, run_rounds

Pair = tuple[Callable[[Any], Any], Callable[[Any], Any]]


def rows(count: int) -> list[dict[str, Any]]:
    """Rows of a database as a service would hold them."""
    chance = random.Random(7)
    return [
        {
            "id": 1_000_000 + i,
            "carrier": chance.choice(["UA", "AA", "DL", "B6"]),
            "flight": chance.randrange(9999),
            "origin": "JFK",
            "destination": chance.choice(["LAX", "SFO", "BOS"]),
            "delay": round(chance.gauss(10, 30), 1),
            "cancelled": chance.random() < 0.02,
            "gate": None,
        }
        for i in range(count)
    ]


def values() -> dict[str, Any]:
    return {
        "None": None,
        "int": 123_456,
        "str of 16": "user:1234567890a",
        "bytes of 100": bytes(range(100)),
        "bytes of 10000": random.Random(1).randbytes(10_000),
        "dict of 8": rows(1)[0],
        "100 ints": list(range(1_000, 1_100)),
        "100 dicts of 8": rows(100),
    }


def codecs() -> dict[str, Pair]:
    """Encoder and decoder of those that are there; ours without compression, which the
    others have not."""
    plain = _core.Codec(compress_min=-1)
    found: dict[str, Pair] = {
        "pinyon": (plain.encode, lambda pair, decode=plain.decode: decode(*pair))
    }
    if module := optional("msgspec"):
        found["msgspec"] = (
            module.msgpack.Encoder().encode,
            module.msgpack.Decoder().decode,
        )
    if module := optional("ormsgpack"):
        found["ormsgpack"] = (module.packb, module.unpackb)
    found["pickle"] = (lambda value: pickle.dumps(value, 5), pickle.loads)
    found["marshal"] = (marshal.dumps, marshal.loads)
    return found


def optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def subjects_of(value: Any, way: int) -> list[Subject]:
    """Encoders (way 0) or decoders (way 1) of one value."""
    subjects = []
    for name, (encode, decode) in codecs().items():
        if way == 0:
            subjects.append(Subject(name, "f(v)", {"f": encode, "v": value}, 1))
        elif name == "pinyon":
            data, bits = encode(value)
            names = {"f": _core.Codec(compress_min=-1).decode, "d": data, "b": bits}
            subjects.append(Subject(name, "f(d, b)", names, 1))
        else:
            subjects.append(Subject(name, "f(v)", {"f": decode, "v": encode(value)}, 1))
    return subjects


def compare(rounds: int) -> None:
    for way, title in enumerate(("encode", "decode")):
        for label, value in values().items():
            subjects = subjects_of(value, way)
            for _ in run_rounds(subjects, rounds):
                pass
            ours = subjects[0]
            figures = "  ".join(
                f"{s.name} {s.ns:8.0f} ns x{s.ratio_to(ours):5.2f}" for s in subjects
            )
            print(f"{title} {label:15} {figures}")


def keys(rounds: int) -> None:
    plan = _core.Plan("shop.user", ("u",))
    context = _core.KeyContext()
    codec = _core.Codec()
    subjects = [
        Subject("none", "f(7)", {"f": abs}, 1),
        Subject("bind_int", "f(7)", {"f": plan.key}, 1),
        Subject("bind_str_16", "f('user:1234567890')", {"f": plan.key}, 1),
        Subject("bind_str_100", "f(s)", {"f": plan.key, "s": "x" * 100}, 1),
        Subject("bind_keyword", "f(u=7)", {"f": plan.key}, 1),
        Subject("user_key", "f('user:7')", {"f": context.key}, 1),
        Subject("encode_int", "f(7)", {"f": codec.encode}, 1),
    ]
    for _ in run_rounds(subjects, rounds):
        pass
    print(f"a call of abs(7) takes {subjects[0].ns:.1f} ns; it is part of each figure")
    for subject in subjects[1:]:
        print(f"RESULT codec.{subject.name} {subject.ns:.1f} ns")


def compression() -> None:
    """Size and CPU time of one value against the same value stored as it is."""
    samples: dict[str, Callable[[int], bytes]] = {
        "rows": lambda n: json.dumps(rows(n // 130 + 1)).encode()[:n],
        "numbers": lambda n: random.Random(2).randbytes(n // 2).hex().encode()[:n],
        "noise": lambda n: random.Random(3).randbytes(n),
    }
    for kind, make in samples.items():
        for size in (256, 512, 1024, 2048, 4096, 65536):
            for level in (-3, 1, 3):
                report_compression(kind, make(size), level)


def report_compression(kind: str, data: bytes, level: int) -> None:
    codec = _core.Codec(compress_min=0, compress_level=level)
    stored, bits = codec.encode(data)
    encode = micros(lambda: codec.encode(data))
    decode = micros(lambda: codec.decode(stored, bits))
    print(
        f"{kind:8} {len(data):6} bytes level {level:2}: {len(stored) / len(data):5.0%}"
        f"  encode {encode:6.1f} us  decode {decode:6.1f} us"
    )


def micros(function: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(7):
        start = time.process_time()
        for _ in range(200):
            function()
        best = min(best, time.process_time() - start)
    return best / 200 * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=101)
    parser.add_argument("--compression", action="store_true")
    options = parser.parse_args()
    if options.compression:
        compression()
        return
    compare(options.rounds)
    keys(options.rounds)


if __name__ == "__main__":
    main()
