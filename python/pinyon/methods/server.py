"""Servers: what they tell of themselves, settings, users, the cluster.

Written by tools/methods.py from commands/server.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Any

from ..commands import server as build
from ..commands.args import Value
from ._base import Caller, S


class Server(Caller[S]):
    def ping(self, message: Value | None = None) -> Any:
        """True, or the message."""
        return self._call(build.ping(message))

    def aping(self, message: Value | None = None) -> Awaitable[Any]:
        """:meth:`ping` for asyncio."""
        return self._acall(build.ping(message))

    def echo(self, value: Value) -> Any:
        """What was sent."""
        return self._call(build.echo(value))

    def aecho(self, value: Value) -> Awaitable[Any]:
        """:meth:`echo` for asyncio."""
        return self._acall(build.echo(value))

    def time(self) -> tuple[int, int]:
        """The server's clock: seconds since 1970, microseconds."""
        return self._call(build.time())

    def atime(self) -> Awaitable[tuple[int, int]]:
        """:meth:`time` for asyncio."""
        return self._acall(build.time())

    def info(self, section: str | None = None, *args: str) -> dict[str, Any]:
        """What a server tells of itself."""
        return self._call(build.info(section, *args))

    def ainfo(
        self, section: str | None = None, *args: str
    ) -> Awaitable[dict[str, Any]]:
        """:meth:`info` for asyncio."""
        return self._acall(build.info(section, *args))

    def dbsize(self) -> int:
        """How many keys there are, in a cluster on all primaries together."""
        return self._call(build.dbsize())

    def adbsize(self) -> Awaitable[int]:
        """:meth:`dbsize` for asyncio."""
        return self._acall(build.dbsize())

    def flushdb(self, asynchronous: bool = False) -> bool:
        """Deletes all keys of the database."""
        return self._call(build.flushdb(asynchronous))

    def aflushdb(self, asynchronous: bool = False) -> Awaitable[bool]:
        """:meth:`flushdb` for asyncio."""
        return self._acall(build.flushdb(asynchronous))

    def flushall(self, asynchronous: bool = False) -> bool:
        """Deletes all keys of all databases."""
        return self._call(build.flushall(asynchronous))

    def aflushall(self, asynchronous: bool = False) -> Awaitable[bool]:
        """:meth:`flushall` for asyncio."""
        return self._acall(build.flushall(asynchronous))

    def swapdb(self, first: int, second: int) -> bool:
        """Exchanges two databases."""
        return self._call(build.swapdb(first, second))

    def aswapdb(self, first: int, second: int) -> Awaitable[bool]:
        """:meth:`swapdb` for asyncio."""
        return self._acall(build.swapdb(first, second))

    def lastsave(self) -> datetime:
        """When the server last saved itself, in UTC."""
        return self._call(build.lastsave())

    def alastsave(self) -> Awaitable[datetime]:
        """:meth:`lastsave` for asyncio."""
        return self._acall(build.lastsave())

    def save(self) -> bool:
        """Saves now, while everybody waits."""
        return self._call(build.save())

    def asave(self) -> Awaitable[bool]:
        """:meth:`save` for asyncio."""
        return self._acall(build.save())

    def bgsave(self) -> str:
        """Begins to save."""
        return self._call(build.bgsave())

    def abgsave(self) -> Awaitable[str]:
        """:meth:`bgsave` for asyncio."""
        return self._acall(build.bgsave())

    def bgrewriteaof(self) -> str:
        """Begins to rewrite the log."""
        return self._call(build.bgrewriteaof())

    def abgrewriteaof(self) -> Awaitable[str]:
        """:meth:`bgrewriteaof` for asyncio."""
        return self._acall(build.bgrewriteaof())

    def role(self) -> list[Any]:
        """What the server is in replication."""
        return self._call(build.role())

    def arole(self) -> Awaitable[list[Any]]:
        """:meth:`role` for asyncio."""
        return self._acall(build.role())

    def config_get(self, pattern: str = "*", *args: str) -> dict[str, str]:
        """Settings by name."""
        return self._call(build.config_get(pattern, *args))

    def aconfig_get(self, pattern: str = "*", *args: str) -> Awaitable[dict[str, str]]:
        """:meth:`config_get` for asyncio."""
        return self._acall(build.config_get(pattern, *args))

    def config_set(self, name: str, value: Value, *args: Value) -> bool:
        """Changes settings: name, value, name ..."""
        return self._call(build.config_set(name, value, *args))

    def aconfig_set(self, name: str, value: Value, *args: Value) -> Awaitable[bool]:
        """:meth:`config_set` for asyncio."""
        return self._acall(build.config_set(name, value, *args))

    def config_resetstat(self) -> bool:
        """Sets counters to 0."""
        return self._call(build.config_resetstat())

    def aconfig_resetstat(self) -> Awaitable[bool]:
        """:meth:`config_resetstat` for asyncio."""
        return self._acall(build.config_resetstat())

    def config_rewrite(self) -> bool:
        """Writes the settings to the file they came from."""
        return self._call(build.config_rewrite())

    def aconfig_rewrite(self) -> Awaitable[bool]:
        """:meth:`config_rewrite` for asyncio."""
        return self._acall(build.config_rewrite())

    def slowlog_get(self, num: int | None = None) -> list[dict[str, Any]]:
        """Commands that took long, the latest first."""
        return self._call(build.slowlog_get(num))

    def aslowlog_get(self, num: int | None = None) -> Awaitable[list[dict[str, Any]]]:
        """:meth:`slowlog_get` for asyncio."""
        return self._acall(build.slowlog_get(num))

    def slowlog_len(self) -> int:
        """How many commands took long."""
        return self._call(build.slowlog_len())

    def aslowlog_len(self) -> Awaitable[int]:
        """:meth:`slowlog_len` for asyncio."""
        return self._acall(build.slowlog_len())

    def slowlog_reset(self) -> bool:
        """Forgets them."""
        return self._call(build.slowlog_reset())

    def aslowlog_reset(self) -> Awaitable[bool]:
        """:meth:`slowlog_reset` for asyncio."""
        return self._acall(build.slowlog_reset())

    def latency_latest(self) -> list[Any]:
        """The latest delays by cause."""
        return self._call(build.latency_latest())

    def alatency_latest(self) -> Awaitable[list[Any]]:
        """:meth:`latency_latest` for asyncio."""
        return self._acall(build.latency_latest())

    def memory_stats(self) -> dict[str, Any]:
        """Where the server's memory is."""
        return self._call(build.memory_stats())

    def amemory_stats(self) -> Awaitable[dict[str, Any]]:
        """:meth:`memory_stats` for asyncio."""
        return self._acall(build.memory_stats())

    def memory_doctor(self) -> str:
        """What the server thinks of its memory."""
        return self._call(build.memory_doctor())

    def amemory_doctor(self) -> Awaitable[str]:
        """:meth:`memory_doctor` for asyncio."""
        return self._acall(build.memory_doctor())

    def memory_purge(self) -> bool:
        """Gives free memory back to the system."""
        return self._call(build.memory_purge())

    def amemory_purge(self) -> Awaitable[bool]:
        """:meth:`memory_purge` for asyncio."""
        return self._acall(build.memory_purge())

    def lolwut(self, *version_numbers: Value) -> str:
        """Art."""
        return self._call(build.lolwut(*version_numbers))

    def alolwut(self, *version_numbers: Value) -> Awaitable[str]:
        """:meth:`lolwut` for asyncio."""
        return self._acall(build.lolwut(*version_numbers))

    def command_count(self) -> int:
        """How many commands the server has."""
        return self._call(build.command_count())

    def acommand_count(self) -> Awaitable[int]:
        """:meth:`command_count` for asyncio."""
        return self._acall(build.command_count())

    def command_list(self) -> list[str]:
        """Their names."""
        return self._call(build.command_list())

    def acommand_list(self) -> Awaitable[list[str]]:
        """:meth:`command_list` for asyncio."""
        return self._acall(build.command_list())

    def command_info(self, *names: str) -> list[Any]:
        """What the server knows of them."""
        return self._call(build.command_info(*names))

    def acommand_info(self, *names: str) -> Awaitable[list[Any]]:
        """:meth:`command_info` for asyncio."""
        return self._acall(build.command_info(*names))

    def command_docs(self, *names: str) -> dict[str, Any]:
        """What they are for."""
        return self._call(build.command_docs(*names))

    def acommand_docs(self, *names: str) -> Awaitable[dict[str, Any]]:
        """:meth:`command_docs` for asyncio."""
        return self._acall(build.command_docs(*names))

    def command_getkeys(self, *args: Value) -> list[Any]:
        """The keys of a whole command."""
        return self._call(build.command_getkeys(*args))

    def acommand_getkeys(self, *args: Value) -> Awaitable[list[Any]]:
        """:meth:`command_getkeys` for asyncio."""
        return self._acall(build.command_getkeys(*args))
