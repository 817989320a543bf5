/*
 * errors - from the codes of libpinyon to the exceptions of the package
 *
 * One root, CacheError; leaves inherit the builtins that users already catch.
 * Every exception made here carries `kind`, the name of its code ("PN_E_SIZE"), for
 * programs, and a sentence for people.
 */
#ifndef PINYON_EXT_ERRORS_H
#define PINYON_EXT_ERRORS_H

#include "state.h"

struct pn_why;

/* Makes the exceptions and adds them to MODULE. 0, or -1 with an exception set. */
int
errors_add(PyObject *module);

/* Sets the exception of the negative CODE and returns NULL. WHERE names the thing
 * in hand, such as "set" or a key's owner; it stands before the sentence. */
PyObject *
errors_raise(struct core_state *st, int code, const char *where);

/* The same with the sentence that libpinyon wrote about an opening that failed. */
PyObject *
errors_raise_why(struct core_state *st, const struct pn_why *why);

/* "the cache is closed". Returns NULL. */
PyObject *
errors_raise_closed(struct core_state *st);

/* Where what is set is that a str has no UTF-8, TYPE instead, of which WHAT tells users
 * ("a key"); other exceptions stay. Returns NULL. */
PyObject *
errors_refuse_surrogates(PyObject *type, const char *what);

/* A write that must not be lost did not get its lock. Returns NULL. */
PyObject *
errors_raise_busy(struct core_state *st, const char *what);

#endif
