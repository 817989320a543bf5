/*
 * ttl - times to live, as users write them, to milliseconds
 *
 *     60, 2.5              seconds
 *     "10m", "1h30m"       numbers with ms, s, m, h, d or w; a bare "90" is seconds
 *     timedelta(hours=1)   anything with total_seconds()
 *     None                 PN_NO_TTL: no expiry
 *     0                    0: do not store
 *
 * What is negative, infinite, not a number, a bool or beyond 300 years is a
 * ConfigError that names OPTION. Less than a millisecond counts as one.
 */
#ifndef PINYON_EXT_TTL_H
#define PINYON_EXT_TTL_H

#include <stdint.h>

#include "state.h"

/* 0 and *MS, or -1 with an exception set. */
int
ttl_from_object(struct core_state *st, PyObject *ttl, const char *option, uint64_t *ms);

/* parse_ttl(ttl, option="ttl") -> int | None, for the Python side. METH_FASTCALL. */
PyObject *
ttl_parse(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

#endif
