"""Pickle, for the values that nothing else can write: signed, or not at all.

    python examples/pickle_secret.py

Whoever can write into a cache of pickles can run code in every process that reads
it. Therefore each value carries a signature made with `secret`, and one that does
not fit is refused before a byte of it is unpickled.
"""

import os
import secrets
from fractions import Fraction

import pinyon


def main() -> None:
    url = f"shm://pickles-{os.getpid()}?size=16MiB"
    secret = secrets.token_bytes(32)  # a real service has it from its configuration
    with pinyon.Cache(url, codec="pickle", secret=secret) as cache:
        cache.set("share", Fraction(1, 3))
        print("with the secret:", repr(cache.get("share")))
        with pinyon.Cache(url, codec="pickle", secret=secrets.token_bytes(32)) as other:
            try:
                other.get("share")
            except pinyon.SerializationError as error:
                print("with another one:", type(error).__name__)
        cache.destroy()
    try:
        pinyon.Cache("mem://", codec="pickle")
    except pinyon.CacheError as error:
        print("with none:", error)


if __name__ == "__main__":
    main()
