/*
 * command_table - every command that Redis and Valkey know, a row each
 *
 * The rows are made by tools/commands.py. A subcommand has a row of its own ("XGROUP
 * CREATE") where it differs from that of its container ("XGROUP"), which stands for all
 * others.
 */
#ifndef PN_CLIENT_COMMAND_TABLE_H
#define PN_CLIENT_COMMAND_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define PN_COMMAND_NAME_MAX 29u

struct pn_command_row {
    char name[PN_COMMAND_NAME_MAX + 1]; /* upper case */
    uint16_t flags;                     /* enum pn_command_flags */
    int8_t first, last; /* arguments that are keys; last < 0: from the end; 0: none */
    uint8_t step;
    uint8_t rule; /* enum pn_command_rule */
};

/* Sorted by name, as strcmp() does. */
extern const struct pn_command_row pn_command_table[];
extern const size_t pn_command_table_len;

#endif
