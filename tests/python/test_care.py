"""Memory, garbage, the end of the interpreter, several interpreters."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import textwrap
import weakref

import pinyon
import pytest
from pinyon.far import FarCache


def blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()


def leaks(body, rounds: int = 10_000) -> int:
    """How many blocks `rounds` runs leave behind, after some to warm up."""
    for _ in range(200):
        body()
    before = blocks()
    for _ in range(rounds):
        body()
    return blocks() - before


class Refuse:
    """Not encodable."""


def each_call(cache):
    f = cache.cached(name="f", tags=["t"])(lambda a, b=2: [1, b])
    g = cache.cached(name="g", key=lambda a: (a, "x"))(lambda a: a)
    method = type("K", (), {"__pinyon_key__": lambda self: 1, "m": f})()
    value = {"a": [1, 2.5, (3, None)], "b": b"x" * 50}
    long = b"y" * 9000

    def refused(call, *args, **kwargs):
        try:
            call(*args, **kwargs)
        except Exception:
            return
        raise AssertionError("not refused")

    def run(coroutine):
        try:
            coroutine.send(None)
        except StopIteration:
            return

    async def load():
        return 1

    h = cache.cached(name="h")(load)
    asyncio.run(h())
    cache.set("long", long)
    return {
        "get": lambda: cache.get("k"),
        "miss": lambda: cache.get("absent", default=3),
        "get long": lambda: cache.get("long"),
        "get bytes key": lambda: cache.get(b"k"),
        "get long key": lambda: cache.get("k" * 400),
        "gets": lambda: cache.gets("k"),
        "set": lambda: cache.set("k", value, ttl="1h", tags=["t", "u"]),
        "set long": lambda: cache.set("long", long, 60),
        "add": lambda: cache.add("k", value),
        "replace": lambda: cache.replace("k", 1),
        "cas": lambda: cache.cas("k", value, cache.gets("k")[1]),
        "many": lambda: (
            cache.set_many({"a": 1, "b": value, "long": long}, 60),
            cache.get_many(["a", "b", "long", "zz"]),
            cache.delete_many(["a", "zz"]),
        ),
        "counters": lambda: (cache.incr("n", 2), cache.decr("n", ttl=60)),
        "about": lambda: (cache.ttl("k"), "k" in cache, cache.touch("k", 9)),
        "groups": lambda: cache.invalidate_tags(["x", "y"]),
        "stats": lambda: cache.stats(),
        "hit": lambda: f(1),
        "hit by keyword": lambda: f(a=1, b=3),
        "hit by key": lambda: g(1),
        "bound hit": lambda: method.m(),
        "miss and load": lambda: (f.cache_invalidate(9), f(9)),
        "refresh": lambda: f.cache_refresh(5),
        "awaited hit": lambda: run(h()),
        "load": lambda: (cache.delete("l"), cache.get_or_load("l", lambda: [1], 60)),
        "bad key": lambda: refused(cache.get, 7),
        "bad ttl": lambda: refused(cache.set, "k", 1, "soon"),
        "bad value": lambda: refused(cache.set, "k", [Refuse()]),
        "bad tags": lambda: refused(cache.set, "k", 1, tags="t"),
        "bad call": lambda: refused(cache.get, nope=1),
        "bad argument": lambda: refused(f, Refuse()),
        "bad signature": lambda: refused(f, 1, 2, 3),
        "bad url": lambda: refused(pinyon.Cache, "http://h"),
        "open and close": None,
    }


CALLS = list(each_call(pinyon.Cache("mem://?size=8MiB")))


@pytest.mark.parametrize("name", CALLS)
def test_leak(cache, name):
    """Flat over many calls: no reference is lost, on good ways and on bad ones."""
    if name == "awaited hit" and isinstance(cache, FarCache):
        pytest.skip("a far hit suspends its task: see test_core_loops.py")
    body = each_call(cache)[name]
    rounds = 10_000 if body else 300

    def open_and_close():
        with pinyon.Cache("mem://?size=4MiB", namespace="n") as other:
            other.namespace("m").cached(name="f")(len)

    assert leaks(body or open_and_close, rounds) < rounds // 50


def test_cycles_are_collected(cache):
    def make():
        class Owner:
            pass

        owner = Owner()

        @cache.cached(name="cycle", key=lambda x: (x, owner.f)[0])
        def f(x):
            return owner

        owner.f = f
        return weakref.ref(owner)

    gone = make()
    gc.collect()
    assert gone() is None


def test_a_cache_goes_with_its_last_function():
    cache = pinyon.Cache("mem://?size=8MiB")
    f = cache.cached(name="f")(len)
    home = weakref.ref(cache._home)
    del cache
    gc.collect()
    assert home() is not None
    del f
    gc.collect()
    assert home() is None


def run_program(text: str, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-Werror", "-c", textwrap.dedent(text), *args],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("scheme", ["mem", "shm"])
def test_the_end_of_the_interpreter(region, scheme):
    """Open caches, a loading thread, functions called from finalizers and atexit."""
    url = "mem://?size=8MiB" if scheme == "mem" else f"shm://{region}?size=8MiB"
    out = run_program(
        """
        import atexit, sys, threading, time
        import pinyon

        cache = pinyon.Cache(sys.argv[1])

        @cache.cached
        def f(x):
            if x == "slow":
                time.sleep(3600)
            return x

        class Late:
            def __del__(self, f=f):
                assert f(1) == 1

        late = Late()
        f.late = late
        f(1)
        threading.Thread(target=f, args=("slow",), daemon=True).start()
        atexit.register(lambda: print(f(1)))
        print("end")
        """,
        url,
    )
    assert out == "end\n1\n"


def test_two_interpreters(region):
    """The module keeps nothing outside itself: another interpreter in this process
    has its own, and they meet in the store."""
    run_program(
        """
        import sys, textwrap
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            sys.exit(0)
        import pinyon
        url = sys.argv[1]
        with pinyon.Cache(url) as cache:
            cache.set("k", {"from": "main"})
            child = interpreters.create()
            interpreters.run_string(child, textwrap.dedent(f'''
                import pinyon
                with pinyon.Cache({url!r}) as cache:
                    assert cache.get("k") == {{"from": "main"}}
                    f = cache.cached(name="f")(lambda x: [x])
                    assert f(1) == f(1) == [1]
                    try:
                        cache.get(7)
                    except pinyon.KeyTypeError:
                        cache.set("done", True)
            '''))
            interpreters.destroy(child)
            assert cache.get("done") is True
            try:
                cache.get(7)
            except pinyon.KeyTypeError:
                pass
        """,
        f"shm://{region}?size=8MiB",
    )


def test_a_client_in_another_interpreter(redis):
    """It works, but for a function that would be called back there."""
    run_program(
        """
        import sys, textwrap
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            sys.exit(0)
        child = interpreters.create()
        interpreters.run_string(child, textwrap.dedent(f'''
            import asyncio, pinyon
            with pinyon.Client({sys.argv[1]!r}) as client:
                assert client.set("k", "v")
                assert client.mget("k", "no") == [b"v", None]
                async def main():
                    assert await client.aget("k") == b"v"
                asyncio.run(main())
            try:
                pinyon.Client({sys.argv[1]!r}, address_remap=lambda at: at)
            except pinyon.ConfigError as error:
                assert "main interpreter" in str(error), error
            else:
                raise AssertionError("it was taken")
        '''))
        interpreters.destroy(child)
        """,
        f"redis://{redis.address}",
    )


def test_importing_keeps_the_gil_off_where_it_is_off():
    run_program(
        """
        import sys
        before = getattr(sys, "_is_gil_enabled", lambda: True)()
        import pinyon
        assert getattr(sys, "_is_gil_enabled", lambda: True)() == before
        """
    )
