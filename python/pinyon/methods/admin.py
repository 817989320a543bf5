"""Connections as servers see them, and users.

Written by tools/methods.py from commands/admin.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from ..commands import admin as build
from ..commands.args import Value
from ._base import Caller, S


class Admin(Caller[S]):
    def client_id(self) -> int:
        """The number of some connection of this client."""
        return self._call(build.client_id())

    def aclient_id(self) -> Awaitable[int]:
        """:meth:`client_id` for asyncio."""
        return self._acall(build.client_id())

    def client_info(self) -> dict[str, str]:
        """What the server knows of some connection of this client."""
        return self._call(build.client_info())

    def aclient_info(self) -> Awaitable[dict[str, str]]:
        """:meth:`client_info` for asyncio."""
        return self._acall(build.client_info())

    def client_list(
        self, _type: str | None = None, client_id: Sequence[int] = ()
    ) -> list[dict[str, str]]:
        """All connections of a server."""
        return self._call(build.client_list(_type, client_id))

    def aclient_list(
        self, _type: str | None = None, client_id: Sequence[int] = ()
    ) -> Awaitable[list[dict[str, str]]]:
        """:meth:`client_list` for asyncio."""
        return self._acall(build.client_list(_type, client_id))

    def client_getname(self) -> str | None:
        """The name of connections: that of client_name=."""
        return self._call(build.client_getname())

    def aclient_getname(self) -> Awaitable[str | None]:
        """:meth:`client_getname` for asyncio."""
        return self._acall(build.client_getname())

    def client_kill(self, address: str) -> bool:
        """Ends the connection from an address."""
        return self._call(build.client_kill(address))

    def aclient_kill(self, address: str) -> Awaitable[bool]:
        """:meth:`client_kill` for asyncio."""
        return self._acall(build.client_kill(address))

    def client_kill_filter(
        self,
        _id: int | None = None,
        _type: str | None = None,
        addr: str | None = None,
        skipme: bool | None = None,
        laddr: str | None = None,
        user: str | None = None,
    ) -> int:
        """Ends connections; how many."""
        return self._call(
            build.client_kill_filter(_id, _type, addr, skipme, laddr, user)
        )

    def aclient_kill_filter(
        self,
        _id: int | None = None,
        _type: str | None = None,
        addr: str | None = None,
        skipme: bool | None = None,
        laddr: str | None = None,
        user: str | None = None,
    ) -> Awaitable[int]:
        """:meth:`client_kill_filter` for asyncio."""
        return self._acall(
            build.client_kill_filter(_id, _type, addr, skipme, laddr, user)
        )

    def client_pause(self, timeout: int, all: bool = True) -> bool:
        """Stops all clients, or those that write, for some milliseconds."""
        return self._call(build.client_pause(timeout, all))

    def aclient_pause(self, timeout: int, all: bool = True) -> Awaitable[bool]:
        """:meth:`client_pause` for asyncio."""
        return self._acall(build.client_pause(timeout, all))

    def client_unpause(self) -> bool:
        """Lets them go on."""
        return self._call(build.client_unpause())

    def aclient_unpause(self) -> Awaitable[bool]:
        """:meth:`client_unpause` for asyncio."""
        return self._acall(build.client_unpause())

    def client_unblock(self, client_id: int, error: bool = False) -> bool:
        """Ends the waiting of a connection."""
        return self._call(build.client_unblock(client_id, error))

    def aclient_unblock(self, client_id: int, error: bool = False) -> Awaitable[bool]:
        """:meth:`client_unblock` for asyncio."""
        return self._acall(build.client_unblock(client_id, error))

    def acl_whoami(self) -> str:
        """The user this client is."""
        return self._call(build.acl_whoami())

    def aacl_whoami(self) -> Awaitable[str]:
        """:meth:`acl_whoami` for asyncio."""
        return self._acall(build.acl_whoami())

    def acl_users(self) -> list[str]:
        """The names of all users."""
        return self._call(build.acl_users())

    def aacl_users(self) -> Awaitable[list[str]]:
        """:meth:`acl_users` for asyncio."""
        return self._acall(build.acl_users())

    def acl_list(self) -> list[str]:
        """The rules of all users."""
        return self._call(build.acl_list())

    def aacl_list(self) -> Awaitable[list[str]]:
        """:meth:`acl_list` for asyncio."""
        return self._acall(build.acl_list())

    def acl_getuser(self, username: str) -> dict[str, Any] | None:
        """The rules of a user."""
        return self._call(build.acl_getuser(username))

    def aacl_getuser(self, username: str) -> Awaitable[dict[str, Any] | None]:
        """:meth:`acl_getuser` for asyncio."""
        return self._acall(build.acl_getuser(username))

    def acl_setuser(self, username: str, *rules: str) -> bool:
        """Makes or changes a user: rules such as "on", ">password", "~key:*",
        "+get"."""
        return self._call(build.acl_setuser(username, *rules))

    def aacl_setuser(self, username: str, *rules: str) -> Awaitable[bool]:
        """:meth:`acl_setuser` for asyncio."""
        return self._acall(build.acl_setuser(username, *rules))

    def acl_deluser(self, *usernames: str) -> int:
        """Removes users; how many there were."""
        return self._call(build.acl_deluser(*usernames))

    def aacl_deluser(self, *usernames: str) -> Awaitable[int]:
        """:meth:`acl_deluser` for asyncio."""
        return self._acall(build.acl_deluser(*usernames))

    def acl_cat(self, category: str | None = None) -> list[str]:
        """Categories of commands, or the commands of one."""
        return self._call(build.acl_cat(category))

    def aacl_cat(self, category: str | None = None) -> Awaitable[list[str]]:
        """:meth:`acl_cat` for asyncio."""
        return self._acall(build.acl_cat(category))

    def acl_genpass(self, bits: int | None = None) -> str:
        """A password to use."""
        return self._call(build.acl_genpass(bits))

    def aacl_genpass(self, bits: int | None = None) -> Awaitable[str]:
        """:meth:`acl_genpass` for asyncio."""
        return self._acall(build.acl_genpass(bits))

    def acl_log(self, count: int | None = None) -> list[dict[str, Any]]:
        """What was refused lately."""
        return self._call(build.acl_log(count))

    def aacl_log(self, count: int | None = None) -> Awaitable[list[dict[str, Any]]]:
        """:meth:`acl_log` for asyncio."""
        return self._acall(build.acl_log(count))

    def acl_log_reset(self) -> bool:
        """Forgets it."""
        return self._call(build.acl_log_reset())

    def aacl_log_reset(self) -> Awaitable[bool]:
        """:meth:`acl_log_reset` for asyncio."""
        return self._acall(build.acl_log_reset())

    def acl_dryrun(self, username: str, *args: Value) -> str:
        """Whether a user might run a command: OK, or why not."""
        return self._call(build.acl_dryrun(username, *args))

    def aacl_dryrun(self, username: str, *args: Value) -> Awaitable[str]:
        """:meth:`acl_dryrun` for asyncio."""
        return self._acall(build.acl_dryrun(username, *args))

    def acl_load(self) -> bool:
        """Reads the file of users."""
        return self._call(build.acl_load())

    def aacl_load(self) -> Awaitable[bool]:
        """:meth:`acl_load` for asyncio."""
        return self._acall(build.acl_load())

    def acl_save(self) -> bool:
        """Writes the file of users."""
        return self._call(build.acl_save())

    def aacl_save(self) -> Awaitable[bool]:
        """:meth:`acl_save` for asyncio."""
        return self._acall(build.acl_save())
