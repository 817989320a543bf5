/*
 * call - some commands on their way from Python to nodes and back
 *
 * The one way for all callers, blocking or on a loop:
 *
 *     call_begin()                  in memory of the caller's
 *     call_add() ...                encodes a command and finds whom to ask
 *     call_seal()                   no more commands
 *     while ((n = call_next()) > 0)
 *         the last n parts go to a hub; call_take() for each that is finished
 *     call_result()                 the replies, in the order of the commands
 *     call_end()
 *
 * A command is one part, or several: an MGET whose keys are in several slots, a DBSIZE
 * of all primaries. Most calls need one round; a second one follows when something was
 * learnt by the first (who the primaries are, that a transaction belongs elsewhere,
 * that a value was too large and its predecessor must go).
 *
 * Errors of servers and connections are values, exceptions in the place of a reply.
 * What the caller did wrong is raised by call_add() or call_seal(), before anything is
 * sent.
 *
 * Memory: the first command and part, and what fits ROOM, take nothing from the heap.
 */
#ifndef PINYON_EXT_CALL_H
#define PINYON_EXT_CALL_H

#include "arena.h"
#include "client/command.h"
#include "client/hub.h"
#include "client_type.h"
#include "reply.h"

enum run_flags {
    RUN_ATOMIC = 0x01,   /* one MULTI ... EXEC on one node */
    RUN_RAW = 0x02,      /* redirects are handed out as errors */
    RUN_READ = 0x04,     /* a replica may answer, whatever the command is */
    RUN_NO_RETRY = 0x08, /* one attempt, to connect too; redirects are followed */
    RUN_SESSION = 0x10,  /* connections are the caller's own: state may change */
    RUN_STAY = 0x20,     /* not over another connection than before */
};

/* How the replies of a command's parts become one. */
enum merge {
    MERGE_ONE,    /* there is one part */
    MERGE_ATOMIC, /* MULTI, commands, EXEC: the reply of EXEC */
    MERGE_KEYS,   /* a list each: by `position` */
    MERGE_SUM,    /* numbers */
    MERGE_STATUS, /* all say OK */
    MERGE_NODES,  /* of all primaries: see merge.c */
    MERGE_FIND,   /* the primaries have yet to be found: PING first, then as NODES */
    MERGE_DROP,   /* memcached: a value too large, whose predecessor is deleted */
};

enum answer {
    ANSWER_RESP,
    ANSWER_META,
    ANSWER_VALUE,   /* meta: the value of an mg, or None */
    ANSWER_FOUND,   /* memcached: to the dict of what was found */
    ANSWER_CLASSIC, /* memcached */
    ANSWER_NONE,    /* comes as pushes */
};

struct part {
    struct pn_request request; /* .owner is the call */
    PyObject *value;           /* once it is finished */
    uint32_t command;
    uint32_t from, n_keys; /* which of the command's positions are its keys; of a part
                              of one taken apart: `from` is the part it is for */
};

struct command {
    struct pn_bytes name, wire, key;
    uint32_t first, n_parts;
    uint32_t n_keys;             /* of MERGE_KEYS */
    uint32_t *position;          /* where the keys of the parts, in order, stood */
    const struct pn_bytes *keys; /* of ANSWER_FOUND: all, as they were given */
    uint32_t *empty; /* of ANSWER_FOUND: positions of keys whose value was empty */
    uint32_t n_empty;
    uint16_t flags; /* enum pn_command_flags */
    uint8_t merge, answer;
    bool is_torn;          /* of ATOMIC: executed, but not as one */
    bool is_short;         /* stored for no longer than a stand-in may keep it */
    uint8_t rounds;        /* of ATOMIC, of one taken apart: times it was sent anew */
    uint32_t whole;        /* while it is taken apart: the first of its own parts */
    uint32_t n_whole;      /* and how many they are; 0: it is not */
    struct pn_bytes moved; /* of ATOMIC: the redirect it met */
};

struct call {
    struct client_object *client; /* the caller holds it */
    struct arena arena;
    struct command *command, first_command;
    struct part *part, first_part;
    size_t n_commands, n_parts, command_cap, part_cap;
    size_t sent; /* parts that earlier rounds had */
    uint64_t now, deadline;
    uint64_t blocks_ns;   /* by how much its commands may wait; PN_NEVER: for ever */
    bool is_timed;        /* the caller said how long it may take */
    uint32_t run;         /* enum run_flags */
    uint16_t node;        /* PN_NODE_NONE: by key */
    struct pn_bytes home; /* aims commands without a key; {NULL, 0}: at any primary */
    PyObject *keys;       /* of get_many: a tuple */
    PyObject **key;       /* its items, borrowed */
    PyObject *found;      /* of get_many: a dict */
};

/* CALL needs no initialization; ROOM[0..cap) aligned to 8. KEYS and FOUND are NULL. */
void
call_begin(struct call *call, struct client_object *client, void *room, size_t cap);

/* ARG[0..n) as a command. 0, or -1 with an exception set. */
int
call_add(struct call *call, PyObject *const *arg, Py_ssize_t n);
/* A sequence of sequences. */
int
call_add_all(struct call *call, PyObject *commands);
/* GET or mg of one key, the quick way. */
int
call_add_get(struct call *call, PyObject *key);
/* GET or mg of several; the result is a dict. */
int
call_add_get_many(struct call *call, PyObject *keys);
int
call_seal(struct call *call);

/* How many parts at the end of call->part are to be sent now; 0: all is there; -1. */
Py_ssize_t
call_next(struct call *call);
/* PART is finished: makes its value. 0, or -1 with an exception set. */
int
call_take(struct call *call, struct part *part, struct pn_bytes reply);

/* A list of the replies; of one command's call_result_one(), its reply (raised, when it
 * is an exception); after call_add_get_many() a dict. */
PyObject *
call_result(struct call *call);
PyObject *
call_result_one(struct call *call);

void
call_end(struct call *call);

/* ---- Between plan.c, split.c, meta_words.c and merge.c ------------------------ */

/* A new command without parts. Pointers to earlier ones are void. NULL with an
 * exception set. */
struct command *
call_new_command(struct call *call, struct pn_bytes name, struct pn_bytes wire);

/* A part more of command number I. Pointers to earlier ones are void. */
struct part *
call_new_part(struct call *call, size_t i, struct pn_bytes wire, uint32_t flags);

/* Command number I has no parts any more: a new round begins for it. */
static inline void
call_renew(struct call *call, size_t i)
{
    call->command[i].first = (uint32_t)call->n_parts;
    call->command[i].n_parts = 0;
}

/* target.c: aims PART at the owner of KEY. */
void
call_aim(const struct call *call, struct part *part, struct pn_bytes key);

/* The number of each key's owner: its slot or its node. N numbers of those that nobody
 * owns differ. 0, or -1. */
int
call_owners(struct call *call, const struct pn_bytes *key, size_t n, uint32_t *owner);

/* Numbers 0..n) in the order of their owners: ORDER[i] is owner << 32 | number. */
void
call_sort(uint64_t *order, const uint32_t *owner, size_t n);

/* Sends the wire of command number I to every primary. 1 when none is known yet. */
int
call_to_all(struct call *call, size_t i);

/* plan.c: enum pn_request_flags of a command. */
uint32_t
call_flags(const struct call *call, const struct pn_command_info *info,
           struct pn_bytes name);

/* split.c: one part for each owner of the keys at hand. */
struct words;
int
call_split(struct call *call, const struct words *words,
           const struct pn_command_info *info, const uint32_t *owner, size_t n_keys);

/* apart.c: asks for the keys of command number I, whose parts are all there, one by one
 * where several at once were refused; puts together what came of that. 0, or -1. */
int
call_go_on_apart(struct call *call, size_t i);

/* meta_words.c: ARG[0..n) as a command of memcached. */
int
call_add_meta(struct call *call, PyObject *const *arg, Py_ssize_t n);

/* get_many.c: asks for call->keys; takes what was found to call->found; asks again for
 * what was empty. */
int
call_get_many_meta(struct call *call);
PyObject *
call_take_found(struct call *call, struct part *part, const struct reply_reader *reader,
                struct pn_bytes reply);
int
call_ask_again(struct call *call, size_t i);

/* gutter.c: what REQUEST stores on a stand-in is to live shortly; *IS_SHORT: it
 * does, or it stores nothing. Then the same for command number I, when that was not
 * foreseen. */
struct pn_meta_request;
void
call_shorten(struct call *call, struct pn_meta_request *request, bool *is_short);
int
call_shorten_late(struct call *call, size_t i);

/* merge.c: the reply of command number I, whose parts are all there. */
PyObject *
call_merge(struct call *call, size_t i);

/* atomic.c */
int
call_seal_atomic(struct call *call);
PyObject *
call_take_atomic(struct call *call, struct part *part,
                 const struct reply_reader *reader, struct pn_bytes reply);
/* 1: sent anew because of a redirect; 0: nothing to do. */
int
call_retry_atomic(struct call *call, size_t i);

#endif
