"""Every example runs, says what it promises, and leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from programs import ROOT, SECONDS, processes_of, regions, run, wait_until

from tests.servers import Cluster, Memcached


def example(name: str, **environment: str) -> list[str]:
    return run(f"examples/{name}.py", **environment).splitlines()


def numbers(line: str, *patterns: str) -> list[int]:
    """What stands in the place of each group of a pattern in a line."""
    found = [re.search(pattern, line) for pattern in patterns]
    assert all(found), line
    return [int(group) for match in found if match for group in match.groups()]


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


def test_redis_worker() -> None:
    sale, bought, sold, again, told, page = run(
        "-m", "examples.redis_worker"
    ).splitlines()
    assert re.fullmatch(r"redis://\S+: 40 tickets, on sale at http://\S+ and \S+", sale)
    assert bought.startswith("8 customers bought 40 tickets: [")
    assert sum(json.loads(bought.partition(": ")[2])) == 40
    assert sold == "40 were sold, 0 are left"
    assert again.endswith("sales were tried again, for another had come between")
    assert told == "workers that heard that there are no more: 2"
    # Each customer looks before each try, of which 20 succeed and 8 do not; and once
    # more at the end.
    assert page.startswith("a page says: sold out; 29 views, ")


def test_redis_worker_at_a_server_of_ones_own() -> None:
    with Cluster(3, 0, is_calm=True) as cluster:
        url = f"redis+cluster://{cluster.addresses[0]}"
        said = run("examples/redis_worker.py", url)  # which needs no repository
        assert "40 were sold, 0 are left" in said
        assert [node.call("DBSIZE") for node in cluster.nodes] == [0, 0, 0]


def test_memcached_fleet() -> None:
    said = run("-m", "examples.memcached_fleet").splitlines()
    assert re.fullmatch(r"memcached://\S+,\S+,(\S+): 300 articles", said[0])
    assert said[3].startswith("SIGKILL to ")
    assert said[6].endswith(" is back, empty")
    assert said[10].startswith("no exception; ")
    hidden = numbers(said[10], r"exception; (\d+) calls")[0]
    rounds = [said[line] for line in (1, 2, 4, 5, 7, 8, 9)]
    queries = [numbers(r, r"(\d+) queries for 300 requests;")[0] for r in rounds]
    assert queries[0] == 300
    assert queries[1] <= hidden
    # A third of the articles, once when it dies and once when it is back; more only for
    # what could not be stored in the moments before it was known to be dead.
    killed, back = sum(queries[2:4]), sum(queries[4:])
    assert 50 <= killed <= 150 + hidden
    assert 50 <= back <= 150 + hidden
    first, dead, third, spare = numbers(
        rounds[3], r"server: (\d+) (\d+) \(down\) (\d+) spare (\d+)"
    )
    before = numbers(rounds[1], r"server: (\d+) \d+ (\d+) spare 0")
    assert dead == 0 < spare
    assert [first, third] == pytest.approx(before, abs=30)  # its neighbours' part


def test_memcached_fleet_of_ones_own() -> None:
    with Memcached() as one, Memcached() as other:
        url = f"memcached://{one.address},{other.address}?timeout=20"
        said = run("examples/memcached_fleet.py", url, "--rounds=2").splitlines()
    assert len(said) == 4
    assert said[2].startswith("round 2:   0 queries for 300 requests; ")
    assert said[3].startswith("no exception; 0 calls met trouble")


def test_async_cluster() -> None:
    said = run("-m", "examples.async_cluster").splitlines()
    starting, burst, killed, promoted, tasks, slots = said
    assert starting == "a cluster of 3 + 3 is starting"
    assert burst.startswith("5,000 values: as many calls to write them")
    victim = killed.removeprefix("SIGKILL to primary ")
    heir = promoted.split()[5]
    assert promoted.endswith(f" s later its replica {heir} is promoted")
    assert re.match(
        r"50 tasks made [\d,]+ calls: no exception, 0 wrong values; ", tasks
    )
    assert heir in slots
    assert victim not in slots


def test_async_cluster_of_ones_own() -> None:
    with Cluster(3, 0, is_calm=True) as cluster:
        url = f"redis+cluster://{cluster.addresses[0]}"
        said = run("examples/async_cluster.py", url, "--seconds=0.2").splitlines()
        assert said[1] == "kill a primary, if you like: 0.2 s"
        assert "no exception, 0 wrong values; 0 calls waited" in said[2]
        assert [node.call("DBSIZE") for node in cluster.nodes] == [0, 0, 0]


OF_FLEETS = ["redis_worker", "memcached_fleet", "async_cluster"]


@pytest.mark.parametrize("name", OF_FLEETS)
def test_help_and_trouble(name: str) -> None:
    assert f"python -m examples.{name}" in run(f"examples/{name}.py", "--help")
    for url, answer in (
        ("nonsense", "ConfigError: 'nonsense' is not a URL"),
        ("redis://h1,h2", "ConfigError: 2 hosts: write redis+cluster:// for"),
    ):
        failed = subprocess.run(
            [sys.executable, f"examples/{name}.py", url],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert failed.returncode == 1
        assert failed.stderr.startswith(answer)
        assert failed.stderr.count("\n") == 1  # nobody wants a traceback


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", OF_FLEETS)
def test_interrupted(name: str, ending: signal.Signals, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", f"examples.{name}"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: any(tmp_path.glob("pinyon-*/log")))  # a server starts
        process.send_signal(ending)
        complained = process.communicate(timeout=SECONDS)[1]
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, complained) == (1, "interrupted\n")
    assert list(tmp_path.iterdir()) == []
    wait_until(lambda: processes_of(tmp_path) == [])


def test_no_example_without_a_test() -> None:
    names = {path.stem for path in (ROOT / "examples").glob("[!_]*.py")}
    assert {f"test_{name}" for name in names} <= set(globals())
