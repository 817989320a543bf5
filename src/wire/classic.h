/*
 * classic - memcached's first text protocol, both directions
 *
 *     get|gets KEY...                    VALUE KEY FLAGS SIZE [CAS]\r\n...  END
 *     gat|gats EXPTIME KEY...            the same
 *     set|add|replace|append|prepend KEY FLAGS EXPTIME SIZE [noreply]\r\n...\r\n
 *     cas KEY FLAGS EXPTIME SIZE CAS [noreply]\r\n...\r\n
 *                                        STORED NOT_STORED EXISTS NOT_FOUND
 *     delete KEY [0] [noreply]           DELETED NOT_FOUND
 *     incr|decr KEY DELTA [noreply]      NUMBER NOT_FOUND
 *     touch KEY EXPTIME [noreply]        TOUCHED NOT_FOUND
 *     flush_all [DELAY] [noreply]        OK
 *     verbosity LEVEL [noreply]          OK
 *     version                            VERSION TEXT
 *     stats [WORDS]                      STAT NAME TEXT... END, RESET, OK
 *     quit
 *     anything                           ERROR, CLIENT_ERROR TEXT, SERVER_ERROR TEXT
 *
 * One call reads one request, or one line of a reply with the value behind it: a get's
 * reply is VALUE messages and an END. Slices point into the caller's buffer.
 */
#ifndef PN_WIRE_CLASSIC_H
#define PN_WIRE_CLASSIC_H

#include "wire/mc.h"

/* What words stand behind the verb. */
enum pn_classic_shape {
    PN_SHAPE_KEYS,  /* KEY... */
    PN_SHAPE_GAT,   /* EXPTIME KEY... */
    PN_SHAPE_STORE, /* KEY FLAGS EXPTIME SIZE, a value */
    PN_SHAPE_CAS,   /* the same and CAS */
    PN_SHAPE_KEY,   /* KEY [0] */
    PN_SHAPE_DELTA, /* KEY DELTA */
    PN_SHAPE_TOUCH, /* KEY EXPTIME */
    PN_SHAPE_DELAY, /* [EXPTIME] */
    PN_SHAPE_LEVEL, /* LEVEL */
    PN_SHAPE_ARGS,  /* anything */
    PN_SHAPE_NONE,
};

/*    name                      verb         shape */
#define PN_CLASSIC_MAP(X)                                \
    X(PN_CLASSIC_GET, "get", PN_SHAPE_KEYS)              \
    X(PN_CLASSIC_GETS, "gets", PN_SHAPE_KEYS)            \
    X(PN_CLASSIC_GAT, "gat", PN_SHAPE_GAT)               \
    X(PN_CLASSIC_GATS, "gats", PN_SHAPE_GAT)             \
    X(PN_CLASSIC_SET, "set", PN_SHAPE_STORE)             \
    X(PN_CLASSIC_ADD, "add", PN_SHAPE_STORE)             \
    X(PN_CLASSIC_REPLACE, "replace", PN_SHAPE_STORE)     \
    X(PN_CLASSIC_APPEND, "append", PN_SHAPE_STORE)       \
    X(PN_CLASSIC_PREPEND, "prepend", PN_SHAPE_STORE)     \
    X(PN_CLASSIC_CAS, "cas", PN_SHAPE_CAS)               \
    X(PN_CLASSIC_DELETE, "delete", PN_SHAPE_KEY)         \
    X(PN_CLASSIC_INCR, "incr", PN_SHAPE_DELTA)           \
    X(PN_CLASSIC_DECR, "decr", PN_SHAPE_DELTA)           \
    X(PN_CLASSIC_TOUCH, "touch", PN_SHAPE_TOUCH)         \
    X(PN_CLASSIC_FLUSH_ALL, "flush_all", PN_SHAPE_DELAY) \
    X(PN_CLASSIC_VERBOSITY, "verbosity", PN_SHAPE_LEVEL) \
    X(PN_CLASSIC_STATS, "stats", PN_SHAPE_ARGS)          \
    X(PN_CLASSIC_VERSION, "version", PN_SHAPE_NONE)      \
    X(PN_CLASSIC_QUIT, "quit", PN_SHAPE_NONE)

enum pn_classic_verb {
#define PN_CLASSIC_ENUM(name, verb, shape) name,
    PN_CLASSIC_MAP(PN_CLASSIC_ENUM)
#undef PN_CLASSIC_ENUM
};

/* Fields that the verb has no word for are zero. */
struct pn_classic_request {
    enum pn_classic_verb verb;
    bool is_noreply;
    uint32_t flags;
    int64_t exptime; /* mc.h: pn_mc_ttl_ms() */
    uint64_t cas;
    uint64_t number; /* DELTA, LEVEL */
    struct pn_bytes
        keys; /* one key; of KEYS and GAT all, to be cut by pn_word_next() */
    struct pn_bytes value;
    struct pn_bytes args; /* of stats */
};

/* The request at BUF: > 0 its bytes, 0 need more, < 0 a code (see reader->skip). */
ptrdiff_t
pn_classic_request(struct pn_mc_reader *reader, const char *buf, size_t len,
                   struct pn_classic_request *request);

/* Writes REQUEST after checking that its keys may be sent. 0, or a code and nothing was
 * written. A flush_all without delay has exptime 0. */
int
pn_classic_put_request(struct pn_out *out, const struct pn_classic_request *request);

/*    name                     word */
#define PN_CLASSIC_REPLY_MAP(X)              \
    X(PN_REPLY_VALUE, "VALUE")               \
    X(PN_REPLY_END, "END")                   \
    X(PN_REPLY_STORED, "STORED")             \
    X(PN_REPLY_NOT_STORED, "NOT_STORED")     \
    X(PN_REPLY_EXISTS, "EXISTS")             \
    X(PN_REPLY_NOT_FOUND, "NOT_FOUND")       \
    X(PN_REPLY_DELETED, "DELETED")           \
    X(PN_REPLY_TOUCHED, "TOUCHED")           \
    X(PN_REPLY_OK, "OK")                     \
    X(PN_REPLY_RESET, "RESET")               \
    X(PN_REPLY_STAT, "STAT")                 \
    X(PN_REPLY_VERSION, "VERSION")           \
    X(PN_REPLY_ERROR, "ERROR")               \
    X(PN_REPLY_CLIENT_ERROR, "CLIENT_ERROR") \
    X(PN_REPLY_SERVER_ERROR, "SERVER_ERROR") \
    X(PN_REPLY_NUMBER, "")

enum pn_classic_kind {
#define PN_CLASSIC_REPLY_ENUM(name, word) name,
    PN_CLASSIC_REPLY_MAP(PN_CLASSIC_REPLY_ENUM)
#undef PN_CLASSIC_REPLY_ENUM
};

struct pn_classic_reply {
    enum pn_classic_kind kind;
    bool has_cas;
    uint32_t flags;
    uint64_t cas;
    uint64_t number;     /* of incr and decr */
    struct pn_bytes key; /* VALUE; the name of a STAT */
    struct pn_bytes value;
    struct pn_bytes text; /* STAT, VERSION and the errors */
};

/* The message at BUF: > 0 its bytes, 0 need more, < 0 a code. */
ptrdiff_t
pn_classic_reply(struct pn_mc_reader *reader, const char *buf, size_t len,
                 struct pn_classic_reply *reply);

void
pn_classic_put_reply(struct pn_out *out, const struct pn_classic_reply *reply);

/* Does nothing follow this message in the answer to one request? */
static inline bool
pn_classic_is_last(const struct pn_classic_reply *reply)
{
    return reply->kind != PN_REPLY_VALUE && reply->kind != PN_REPLY_STAT;
}

#endif
