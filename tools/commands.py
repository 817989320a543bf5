"""commands - writes src/client/command_table.c from what servers say of themselves

    python tools/commands.py HOST:PORT... >src/client/command_table.c

Each server is asked COMMAND: where keys are, what only reads, what goes to all nodes.
Several are merged (Redis 7.0.15 and Valkey 9.1.2 as it stands), and must not differ in
where keys are. What servers do not say is in the lists below, with the reasons.
"""

import socket
import sys
from dataclasses import dataclass, field
from typing import Any, BinaryIO

# May be sent twice, see command.h: writes that leave and answer the same, or are wanted
# for their effect alone. Those that it depends on have a rule below.
SAFE = """
    SETEX PSETEX MSET HMSET HSET SETRANGE LSET
    DEL UNLINK FLUSHDB FLUSHALL
    GETEX HGETEX PFMERGE
    SCRIPT LOAD  SCRIPT EXISTS  SCRIPT FLUSH
"""
# Changes nothing, though servers flag as readonly only what touches keys. A command
# with subcommands stands for all of them.
ASKS = """
    PING ECHO TIME INFO ROLE LASTSAVE COMMAND PUBSUB
    ACL CAT  ACL DRYRUN  ACL GETUSER  ACL LIST  ACL USERS  ACL WHOAMI
    CLIENT GETNAME  CLIENT ID  CLIENT INFO  CLIENT LIST
    CLUSTER COUNTKEYSINSLOT  CLUSTER GETKEYSINSLOT  CLUSTER INFO  CLUSTER KEYSLOT
    CLUSTER LINKS  CLUSTER MYID  CLUSTER MYSHARDID  CLUSTER NODES  CLUSTER REPLICAS
    CLUSTER SHARDS  CLUSTER SLAVES  CLUSTER SLOT-STATS  CLUSTER SLOTS
    CONFIG GET
    FUNCTION DUMP  FUNCTION LIST  FUNCTION STATS
    LATENCY DOCTOR  LATENCY GRAPH  LATENCY HISTOGRAM  LATENCY HISTORY  LATENCY LATEST
    MEMORY DOCTOR  MEMORY MALLOC-STATS  MEMORY STATS
    SLOWLOG GET  SLOWLOG LEN
"""
# Answered by pushes, and nothing else is answered in between (RESP2).
PUSH = "SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE SSUBSCRIBE SUNSUBSCRIBE MONITOR"
# Changes what the connection is for whoever uses it next; WAIT and WAITAOF are about
# the writes that were made on it before.
STATE = """
    AUTH HELLO QUIT RESET SELECT ASKING READONLY READWRITE MONITOR
    MULTI EXEC DISCARD WATCH UNWATCH WAIT WAITAOF
    PSYNC SYNC REPLCONF RESTORE-ASKING
    CLIENT CACHING  CLIENT CAPA  CLIENT IMPORT-SOURCE  CLIENT NO-EVICT
    CLIENT NO-TOUCH  CLIENT REPLY  CLIENT SETINFO  CLIENT SETNAME  CLIENT TRACKING
    SCRIPT DEBUG
"""
# Servers advise to ask all nodes these; but a health check or a look at the connection
# is about one node, and "one of you must succeed" is no answer that can be merged.
ONE_NODE = """
    PING CLIENT SETINFO  CLIENT SETNAME  WAIT WAITAOF
    SCRIPT KILL  FUNCTION KILL
"""
# ... and these could be split only by making another command of them: the count of
# pairs is an argument; all or nothing is the point.
WHOLE = "MSETEX MSETNX"
MERGED = {"all_succeeded", "agg_sum", "agg_logical_and"}
MERGED_ALSO = "KEYS"  # no response_policy: arrays are joined

# Rules of command_rule.h.
RULES = {
    "NUMKEYS_1": "ZUNION ZINTER ZDIFF ZINTERCARD SINTERCARD LMPOP ZMPOP",
    "NUMKEYS_2": "EVAL EVALSHA EVAL_RO EVALSHA_RO FCALL FCALL_RO",
    "STORE": "ZUNIONSTORE ZINTERSTORE ZDIFFSTORE",
    "BLOCK_NUMKEYS": "BLMPOP BZMPOP",
    "BLOCK_LAST": "BLPOP BRPOP BRPOPLPUSH BLMOVE BZPOPMIN BZPOPMAX",
    "WAIT": "WAIT",
    "WAITAOF": "WAITAOF",
    "STREAMS": "XREAD XREADGROUP",
    "SORT": "SORT",
    "GEORADIUS": "GEORADIUS GEORADIUSBYMEMBER",
    "MIGRATE": "MIGRATE",
    "MSETEX": "MSETEX",
    "SET": "SET",
    "EXPIRE": "EXPIRE PEXPIRE EXPIREAT PEXPIREAT",
    "HSETEX": "HSETEX",
    "HEXPIRE": "HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT",
    "PUBLISH": "PUBLISH",
}
# Says "movablekeys" of patterns (BY, GET), which name no key that could be placed.
FIXED = {"SORT_RO"}


CONTAINERS = "ACL CLIENT CLUSTER CONFIG FUNCTION LATENCY MEMORY SCRIPT SLOWLOG"


def names_of(text: str) -> set[str]:
    """Words; one of CONTAINERS makes one name with the word behind it."""
    found: set[str] = set()
    words = iter(text.split())
    for word in words:
        found.add(f"{word} {next(words)}" if word in CONTAINERS.split() else word)
    return found


@dataclass
class Row:
    first: int = 0
    last: int = 0
    step: int = 1
    flags: set[str] = field(default_factory=set)
    rule: str = "NONE"


def read(reply: BinaryIO) -> Any:
    line = reply.readline()
    kind, text = line[:1], line[1:-2]
    if kind == b"*":
        return [read(reply) for _ in range(int(text))]
    if kind == b"$":
        return reply.read(int(text) + 2)[:-2].decode()
    if kind == b":":
        return int(text)
    if kind == b"+":
        return text.decode()
    raise SystemExit(f"commands: the server answers {line!r}")


def commands_of(address: str) -> list[Any]:
    """What the server at HOST:PORT answers to COMMAND, subcommands in line."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as link:
        link.sendall(b"COMMAND\r\n")
        top: list[Any] = read(link.makefile("rb"))
    return [entry for command in top for entry in [command, *command[9]]]


def policy(tips: list[str], kind: str) -> str:
    found = [tip.partition(":")[2] for tip in tips if tip.startswith(kind)]
    return found[0] if found else ""


def row_of(name: str, entry: list[Any]) -> Row:
    _, _, said, first, last, step, _, tips, *_ = entry
    row = Row(first, last, step or 1)
    for rule, names in RULES.items():
        row.rule = rule if name in names.split() else row.rule
    is_movable = "movablekeys" in said and name not in FIXED
    if is_movable and row.rule == "NONE":
        raise SystemExit(f"commands: {name} has movable keys and no rule")
    if first == 0 and not is_movable:
        row.flags.add("NO_KEY")
    if "readonly" in said:
        row.flags |= {"READ", "SAFE"}
    if {name, name.split()[0]} & (names_of(SAFE) | names_of(ASKS)):
        row.flags.add("SAFE")
    row.flags |= {flag for flag, names in BY_NAME.items() if name in names}
    request, response = policy(tips, "request_"), policy(tips, "response_")
    if request == "multi_shard" and name not in names_of(WHOLE):
        row.flags.add("SPLIT")
    if request in ("all_shards", "all_nodes") and name not in names_of(ONE_NODE):
        is_merged = response in MERGED or name in names_of(MERGED_ALSO)
        row.flags |= {"EVERY"} if is_merged else set()
    return row


BY_NAME = {"PUSH": names_of(PUSH), "STATE": names_of(STATE)}


def merge(rows: dict[str, Row], entries: list[Any]) -> None:
    for entry in entries:
        name = entry[0].upper().replace("|", " ")
        row = row_of(name, entry)
        old = rows.setdefault(name, row)
        if (old.first, old.last, old.step) != (row.first, row.last, row.step):
            raise SystemExit(f"commands: servers differ about the keys of {name}")
        old.flags |= row.flags


def check_lists(rows: dict[str, Row]) -> None:
    """A name that no server knows is a slip of the pen."""
    lists = [SAFE, ASKS, PUSH, STATE, ONE_NODE, WHOLE, MERGED_ALSO, *RULES.values()]
    unknown = {name for text in lists for name in names_of(text)} - set(rows)
    if unknown:
        raise SystemExit(f"commands: no server knows {', '.join(sorted(unknown))}")


def text_of(name: str, row: Row) -> str:
    order = ["READ", "SAFE", "PUSH", "STATE", "NO_KEY", "EVERY", "SPLIT"]
    flags = " | ".join(flag for flag in order if flag in row.flags)
    flags = f"KNOWN | {flags}" if flags else "KNOWN"
    keys = f"{row.first}, {row.last}, {row.step}"
    return f'    {{"{name}", {flags}, {keys}, PN_RULE_{row.rule}}},'


HEAD = """\
/* Written by tools/commands.py from what servers say: to be changed there. */
#include "client/command_table.h"

#include "client/command.h"
#include "client/command_rule.h"

enum {
    KNOWN = PN_CMD_KNOWN,
    READ = PN_CMD_READ,
    SAFE = PN_CMD_SAFE,
    PUSH = PN_CMD_PUSH,
    STATE = PN_CMD_STATE,
    NO_KEY = PN_CMD_NO_KEY,
    EVERY = PN_CMD_EVERY,
    SPLIT = PN_CMD_SPLIT,
};

/* clang-format off */
const struct pn_command_row pn_command_table[] = {
    /* name, flags, first key, last key, step, rule */
"""
TAIL = """\
};
/* clang-format on */

const size_t pn_command_table_len = sizeof pn_command_table / sizeof *pn_command_table;
"""


def main(addresses: list[str]) -> None:
    if not addresses:
        raise SystemExit(__doc__)
    rows: dict[str, Row] = {}
    for address in addresses:
        merge(rows, commands_of(address))
    check_lists(rows)
    kept = [
        text_of(name, rows[name])
        for name in sorted(rows)
        if " " not in name or rows[name] != rows[name.split()[0]]
    ]
    sys.stdout.write(HEAD + "\n".join(kept) + "\n" + TAIL)


if __name__ == "__main__":
    main(sys.argv[1:])
