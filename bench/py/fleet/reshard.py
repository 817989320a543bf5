"""reshard - how often clients ask a cluster for its map while slots move.

Eight processes read and write keys of a cluster of 3 + 3 nodes while slots go from one
primary to another, 40 a second, with their keys; half of all calls are for keys that
move. The questions are counted where they arrive: each node's own statistics of
commands, looked at every 50 ms.
"""

import asyncio
import multiprocessing
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import progress
from report import Row

from fleet import PINYON, VALUE, hosts, keys
from fleet.servers import Cluster, Link, ports, slot_of

PROCESSES = 8
KEYS = 20000
SLOTS_PER_SECOND = 40
SAMPLE_SECONDS = 0.05
WINDOW_SECONDS = 0.2
SHARING = "map in shared memory"
QUESTIONS = ("cluster|slots", "cluster|shards", "cluster|nodes")


# ---- The processes --------------------------------------------------------------


@dataclass
class Caller:
    """A client of the cluster; `get` and `set` block."""

    get: Callable[[str], Any]
    set: Callable[[str, bytes], Any]
    close: Callable[[], Any] = lambda: None


def pinyon_alone(at: Sequence[int], region: str) -> Caller:
    return pinyon_caller(f"redis+cluster://{hosts(at)}")


def pinyon_sharing(at: Sequence[int], region: str) -> Caller:
    return pinyon_caller(f"redis+cluster://{hosts(at)}?topology=shm://{region}")


def pinyon_caller(url: str) -> Caller:
    import pinyon

    client: Any = pinyon.Client(url)
    return Caller(client.get, client.set, client.close)


def redis_py(at: Sequence[int], region: str) -> Caller:
    import redis

    client = redis.RedisCluster(host="127.0.0.1", port=at[0])
    return Caller(client.get, client.set, client.close)


def valkey_glide_sync(at: Sequence[int], region: str) -> Caller:
    import glide_sync as glide

    glide.Logger.set_logger_config(glide.LogLevel.ERROR)  # it logs every MOVED
    addresses = [glide.NodeAddress("127.0.0.1", port) for port in at]
    settings = glide.GlideClusterClientConfiguration(addresses)
    client = glide.GlideClusterClient.create(settings)
    return Caller(client.get, client.set, client.close)


def coredis_cluster(at: Sequence[int], region: str) -> Caller:
    """For asyncio only: one call at a time on a loop, like the others."""
    import coredis

    runner = asyncio.Runner()
    client: Any = coredis.RedisCluster("127.0.0.1", at[0])

    async def get(key: str) -> Any:
        return await client.get(key)

    async def store(key: str, value: bytes) -> Any:
        return await client.set(key, value)

    runner.run(client.__aenter__())
    return Caller(
        lambda key: runner.run(get(key)),
        lambda key, value: runner.run(store(key, value)),
    )


CALLERS: dict[str, Callable[[Sequence[int], str], Caller]] = {
    f"{PINYON}, {SHARING}": pinyon_sharing,
    f"{PINYON}, a map each": pinyon_alone,
    "redis-py": redis_py,
    "valkey-glide-sync": valkey_glide_sync,
    "coredis": coredis_cluster,
}


def hammer(
    kind: str,
    at: Sequence[int],
    region: str,
    slots: int,
    seed: int,
    ready: Any,
    end: Any,
) -> tuple[int, Counter[str]]:
    """Runs in a process: calls until END is set. Returns calls and errors by type."""
    caller = CALLERS[kind](at, region)
    chance = random.Random(seed)
    names = keys(KEYS)
    moving = [name for name in names if slot_of(name) < slots]
    for name in chance.choices(names, k=100) + chance.choices(moving, k=100):
        caller.get(name)
    ready.release()
    calls, errors = 0, Counter[str]()
    while not end.is_set():
        name = chance.choice(moving if chance.random() < 0.5 else names)
        try:
            if chance.random() < 0.1:
                caller.set(name, VALUE)
            elif caller.get(name) != VALUE:
                errors["wrong value"] += 1
        except Exception as error:
            errors[type(error).__name__] += 1
        calls += 1
    caller.close()
    return calls, errors


# ---- Counting at the servers ----------------------------------------------------


@dataclass
class Sample:
    before: float
    after: float
    questions: int


@dataclass
class Sampler:
    """Looks at the statistics of all nodes from a thread of its own."""

    at: Sequence[int]
    samples: list[Sample] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _run(self, stop: threading.Event) -> None:
        links = [Link("127.0.0.1", port) for port in self.at]
        while not stop.wait(SAMPLE_SECONDS):
            before = time.monotonic()
            questions = sum(questions_asked(link) for link in links)
            self.samples.append(Sample(before, time.monotonic(), questions))
        for link in links:
            link.close()

    @property
    def total(self) -> int:
        return self.samples[-1].questions - self.samples[0].questions

    @property
    def per_window(self) -> float:
        seconds = self.samples[-1].after - self.samples[0].after
        return self.total / seconds * WINDOW_SECONDS

    @property
    def worst_window(self) -> int:
        """The most that are sure to have come within one window: from before one look
        until after a later one no more time went by than that."""
        return max(
            later.questions - first.questions
            for i, first in enumerate(self.samples)
            for later in self.samples[i:]
            if later.after - first.before <= WINDOW_SECONDS
        )


def questions_asked(link: Link) -> int:
    """How often this node was asked for the map since it started."""
    text = link.call("INFO", "commandstats")
    assert isinstance(text, bytes)
    asked = 0
    for line in text.decode().splitlines():
        name, _, rest = line.partition(":calls=")
        if name.removeprefix("cmdstat_") in QUESTIONS:
            asked += int(rest.partition(",")[0])
    return asked


# ---- A run ----------------------------------------------------------------------


def reshard(cluster: Cluster, slots: int, is_back: bool) -> float:
    """The first SLOTS go from the first primary to the second, or back; how many
    seconds it took."""
    source, target = cluster.nodes[0], cluster.nodes[1]
    if is_back:
        source, target = target, source
    start = time.monotonic()
    for slot in range(slots):
        cluster.move_slots([slot], source, target)
        due = start + (slot + 1) / SLOTS_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
    return time.monotonic() - start


def run(
    cluster: Cluster, kind: str, slots: int, is_back: bool, region: str
) -> tuple[Sampler, str]:
    spawn = multiprocessing.get_context("spawn")
    at = ports(cluster.nodes)
    with spawn.Manager() as manager, spawn.Pool(PROCESSES) as pool:
        ready, end = manager.Semaphore(0), manager.Event()
        jobs = [(kind, at, region, slots, n, ready, end) for n in range(PROCESSES)]
        result = pool.starmap_async(hammer, jobs, chunksize=1)
        for _ in range(PROCESSES):
            while not ready.acquire(timeout=0.2):
                if result.ready():
                    result.get()  # raises what a process raised
        sampler = Sampler(at)
        with sampler.running():
            taken = reshard(cluster, slots, is_back)
        end.set()
        outcomes = result.get(60)
    calls = sum(outcome[0] for outcome in outcomes)
    errors = sum((outcome[1] for outcome in outcomes), Counter[str]())
    told = ", ".join(f"{n} {name}" for name, n in errors.items()) or "no errors"
    line = (
        f"{kind}: {slots} slots in {taken:.1f} s, {calls / taken:,.0f} calls/s, "
        f"{sampler.total} questions, {told}"
    )
    return sampler, line


def rows(seconds: float, missing: list[str]) -> tuple[list[Row], list[str]]:
    """Rows, and a line about each run."""
    means, worsts, lines = [], [], []
    slots = round(seconds * SLOTS_PER_SECOND)
    is_back = False
    with Cluster() as cluster, region_of_topology() as region:
        fill(cluster)
        for kind in CALLERS:
            progress.show(f"reshard under load: {kind}")
            try:
                sampler, line = run(cluster, kind, slots, is_back, region)
            except Exception as error:  # whatever a client of others may raise
                missing.append(
                    f"{kind}: left out of reshard, {type(error).__name__}: {error}"
                )
                continue
            is_back = not is_back
            cluster.until_settled()
            lines.append(line)
            mean, worst = sampler.per_window, float(sampler.worst_window)
            means.append(Row("topology queries, mean of 200 ms", kind, mean, ""))
            worsts.append(Row("topology queries, worst 200 ms", kind, worst, ""))
    return means + worsts, lines


def fill(cluster: Cluster) -> None:
    links = [Link("127.0.0.1", node.port) for node in cluster.nodes[:3]]
    owned = [cluster.slots(node) for node in cluster.nodes[:3]]
    for name in keys(KEYS):
        slot = slot_of(name)
        owner = next(i for i, slots in enumerate(owned) if slot in slots)
        links[owner].call("SET", name, VALUE)
    for link in links:
        link.close()


@contextmanager
def region_of_topology() -> Iterator[str]:
    """The name of a region for the map of this host, gone afterwards."""
    import pinyon

    name = f"pinyon-bench-{random.randrange(1 << 30)}"
    try:
        yield name
    finally:
        with suppress(pinyon.RegionAbsent):  # nobody shared one
            pinyon.destroy(name)
