"""Every example runs, says what it promises, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REGIONS = Path("/dev/shm")
SECONDS = 60  # for one example; the demo's --quick run takes about ten


def regions() -> set[str]:
    return {path.name for path in REGIONS.iterdir()}


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    before = regions()
    yield
    assert regions() - before == set()


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        timeout=SECONDS,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def example(name: str) -> list[str]:
    return run(f"examples/{name}.py").splitlines()


def test_quickstart() -> None:
    assert example("quickstart") == [
        "asking the database for article 7",
        "article 7 costs 8.75",
        "asking the database for article 8",
        "article 8 costs 10.0",
        "article 7 costs 8.75",
        "article 7 costs 8.75",
        "2 hits, 2 misses",
    ]


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


def test_flights(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    said = run("-m", "examples.flights", "--quick", "--json", str(figures))
    assert "one shared cache" in said
    results = json.loads(figures.read_text())
    none, alone, shared = (
        results["acts"][name] for name in ("none", "per-worker", "shared")
    )
    assert none["hit_ratio"] == 0
    assert none["queries"] == none["requests"]
    assert none["herd"]["queries"] == none["herd"]["callers"] == 128
    assert none["absent"]["queries"] == none["absent"]["requests"] == 120_000
    assert alone["absent"]["queries"] == 40_000
    assert shared["herd"]["queries"] == 1
    assert 10_000 <= shared["absent"]["queries"] <= 20_000
    assert results["crash"]["kills"] > 0
    assert results["crash"]["answers"] > 0
    assert results["crash"]["wrong"] == 0


def test_flights_interrupted() -> None:
    """Ctrl-C reaches the whole group, as in a terminal; nobody is left of it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "examples.flights", "--seconds", "30"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(members(process.pid)) > 4)
        os.killpg(process.pid, signal.SIGINT)
        said, complained = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert "interrupted" in said
    assert complained == ""
    wait_until(lambda: members(process.pid) == [])


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def members(group: int) -> list[int]:
    """The processes of a process group, without those that only wait for a reaper."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if int(words[2]) == group and words[0] != "Z":
            found.append(int(path.parent.name))
    return found
