"""Connections as servers see them, and users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import shape
from .args import Call, Value, flags, opt

# ---- Clients --------------------------------------------------------------------


def client_id() -> Call[int]:
    """The number of some connection of this client."""
    return ("CLIENT", "ID"), None


def client_info() -> Call[dict[str, str]]:
    """What the server knows of some connection of this client."""
    return ("CLIENT", "INFO"), shape.client_info


def client_list(
    _type: str | None = None, client_id: Sequence[int] = ()
) -> Call[list[dict[str, str]]]:
    """All connections of a server."""
    words = opt("TYPE", _type) + (("ID", *client_id) if client_id else ())
    return ("CLIENT", "LIST", *words), shape.client_list


def client_getname() -> Call[str | None]:
    """The name of connections: that of client_name=."""
    return ("CLIENT", "GETNAME"), shape.maybe_text


def client_kill(address: str) -> Call[bool]:
    """Ends the connection from an address."""
    return ("CLIENT", "KILL", address), shape.ok


def client_kill_filter(
    _id: int | None = None,
    _type: str | None = None,
    addr: str | None = None,
    skipme: bool | None = None,
    laddr: str | None = None,
    user: str | None = None,
) -> Call[int]:
    """Ends connections; how many."""
    words = opt("ID", _id) + opt("TYPE", _type) + opt("ADDR", addr)
    words += opt("LADDR", laddr) + opt("USER", user)
    if skipme is not None:
        words += ("SKIPME", "yes" if skipme else "no")
    return ("CLIENT", "KILL", *words), None


def client_pause(timeout: int, all: bool = True) -> Call[bool]:
    """Stops all clients, or those that write, for some milliseconds."""
    return ("CLIENT", "PAUSE", timeout, "ALL" if all else "WRITE"), shape.ok


def client_unpause() -> Call[bool]:
    """Lets them go on."""
    return ("CLIENT", "UNPAUSE"), shape.ok


def client_unblock(client_id: int, error: bool = False) -> Call[bool]:
    """Ends the waiting of a connection."""
    return ("CLIENT", "UNBLOCK", client_id, *flags(error=error)), shape.boolean


# ---- Users ----------------------------------------------------------------------


def acl_whoami() -> Call[str]:
    """The user this client is."""
    return ("ACL", "WHOAMI"), shape.text


def acl_users() -> Call[list[str]]:
    """The names of all users."""
    return ("ACL", "USERS"), shape.texts


def acl_list() -> Call[list[str]]:
    """The rules of all users."""
    return ("ACL", "LIST"), shape.texts


def acl_getuser(username: str) -> Call[dict[str, Any] | None]:
    """The rules of a user."""
    return ("ACL", "GETUSER", username), shape.user


def acl_setuser(username: str, *rules: str) -> Call[bool]:
    """Makes or changes a user: rules such as "on", ">password", "~key:*", "+get"."""
    return ("ACL", "SETUSER", username, *rules), shape.ok


def acl_deluser(*usernames: str) -> Call[int]:
    """Removes users; how many there were."""
    return ("ACL", "DELUSER", *usernames), None


def acl_cat(category: str | None = None) -> Call[list[str]]:
    """Categories of commands, or the commands of one."""
    words = () if category is None else (category,)
    return ("ACL", "CAT", *words), shape.texts


def acl_genpass(bits: int | None = None) -> Call[str]:
    """A password to use."""
    words = () if bits is None else (bits,)
    return ("ACL", "GENPASS", *words), shape.text


def acl_log(count: int | None = None) -> Call[list[dict[str, Any]]]:
    """What was refused lately."""
    words = () if count is None else (count,)
    return ("ACL", "LOG", *words), shape.records


def acl_log_reset() -> Call[bool]:
    """Forgets it."""
    return ("ACL", "LOG", "RESET"), shape.ok


def acl_dryrun(username: str, *args: Value) -> Call[str]:
    """Whether a user might run a command: OK, or why not."""
    return ("ACL", "DRYRUN", username, *args), shape.text


def acl_load() -> Call[bool]:
    """Reads the file of users."""
    return ("ACL", "LOAD"), shape.ok


def acl_save() -> Call[bool]:
    """Writes the file of users."""
    return ("ACL", "SAVE"), shape.ok
