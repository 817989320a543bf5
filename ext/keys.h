/*
 * keys - from what Python programs use as keys to the key text that engines take.
 *
 * Two ways in:
 *
 *   user keys      cache.get("user:7"): str or bytes of 1 to 65,536 bytes. A str is its
 *                  UTF-8; the bytes of that UTF-8 are the same key, as in clients of
 *                  Redis and memcached. What is too long for an engine is replaced by
 *                  "~b2:" and 22 characters of a 128-bit digest.
 *   argument keys  f(7) of a cached function:
 *                  prefix:module.qualname:version.shape:arguments
 *                  where the arguments are bound to the signature, so that f(7), f(u=7)
 *                  and a default of 7 meet, then encoded canonically: equal in every
 *                  process and run, and two different calls never share a key but by a
 *                  collision of 128-bit BLAKE2b.
 *
 * The encoding, byte by byte, and what equals what: docs/design/0012-keys.md.
 *
 * Thread rule: contexts and plans are read-only once made; any number of threads may
 * use them. Every function needs an attached thread state. keys_bind may run Python
 * code (a __pinyon_key__ method): call it before taking any lock.
 */
#ifndef PINYON_EXT_KEYS_H
#define PINYON_EXT_KEYS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec_state.h"

#define KEY_USER_MAX 65536 /* bytes a user's key may have */
#define KEY_ENGINE_MAX 255 /* bytes a key has in the store and on the wire at most */
#define KEY_MEMCACHED_MAX 250
#define KEY_PREFIX_MAX 128
#define KEY_DIGEST_TEXT 26 /* "~b2:" and base64url of 16 bytes */

/* A key ready for the store. `data` points into the struct or, for a user key without a
   prefix, into the Python object it came from: use it while that object is held. */
struct key_buf {
    const char *data;
    size_t len;
    char room[KEY_ENGINE_MAX + 1];
};

struct keyctx {
    struct codec_state *state; /* borrowed */
    size_t max;                /* longest key of the engine: KEY_ENGINE_MAX or less */
    bool is_text; /* blanks and control characters are not allowed either */
    size_t prefix_len;
    char prefix[KEY_PREFIX_MAX];
};

/* `prefix` stands before every user key: str, or NULL or None for none. `memcached`
   asks for keys that memcached's text protocol takes. 0, or -1 with an exception. */
int
keyctx_init(struct keyctx *ctx, struct codec_state *state, PyObject *prefix,
            bool memcached);

/* 0, or -1 with KeyTypeError, KeyValueError or KeyTooLong set. */
int
key_from_object(const struct keyctx *ctx, PyObject *key, struct key_buf *out);

/* The same for a key text made in C, e.g. by a key template. */
int
key_from_text(const struct keyctx *ctx, const char *text, size_t len,
              struct key_buf *out);

/* How the arguments of one function become a key: opaque, made by keys_plan_new. */
struct keys_plan;

struct keys_plan_opts {
    PyObject *identity; /* str "module.qualname" */
    PyObject *prefix;   /* str or NULL; goes in front, with a colon */
    PyObject *version;  /* str or int or NULL (1) */
    PyObject *names;    /* tuple of str: parameters in order of the signature, without
                           *args and **kwargs: positional-only, either, keyword-only */
    PyObject *defaults; /* dict name -> default; NULL for none */
    Py_ssize_t positional_only; /* how many of names */
    Py_ssize_t keyword_only;    /* how many of names, the last ones */
    bool has_args;              /* takes *args */
    bool has_kwargs;            /* takes **kwargs */
    Py_ssize_t skip; /* leading parameters that are bound but leave the key alone */
};

/* NULL with an exception set when the description is wrong. */
struct keys_plan *
keys_plan_new(struct codec_state *state, const struct keys_plan_opts *opts);
void
keys_plan_free(struct keys_plan *plan);
int
keys_plan_traverse(struct keys_plan *plan, visitproc visit, void *arg);

/* "prefix:module.qualname:version.shape:", the common head of all keys of the plan. */
const char *
keys_plan_head(const struct keys_plan *plan, size_t *len);

enum {
    KEYS_BOUND = 0,
    KEYS_MISMATCH = 1, /* the call does not fit the signature; no exception is set: call
                          the function, so that Python itself raises */
};

/* Vectorcall arguments to key text, always in out->room, at most KEY_MEMCACHED_MAX
   bytes and fit for memcached. KEYS_BOUND, KEYS_MISMATCH, or -1 with TypeError set,
   which names the parameter and the remedy. */
int
keys_bind(const struct keys_plan *plan, PyObject *const *args, size_t nargsf,
          PyObject *kwnames, struct key_buf *out);

/* Adds `Plan` and `KeyContext`, the Python faces of the above, to the module. */
int
plan_type_add(PyObject *module);

#endif
