/*
 * resp_command - what a client asks, as a server reads it
 *
 *     *2\r\n$3\r\nGET\r\n$1\r\nk\r\n      an array of bulk strings
 *     GET k\r\n                           inline: words on a line, what people type
 *
 * An inline word may stand in single or double quotes to hold spaces. Escapes within
 * quotes would need a place to be undone in, and there is none here: refused.
 */
#ifndef PN_WIRE_RESP_COMMAND_H
#define PN_WIRE_RESP_COMMAND_H

#include "wire/resp.h"

/* {0} is a reader between two commands. limits.count is how many arguments, 0 for
 * PN_RESP_ARGS_MAX; limits.length how long each may be. */
struct pn_resp_command {
    struct pn_resp_limits limits;
    size_t need;       /* fewer bytes than this are not worth a call */
    size_t at;         /* where the next argument begins; 0 at the start */
    size_t seen;       /* of an unfinished line */
    uint32_t argc;     /* as the array says, once it was read */
    uint32_t complete; /* arguments that are there */
};

/* The command at BUF: > 0 its bytes, with its arguments in ARGV[0..*argc); 0 need more,
 * and BUF is to be the start of the same command again; < 0 a code. More than ARGV_MAX
 * arguments are PN_WIRE_E_COUNT. *argc is 0 for an empty line or array, which asks for
 * nothing and gets no reply. */
ptrdiff_t
pn_resp_command(struct pn_resp_command *command, const char *buf, size_t len,
                struct pn_bytes *argv, size_t argv_max, size_t *argc);

#endif
