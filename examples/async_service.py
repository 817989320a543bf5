"""A service on one event loop: the same decorator on `async def`.

    python examples/async_service.py

A hundred requests arrive at once for three articles. Each article is loaded once;
the other requests wait for it without blocking the loop, which goes on ticking.
"""

import asyncio
from typing import NamedTuple

import pinyon

cache = pinyon.Cache("mem://?size=16MiB")


class Article(NamedTuple):
    number: int
    title: str


loads: list[int] = []


@cache.cached(ttl="5m", jitter=0.1, negative_ttl=5)
async def article(number: int) -> Article | None:
    loads.append(number)
    await asyncio.sleep(0.05)  # a database that takes its time
    return Article(number, f"Article {number}") if number < 3 else None


async def handle(number: int) -> str:
    """What a web framework would call for a request of /articles/<number>."""
    found = await article(number)
    return "404 Not Found" if found is None else f"200 OK {found.title}"


async def main() -> None:
    answers = await asyncio.gather(*(handle(n % 4) for n in range(100)))
    for answer in sorted(set(answers)):
        print(f"{answers.count(answer)} times {answer}")
    print(f"{len(loads)} loads: {sorted(loads)}")


if __name__ == "__main__":
    asyncio.run(main())
