/*
 * command - what is known of the commands of Redis and Valkey: where their keys are,
 * whether they read, whether they may be sent twice
 *
 * A table sorted by name (command_table.c, written by tools/commands.py from what
 * servers say of themselves), searched by bisection, and a rule for each command whose
 * arguments decide (command_rule.h): about 30 ns, 45 with a subcommand. Commands that
 * are not in it (modules, the future) have their key in the first argument and are
 * taken for writes.
 */
#ifndef PN_CLIENT_COMMAND_H
#define PN_CLIENT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/text.h"

enum pn_command_flags {
    PN_CMD_READ = 0x01, /* changes nothing */
    PN_CMD_SAFE = 0x02, /* may be executed twice, see below: all reads, SET without NX,
                              XX, GET and the like */
    PN_CMD_BLOCKS = 0x04, /* may wait, as long as an argument says */
    PN_CMD_PUSH = 0x08,   /* (P|S)(UN)SUBSCRIBE, MONITOR: answers are pushes */
    PN_CMD_STATE = 0x10,  /* changes the connection: SELECT, AUTH, WATCH, MULTI, CLIENT
                              REPLY, READONLY ...: not for a shared connection */
    PN_CMD_NO_KEY = 0x20, /* goes to any node: PING, TIME, PUBLISH */
    PN_CMD_EVERY = 0x40,  /* to every primary, and answers are merged: numbers added
                              (DBSIZE), arrays joined (KEYS; of SCRIPT EXISTS each
                              element is the least), else the first (FLUSHDB) */
    PN_CMD_SPLIT = 0x80,  /* may be split by slot: MGET DEL UNLINK EXISTS TOUCH MSET */
    PN_CMD_KNOWN = 0x100,
};

/*
 * SAFE: sent again because no answer came, it leaves what it would have left and
 * answers what it would have answered, if nobody else wrote meanwhile. Three
 * exceptions, because what a cache wants of them is the effect: DEL, UNLINK and HSET
 * may answer a smaller count of what was there or new. SREM, ZREM, SADD and HDEL are
 * not safe though their effect is the same: their count is how programs find out who
 * was first.
 */
struct pn_command_info {
    uint16_t flags; /* enum pn_command_flags */
    uint8_t step;   /* from one key to the next, at least 1: MSET has 2 */
    uint32_t first; /* index in ARGV of the first key; 0: none. With NO_KEY an argument
                       that may place it: PUBLISH goes to any node, but two of one
                       channel keep their order if the channel's slot says to which */
    uint32_t keys;  /* how many there are, STEP apart, all of them in ARGV */
    uint32_t extra; /* one more that stands apart, before (ZUNIONSTORE) or behind (SORT
                       ... STORE) them; 0: none */
    int32_t blocks_ms; /* of BLOCKS: for how long at most, as ARGV says; 0: for ever */
};

/* ARGV[0] in any case, and the subcommand where there is one (XGROUP CREATE). The
 * arguments matter: SET NX, SORT STORE, XREAD BLOCK, EVAL numkeys. */
void
pn_command_info(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info);

/* The index in ARGV of the I-th key, in the order of ARGV; 0 when there is none. */
size_t
pn_command_key(const struct pn_bytes *argv, size_t argc,
               const struct pn_command_info *info, size_t i);

#endif
