"""asyncio over a cluster: thousands of calls at once, and a primary that dies.

    python -m examples.async_cluster                        # starts a cluster of 3 + 3
    python -m examples.async_cluster redis+cluster://h1:6379,h2:6379

First a burst: 5,000 values written and read by `gather`. One connection to each node
carries them all, and the calls of one turn of the loop leave in one write. Then fifty
tasks go on reading and writing while a primary is killed. Those whose node is dead
wait until its replica is promoted, two or three seconds; nobody gets an exception, and
no value is wrong. With a cluster of your own the harm is up to you.
"""

import argparse
import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pinyon

VALUES, TASKS = 5000, 50
CALM = 1.0  # seconds before the harm, and after the promotion
PREFIX = f"example-{os.getpid()}"
LIFE = 120  # seconds: what would be left behind does not stay

Harm = Callable[[], Awaitable[None]]


def key(number: int) -> str:
    return f"{PREFIX}:{number}"


def value(number: int) -> str:
    return f"value {number}"


async def burst(client: pinyon.Client[str]) -> None:
    """No limit on how many are under way, no pool to run dry."""
    begin = time.monotonic()
    await asyncio.gather(
        *(client.aset(key(n), value(n), ex=LIFE) for n in range(VALUES))
    )
    written = time.monotonic()
    found = await asyncio.gather(*(client.aget(key(n)) for n in range(VALUES)))
    read = time.monotonic()
    assert found == [value(n) for n in range(VALUES)]
    many = await client.aget_many(key(n) for n in range(VALUES))
    assert len(many) == VALUES
    print(
        f"{VALUES:,} values: as many calls to write them {written - begin:.2f} s, to "
        f"read them {read - written:.2f} s, one call {time.monotonic() - read:.2f} s"
    )


@dataclass
class Work:
    """What the tasks have done."""

    calls: int = 0
    waited: int = 0  # calls of more than half a second
    longest: float = 0.0
    wrong: int = 0
    is_over: bool = False

    async def go(self, client: pinyon.Client[str], task: int) -> None:
        """Each task has values of its own, and reads what it wrote."""
        number = task
        while not self.is_over:
            number = (number + TASKS) % VALUES
            await self.timed(client.aset(key(number), value(number), ex=LIFE))
            found = await self.timed(client.aget(key(number)))
            # Replication is asynchronous: what was written just before its primary
            # died may be gone. It is never another value.
            self.wrong += found not in (None, value(number))
            await asyncio.sleep(0.005)

    async def timed(self, call: Awaitable[str | bool | None]) -> str | bool | None:
        begin = time.monotonic()
        reply = await call
        seconds = time.monotonic() - begin
        self.calls += 1
        self.waited += seconds > 0.5
        self.longest = max(self.longest, seconds)
        return reply


async def outage(client: pinyon.Client[str], harm: Harm) -> None:
    work = Work()
    async with asyncio.TaskGroup() as group:  # an exception of a task would end it here
        for task in range(TASKS):
            group.create_task(work.go(client, task))
        await asyncio.sleep(CALM)
        await harm()
        await asyncio.sleep(CALM)
        work.is_over = True
    print(
        f"{TASKS} tasks made {work.calls:,} calls: no exception, {work.wrong} wrong "
        f"values; {work.waited} calls waited, the longest {work.longest:.1f} s"
    )


async def story(url: str, harm: Harm) -> None:
    # A call may take as long as a promotion may, and a good deal more.
    async with pinyon.Client(url, decode_responses=True, timeout=30) as client:
        await burst(client)
        await outage(client, harm)
        await client.adelete(*(key(number) for number in range(VALUES)))
        up = [n.address for n in client.nodes() if n.slots and n.health == "up"]
        print(f"the slots are at {', '.join(up)}; the values are deleted")


@contextmanager
def cluster() -> Iterator[tuple[str, Harm]]:
    """One of our own, and how one of its primaries is killed and replaced."""
    try:
        from tests.servers import Cluster, until
    except ModuleNotFoundError:
        raise SystemExit(
            "give the URL of a cluster, or start this in a clone of the repository: "
            "python -m examples.async_cluster"
        ) from None
    with Cluster(3, 1, node_timeout=1000) as nodes:
        victim = nodes.nodes[0]
        (heir,) = nodes.replicas_of(victim)

        async def harm() -> None:
            await asyncio.to_thread(victim.kill)
            print(f"SIGKILL to primary {victim.address}")
            begin = time.monotonic()
            await asyncio.to_thread(
                until, lambda: heir.role == "master", "the promotion", 60
            )
            seconds = time.monotonic() - begin
            print(f"{seconds:.1f} s later its replica {heir.address} is promoted")

        yield f"redis+cluster://{','.join(nodes.addresses[:2])}", harm


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m examples.async_cluster",
        description="asyncio over a cluster: thousands of calls at once, and a primary "
        "that dies.",
    )
    parser.add_argument(
        "url", nargs="?", help="of your cluster; without it one of 3 + 3 is started"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=10.0,
        metavar="S",
        help="how long you have to harm a cluster of yours (default 10)",
    )
    options = parser.parse_args()

    async def yours() -> None:
        print(f"kill a primary, if you like: {options.seconds:g} s")
        await asyncio.sleep(options.seconds)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # servers end with us
    try:
        with ExitStack() as stack:
            fleet: tuple[str, Harm] = (options.url, yours)
            if options.url is None:
                print("a cluster of 3 + 3 is starting")
                fleet = stack.enter_context(cluster())
            asyncio.run(story(*fleet))
    except pinyon.CacheError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit("interrupted") from None


if __name__ == "__main__":
    main()
