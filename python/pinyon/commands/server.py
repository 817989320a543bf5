"""Servers: what they tell of themselves, settings, users, the cluster.

In a cluster a command that names no key goes to some primary, or to all of them where
only that makes sense (dbsize, flushall, script_load); execute() of a node of
:meth:`Client.nodes` asks that one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from . import shape
from .args import Call, Value


def ping(message: Value | None = None) -> Call[Any]:
    """True, or the message."""
    words = () if message is None else (message,)
    return ("PING", *words), _pong if message is None else None


def _pong(reply: Any) -> bool:
    return shape.text(reply) == "PONG"


def echo(value: Value) -> Call[Any]:
    """What was sent."""
    return ("ECHO", value), None


def time() -> Call[tuple[int, int]]:
    """The server's clock: seconds since 1970, microseconds."""
    return ("TIME",), shape.time


def info(section: str | None = None, *args: str) -> Call[dict[str, Any]]:
    """What a server tells of itself."""
    words = () if section is None else (section, *args)
    return ("INFO", *words), shape.info


def dbsize() -> Call[int]:
    """How many keys there are, in a cluster on all primaries together."""
    return ("DBSIZE",), None


def flushdb(asynchronous: bool = False) -> Call[bool]:
    """Deletes all keys of the database."""
    return ("FLUSHDB", *(("ASYNC",) if asynchronous else ())), shape.ok


def flushall(asynchronous: bool = False) -> Call[bool]:
    """Deletes all keys of all databases."""
    return ("FLUSHALL", *(("ASYNC",) if asynchronous else ())), shape.ok


def swapdb(first: int, second: int) -> Call[bool]:
    """Exchanges two databases."""
    return ("SWAPDB", first, second), shape.ok


def lastsave() -> Call[datetime]:
    """When the server last saved itself, in UTC."""
    return ("LASTSAVE",), shape.when


def save() -> Call[bool]:
    """Saves now, while everybody waits."""
    return ("SAVE",), shape.ok


def bgsave() -> Call[str]:
    """Begins to save."""
    return ("BGSAVE",), shape.text


def bgrewriteaof() -> Call[str]:
    """Begins to rewrite the log."""
    return ("BGREWRITEAOF",), shape.text


def role() -> Call[list[Any]]:
    """What the server is in replication."""
    return ("ROLE",), None


def config_get(pattern: str = "*", *args: str) -> Call[dict[str, str]]:
    """Settings by name."""
    return ("CONFIG", "GET", pattern, *args), shape.text_record


def config_set(name: str, value: Value, *args: Value) -> Call[bool]:
    """Changes settings: name, value, name ..."""
    return ("CONFIG", "SET", name, value, *args), shape.ok


def config_resetstat() -> Call[bool]:
    """Sets counters to 0."""
    return ("CONFIG", "RESETSTAT"), shape.ok


def config_rewrite() -> Call[bool]:
    """Writes the settings to the file they came from."""
    return ("CONFIG", "REWRITE"), shape.ok


def slowlog_get(num: int | None = None) -> Call[list[dict[str, Any]]]:
    """Commands that took long, the latest first."""
    words = () if num is None else (num,)
    return ("SLOWLOG", "GET", *words), shape.slowlog


def slowlog_len() -> Call[int]:
    """How many commands took long."""
    return ("SLOWLOG", "LEN"), None


def slowlog_reset() -> Call[bool]:
    """Forgets them."""
    return ("SLOWLOG", "RESET"), shape.ok


def latency_latest() -> Call[list[Any]]:
    """The latest delays by cause."""
    return ("LATENCY", "LATEST"), None


def memory_stats() -> Call[dict[str, Any]]:
    """Where the server's memory is."""
    return ("MEMORY", "STATS"), shape.record


def memory_doctor() -> Call[str]:
    """What the server thinks of its memory."""
    return ("MEMORY", "DOCTOR"), shape.text


def memory_purge() -> Call[bool]:
    """Gives free memory back to the system."""
    return ("MEMORY", "PURGE"), shape.ok


def lolwut(*version_numbers: Value) -> Call[str]:
    """Art."""
    words = ("VERSION", *version_numbers) if version_numbers else ()
    return ("LOLWUT", *words), shape.text


# ---- Commands -------------------------------------------------------------------


def command_count() -> Call[int]:
    """How many commands the server has."""
    return ("COMMAND", "COUNT"), None


def command_list() -> Call[list[str]]:
    """Their names."""
    return ("COMMAND", "LIST"), shape.texts


def command_info(*names: str) -> Call[list[Any]]:
    """What the server knows of them."""
    return ("COMMAND", "INFO", *names), None


def command_docs(*names: str) -> Call[dict[str, Any]]:
    """What they are for."""
    return ("COMMAND", "DOCS", *names), shape.record


def command_getkeys(*args: Value) -> Call[list[Any]]:
    """The keys of a whole command."""
    return ("COMMAND", "GETKEYS", *args), None
