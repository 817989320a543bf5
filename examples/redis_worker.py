"""A Redis client in a web worker: pipelines, WATCH, messages.

    python -m examples.redis_worker                         # starts a redis-server
    python -m examples.redis_worker redis://localhost:6379/0

Two web workers sell 40 tickets, two to each customer, and eight customers click at
once. A page is one round trip to Redis, whatever it shows (a pipeline). No ticket is
sold twice, whoever sells it (WATCH). When the last one is gone, the worker that sold
it tells the other (a message), whose pages say so from then on without asking.
"""

import argparse
import os
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import cycle
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pinyon

TICKETS, CUSTOMERS = 40, 8

# In braces: of a cluster, too, one node has them all, and can watch and change them.
EVENT = f"{{example-tickets-{os.getpid()}}}"
LEFT, SOLD, VIEWS, READERS, NEWS = (
    f"{EVENT}:{name}" for name in ("left", "sold", "views", "readers", "news")
)


class Worker:
    """Answers requests in threads, all of which share one client."""

    def __init__(self, url: str) -> None:
        self.client = pinyon.Client(url, decode_responses=True)
        self.is_sold_out = threading.Event()
        self.tries = 0

    def page(self, reader: str) -> str:
        with self.client.pipeline(transaction=False) as pipe:
            pipe.incr(VIEWS)
            pipe.zincrby(READERS, 1, reader)
            pipe.zrange(READERS, 0, 0, desc=True, withscores=True)
            pipe.get(LEFT)
            views, _, [(keenest, count)], left = pipe.execute()
        offer = "sold out" if self.is_sold_out.is_set() else f"{left} tickets left"
        return f"{offer}; {views} views, {count:.0f} of them by {keenest}"

    def buy(self, customer: str) -> str:
        """Two tickets, or none: what is read is what holds when it is changed."""

        def sell(pipe: Any) -> int:
            self.tries += 1
            left = int(pipe.get(LEFT))  # LEFT is watched, and asked for at once
            pipe.multi()  # from here on all or nothing, and nothing if LEFT changes
            if left:
                pipe.decrby(LEFT, 2)
                pipe.rpush(SOLD, customer)
            return left

        left: int = self.client.transaction(sell, LEFT, value_from_callable=True)
        if left == 2:
            self.client.publish(NEWS, "sold out")
        return "yours" if left else "sold out"

    def listen(self, is_ready: threading.Event, is_over: threading.Event) -> None:
        """For as long as the worker lives; a broken connection is made anew."""
        with self.client.pubsub(ignore_subscribe_messages=True) as messages:
            messages.subscribe(NEWS)
            is_ready.set()
            while not is_over.is_set():
                if messages.get_message(timeout=0.1) is not None:
                    self.is_sold_out.set()

    def __call__(
        self, environ: dict[str, Any], start: Callable[..., Any]
    ) -> list[bytes]:
        """The worker as a WSGI application: GET /<customer>, POST /<customer>."""
        answer = self.buy if environ["REQUEST_METHOD"] == "POST" else self.page
        body = answer(environ["PATH_INFO"][1:]).encode()
        start("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [body]


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each request, as gunicorn's `gthread` has, and uWSGI's `threads`."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def serving(worker: Worker) -> Iterator[str]:
    """The worker's address, while it serves and listens."""
    is_ready, is_over = threading.Event(), threading.Event()
    http = make_server("127.0.0.1", 0, worker, Server, Quiet)
    with http, ThreadPoolExecutor(2) as threads:
        heard = threads.submit(worker.listen, is_ready, is_over)
        heard.add_done_callback(lambda _: is_ready.set())  # also when it failed
        served = threads.submit(http.serve_forever, 0.05)
        is_ready.wait()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            is_over.set()
            http.shutdown()
            heard.result()
            served.result()


def ask(method: str, address: str, customer: str) -> str:
    request = urllib.request.Request(f"{address}/{customer}", method=method)
    with urllib.request.urlopen(request, timeout=20) as reply:
        return str(reply.read().decode())


def shop(customer: str, addresses: list[str]) -> int:
    """Looks and buys, now here, now there, until there is nothing left."""
    for bought, address in enumerate(cycle(addresses)):
        ask("GET", address, customer)
        if ask("POST", address, customer) == "sold out":
            return 2 * bought
    raise AssertionError("a cycle has no end")


def sale(url: str) -> None:
    with ExitStack() as stack:
        workers = [Worker(url), Worker(url)]
        owner = stack.enter_context(workers[0].client)
        stack.enter_context(workers[1].client)
        owner.set(LEFT, TICKETS)
        stack.callback(owner.delete, LEFT, SOLD, VIEWS, READERS)
        addresses = [stack.enter_context(serving(worker)) for worker in workers]
        print(f"{owner.url}: {TICKETS} tickets, on sale at {' and '.join(addresses)}")

        names = [f"customer-{number}" for number in range(CUSTOMERS)]
        with ThreadPoolExecutor(CUSTOMERS) as clicking:
            bought = list(clicking.map(lambda name: shop(name, addresses), names))
        told = [worker.is_sold_out.wait(10) for worker in workers]

        sold = 2 * owner.llen(SOLD)
        again = sum(worker.tries for worker in workers) - sold // 2 - CUSTOMERS
        print(f"{CUSTOMERS} customers bought {sum(bought)} tickets: {bought}")
        print(f"{sold} were sold, {owner.get(LEFT)} are left")
        print(f"{again} sales were tried again, for another had come between")
        print(f"workers that heard that there are no more: {told.count(True)}")
        print("a page says:", ask("GET", addresses[1], names[0]))


@contextmanager
def server() -> Iterator[str]:
    """The URL of one of our own."""
    try:
        from tests.servers import Redis
    except ModuleNotFoundError:
        raise SystemExit(
            "give the URL of a server, or start this in a clone of the repository: "
            "python -m examples.redis_worker"
        ) from None
    with Redis() as redis:
        yield f"redis://{redis.address}"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m examples.redis_worker",
        description="A Redis client in a web worker: pipelines, WATCH, messages.",
    )
    parser.add_argument(
        "url",
        nargs="?",
        help="of your Redis, Valkey or cluster; without it a redis-server is started",
    )
    url = parser.parse_args().url
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # servers end with us
    try:
        with server() if url is None else nullcontext(url) as url:
            sale(url)
    except pinyon.CacheError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit("interrupted") from None


if __name__ == "__main__":
    main()
