"""Tags: drop everything that has to do with one thing, whatever it is called.

    python examples/tags.py

Invalidating a tag costs the same whether it marks one value or a million, and holds
for every process of the host.
"""

import pinyon

cache = pinyon.Cache("mem://?size=16MiB")


def _of_user(user: int) -> list[str]:
    return [f"user:{user}"]


@cache.cached(ttl="1h", tags=_of_user)
def profile(user: int) -> str:
    print(f"loading the profile of user {user}")
    return f"profile {user}"


@cache.cached(ttl="1h", tags=_of_user)
def orders(user: int) -> list[int]:
    print(f"loading the orders of user {user}")
    return [user * 100 + n for n in range(3)]


def main() -> None:
    for user in (1, 2, 1):
        profile(user)
        orders(user)
    print("user 1 moves house")
    cache.invalidate_tag("user:1")
    for user in (1, 2):
        profile(user)
        orders(user)


if __name__ == "__main__":
    main()
