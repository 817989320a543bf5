"""A server that loads the application and then forks, as `gunicorn --preload` does.

    python examples/prefork.py

The cache is opened once, before the fork. Every worker goes on with it as it is: the
same region, its own place in it. Four workers serve the same ten pages; together
they render each of them once.
"""

import os

import pinyon

WORKERS, PAGES = 4, 10

cache = pinyon.Cache(f"shm://prefork-{os.getpid()}?size=16MiB")


@cache.cached(ttl="1m")
def page(number: int) -> str:
    cache.incr("rendered")  # counted in the region: exact, whoever else counts
    return f"<h1>Page {number}</h1>"


def serve() -> None:
    for number in range(PAGES):
        assert page(number) == f"<h1>Page {number}</h1>"


def main() -> None:
    workers = []
    for _ in range(WORKERS):
        pid = os.fork()
        if pid == 0:
            serve()
            os._exit(0)
        workers.append(pid)
    statuses = [os.waitpid(pid, 0)[1] for pid in workers]
    served = WORKERS * PAGES
    print(f"{served} pages served, {cache.get('rendered')} rendered")
    cache.destroy()
    if any(statuses):
        raise SystemExit(f"workers ended with {statuses}")


if __name__ == "__main__":
    main()
