"""Scripts and functions that run in the server."""

from __future__ import annotations

from typing import Any

from . import shape
from .args import Call, Key, Value, flags, opt


def eval(script: Value, numkeys: int, *keys_and_args: Value) -> Call[Any]:
    """Runs a script. The first ``numkeys`` arguments are its keys."""
    return ("EVAL", script, numkeys, *keys_and_args), None


def eval_ro(script: Value, numkeys: int, *keys_and_args: Value) -> Call[Any]:
    """Runs a script that writes nothing, on a replica too."""
    return ("EVAL_RO", script, numkeys, *keys_and_args), None


def evalsha(sha: Value, numkeys: int, *keys_and_args: Value) -> Call[Any]:
    """Runs a script the server has; NoScript when it has not. register_script() loads
    it when need be."""
    return ("EVALSHA", sha, numkeys, *keys_and_args), None


def evalsha_ro(sha: Value, numkeys: int, *keys_and_args: Value) -> Call[Any]:
    """Runs a script the server has that writes nothing, on a replica too."""
    return ("EVALSHA_RO", sha, numkeys, *keys_and_args), None


def script_load(script: Value) -> Call[str]:
    """Gives every primary a script; its SHA1."""
    return ("SCRIPT", "LOAD", script), shape.text


def script_exists(*args: Value) -> Call[list[bool]]:
    """Whether scripts of these SHA1 are there."""
    return ("SCRIPT", "EXISTS", *args), shape.booleans


def script_flush(sync_type: str | None = None) -> Call[bool]:
    """Forgets all scripts."""
    words = () if sync_type is None else (sync_type,)
    return ("SCRIPT", "FLUSH", *words), shape.ok


def script_kill() -> Call[bool]:
    """Ends the script that runs, if it has written nothing."""
    return ("SCRIPT", "KILL"), shape.ok


def fcall(function: Value, numkeys: int, *keys_and_args: Value) -> Call[Any]:
    """Calls a function. The first ``numkeys`` arguments are its keys."""
    return ("FCALL", function, numkeys, *keys_and_args), None


def fcall_ro(function: Value, numkeys: int, *keys_and_args: Value) -> Call[Any]:
    """Calls a function that writes nothing, on a replica too."""
    return ("FCALL_RO", function, numkeys, *keys_and_args), None


def function_load(code: Value, replace: bool = False) -> Call[str]:
    """Gives every primary a library; its name."""
    return ("FUNCTION", "LOAD", *flags(replace=replace), code), shape.text


def function_delete(library: Value) -> Call[bool]:
    """Removes a library."""
    return ("FUNCTION", "DELETE", library), shape.ok


def function_flush(mode: str = "SYNC") -> Call[bool]:
    """Removes all libraries."""
    return ("FUNCTION", "FLUSH", mode), shape.ok


def function_list(
    library: Value | None = None, withcode: bool = False
) -> Call[list[dict[str, Any]]]:
    """The libraries that are there."""
    words = opt("LIBRARYNAME", library) + flags(withcode=withcode)
    return ("FUNCTION", "LIST", *words), shape.libraries


def function_dump() -> Call[bytes]:
    """All libraries as bytes; needs a client that does not decode."""
    return ("FUNCTION", "DUMP"), None


def function_restore(payload: bytes, policy: str = "APPEND") -> Call[bool]:
    """What function_dump() gave; ``policy``: APPEND, REPLACE or FLUSH."""
    return ("FUNCTION", "RESTORE", payload, policy), shape.ok


def function_stats() -> Call[dict[str, Any]]:
    """What runs now."""
    return ("FUNCTION", "STATS"), shape.record


def function_kill() -> Call[bool]:
    """Ends the function that runs, if it has written nothing."""
    return ("FUNCTION", "KILL"), shape.ok


# ---- Messages -------------------------------------------------------------------


def publish(channel: Key, message: Value) -> Call[int]:
    """Sends a message to who listens to a channel; how many of this server's clients
    do. In a cluster it goes through all nodes; pubsub() receives."""
    return ("PUBLISH", channel, message), None


def spublish(shard_channel: Key, message: Value) -> Call[int]:
    """Sends a message to a channel of the shard that owns its slot."""
    return ("SPUBLISH", shard_channel, message), None


def pubsub_channels(pattern: Value = "*") -> Call[list[Any]]:
    """Channels that somebody listens to."""
    return ("PUBSUB", "CHANNELS", pattern), None


def pubsub_shardchannels(pattern: Value = "*") -> Call[list[Any]]:
    """Channels of shards that somebody listens to."""
    return ("PUBSUB", "SHARDCHANNELS", pattern), None


def pubsub_numsub(*args: Key) -> Call[dict[Any, int]]:
    """How many listen to channels."""
    return ("PUBSUB", "NUMSUB", *args), shape.mapping


def pubsub_shardnumsub(*args: Key) -> Call[dict[Any, int]]:
    """How many listen to channels of shards."""
    return ("PUBSUB", "SHARDNUMSUB", *args), shape.mapping


def pubsub_numpat() -> Call[int]:
    """How many patterns are listened to."""
    return ("PUBSUB", "NUMPAT"), None
