"""bench_peers - Pinyon beside its peers, in one run.

Cases: a dictionary's look-up as the unit, a get and a set of a 100-byte value under a
16-character key, a decorated function's hit with one int argument, a batch of 100 keys,
and hits of several processes on what another stored. A peer that is not installed is
named and left out.

    python bench/py/bench_peers.py [--quick] [--out DIRECTORY]
"""

import argparse
import os
import statistics
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import contenders
import machine
import progress
import report
import sharing
from contenders import Contender
from report import Promise, Row
from rounds import Subject, run_rounds

KEYS = 1000
BATCH = 100
VALUE = os.urandom(100)
LIBRARIES = ("pinyon", "cachetools", "cachebox", "theine", "diskcache")

LOOKUP = "dict.get(k)"


def keys() -> list[str]:
    """16 characters each, made at run time: no interned constants."""
    return [f"user:{number:08d}:id" for number in range(KEYS)]


def get_subjects(present: list[Contender]) -> list[Subject]:
    names = {"keys": keys()}
    table = dict.fromkeys(names["keys"], VALUE)
    subjects = [
        Subject("dict[k]", "for k in keys: d[k]", {**names, "d": table}, KEYS),
        Subject(LOOKUP, "for k in keys: get(k)", {**names, "get": table.get}, KEYS),
    ]
    for one in present:
        if one.get is not None and one.name != "dict":
            scope = {**names, "get": one.get}
            subjects.append(Subject(one.name, "for k in keys: get(k)", scope, KEYS))
    return subjects


def set_subjects(present: list[Contender]) -> list[Subject]:
    names = {"keys": keys(), "v": VALUE}
    subjects = []
    for one in present:
        if one.assign is not None:
            scope = {**names, "d": one.assign}
            subjects.append(Subject(one.name, "for k in keys: d[k] = v", scope, KEYS))
        elif one.set is not None:
            scope = {**names, "put": one.set}
            subjects.append(Subject(one.name, "for k in keys: put(k, v)", scope, KEYS))
    return subjects


def cached_subjects(present: list[Contender]) -> list[Subject]:
    numbers = list(range(1000, 1000 + KEYS))
    subjects = []
    for one in present:
        if one.decorator is None:
            continue
        f = decorated(one.decorator)
        for number in numbers:
            f(number)
        scope = {"numbers": numbers, "f": f}
        subjects.append(Subject(one.name, "for n in numbers: f(n)", scope, KEYS))
    return subjects


def decorated(decorator: contenders.Decorator) -> Callable[[int], bytes]:
    calls: list[int] = []

    def load(n: int) -> bytes:
        calls.append(n)
        if len(calls) > 2 * KEYS:
            raise RuntimeError("the decorated function is called where a hit was due")
        return VALUE

    return decorator(load)


def many_subjects(present: list[Contender]) -> list[Subject]:
    names = {"keys": keys()[:BATCH]}
    subjects = []
    for one in present:
        if one.get_many is not None:
            scope = {**names, "get_many": one.get_many}
            subjects.append(Subject(one.name, "get_many(keys)", scope, 1))
        elif one.get is not None:
            scope = {**names, "get": one.get}
            statement = "{k: get(k) for k in keys}"
            subjects.append(Subject(one.name, statement, scope, 1))
    return subjects


def timed_rows(
    case: str,
    subjects: list[Subject],
    baseline: str,
    rounds: int,
    unit: str = "ns",
) -> list[Row]:
    """Times SUBJECTS and turns them into rows; ratios are to the one named BASELINE."""
    for number in run_rounds(subjects, rounds):
        progress.show(f"{case}: round {number + 1} of {rounds}")
    unit_of_case = next(s for s in subjects if s.name == baseline)
    scale = 1000 if unit == "us" else 1
    return [
        Row(case, s.name, s.ns / scale, unit, s.ratio_to(unit_of_case))
        for s in subjects
    ]


def sharing_rows(rounds: int, seconds: float) -> tuple[list[Row], list[str]]:
    rows, missing = [], []
    for kind in sharing.KINDS:
        for readers in (1, 2):
            progress.show(f"shared hits: {kind}, {readers} process(es)")
            try:
                rates = sharing.hits_per_second(kind, readers, seconds, rounds)
            except ImportError as error:
                missing.append(f"{kind}: left out of shared hits, {error}")
                break
            subject = f"{kind}, {readers} process" + "es" * (readers > 1)
            rows.append(Row("shared hits", subject, statistics.median(rates), "hits/s"))
    return rows, missing


def judge(rows: list[Row]) -> None:
    """Writes the project's promises beside the rows they are about."""
    of = {(row.case, row.subject): row for row in rows}
    for scheme, limit in (("mem", 4), ("shm", 5)):
        subject = f"pinyon {scheme}://"
        if ("get", subject) not in of:
            continue
        get = of["get", subject]
        many = of["get_many of 100", subject]
        hit = of["decorated hit", subject]
        promise(get, f"py_get_{scheme}", get.ratio, "x dict.get", "<=", limit)
        promise(many, f"py_get_many_100_{scheme}", many.value, "us", "<=", 12)
        promise(hit, f"py_cached_{scheme}", hit.ratio, "x lru_cache", "<=", 3)
        theirs = of.get(("decorated hit", "cachetools LRU"))
        if theirs is not None:
            faster = theirs.value / hit.value
            name = f"py_cached_{scheme}_against_cachetools"
            promise(hit, name, faster, "x faster than cachetools", ">=", 4)


def promise(
    row: Row, name: str, value: float | None, unit: str, sign: str, limit: float
) -> None:
    row.promises.append(Promise(name, value or 0.0, unit, sign, limit))


def versions() -> dict[str, str]:
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found


def measure(rounds: int, sharing_rounds: int) -> tuple[list[Row], list[str]]:
    values = dict.fromkeys(keys(), VALUE)
    with contenders.gather(values) as (present, missing):
        gets = get_subjects(present)
        rows = timed_rows("get", gets, LOOKUP, rounds)
        rows += timed_rows("set", set_subjects(present), "dict", rounds)
        cached = cached_subjects(present)
        rows += timed_rows("decorated hit", cached, "functools.lru_cache", rounds)
        many = many_subjects(present)
        rows += timed_rows("get_many of 100", many, "dict", rounds, "us")
    shared, absent = sharing_rows(sharing_rounds, 0.5)
    rows += shared
    judge(rows)
    return rows, missing + absent


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds: 15 seconds")
    parser.add_argument("--out", type=Path, default=machine.ROOT / "bench" / "out")
    args = parser.parse_args()

    machine.pin(1)
    print(f"# machine: {machine.describe()}; commit {machine.commit()}")
    print("# " + ", ".join(f"{k} {v}" for k, v in versions().items()))
    rows, missing = measure(*((9, 1) if args.quick else (61, 5)))
    progress.show("")
    report.print_table(rows, "Pinyon and its peers: medians, one interleaved run")
    for line in missing:
        print(line)
    report.print_results(rows)
    about: dict[str, object] = {
        "machine": machine.describe(),
        "commit": machine.commit(),
        "versions": versions(),
        "missing": missing,
    }
    report.write_json(args.out / "peers.json", rows, about)
    (args.out / "peers.md").write_text(report.markdown(rows), encoding="utf-8")
    report.draw_bars(args.out / "peers.png", rows, machine.describe())
    print(f"written: {args.out}/peers.json, peers.md, peers.png")


if __name__ == "__main__":
    main()
