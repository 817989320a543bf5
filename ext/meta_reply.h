/*
 * meta_reply - from what memcached said to Python objects
 *
 * A meta reply is a _core.MetaReply, a named tuple:
 *
 *     code        "HD" "VA" "EN" "NS" "EX" "NF" "MN" "ME"
 *     value       bytes (str with is_decoded), or None
 *     flags       client flags (f), or None          cas     (c), or None
 *     ttl         seconds, -1 for ever (t), or None  size    (s), or None
 *     idle        seconds since it was read (l)      hit     read before (h), or None
 *     won stale token_sent                           W, X, Z: bools
 *     key         bytes (k), decoded                 opaque  bytes (O)
 *     is_gutter   a stand-in answered: use short TTLs
 *
 * A classic reply is bytes (a version), True (OK), or a dict (stats). What the server
 * refuses is an exception, as a value.
 */
#ifndef PINYON_EXT_META_REPLY_H
#define PINYON_EXT_META_REPLY_H

#include "reply.h"
#include "wire/meta.h"

/* The meta reply at the front of *BYTES, which is cut off; NULL with an exception. */
PyObject *
meta_reply_take(const struct reply_reader *reader, struct pn_bytes *bytes,
                bool is_gutter);

/* The next meta reply of *BYTES as C sees it: false at the end or when malformed. */
bool
meta_reply_next(struct pn_bytes *bytes, struct pn_meta_reply *reply);

/* Is it an item that a lease made on a miss, and nobody has filled yet? */
static inline bool
meta_reply_is_stub(const struct pn_meta_reply *reply)
{
    return reply->value.len == 0 &&
           (reply->has & (pn_meta_bit('W') | pn_meta_bit('Z'))) != 0;
}

/* The exception of a reply that is an error; NULL, without an exception set, when it is
 * none. */
PyObject *
meta_reply_fault(const struct reply_reader *reader, const struct pn_meta_reply *reply);

/* All of a classic answer. */
PyObject *
classic_reply_take(const struct reply_reader *reader, struct pn_bytes *bytes);

/* Makes MetaReply and adds it to MODULE. 0, or -1 with an exception set. */
int
meta_reply_type_add(PyObject *module);

#endif
