"""Ten lines: a function whose answers all processes of the host share.

    python examples/quickstart.py

Run it with --keep and then again: the second run asks nobody, because the region
outlives the processes that use it. Which cache to use is configuration: $CACHE_URL.
"""

import os
import sys

import pinyon

cache = pinyon.Cache(os.environ.get("CACHE_URL", "shm://quickstart?size=16MiB"))


@cache.cached(ttl="10m", stale=60)
def price(article: int) -> float:
    print(f"asking the database for article {article}")
    return article * 1.25


if __name__ == "__main__":
    for article in (7, 8, 7, 7):
        print(f"article {article} costs {price(article)}")
    info = price.cache_info()
    print(f"{info.hits} hits, {info.misses} misses")
    if "--keep" not in sys.argv:
        cache.destroy()
