"""What replies become: the same from RESP2 and RESP3, with and without decoding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

__all__ = [
    "boolean",
    "booleans",
    "floating",
    "floats",
    "mapping",
    "members",
    "ok",
    "record",
    "records",
    "scored",
    "text",
    "when",
]


def text(reply: Any) -> str:
    """A str whatever the client decodes: for names, states and the like."""
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)


def maybe_text(reply: Any) -> str | None:
    return None if reply is None else text(reply)


def texts(reply: Any) -> list[str]:
    return [text(part) for part in reply or ()]


def ok(reply: Any) -> bool:
    """True for OK; False for null, as of a SET NX that did nothing."""
    return reply is not None and text(reply) == "OK"


def ok_or_none(reply: Any) -> bool | None:
    return None if reply is None else ok(reply)


def boolean(reply: Any) -> bool:
    return bool(reply)


def booleans(reply: Any) -> list[bool]:
    return [bool(part) for part in reply]


def floating(reply: Any) -> float | None:
    """RESP3 has doubles, RESP2 their text."""
    return None if reply is None else float(reply)


def number(reply: Any) -> float:
    return float(reply)


def floats(reply: Any) -> list[float | None]:
    return [floating(part) for part in reply]


def when(reply: Any) -> datetime:
    """UTC."""
    return datetime.fromtimestamp(int(reply), UTC)


def members(reply: Any) -> set[Any]:
    return reply if isinstance(reply, set) else set(reply or ())


def _twos(reply: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Pairs of a flat list, or of a list of pairs."""
    found = list(reply)
    if found and isinstance(found[0], list | tuple):
        return [(a, b) for a, b in found]
    return list(zip(found[::2], found[1::2], strict=True))


def two_lists(reply: Any) -> list[tuple[Any, Any]]:
    return _twos(reply or ())


def mapping(reply: Any) -> dict[Any, Any]:
    """RESP3 has maps, RESP2 flat lists."""
    return reply if isinstance(reply, dict) else dict(_twos(reply or ()))


def maybe_mapping(reply: Any) -> dict[Any, Any] | None:
    return None if reply is None else mapping(reply)


def record(reply: Any) -> dict[str, Any]:
    """A map whose keys are names the server gives."""
    return {text(k): v for k, v in mapping(reply).items()}


def records(reply: Any) -> list[dict[str, Any]]:
    return [record(part) for part in reply or ()]


def text_record(reply: Any) -> dict[str, str]:
    return {text(k): text(v) for k, v in mapping(reply).items()}


# ---- Sorted sets ----------------------------------------------------------------


def scored(reply: Any) -> list[tuple[Any, float]]:
    return [(member, float(score)) for member, score in _twos(reply or ())]


def one_scored(reply: Any) -> tuple[Any, float] | None:
    found = scored(reply)
    return found[0] if found else None


def rank_score(reply: Any) -> tuple[int, float] | None:
    return None if reply is None else (reply[0], float(reply[1]))


def popped(reply: Any) -> tuple[Any, Any, float] | None:
    """Of BZPOPMIN: key, member, score."""
    return None if reply is None else (reply[0], reply[1], float(reply[2]))


def popped_scored(reply: Any) -> tuple[Any, list[tuple[Any, float]]] | None:
    """Of ZMPOP: key, members with scores."""
    return None if reply is None else (reply[0], scored(reply[1]))


def pair(reply: Any) -> tuple[Any, Any] | None:
    return None if reply is None else (reply[0], reply[1])


# ---- Cursors --------------------------------------------------------------------


def cursor(of: Callable[[Any], Any]) -> Callable[[Any], tuple[int, Any]]:
    """The next cursor, and what was found."""
    return lambda reply: (int(reply[0]), of(reply[1]))


def as_is(reply: Any) -> Any:
    return reply


# ---- Streams --------------------------------------------------------------------


def entry(reply: Any) -> tuple[Any, dict[Any, Any] | None]:
    """An id and its fields; None for those of a deleted entry."""
    return reply[0], maybe_mapping(reply[1])


def entries(reply: Any) -> list[tuple[Any, dict[Any, Any] | None]]:
    return [entry(part) for part in reply or () if part is not None]


def streams(reply: Any) -> dict[Any, list[tuple[Any, dict[Any, Any] | None]]]:
    return {name: entries(found) for name, found in mapping(reply).items()}


def claimed(reply: Any) -> tuple[Any, Any, list[Any]]:
    """Of XAUTOCLAIM: where to go on, entries or ids, ids that are no more."""
    found = reply[1]
    if found and isinstance(found[0], list | tuple):
        found = entries(found)
    return reply[0], found, list(reply[2]) if len(reply) > 2 else []


def pending(reply: Any) -> dict[str, Any]:
    """Of XPENDING: how many, the least and greatest id, how many by consumer."""
    consumers = {name: int(n) for name, n in _twos(reply[3] or ())}
    return {
        "pending": reply[0],
        "min": reply[1],
        "max": reply[2],
        "consumers": consumers,
    }


def pending_entries(reply: Any) -> list[dict[str, Any]]:
    names = ("message_id", "consumer", "time_since_delivered", "times_delivered")
    return [dict(zip(names, part, strict=True)) for part in reply or ()]


def stream_info(reply: Any) -> dict[str, Any]:
    found = record(reply)
    for name in ("first-entry", "last-entry"):
        if found.get(name) is not None:
            found[name] = entry(found[name])
    if "entries" in found:
        found["entries"] = entries(found["entries"])
        found["groups"] = [_group(part) for part in found["groups"]]
    return found


def _group(reply: Any) -> dict[str, Any]:
    found = record(reply)
    found["consumers"] = records(found.get("consumers"))
    return found


# ---- Places ---------------------------------------------------------------------


def positions(reply: Any) -> list[tuple[float, float] | None]:
    return [None if p is None else (float(p[0]), float(p[1])) for p in reply]


def places(withdist: bool, withhash: bool, withcoord: bool) -> Callable[[Any], Any]:
    """Names, or lists of a name and what was asked for beside it."""
    if not (withdist or withhash or withcoord):
        return as_is

    def place(row: Any) -> list[Any]:
        found, rest = [row[0]], list(row[1:])
        if withdist:
            found.append(float(rest.pop(0)))
        if withhash:
            found.append(rest.pop(0))
        if withcoord:
            found.append((float(rest[0][0]), float(rest[0][1])))
        return found

    return lambda reply: [place(row) for row in reply]


# ---- What servers tell of themselves ---------------------------------------------


def _value(word: str) -> Any:
    """A number where it is one."""
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


def info(reply: Any) -> dict[str, Any]:
    """The lines of INFO; ``k=v,k=v`` becomes a dict."""
    found: dict[str, Any] = {}
    for line in text(reply).splitlines():
        name, colon, value = line.partition(":")
        if not colon or name.startswith("#"):
            continue
        parts = [part.split("=", 1) for part in value.split(",")]
        if "=" in value and all(len(part) == 2 for part in parts):
            found[name] = {k: _value(v) for k, v in parts}
        else:
            found[name] = _value(value)
    return found


def client_info(reply: Any) -> dict[str, str]:
    words = (word.partition("=") for word in text(reply).split())
    return {name: value for name, _, value in words}


def client_list(reply: Any) -> list[dict[str, str]]:
    return [client_info(line) for line in text(reply).splitlines()]


def time(reply: Any) -> tuple[int, int]:
    return int(reply[0]), int(reply[1])


def slowlog(reply: Any) -> list[dict[str, Any]]:
    names = ("id", "start_time", "duration", "command", "client_address", "client_name")
    return [dict(zip(names, row, strict=False)) for row in reply]


def cluster_nodes(reply: Any) -> list[dict[str, Any]]:
    """The lines of CLUSTER NODES."""
    names = ["id", "address", "flags", "primary", "ping_sent", "pong_received"]
    names += ["epoch", "link"]
    found = []
    for line in text(reply).splitlines():
        words = line.split()
        row: dict[str, Any] = dict(zip(names, words, strict=False))
        row["flags"] = row["flags"].split(",")
        row["primary"] = None if row["primary"] == "-" else row["primary"]
        row["slots"] = words[len(names) :]
        found.append(row)
    return found


def shards(reply: Any) -> list[dict[str, Any]]:
    found = []
    for part in reply:
        row = record(part)
        row["slots"] = list(zip(row["slots"][::2], row["slots"][1::2], strict=True))
        row["nodes"] = [
            {k: text(v) if isinstance(v, bytes) else v for k, v in node.items()}
            for node in records(row["nodes"])
        ]
        found.append(row)
    return found


def libraries(reply: Any) -> list[dict[str, Any]]:
    """Of FUNCTION LIST."""
    found = records(reply)
    for row in found:
        row["functions"] = records(row.get("functions"))
    return found


def user(reply: Any) -> dict[str, Any] | None:
    """Of ACL GETUSER."""
    if reply is None:
        return None
    found = record(reply)
    for name in ("flags", "passwords"):
        if name in found:
            found[name] = sorted(texts(found[name]))
    return found
