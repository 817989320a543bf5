"""Servers: what they tell of themselves, settings, users, the cluster.

Written by tools/methods.py from commands/server.py: change that.
"""

from __future__ import annotations

from typing import Self

from ..commands import server as build
from ..commands.args import Value
from ._base import Adder


class PipeServer(Adder):
    def ping(self, message: Value | None = None) -> Self:
        """True, or the message."""
        return self._add(build.ping(message))

    def echo(self, value: Value) -> Self:
        """What was sent."""
        return self._add(build.echo(value))

    def time(self) -> Self:
        """The server's clock: seconds since 1970, microseconds."""
        return self._add(build.time())

    def info(self, section: str | None = None, *args: str) -> Self:
        """What a server tells of itself."""
        return self._add(build.info(section, *args))

    def dbsize(self) -> Self:
        """How many keys there are, in a cluster on all primaries together."""
        return self._add(build.dbsize())

    def flushdb(self, asynchronous: bool = False) -> Self:
        """Deletes all keys of the database."""
        return self._add(build.flushdb(asynchronous))

    def flushall(self, asynchronous: bool = False) -> Self:
        """Deletes all keys of all databases."""
        return self._add(build.flushall(asynchronous))

    def swapdb(self, first: int, second: int) -> Self:
        """Exchanges two databases."""
        return self._add(build.swapdb(first, second))

    def lastsave(self) -> Self:
        """When the server last saved itself, in UTC."""
        return self._add(build.lastsave())

    def save(self) -> Self:
        """Saves now, while everybody waits."""
        return self._add(build.save())

    def bgsave(self) -> Self:
        """Begins to save."""
        return self._add(build.bgsave())

    def bgrewriteaof(self) -> Self:
        """Begins to rewrite the log."""
        return self._add(build.bgrewriteaof())

    def role(self) -> Self:
        """What the server is in replication."""
        return self._add(build.role())

    def config_get(self, pattern: str = "*", *args: str) -> Self:
        """Settings by name."""
        return self._add(build.config_get(pattern, *args))

    def config_set(self, name: str, value: Value, *args: Value) -> Self:
        """Changes settings: name, value, name ..."""
        return self._add(build.config_set(name, value, *args))

    def config_resetstat(self) -> Self:
        """Sets counters to 0."""
        return self._add(build.config_resetstat())

    def config_rewrite(self) -> Self:
        """Writes the settings to the file they came from."""
        return self._add(build.config_rewrite())

    def slowlog_get(self, num: int | None = None) -> Self:
        """Commands that took long, the latest first."""
        return self._add(build.slowlog_get(num))

    def slowlog_len(self) -> Self:
        """How many commands took long."""
        return self._add(build.slowlog_len())

    def slowlog_reset(self) -> Self:
        """Forgets them."""
        return self._add(build.slowlog_reset())

    def latency_latest(self) -> Self:
        """The latest delays by cause."""
        return self._add(build.latency_latest())

    def memory_stats(self) -> Self:
        """Where the server's memory is."""
        return self._add(build.memory_stats())

    def memory_doctor(self) -> Self:
        """What the server thinks of its memory."""
        return self._add(build.memory_doctor())

    def memory_purge(self) -> Self:
        """Gives free memory back to the system."""
        return self._add(build.memory_purge())

    def lolwut(self, *version_numbers: Value) -> Self:
        """Art."""
        return self._add(build.lolwut(*version_numbers))

    def command_count(self) -> Self:
        """How many commands the server has."""
        return self._add(build.command_count())

    def command_list(self) -> Self:
        """Their names."""
        return self._add(build.command_list())

    def command_info(self, *names: str) -> Self:
        """What the server knows of them."""
        return self._add(build.command_info(*names))

    def command_docs(self, *names: str) -> Self:
        """What they are for."""
        return self._add(build.command_docs(*names))

    def command_getkeys(self, *args: Value) -> Self:
        """The keys of a whole command."""
        return self._add(build.command_getkeys(*args))
