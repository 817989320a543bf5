"""cached(): every kind of function, the wrapper's surface, the key."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import pickle
import weakref

import pinyon
import pytest
from pinyon import MISS


def plain(a: int, b: int = 2, *, c: int = 3) -> tuple:
    """Doc of plain."""
    return a, b, c


def test_bare_and_with_options(cache, calls):
    @cache.cached
    def bare(x):
        calls.append(x)
        return x

    @cache.cached(ttl="10m", version=2)
    def full(x):
        calls.append(x)
        return -x

    assert [bare(1), bare(1), full(1), full(1)] == [1, 1, -1, -1]
    assert calls == [1, 1]


def test_what_update_wrapper_promises(cache):
    cached = cache.cached(plain)
    assert cached.__name__ == "plain"
    assert cached.__qualname__ == "plain"
    assert cached.__doc__ == "Doc of plain."
    assert cached.__wrapped__ is plain
    assert inspect.signature(cached) == inspect.signature(plain)
    assert "plain" in repr(cached)
    assert cached.cache is cache


def test_calls_that_mean_the_same_meet(cache, calls):
    @cache.cached
    def f(a, b=2, *, c=3):
        calls.append((a, b, c))
        return a, b, c

    for result in (f(1), f(1, 2), f(a=1), f(1, b=2, c=3), f(b=2, a=1)):
        assert result == (1, 2, 3)
    assert calls == [(1, 2, 3)]


def test_types_are_told_apart(cache):
    @cache.cached
    def kind(x):
        return type(x).__name__

    assert [kind(x) for x in (1, 1.0, True, "1", b"1", None)] == [
        "int", "float", "bool", "str", "bytes", "NoneType",
    ]  # fmt: skip


def test_args_and_kwargs(cache, calls):
    @cache.cached
    def f(*args, **kwargs):
        calls.append((args, kwargs))
        return [args, kwargs]

    f(1, 2, x=3, y=4)
    f(1, 2, y=4, x=3)
    f(12)
    f(1, 2)
    assert len(calls) == 3
    assert f(*range(40)) == [tuple(range(40)), {}]
    assert f(**{f"k{i}": i for i in range(40)})[1]["k39"] == 39


def test_wrong_arguments_raise_as_python_does(cache):
    cached = cache.cached(plain)
    for args, kwargs in (((), {}), ((1, 2, 3), {}), ((1,), {"z": 1}), ((1,), {"a": 1})):
        with pytest.raises(TypeError) as expected:
            plain(*args, **kwargs)
        with pytest.raises(TypeError) as seen:
            cached(*args, **kwargs)
        assert str(seen.value) == str(expected.value)


def test_an_argument_that_cannot_be_a_key(cache):
    @cache.cached
    def f(x):
        return 1

    with pytest.raises(TypeError, match=r"'?x'?.*key="):
        f(object())
    with pytest.raises(TypeError, match="key="):
        f(x=lambda: 0)


def test_key_by_function_and_by_template(cache, calls):
    class User:
        def __init__(self, uuid):
            self.uuid = uuid

    @cache.cached(key=lambda user: user.uuid, name="by_function")
    def one(user):
        calls.append(user.uuid)
        return user.uuid

    @cache.cached(key="{user.uuid}:{page}", name="by_template")
    def two(user, page=1):
        calls.append((user.uuid, page))
        return page

    assert [one(User(7)), one(User(7)), one(User(8))] == [7, 7, 8]
    assert [two(User(7)), two(User(7), 1), two(User(7), page=2)] == [1, 1, 2]
    assert calls == [7, 8, (7, 1), (7, 2)]


TEMPLATES = [
    ("{a}:{b}", ("1:2", "3"), ("1", "2:3")), ("{a}", (1, 0), ("1", 0)),
    ("{a}", (1, 0), (1.0, 0)), ("{a}{b}", ("x", ""), ("", "x")),
    ("{a}", ("None", 0), (None, 0)), ("{a[0]}-{b}", ("x-y", 0), ("x", "y-0")),
    ("{a!s}:{b!s}", ("1:2", "3"), ("1", "2:3")),
]  # fmt: skip


@pytest.mark.parametrize(("key", "one", "other"), TEMPLATES)
def test_a_template_keeps_fields_apart(cache, key, one, other):
    def f(a, b):
        return [a, b]

    if "[0]" in key:
        one, other = ([one[0]], one[1]), ([other[0]], other[1])
    f = cache.cached(key=key, name="f")(f)
    assert (f(*one), f(*other)) == (list(one), list(other))
    assert (f(*one), f(*other)) == (list(one), list(other))
    assert f.cache_stats()["loads"] == 2


def test_a_template_with_a_format_is_text(cache, calls):
    @cache.cached(key="{a!s}/{b:>{width}.1f}", name="f")
    def f(a, b, *rest, width=6, **more):
        calls.append(a)
        return b

    assert f(1, 2.0) == f("1", 2.04) == f("1", 2, 7, x=8) == 2
    assert f(1, 2.0, width=9) == 2
    assert len(calls) == 2
    g = cache.cached(key="{{}}{args[0]}{kw[x]}", name="g")(lambda *args, **kw: kw["x"])
    assert (g(1, x=2), g(2, x=2), g(1, x=3), g(1, 9, x=2)) == (2, 2, 3, 2)
    assert g.cache_stats()["loads"] == 3


def test_version_and_name_are_in_the_key(cache):
    f = cache.cached(plain)
    g = cache.cached(version=2, name="other")(plain)
    assert f.cache_key(1).startswith(f"{__name__}.plain:1.")
    assert g.cache_key(1).startswith("other:2.")
    f(1)
    assert cache.get(f.cache_key(1)) == (1, 2, 3)
    part = cache.namespace("n")
    h = part.cached(plain)
    h(5)
    assert part.get(h.cache_key(5)) == (5, 2, 3)


def test_none_is_a_value(cache, calls):
    f = cache.cached(name="f")(calls.wrap(lambda *a: None))
    assert f(1) is None
    assert f(1) is None
    assert len(calls) == 1


def test_exceptions_are_not_cached(cache, calls):
    @cache.cached
    def f(x):
        calls.append(x)
        raise LookupError(x)

    for _ in range(2):
        with pytest.raises(LookupError):
            f(1)
    assert calls == [1, 1]
    assert f.cache_stats()["load_errors"] == 2


def test_a_stop_iteration_stays_one(cache):
    @cache.cached
    def f():
        raise StopIteration("mine")

    with pytest.raises(StopIteration, match="mine"):
        f()


# ---- The surface -------------------------------------------------------------------


def test_cache_info_is_that_of_functools(cache):
    f = cache.cached(plain)
    f(1), f(1), f(2)
    info = f.cache_info()
    size = None if cache._is_far else 2  # an engine elsewhere is not walked
    assert info == (1, 2, None, size)
    assert len(info) == 4
    assert info._fields == functools.lru_cache(plain).cache_info()._fields
    f.cache_clear()
    assert f.cache_info() == (0, 0, None, size and 0)


def test_clear_is_of_one_function(cache):
    f, g = cache.cached(plain), cache.cached(name="g")(plain)
    f(1), g(1)
    cache.set("k", 1)
    f.cache_clear()
    assert not f.cache_contains(1)
    assert g.cache_contains(1)
    assert cache.get("k") == 1
    assert f(1) == (1, 2, 3)
    assert f.cache_contains(1)


def test_the_rest_of_the_surface(cache, calls):
    f = cache.cached(ttl=60, name="f", stale=5)(calls.wrap())
    assert f.cache_get(1) is MISS
    assert not MISS
    assert f.cache_contains(1) is False
    f(1)
    before = cache.stats()
    assert f.cache_contains(1) is True
    assert cache.stats()["calls"] == before["calls"]
    if before["store"] is not None:
        assert cache.stats()["store"]["hits"] == before["store"]["hits"]
    assert f.cache_get(1) == 1
    assert f.cache_set("other", 1) is True
    assert f(1) == "other"
    assert f.cache_refresh(1) == 1
    assert f(1) == 1
    assert f.cache_invalidate(1) is True
    assert f.cache_invalidate(1) is False
    assert len(calls) == 2
    assert f.cache_parameters() == {"ttl": 60, "version": 1, "stale": 5}
    stats = f.cache_stats()
    assert (stats["hits"], stats["misses"], stats["loads"]) == (2, 1, 2)


def test_each_call_to_the_store_has_a_twin(cache, calls):
    class Shop(Shape):
        @cache.cached(ttl=60)
        async def price(self, article):
            calls.append(article)
            return article * 2

    @cache.cached(ttl=60, name="plain")
    def price(article):
        return article * 3

    async def check(f, factor):
        assert await f.acache_get(1) is MISS
        assert await f.acache_contains(1) is False
        assert await f.acache_set("other", 1) is True
        assert await f.acache_get(1) == "other"
        assert await f.acache_contains(1) is True
        assert await f.acache_contains(2) is False
        assert await f.acache_refresh(1) == factor
        assert await f.acache_get(1) == factor
        assert await f.acache_invalidate(1) is True
        assert await f.acache_invalidate(1) is False
        await f.acache_refresh(1), await f.acache_refresh(2)
        await f.acache_clear()
        assert not await f.acache_contains(1)
        assert not await f.acache_contains(2)
        assert f.cache_stats()["loads"] == 0  # forgotten with the results

    async def main():
        await check(Shop(7).price, 2)
        await check(price, 3)

    asyncio.run(main())
    assert calls == [1, 1, 2]


def test_every_call_to_the_store_has_one():
    """Also on a method: it would go to the function without its object otherwise."""
    at_once = {"cache_info", "cache_stats", "cache_key", "cache_parameters"}
    for kind in (pinyon.cached.Cached, pinyon.cached.BoundCached):
        for name in vars(pinyon.cached.Cached):
            if name.startswith("cache_") and name not in at_once:
                assert inspect.iscoroutinefunction(vars(kind)[f"a{name}"]), name


def test_tags(cache, calls):
    f = cache.cached(name="f", tags=lambda u: [f"user:{u}"])(calls.wrap())
    g = cache.cached(name="g", tags=["all"])(calls.wrap())
    f(1), f(2), g(1)
    cache.invalidate_tag("user:1")
    assert [f.cache_contains(1), f.cache_contains(2), g.cache_contains(1)] == [
        False, True, True,
    ]  # fmt: skip
    cache.invalidate_tag("all")
    assert not g.cache_contains(1)


def test_bypass(cache, calls):
    f = cache.cached(name="f")(calls.wrap())
    f(1)
    with cache.bypass():
        f(1), f(1)
        with cache.bypass():
            f(1)
        f(1)
        assert cache.get_or_load("k", lambda: 1) == 1
        assert "k" not in cache
    f(1)
    assert len(calls) == 5
    assert f.cache_stats()["bypassed"] == 4


def test_bypass_is_of_one_thread(cache, calls):
    import threading

    f = cache.cached(name="f")(calls.wrap())
    f(1)
    with cache.bypass():
        thread = threading.Thread(target=f, args=(1,))
        thread.start()
        thread.join()
    assert len(calls) == 1


# ---- Methods -----------------------------------------------------------------------


class Shape:
    def __init__(self, size):
        self.size = size

    def __pinyon_key__(self):
        return self.size


def test_methods(cache, calls):
    class Square(Shape):
        @cache.cached
        def area(self, times=1):
            """Doc."""
            calls.append(self.size)
            return self.size**2 * times

    a, b, also_a = Square(2), Square(3), Square(2)
    assert [a.area(), a.area(), also_a.area(times=1), b.area()] == [4, 4, 4, 9]
    assert calls == [2, 3]
    assert Square.area(a) == 4
    assert a.area.__self__ is a
    assert a.area.__func__ is Square.area
    assert a.area.__doc__ == "Doc."
    assert a.area.cache_key() == Square.area.cache_key(a)
    assert a.area.cache_contains()
    assert a.area.cache_get() == 4
    assert a.area.cache_info()[:2] == Square.area.cache_info()[:2]
    assert a.area.cache_set(5) is True
    assert a.area() == 5
    assert a.area.cache_refresh() == 4
    assert a.area.cache_invalidate() is True
    assert b.area.cache_contains()
    a.area.cache_clear()
    assert not b.area.cache_contains()


def test_a_method_keeps_no_instance_alive(cache):
    class Thing(Shape):
        @cache.cached
        def get(self):
            return 1

    thing = Thing(1)
    thing.get(), thing.get()
    gone = weakref.ref(thing)
    del thing
    gc.collect()
    assert gone() is None


def test_an_instance_without_a_key_says_what_to_do(cache):
    class Thing:
        @cache.cached
        def get(self):
            return 1

    with pytest.raises(TypeError, match=r"self.*(key=|__pinyon_key__)"):
        Thing().get()


@pytest.mark.parametrize("inside", [True, False])
def test_static_and_class_methods(cache, calls, inside):
    def order(kind, function):
        return kind(cache.cached(function)) if inside else cache.cached(kind(function))

    def double(x):
        calls.append(x)
        return 2 * x

    def name_of(cls, x):
        calls.append(x)
        return [cls.__name__, x]

    class Base:
        __qualname__ = "Base"  # a class within a function has no name for keys
        s = order(staticmethod, double)
        c = order(classmethod, name_of)

    class Derived(Base):
        __qualname__ = "Derived"

    assert [Base.s(1), Base().s(1), Derived.s(1)] == [2, 2, 2]
    assert [Base.c(1), Base().c(1), Derived.c(1)] == [
        ["Base", 1], ["Base", 1], ["Derived", 1],
    ]  # fmt: skip
    assert len(calls) == 3


# ---- Coroutine functions -----------------------------------------------------------


def test_async(cache, calls):
    @cache.cached(ttl=60)
    async def f(x):
        calls.append(x)
        await asyncio.sleep(0)
        return x

    async def main():
        first = await f(1)
        again = await f(1)
        task = await asyncio.create_task(f(1))
        both = await asyncio.gather(f(1), f(2))
        return [first, again, task, *both]

    assert asyncio.run(main()) == [1, 1, 1, 1, 2]
    assert asyncio.run(f(1)) == 1
    assert calls == [1, 2]
    assert asyncio.iscoroutinefunction(f)


def test_async_of_partial_and_of_callable_objects(cache):
    async def add(a, b):
        return a + b

    class Adder:
        async def __call__(self, a):
            return a + 1

    f = cache.cached(name="p")(functools.partial(add, 1))
    g = cache.cached(name="o")(Adder())

    async def main():
        return [await f(2), await f(2), await g(1), await g(1)]

    assert asyncio.run(main()) == [3, 3, 2, 2]


def test_an_awaited_hit_is_spent(cache):
    @cache.cached
    async def f():
        return [1]

    async def main():
        await f()
        hit = f()
        assert await hit == [1]
        with pytest.raises(RuntimeError, match="already awaited"):
            await hit
        f().close()
        with pytest.raises(ValueError, match="mine"):
            f().throw(ValueError("mine"))

    asyncio.run(main())


def test_async_method(cache):
    class Thing(Shape):
        @cache.cached
        async def get(self, x):
            return [self.size, x]

    async def main():
        return [await Thing(1).get(2), await Thing(1).get(2), await Thing(3).get(2)]

    assert asyncio.run(main()) == [[1, 2], [1, 2], [3, 2]]


# ---- What cannot be decorated ------------------------------------------------------


def test_generators_are_refused(cache):
    def generator():
        yield 1

    async def agenerator():
        yield 1

    for function in (generator, agenerator):
        with pytest.raises(TypeError, match="generator"):
            cache.cached(function)


def test_what_is_no_function_is_refused(cache):
    for thing in (1, "text", int, cache.cached(plain)):
        with pytest.raises(TypeError):
            cache.cached(thing)


def test_what_has_no_name_wants_one(cache):
    for thing in (lambda x: x, functools.partial(plain, 1)):
        with pytest.raises(pinyon.ConfigError, match="name="):
            cache.cached(thing)
        cache.cached(name=f"n{id(thing)}")(thing)


def test_two_functions_do_not_share_a_name(cache):
    def make(n):
        def f(x):
            return n + x

        return f

    cache.cached(name="f")(plain)
    with pytest.raises(pinyon.ConfigError, match="name="):
        cache.cached(name="f")(test_bypass)
    cache.cached(make(1))
    with pytest.raises(pinyon.ConfigError, match=r"other values of \['n'\]"):
        cache.cached(make(2))
    cache.cached(name="two")(make(2))
    cache.cached(plain)
    cache.cached(plain)  # decorated again: a reload


def test_a_cached_function_is_pickled_by_name(cache, monkeypatch):
    monkeypatch.setitem(globals(), "plain", cache.cached(plain))
    assert pickle.loads(pickle.dumps(globals()["plain"])) is globals()["plain"]
