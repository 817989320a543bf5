"""A memcached fleet that loses a server, with a spare one that steps in.

    python -m examples.memcached_fleet                      # starts four memcached
    python -m examples.memcached_fleet 'memcached://h1,h2,h3?gutter=h4'

A shop asks for its 300 articles, round after round. The keys of a server that is dead
are not given to its neighbours, which would be flooded, and would keep old values when
it returns: they go to the spare server (`gutter=`), for ten seconds at most. So an
article of that server costs one query when it dies, and one when it is back, empty.
With a fleet of your own the harm is up to you.
"""

import argparse
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pinyon

ARTICLES = 300
PAUSE = 0.002  # seconds between two requests

Events = dict[int, tuple[str, Callable[[], None]]]  # before which round


def shop(url: str, events: Events, rounds: int) -> None:
    queries = 0
    cache = pinyon.Cache(url, namespace="example-shop")

    @cache.cached(ttl="1m")
    def article(number: int) -> dict[str, float]:
        nonlocal queries
        queries += 1  # a database would be asked here
        return {"number": number, "price": number * 1.25}

    with cache:
        print(f"{cache.url}: {ARTICLES} articles")
        for now in range(1, rounds + 1):
            if now in events:
                what, happen = events[now]
                happen()
                print(what)
            queries, before = 0, calls(cache)
            for number in range(ARTICLES):
                assert article(number)["price"] == number * 1.25
                time.sleep(PAUSE)
            print(f"round {now}: {queries:3} queries for {ARTICLES} requests;", end=" ")
            print("calls to each server:", *since(before, cache))
        hidden = cache.stats()["calls"]["errors"]
    print(f"no exception; {hidden} calls met trouble, and the function was run instead")


def calls(cache: pinyon.Cache) -> dict[str, int]:
    return {address: node["calls"] for address, node in cache.stats()["nodes"].items()}


def since(before: dict[str, int], cache: pinyon.Cache) -> Iterator[str]:
    """For each server how often it was asked since, and what it is."""
    for address, node in cache.stats()["nodes"].items():
        spare = "spare " if node["role"] == "gutter" else ""
        count = f"{node['calls'] - before.get(address, 0):,}"
        yield spare + (count if node["state"] == "up" else f"{count} ({node['state']})")


@contextmanager
def servers() -> Iterator[tuple[str, Events]]:
    """Four of our own, and the accident that one of them will have."""
    try:
        from tests.servers import Memcached
    except ModuleNotFoundError:
        raise SystemExit(
            "give the URL of a fleet, or start this in a clone of the repository: "
            "python -m examples.memcached_fleet"
        ) from None
    with ExitStack() as stack:
        one, two, three, spare = (stack.enter_context(Memcached()) for _ in range(4))
        hosts = ",".join(server.address for server in (one, two, three))
        # Whether a dead one is back is looked at every ten seconds, unless told.
        often = "probe_min=200ms&probe_max=400ms"
        yield (
            f"memcached://{hosts}?gutter={spare.address}&gutter_ttl=10s&{often}",
            {
                3: (f"SIGKILL to {two.address}", two.kill),
                5: (f"{two.address} is back, empty", two.restart),
            },
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m examples.memcached_fleet",
        description="A memcached fleet that loses a server, with a spare one that "
        "steps in.",
    )
    parser.add_argument(
        "url", nargs="?", help="of your fleet; without it four servers are started"
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=7,
        metavar="N",
        help=f"of {ARTICLES} requests (default 7)",
    )
    options = parser.parse_args()
    # The cache warns once of each trouble; here it is meant to have some.
    warnings.simplefilter("ignore", pinyon.PinyonWarning)
    url, events = options.url, Events()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # servers end with us
    try:
        with ExitStack() as stack:
            if url is None:
                url, events = stack.enter_context(servers())
            shop(url, events, options.rounds)
    except pinyon.CacheError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit("interrupted") from None


if __name__ == "__main__":
    main()
