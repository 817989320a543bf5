"""Scripts and functions that run in the server.

Written by tools/methods.py from commands/scripting.py: change that.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from ..commands import scripting as build
from ..commands.args import Key, Value
from ._base import Caller, S


class Scripting(Caller[S]):
    def eval(self, script: Value, numkeys: int, *keys_and_args: Value) -> Any:
        """Runs a script. The first ``numkeys`` arguments are its keys."""
        return self._call(build.eval(script, numkeys, *keys_and_args))

    def aeval(
        self, script: Value, numkeys: int, *keys_and_args: Value
    ) -> Awaitable[Any]:
        """:meth:`eval` for asyncio."""
        return self._acall(build.eval(script, numkeys, *keys_and_args))

    def eval_ro(self, script: Value, numkeys: int, *keys_and_args: Value) -> Any:
        """Runs a script that writes nothing, on a replica too."""
        return self._call(build.eval_ro(script, numkeys, *keys_and_args))

    def aeval_ro(
        self, script: Value, numkeys: int, *keys_and_args: Value
    ) -> Awaitable[Any]:
        """:meth:`eval_ro` for asyncio."""
        return self._acall(build.eval_ro(script, numkeys, *keys_and_args))

    def evalsha(self, sha: Value, numkeys: int, *keys_and_args: Value) -> Any:
        """Runs a script the server has; NoScript when it has not. register_script()
        loads it when need be."""
        return self._call(build.evalsha(sha, numkeys, *keys_and_args))

    def aevalsha(
        self, sha: Value, numkeys: int, *keys_and_args: Value
    ) -> Awaitable[Any]:
        """:meth:`evalsha` for asyncio."""
        return self._acall(build.evalsha(sha, numkeys, *keys_and_args))

    def evalsha_ro(self, sha: Value, numkeys: int, *keys_and_args: Value) -> Any:
        """Runs a script the server has that writes nothing, on a replica too."""
        return self._call(build.evalsha_ro(sha, numkeys, *keys_and_args))

    def aevalsha_ro(
        self, sha: Value, numkeys: int, *keys_and_args: Value
    ) -> Awaitable[Any]:
        """:meth:`evalsha_ro` for asyncio."""
        return self._acall(build.evalsha_ro(sha, numkeys, *keys_and_args))

    def script_load(self, script: Value) -> str:
        """Gives every primary a script; its SHA1."""
        return self._call(build.script_load(script))

    def ascript_load(self, script: Value) -> Awaitable[str]:
        """:meth:`script_load` for asyncio."""
        return self._acall(build.script_load(script))

    def script_exists(self, *args: Value) -> list[bool]:
        """Whether scripts of these SHA1 are there."""
        return self._call(build.script_exists(*args))

    def ascript_exists(self, *args: Value) -> Awaitable[list[bool]]:
        """:meth:`script_exists` for asyncio."""
        return self._acall(build.script_exists(*args))

    def script_flush(self, sync_type: str | None = None) -> bool:
        """Forgets all scripts."""
        return self._call(build.script_flush(sync_type))

    def ascript_flush(self, sync_type: str | None = None) -> Awaitable[bool]:
        """:meth:`script_flush` for asyncio."""
        return self._acall(build.script_flush(sync_type))

    def script_kill(self) -> bool:
        """Ends the script that runs, if it has written nothing."""
        return self._call(build.script_kill())

    def ascript_kill(self) -> Awaitable[bool]:
        """:meth:`script_kill` for asyncio."""
        return self._acall(build.script_kill())

    def fcall(self, function: Value, numkeys: int, *keys_and_args: Value) -> Any:
        """Calls a function. The first ``numkeys`` arguments are its keys."""
        return self._call(build.fcall(function, numkeys, *keys_and_args))

    def afcall(
        self, function: Value, numkeys: int, *keys_and_args: Value
    ) -> Awaitable[Any]:
        """:meth:`fcall` for asyncio."""
        return self._acall(build.fcall(function, numkeys, *keys_and_args))

    def fcall_ro(self, function: Value, numkeys: int, *keys_and_args: Value) -> Any:
        """Calls a function that writes nothing, on a replica too."""
        return self._call(build.fcall_ro(function, numkeys, *keys_and_args))

    def afcall_ro(
        self, function: Value, numkeys: int, *keys_and_args: Value
    ) -> Awaitable[Any]:
        """:meth:`fcall_ro` for asyncio."""
        return self._acall(build.fcall_ro(function, numkeys, *keys_and_args))

    def function_load(self, code: Value, replace: bool = False) -> str:
        """Gives every primary a library; its name."""
        return self._call(build.function_load(code, replace))

    def afunction_load(self, code: Value, replace: bool = False) -> Awaitable[str]:
        """:meth:`function_load` for asyncio."""
        return self._acall(build.function_load(code, replace))

    def function_delete(self, library: Value) -> bool:
        """Removes a library."""
        return self._call(build.function_delete(library))

    def afunction_delete(self, library: Value) -> Awaitable[bool]:
        """:meth:`function_delete` for asyncio."""
        return self._acall(build.function_delete(library))

    def function_flush(self, mode: str = "SYNC") -> bool:
        """Removes all libraries."""
        return self._call(build.function_flush(mode))

    def afunction_flush(self, mode: str = "SYNC") -> Awaitable[bool]:
        """:meth:`function_flush` for asyncio."""
        return self._acall(build.function_flush(mode))

    def function_list(
        self, library: Value | None = None, withcode: bool = False
    ) -> list[dict[str, Any]]:
        """The libraries that are there."""
        return self._call(build.function_list(library, withcode))

    def afunction_list(
        self, library: Value | None = None, withcode: bool = False
    ) -> Awaitable[list[dict[str, Any]]]:
        """:meth:`function_list` for asyncio."""
        return self._acall(build.function_list(library, withcode))

    def function_dump(self) -> bytes:
        """All libraries as bytes; needs a client that does not decode."""
        return self._call(build.function_dump())

    def afunction_dump(self) -> Awaitable[bytes]:
        """:meth:`function_dump` for asyncio."""
        return self._acall(build.function_dump())

    def function_restore(self, payload: bytes, policy: str = "APPEND") -> bool:
        """What function_dump() gave; ``policy``: APPEND, REPLACE or FLUSH."""
        return self._call(build.function_restore(payload, policy))

    def afunction_restore(
        self, payload: bytes, policy: str = "APPEND"
    ) -> Awaitable[bool]:
        """:meth:`function_restore` for asyncio."""
        return self._acall(build.function_restore(payload, policy))

    def function_stats(self) -> dict[str, Any]:
        """What runs now."""
        return self._call(build.function_stats())

    def afunction_stats(self) -> Awaitable[dict[str, Any]]:
        """:meth:`function_stats` for asyncio."""
        return self._acall(build.function_stats())

    def function_kill(self) -> bool:
        """Ends the function that runs, if it has written nothing."""
        return self._call(build.function_kill())

    def afunction_kill(self) -> Awaitable[bool]:
        """:meth:`function_kill` for asyncio."""
        return self._acall(build.function_kill())

    def publish(self, channel: Key, message: Value) -> int:
        """Sends a message to who listens to a channel; how many of this server's
        clients do. In a cluster it goes through all nodes; pubsub() receives."""
        return self._call(build.publish(channel, message))

    def apublish(self, channel: Key, message: Value) -> Awaitable[int]:
        """:meth:`publish` for asyncio."""
        return self._acall(build.publish(channel, message))

    def spublish(self, shard_channel: Key, message: Value) -> int:
        """Sends a message to a channel of the shard that owns its slot."""
        return self._call(build.spublish(shard_channel, message))

    def aspublish(self, shard_channel: Key, message: Value) -> Awaitable[int]:
        """:meth:`spublish` for asyncio."""
        return self._acall(build.spublish(shard_channel, message))

    def pubsub_channels(self, pattern: Value = "*") -> list[Any]:
        """Channels that somebody listens to."""
        return self._call(build.pubsub_channels(pattern))

    def apubsub_channels(self, pattern: Value = "*") -> Awaitable[list[Any]]:
        """:meth:`pubsub_channels` for asyncio."""
        return self._acall(build.pubsub_channels(pattern))

    def pubsub_shardchannels(self, pattern: Value = "*") -> list[Any]:
        """Channels of shards that somebody listens to."""
        return self._call(build.pubsub_shardchannels(pattern))

    def apubsub_shardchannels(self, pattern: Value = "*") -> Awaitable[list[Any]]:
        """:meth:`pubsub_shardchannels` for asyncio."""
        return self._acall(build.pubsub_shardchannels(pattern))

    def pubsub_numsub(self, *args: Key) -> dict[Any, int]:
        """How many listen to channels."""
        return self._call(build.pubsub_numsub(*args))

    def apubsub_numsub(self, *args: Key) -> Awaitable[dict[Any, int]]:
        """:meth:`pubsub_numsub` for asyncio."""
        return self._acall(build.pubsub_numsub(*args))

    def pubsub_shardnumsub(self, *args: Key) -> dict[Any, int]:
        """How many listen to channels of shards."""
        return self._call(build.pubsub_shardnumsub(*args))

    def apubsub_shardnumsub(self, *args: Key) -> Awaitable[dict[Any, int]]:
        """:meth:`pubsub_shardnumsub` for asyncio."""
        return self._acall(build.pubsub_shardnumsub(*args))

    def pubsub_numpat(self) -> int:
        """How many patterns are listened to."""
        return self._call(build.pubsub_numpat())

    def apubsub_numpat(self) -> Awaitable[int]:
        """:meth:`pubsub_numpat` for asyncio."""
        return self._acall(build.pubsub_numpat())
