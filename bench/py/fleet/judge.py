"""judge - what the project promised of its client, beside what was measured.

Every promise is a ratio to somebody measured in the same rounds, or a bare figure.
Where it is about "the best peer" that is the one whose median is best. A promise whose
other side could not be had is told: one that nobody looked at is not kept.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from report import Promise, Row

from fleet import PINYON
from fleet.calls import FLOOR, ONE_CPU, nodes_case
from fleet.loops import KEYS, RATE
from fleet.reshard import SHARING
from fleet.threads import THREADS

BEST = "the best peer"


@dataclass(frozen=True)
class Claim:
    name: str
    case: str
    other: str = ""
    """A subject's name, or how several begin: then the best of them; BEST: of all that
    are not ours; nothing: the figure itself counts."""
    sign: str = "<="
    """Nothing: it is told, and was not promised."""
    limit: float = 0.0
    subject: str = PINYON


def calls_of(engine: str, where: str, sign: str) -> list[Claim]:
    """Of one blocking caller; SIGN is empty where the place is not the promised one."""
    get, many = f"{engine} get{where}", f"{engine} get_many of 100{where}"
    tail = "_one_cpu" if where else ""
    peer, limit, many_limit = (
        ("redis-py", 0.5, 1 / 6) if engine == "redis" else ("pylibmc", 0.8, 1 / 3)
    )
    short = peer.replace("-", "_")
    return [
        Claim(f"{engine}_get_floor{tail}", get, FLOOR, sign, 1.10),
        Claim(f"{engine}_get_{short}{tail}", get, peer, sign, limit),
        Claim(f"{engine}_get_many_floor{tail}", many, FLOOR, ""),
        Claim(f"{engine}_get_many_{short}{tail}", many, peer, sign, many_limit),
    ]


def claims_of_loops(where: str, short: str) -> list[Claim]:
    gather = f"{where}: {KEYS} gets gathered"
    stream = f"{where}: {RATE} gets/s, open loop, p99"
    return [
        Claim(f"{short}_gather_best", gather, BEST, ">=", 3),
        Claim(f"{short}_p99_best", stream, BEST, "<=", 1),
    ]


CLAIMS = [
    *(
        Claim(f"{engine}_get_many_8_nodes_floor", nodes_case(engine, 8), FLOOR, "")
        for engine in ("redis", "memcached")
    ),
    *(
        claim
        for engine in ("redis", "memcached")
        for where, sign in (("", "<="), (f", {ONE_CPU}", ""))
        for claim in calls_of(engine, where, sign)
    ),
    Claim(
        "redis_gather_redis_asyncio",
        f"redis: {KEYS} gets gathered",
        "redis.asyncio",
        ">=",
        8,
    ),
    *claims_of_loops("redis", "redis"),
    *claims_of_loops("memcached", "memcached"),
    *claims_of_loops("redis on uvloop", "redis_uvloop"),
    *claims_of_loops("memcached on uvloop", "memcached_uvloop"),
    Claim(
        "threads_redis_py",
        f"redis: {THREADS} threads, one client",
        "redis-py",
        ">=",
        2,
    ),
    Claim("idle_connection", "memory of an idle connection", "", "<=", 20),
    Claim(
        "topology_queries",
        "topology queries, worst 200 ms",
        "",
        "<=",
        1,
        f"{PINYON}, {SHARING}",
    ),
]


def judge(rows: Sequence[Row]) -> list[str]:
    """Writes the promises beside the rows that they are about; a line about each that
    could not be judged although its case was measured."""
    unjudged = []
    for claim in CLAIMS:
        of_case = [row for row in rows if row.case == claim.case]
        mine = next((row for row in of_case if row.subject == claim.subject), None)
        if mine is None:
            continue
        if not claim.other:
            value, unit = mine.value, mine.unit
        else:
            other = other_of(claim, of_case)
            if other is None:
                unjudged.append(f"{claim.name}: not judged, {claim.other} left out")
                continue
            value, unit = mine.against(other), f"x {other.subject}"
        promise = Promise(claim.name, value, unit, claim.sign, claim.limit)
        mine.promises.append(promise)
    for engine, peer in (("redis", "redis-py"), ("memcached", "pylibmc")):
        tell_own_time(f"{engine} get_many of 100, {ONE_CPU}", peer, rows)
    for row in rows:
        if "nodes" in row.case and row.subject == PINYON and row.ratio is not None:
            name = row.case.split()[0] + "_get_many_8_nodes"
            row.promises.append(Promise(name, row.ratio, "x one node", "<=", 2))
    return unjudged


def tell_own_time(case: str, peer: str, rows: Sequence[Row]) -> None:
    """What is the client's in a call whose most part is the server's and the kernel's:
    its time above the bare C loop's, beside the peer's above it. Only where server and
    client share a CPU does one take away from the other."""
    of_case = {row.subject: row for row in rows if row.case == case}
    if not of_case.keys() >= {PINYON, FLOOR, peer}:
        return
    mine, floor, theirs = (of_case[name] for name in (PINYON, FLOOR, peer))
    rounds = zip(mine.samples, floor.samples, theirs.samples, strict=True)
    value = statistics.median((m - f) / (t - f) for m, f, t in rounds)
    name = f"{case.split()[0]}_get_many_own_time"
    unit = f"x {peer} above the bare C loop"
    mine.promises.append(Promise(name, value, unit))


def other_of(claim: Claim, of_case: Sequence[Row]) -> Row | None:
    """The best that the claim is about."""
    found = [
        row
        for row in of_case
        if (
            not row.subject.startswith((PINYON, FLOOR))
            if claim.other == BEST
            else row.subject.startswith(claim.other)
        )
    ]
    if not found:
        return None
    more_is_better = "/s" in found[0].unit
    return (max if more_is_better else min)(found, key=lambda row: row.value)
