"""Fuzz the envelope of far values: mutated items must open or raise, never crash.

    python tests/fuzz/fuzz_envelope.py [seconds=60] [seed=1]

Begins with what is in corpus/envelope, which tests/python/test_envelope.py replays.
Meant for an extension built with ASan and UBSan (`make fuzz`), as fuzz_codec.py.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from fuzz_codec import mutate, seeds
from pinyon import _core

CORPUS = Path(__file__).parent / "corpus" / "envelope"
STORE = _core.Store(flags=_core.STORE_ABSENT)
CACHE = _core.Cache(STORE, "fuzz:", None, 1)


def sealed() -> Iterator[bytes]:
    """Values of every kind in envelopes of every kind."""
    for value in (*seeds(), -(2**63), 0):
        try:
            for tags in (b"", b"marker..generate", b"m" * 16 * 15):
                yield CACHE._seal(value, -1, 0, -1, False, tags)
                yield CACHE._seal(value, 1000, 60_000, -1, True, tags)
                yield CACHE._seal(value, 0, 60_000, 12_345, False, tags)
        except _core.SerializationError:  # a class that is not registered here
            continue


def check(data: bytes) -> bool:
    """Opens an item and looks at all there is to see. False: it was refused."""
    try:
        item = CACHE._unseal(b"key", data)
    except _core.SerializationError as error:
        if "b'key'" not in str(error):
            raise
        return False
    assert len(item.tags) <= 15 * 16
    assert item.token >= 0
    assert item.found() in range(5)
    assert item.found(1.0, 1000.0) in range(5)
    assert item.left_ms is None or item.left_ms >= 0
    again = CACHE._unseal(b"key", item.retimed(5000))
    assert (again.tags, again.grace_ms) == (item.tags, item.grace_ms)
    assert again.token == item.token
    try:
        number, value = item.number, item.value()
    except _core.SerializationError:
        return True
    assert number is None or number == value
    return True


def main(seconds: float, seed: int) -> None:
    corpus = [path.read_bytes() for path in sorted(CORPUS.iterdir())] + list(sealed())
    end = time.monotonic() + seconds
    rounds = opened = 0
    while time.monotonic() < end:
        chance = random.Random(f"{seed}-{rounds}")
        mutant = mutate(chance.choice(corpus), chance)
        try:
            opened += check(mutant)
        except Exception:
            print(f"round {rounds} of seed {seed}: {mutant.hex()}", file=sys.stderr)
            raise
        rounds += 1
    print(f"{rounds} mutants of seed {seed}, {opened} opened, corpus {len(corpus)}")


if __name__ == "__main__":
    arguments = [float(word) for word in sys.argv[1:]]
    main(arguments[0] if arguments else 60, int(arguments[1]) if arguments[1:] else 1)
