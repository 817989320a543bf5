"""Scripts and functions that run in the server.

Written by tools/methods.py from commands/scripting.py: change that.
"""

from __future__ import annotations

from typing import Self

from ..commands import scripting as build
from ..commands.args import Key, Value
from ._base import Adder


class PipeScripting(Adder):
    def eval(self, script: Value, numkeys: int, *keys_and_args: Value) -> Self:
        """Runs a script. The first ``numkeys`` arguments are its keys."""
        return self._add(build.eval(script, numkeys, *keys_and_args))

    def eval_ro(self, script: Value, numkeys: int, *keys_and_args: Value) -> Self:
        """Runs a script that writes nothing, on a replica too."""
        return self._add(build.eval_ro(script, numkeys, *keys_and_args))

    def evalsha(self, sha: Value, numkeys: int, *keys_and_args: Value) -> Self:
        """Runs a script the server has; NoScript when it has not. register_script()
        loads it when need be."""
        return self._add(build.evalsha(sha, numkeys, *keys_and_args))

    def evalsha_ro(self, sha: Value, numkeys: int, *keys_and_args: Value) -> Self:
        """Runs a script the server has that writes nothing, on a replica too."""
        return self._add(build.evalsha_ro(sha, numkeys, *keys_and_args))

    def script_load(self, script: Value) -> Self:
        """Gives every primary a script; its SHA1."""
        return self._add(build.script_load(script))

    def script_exists(self, *args: Value) -> Self:
        """Whether scripts of these SHA1 are there."""
        return self._add(build.script_exists(*args))

    def script_flush(self, sync_type: str | None = None) -> Self:
        """Forgets all scripts."""
        return self._add(build.script_flush(sync_type))

    def script_kill(self) -> Self:
        """Ends the script that runs, if it has written nothing."""
        return self._add(build.script_kill())

    def fcall(self, function: Value, numkeys: int, *keys_and_args: Value) -> Self:
        """Calls a function. The first ``numkeys`` arguments are its keys."""
        return self._add(build.fcall(function, numkeys, *keys_and_args))

    def fcall_ro(self, function: Value, numkeys: int, *keys_and_args: Value) -> Self:
        """Calls a function that writes nothing, on a replica too."""
        return self._add(build.fcall_ro(function, numkeys, *keys_and_args))

    def function_load(self, code: Value, replace: bool = False) -> Self:
        """Gives every primary a library; its name."""
        return self._add(build.function_load(code, replace))

    def function_delete(self, library: Value) -> Self:
        """Removes a library."""
        return self._add(build.function_delete(library))

    def function_flush(self, mode: str = "SYNC") -> Self:
        """Removes all libraries."""
        return self._add(build.function_flush(mode))

    def function_list(
        self, library: Value | None = None, withcode: bool = False
    ) -> Self:
        """The libraries that are there."""
        return self._add(build.function_list(library, withcode))

    def function_dump(self) -> Self:
        """All libraries as bytes; needs a client that does not decode."""
        return self._add(build.function_dump())

    def function_restore(self, payload: bytes, policy: str = "APPEND") -> Self:
        """What function_dump() gave; ``policy``: APPEND, REPLACE or FLUSH."""
        return self._add(build.function_restore(payload, policy))

    def function_stats(self) -> Self:
        """What runs now."""
        return self._add(build.function_stats())

    def function_kill(self) -> Self:
        """Ends the function that runs, if it has written nothing."""
        return self._add(build.function_kill())

    def publish(self, channel: Key, message: Value) -> Self:
        """Sends a message to who listens to a channel; how many of this server's
        clients do. In a cluster it goes through all nodes; pubsub() receives."""
        return self._add(build.publish(channel, message))

    def spublish(self, shard_channel: Key, message: Value) -> Self:
        """Sends a message to a channel of the shard that owns its slot."""
        return self._add(build.spublish(shard_channel, message))

    def pubsub_channels(self, pattern: Value = "*") -> Self:
        """Channels that somebody listens to."""
        return self._add(build.pubsub_channels(pattern))

    def pubsub_shardchannels(self, pattern: Value = "*") -> Self:
        """Channels of shards that somebody listens to."""
        return self._add(build.pubsub_shardchannels(pattern))

    def pubsub_numsub(self, *args: Key) -> Self:
        """How many listen to channels."""
        return self._add(build.pubsub_numsub(*args))

    def pubsub_shardnumsub(self, *args: Key) -> Self:
        """How many listen to channels of shards."""
        return self._add(build.pubsub_shardnumsub(*args))

    def pubsub_numpat(self) -> Self:
        """How many patterns are listened to."""
        return self._add(build.pubsub_numpat())
