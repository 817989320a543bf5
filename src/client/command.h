/*
 * command - what is known of the commands of Redis and Valkey: where their keys are,
 * whether they read, whether they may be sent twice
 *
 * A table sorted by name (command_table.c, written by tools/commands from what a server
 * says of itself with COMMAND), searched by bisection: about 30 ns. Commands that are
 * not in it (modules, the future) have their key in the first argument and are taken
 * for writes.
 */
#ifndef PN_CLIENT_COMMAND_H
#define PN_CLIENT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/text.h"

enum pn_command_flags {
    PN_CMD_READ = 0x01,   /* changes nothing */
    PN_CMD_SAFE = 0x02,   /* executed twice it leaves and answers the same: all reads;
                              SET without NX, GET and the like is decided by arguments */
    PN_CMD_BLOCKS = 0x04, /* may wait, as long as an argument says */
    PN_CMD_PUSH = 0x08,   /* (P|S)(UN)SUBSCRIBE, MONITOR: answers are pushes */
    PN_CMD_STATE = 0x10,  /* changes the connection: SELECT, AUTH, WATCH, MULTI, CLIENT
                              REPLY, READONLY ...: not for a shared connection */
    PN_CMD_NO_KEY = 0x20, /* goes to any node: PING, TIME, PUBLISH */
    PN_CMD_EVERY = 0x40,  /* to every primary, and answers are merged: DBSIZE, FLUSHDB,
                              KEYS, SCRIPT LOAD ... */
    PN_CMD_SPLIT = 0x80,  /* may be split by slot: MGET DEL UNLINK EXISTS TOUCH MSET */
    PN_CMD_KNOWN = 0x100,
};

struct pn_command_info {
    uint16_t flags;     /* enum pn_command_flags */
    int8_t first, last; /* arguments that are keys; ARGV[0] is the name. last < 0 from
                            the end. first 0: none, or at a place that argv says */
    uint8_t step;
    int32_t blocks_ms; /* of BLOCKS: for how long at most, as argv says; 0: for ever */
};

/* ARGV[0] in any case, and the subcommand where there is one (XGROUP CREATE). The
 * arguments matter: SET NX, SORT STORE, XREAD BLOCK, EVAL numkeys. */
void
pn_command_info(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info);

/* The index in ARGV of the I-th key; 0 when there is none. */
size_t
pn_command_key(const struct pn_bytes *argv, size_t argc,
               const struct pn_command_info *info, size_t i);

#endif
