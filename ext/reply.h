/*
 * reply - from what a server of RESP said to Python objects
 *
 *     null -> None             boolean -> bool           double -> float
 *     integer, big -> int      bulk, verbatim -> bytes   simple -> bytes
 *     array, push -> list      set -> set                map -> dict
 *     error -> an exception, as a value
 *
 * With is_decoded text is str instead of bytes. A set that holds what has no hash is a
 * list, such a map a list of pairs. Attributes are dropped.
 *
 * The hub has seen that the message is whole and how deep it goes (PN_RESP_DEPTH_MAX):
 * the recursion here goes no deeper.
 */
#ifndef PINYON_EXT_REPLY_H
#define PINYON_EXT_REPLY_H

#include <stdbool.h>

#include "fault.h"

struct reply_reader {
    struct core_state *st;
    struct fault_place place; /* for the errors in it */
    bool is_decoded;
};

/* The message at the front of *BYTES, which is cut off. A new reference, or NULL with
 * an exception set (memory, or a ProtocolError when the bytes are no message). A bulk
 * takes about 30 ns, most of it CPython's. */
PyObject *
reply_take(const struct reply_reader *reader, struct pn_bytes *bytes);

/* What MGET answers, at once as the dict that is wanted of it: of KEY[0..N) those whose
 * value is not null. NULL without an exception: it is something else than an array of N
 * strings, for reply_take(). */
PyObject *
reply_take_found(struct pn_bytes bytes, PyObject *const *key, size_t n);

/* TEXT as bytes or str. What is no UTF-8 is, with is_decoded, a SerializationError as a
 * value. */
PyObject *
reply_text(const struct reply_reader *reader, struct pn_bytes text);

/* Is VALUE an exception, hence what went wrong? */
static inline bool
reply_is_fault(PyObject *value)
{
    return PyExceptionInstance_Check(value);
}

#endif
