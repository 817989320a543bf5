/*
 * words - the arguments of a command, as Python has them, to bytes on the wire
 *
 *     str                    UTF-8; a class derived from it (an Enum with str) as well
 *     bytes bytearray memoryview
 *     int float              as repr() writes them
 *
 * Whatever else there is (None, bool, list, datetime) is an ArgumentError that names
 * the argument by its number: what None or True means is for the caller to say. So is
 * what has no bytes: a str with lone surrogates, a memoryview that was released.
 */
#ifndef PINYON_EXT_WORDS_H
#define PINYON_EXT_WORDS_H

#include "arena.h"
#include "state.h"
#include "wire/text.h"

struct words {
    struct pn_bytes *argv; /* slices of `wire`; argv[0] is the command's name */
    size_t argc;
    struct pn_bytes wire; /* the command as an array of bulk strings */
};

/* Encodes ARG[0..N) into ARENA. A name with spaces ("CONFIG GET") counts as several
 * words. 0, or -1 with an exception set. */
int
words_take(struct core_state *st, struct arena *arena, PyObject *const *arg,
           Py_ssize_t n, struct words *words);

/* The bytes of ARG: those of a str or bytes where they are, valid as long as ARG;
 * others in ARENA. 0; 1 and no exception when it is of no such type; -1 and whatever
 * Python raised when it has none. Neither is for users to see: words_refuse(). */
int
words_one(struct arena *arena, PyObject *arg, struct pn_bytes *bytes);

/* Raises what words_one() answered of ARG, RC, as an ArgumentError that calls it WHAT:
 * "argument 2 of SET". Returns -1. */
int
words_refuse(struct core_state *st, PyObject *arg, int rc, const char *what);

/* The bytes of KEY, a str or bytes, where they are. 0, or -1 with KeyValueError set. */
int
words_key(struct core_state *st, PyObject *key, struct pn_bytes *bytes);

/* Borrowed references to the items of TUPLE, which the caller holds. NULL with an
 * exception set. */
PyObject **
words_items(struct arena *arena, PyObject *tuple, Py_ssize_t *n);

#endif
