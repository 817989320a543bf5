"""fleet - Pinyon's client beside the clients of others, over servers of its own.

`peers` and `apeers` are the adapters, blocking and for asyncio; `servers` starts what
they talk to; the other modules are one kind of measurement each and give back rows for
report.py. bench_fleet.py runs them.

Keys and values are those of the other benches: 16 characters, 100 bytes.
"""

import itertools
import random
from collections.abc import Sequence

VALUE = random.Random(1).randbytes(100)
"""The same in every process of a bench."""
BATCH = 100
PINYON = "pinyon"
"""How the name of a subject begins that is ours."""


def keys(count: int, tag: str = "user") -> list[str]:
    """TAG has four letters: clients do not read each other's values, since some mark
    in the item's flags what kind of object was stored."""
    return [f"{tag}:{number:08d}:id" for number in range(count)]


_tags = (f"c{number:03d}" for number in itertools.count())


def new_tag() -> str:
    return next(_tags)


def hosts(ports: Sequence[int]) -> str:
    """As they stand in a URL."""
    return ",".join(f"127.0.0.1:{port}" for port in ports)
