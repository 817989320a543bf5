/*
 * command_rule - commands of which their arguments tell what they do and where keys are
 *
 * A row of the table (command_table.h) names at most one rule. It is called with what
 * the row says already in INFO, and corrects it. What is malformed stays as it is: the
 * server will refuse it, wherever it goes.
 */
#ifndef PN_CLIENT_COMMAND_RULE_H
#define PN_CLIENT_COMMAND_RULE_H

#include "client/command.h"

/*    name           function */
#define PN_COMMAND_RULES(X)                                                          \
    X(NUMKEYS_1, numkeys_1)         /* numkeys key...: ZUNION, LMPOP */              \
    X(NUMKEYS_2, numkeys_2)         /* one word before it: EVAL */                   \
    X(STORE, store)                 /* a destination before it: ZUNIONSTORE */       \
    X(BLOCK_NUMKEYS, block_numkeys) /* a timeout before it: BLMPOP */                \
    X(BLOCK_LAST, block_last)       /* timeout in seconds as last argument: BLPOP */ \
    X(WAIT, wait)                   /* numreplicas timeout-in-ms: WAIT */            \
    X(WAITAOF, waitaof)             /* the same, one later */                        \
    X(STREAMS, streams)             /* [BLOCK ms] STREAMS key... id...: XREAD */     \
    X(SORT, sort)                   /* [STORE destination] */                        \
    X(GEORADIUS, georadius)         /* [STORE|STOREDIST destination] */              \
    X(MIGRATE, migrate)             /* host port key|"" ... [KEYS key...] */         \
    X(MSETEX, msetex)   /* numkeys key value ... [NX|XX] [EX seconds ...] */         \
    X(SET, set)         /* safe with a lifetime at most */                           \
    X(EXPIRE, expire)   /* safe without NX, XX, GT, LT */                            \
    X(HSETEX, hsetex)   /* safe without FNX, FXX before FIELDS */                    \
    X(HEXPIRE, hexpire) /* safe when FIELDS follows at once */                       \
    X(PUBLISH, publish) /* its channel places it */

enum pn_command_rule {
    PN_RULE_NONE,
#define PN_RULE_ENUM(name, function) PN_RULE_##name,
    PN_COMMAND_RULES(PN_RULE_ENUM)
#undef PN_RULE_ENUM
};

void
pn_command_rule(enum pn_command_rule rule, const struct pn_bytes *argv, size_t argc,
                struct pn_command_info *info);

/* Is WORD the upper-case NAME, in any case? */
bool
pn_command_is(struct pn_bytes word, const char *name);

#endif
