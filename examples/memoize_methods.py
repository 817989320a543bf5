"""Methods: what of the object belongs into the key?

    python examples/memoize_methods.py

`self` is an argument like any other, so it must have a value that is the same in
every process: never an address. A dataclass is one by its fields. Where an object is
more than that, `key=` says what counts.
"""

from dataclasses import dataclass

import pinyon

cache = pinyon.Cache("mem://?size=16MiB")


@dataclass(frozen=True)
class Shop:
    """Two shops with the same fields are the same shop, in every process."""

    country: str

    @cache.cached(ttl="1h")
    def tax(self, article: str) -> float:
        print(f"looking up the tax on {article} in {self.country}")
        return {"AT": 0.10, "DE": 0.07}[self.country]

    @staticmethod
    @cache.cached(ttl="1h")
    def round_up(cents: int) -> int:
        return -(-cents // 5) * 5


class Customer:
    """Has a connection and other things that make no key."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.connection = object()

    @cache.cached(ttl="1h", key="customer:{self.number}:discount")
    def discount(self) -> int:
        print(f"looking up the discount of customer {self.number}")
        return self.number % 10


def main() -> None:
    print(Shop("AT").tax("book"), Shop("AT").tax("book"), Shop("DE").tax("book"))
    print(Shop.round_up(17), Shop.round_up(cents=17))
    print(Customer(42).discount(), Customer(42).discount())


if __name__ == "__main__":
    main()
