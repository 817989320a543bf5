"""Every example runs, says what it promises, and leaves nothing behind."""

import os

from programs import ROOT, regions, run


def example(name: str, **environment: str) -> list[str]:
    return run(f"examples/{name}.py", **environment).splitlines()


def test_quickstart() -> None:
    name = f"quickstart-test-{os.getpid()}"
    assert example("quickstart", CACHE_URL=f"shm://{name}?size=4MiB") == [
        "asking the database for article 7",
        "article 7 costs 8.75",
        "asking the database for article 8",
        "article 8 costs 10.0",
        "article 7 costs 8.75",
        "article 7 costs 8.75",
        "2 hits, 2 misses",
    ]
    assert regions(name) == []


def test_async_service() -> None:
    assert example("async_service") == [
        "25 times 200 OK Article 0",
        "25 times 200 OK Article 1",
        "25 times 200 OK Article 2",
        "25 times 404 Not Found",
        "4 loads: [0, 1, 2, 3]",
    ]


def test_prefork() -> None:
    assert example("prefork") == ["40 pages served, 10 rendered"]


def test_memoize_methods() -> None:
    assert example("memoize_methods") == [
        "looking up the tax on book in AT",
        "looking up the tax on book in DE",
        "0.1 0.1 0.07",
        "20 20",
        "looking up the discount of customer 42",
        "2 2",
    ]


def test_tags() -> None:
    assert example("tags") == [
        "loading the profile of user 1",
        "loading the orders of user 1",
        "loading the profile of user 2",
        "loading the orders of user 2",
        "user 1 moves house",
        "loading the profile of user 1",
        "loading the orders of user 1",
    ]


def test_pickle_secret() -> None:
    with_secret, with_another, without = example("pickle_secret")
    assert with_secret == "with the secret: Fraction(1, 3)"
    assert with_another == "with another one: Unsigned"
    assert "secret" in without


def test_no_example_without_a_test() -> None:
    names = {path.stem for path in (ROOT / "examples").glob("[!_]*.py")}
    assert {f"test_{name}" for name in names} <= set(globals())
