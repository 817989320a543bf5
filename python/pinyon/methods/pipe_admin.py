"""Connections as servers see them, and users.

Written by tools/methods.py from commands/admin.py: change that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from ..commands import admin as build
from ..commands.args import Value
from ._base import Adder


class PipeAdmin(Adder):
    def client_id(self) -> Self:
        """The number of some connection of this client."""
        return self._add(build.client_id())

    def client_info(self) -> Self:
        """What the server knows of some connection of this client."""
        return self._add(build.client_info())

    def client_list(
        self, _type: str | None = None, client_id: Sequence[int] = ()
    ) -> Self:
        """All connections of a server."""
        return self._add(build.client_list(_type, client_id))

    def client_getname(self) -> Self:
        """The name of connections: that of client_name=."""
        return self._add(build.client_getname())

    def client_kill(self, address: str) -> Self:
        """Ends the connection from an address."""
        return self._add(build.client_kill(address))

    def client_kill_filter(
        self,
        _id: int | None = None,
        _type: str | None = None,
        addr: str | None = None,
        skipme: bool | None = None,
        laddr: str | None = None,
        user: str | None = None,
    ) -> Self:
        """Ends connections; how many."""
        return self._add(
            build.client_kill_filter(_id, _type, addr, skipme, laddr, user)
        )

    def client_pause(self, timeout: int, all: bool = True) -> Self:
        """Stops all clients, or those that write, for some milliseconds."""
        return self._add(build.client_pause(timeout, all))

    def client_unpause(self) -> Self:
        """Lets them go on."""
        return self._add(build.client_unpause())

    def client_unblock(self, client_id: int, error: bool = False) -> Self:
        """Ends the waiting of a connection."""
        return self._add(build.client_unblock(client_id, error))

    def acl_whoami(self) -> Self:
        """The user this client is."""
        return self._add(build.acl_whoami())

    def acl_users(self) -> Self:
        """The names of all users."""
        return self._add(build.acl_users())

    def acl_list(self) -> Self:
        """The rules of all users."""
        return self._add(build.acl_list())

    def acl_getuser(self, username: str) -> Self:
        """The rules of a user."""
        return self._add(build.acl_getuser(username))

    def acl_setuser(self, username: str, *rules: str) -> Self:
        """Makes or changes a user: rules such as "on", ">password", "~key:*",
        "+get"."""
        return self._add(build.acl_setuser(username, *rules))

    def acl_deluser(self, *usernames: str) -> Self:
        """Removes users; how many there were."""
        return self._add(build.acl_deluser(*usernames))

    def acl_cat(self, category: str | None = None) -> Self:
        """Categories of commands, or the commands of one."""
        return self._add(build.acl_cat(category))

    def acl_genpass(self, bits: int | None = None) -> Self:
        """A password to use."""
        return self._add(build.acl_genpass(bits))

    def acl_log(self, count: int | None = None) -> Self:
        """What was refused lately."""
        return self._add(build.acl_log(count))

    def acl_log_reset(self) -> Self:
        """Forgets it."""
        return self._add(build.acl_log_reset())

    def acl_dryrun(self, username: str, *args: Value) -> Self:
        """Whether a user might run a command: OK, or why not."""
        return self._add(build.acl_dryrun(username, *args))

    def acl_load(self) -> Self:
        """Reads the file of users."""
        return self._add(build.acl_load())

    def acl_save(self) -> Self:
        """Writes the file of users."""
        return self._add(build.acl_save())
