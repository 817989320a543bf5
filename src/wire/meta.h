/*
 * meta - memcached's meta commands, both directions
 *
 *     mg KEY FLAGS...          EN | HD FLAGS... | VA SIZE FLAGS...\r\nvalue
 *     ms KEY SIZE FLAGS...\r\nvalue       HD NS EX NF
 *     md KEY FLAGS...                     HD NF EX
 *     ma KEY FLAGS...                     HD VA NF NS EX
 *     mn                                  MN
 *     me KEY [b]                          EN | ME KEY TEXT
 *     anything                            ERROR, CLIENT_ERROR TEXT, SERVER_ERROR TEXT
 *
 * A flag is a letter with, for some, a word behind it without space: `T60`. The same
 * letter may ask in a request and answer in a reply: `t` asks for the TTL, `t59` tells.
 * Replies carry their flags in the order of the request, so a server answers by walking
 * over the request's.
 *
 *     flag  in mg ms md ma   request              reply
 *     b     x  x  x  x  me   the key is base64    the key is base64
 *     c     x  x     x       tell the CAS         c123
 *     C n   x  x  x  x       only if the CAS is n (mg, from 1.6.40: no value if so)
 *     D n            x       delta
 *     E n   x  x  x  x       the new CAS          (from 1.6.27)
 *     f     x                tell the flags       f30
 *     F n      x             client flags
 *     h     x                tell hit before      h0, h1
 *     I        x  x          invalidate: stale
 *     J n            x       initial value
 *     k     x  x  x  x       tell the key         kfoo
 *     l     x                tell seconds idle    l5
 *     L P   x  x  x  x       words for proxies, ignored
 *     M c      x     x       mode: S A P R E; I D
 *     N n   x  x     x       create on miss, TTL
 *     O s   x  x  x  x       opaque               Os
 *     q     x  x  x  x       quiet
 *     R n   x                recache if TTL below n
 *     s     x  x             tell the size        s10
 *     t     x        x       tell the TTL         t59, t-1 for ever
 *     T n   x  x  x  x       set the TTL
 *     u     x                do not count as use
 *     v     x        x       tell the value
 *     W X Z                                       recache it; stale; another recaches
 *     x           x          drop the value, keep the item
 */
#ifndef PN_WIRE_META_H
#define PN_WIRE_META_H

#include "wire/mc.h"

/* The bit of a flag in `has`. */
static inline uint64_t
pn_meta_bit(char flag)
{
    unsigned upper = (unsigned)(flag - 'A');
    unsigned lower = (unsigned)(flag - 'a');
    return upper < 26   ? UINT64_C(1) << upper
           : lower < 26 ? UINT64_C(1) << (26 + lower)
                        : 0;
}

enum pn_meta_verb {
    PN_META_MG,
    PN_META_MS,
    PN_META_MD,
    PN_META_MA,
    PN_META_MN,
    PN_META_ME,
};

/* A field counts when its bit is in `has`. */
struct pn_meta_request {
    enum pn_meta_verb verb;
    char mode; /* M, in upper case; of ma I or D whatever was written */
    uint64_t has;
    struct pn_bytes key;    /* read: as sent, base64 with b. Written: raw, see below */
    struct pn_bytes value;  /* of ms */
    struct pn_bytes flags;  /* read: the text of the flags, in order */
    struct pn_bytes opaque; /* O */
    struct pn_bytes proxy_path, proxy_hint; /* P, L */
    uint64_t cas_compare;                   /* C */
    uint64_t cas_new;                       /* E */
    uint64_t delta;                         /* D */
    uint64_t initial;                       /* J */
    int64_t ttl;           /* T, as exptime of mc.h; so are the next two */
    int64_t vivify;        /* N */
    int64_t recache;       /* R */
    uint32_t client_flags; /* F */
};

/* The request at BUF: > 0 its bytes, 0 need more, < 0 a code (see reader->skip). */
ptrdiff_t
pn_meta_request(struct pn_mc_reader *reader, const char *buf, size_t len,
                struct pn_meta_request *request);

/* Writes REQUEST; its flags come in the order of the table above. A key that may not be
 * sent as it is, or any with `b` in `has`, goes as base64. 0, or a code and nothing was
 * written: PN_WIRE_E_KEY_SIZE for what does not fit even so, PN_WIRE_E_FLAG for a flag
 * that the verb has not or an opaque that is no word. */
int
pn_meta_put_request(struct pn_out *out, const struct pn_meta_request *request);

/*    name                       word */
#define PN_META_MAP(X)                      \
    X(PN_META_HD, "HD")                     \
    X(PN_META_VA, "VA")                     \
    X(PN_META_EN, "EN")                     \
    X(PN_META_NS, "NS")                     \
    X(PN_META_EX, "EX")                     \
    X(PN_META_NF, "NF")                     \
    X(PN_META_NOOP, "MN")                   \
    X(PN_META_DEBUG, "ME")                  \
    X(PN_META_ERROR, "ERROR")               \
    X(PN_META_CLIENT_ERROR, "CLIENT_ERROR") \
    X(PN_META_SERVER_ERROR, "SERVER_ERROR")

enum pn_meta_code {
#define PN_META_ENUM(name, word) name,
    PN_META_MAP(PN_META_ENUM)
#undef PN_META_ENUM
};

struct pn_meta_reply {
    enum pn_meta_code code;
    bool is_hit_before; /* h */
    uint64_t has;
    struct pn_bytes value;  /* of VA */
    struct pn_bytes flags;  /* read: their text; those unknown to us stand there only */
    struct pn_bytes key;    /* k, base64 with b */
    struct pn_bytes opaque; /* O */
    struct pn_bytes text;   /* of the errors; of ME all behind the word */
    uint64_t cas;           /* c */
    uint64_t idle_s;        /* l */
    uint64_t size;          /* s */
    int64_t ttl_s;          /* t, -1 for ever */
    uint32_t client_flags;  /* f */
};

/* The reply at BUF: > 0 its bytes, 0 need more, < 0 a code. */
ptrdiff_t
pn_meta_reply(struct pn_mc_reader *reader, const char *buf, size_t len,
              struct pn_meta_reply *reply);

/* Writes REPLY with the flags of `has`: in the order in which REQUEST asked for them,
 * then the rest (W, X, Z) in the order of the alphabet; REQUEST may be NULL. */
void
pn_meta_put_reply(struct pn_out *out, const struct pn_meta_reply *reply,
                  const struct pn_meta_request *request);

/* The bytes of the key that KEY, as sent with flags HAS, stands for: *raw is a slice of
 * KEY, or of ROOM (PN_MC_KEY_MAX bytes) when it came as base64. 0, or a code. */
int
pn_meta_key(struct pn_bytes key, uint64_t has, char *room, struct pn_bytes *raw);

#endif
