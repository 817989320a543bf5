/*
 * codec_memo - keys of dicts that were met before in the same value
 *
 * A list of rows repeats the same few keys. Making each a str once saves the making,
 * the hash (a str keeps its own) and the memory of the rest. The memo lives on the
 * stack of one decode: no state, no lock, and nothing an enemy could fill.
 */
#ifndef PINYON_EXT_CODEC_MEMO_H
#define PINYON_EXT_CODEC_MEMO_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CODEC_MEMO_SLOTS 64 /* a power of two */

struct codec_memo {
    bool is_ready; /* the slots are cleared at the first use: most decodes have none */
    struct {
        const uint8_t *at; /* where in the input it stood */
        size_t len;
        PyObject *text; /* strong: a hook may drop the dict that held it */
    } slots[CODEC_MEMO_SLOTS];
};

static inline void
codec_memo_release(struct codec_memo *memo)
{
    for (size_t i = 0; memo->is_ready && i < CODEC_MEMO_SLOTS; i++) {
        Py_XDECREF(memo->slots[i].text);
    }
}

/* The str of `len` >= 1 bytes of UTF-8, a new reference; NULL with an exception set.
   The input must stay in place until release. */
static inline PyObject *
codec_memo_text(struct codec_memo *memo, const uint8_t *at, size_t len)
{
    if (!memo->is_ready) {
        memset(memo->slots, 0, sizeof memo->slots);
        memo->is_ready = true;
    }
    size_t slot = (at[0] + 5u * at[len / 2] + 17u * at[len - 1] + 3u * len) %
                  CODEC_MEMO_SLOTS;
    PyObject *known = memo->slots[slot].text;
    if (known != NULL && memo->slots[slot].len == len &&
        memcmp(memo->slots[slot].at, at, len) == 0) {
        return Py_NewRef(known);
    }
    PyObject *text = PyUnicode_DecodeUTF8((const char *)at, (Py_ssize_t)len, NULL);
    if (text != NULL) {
        Py_XDECREF(known);
        memo->slots[slot].at = at;
        memo->slots[slot].len = len;
        memo->slots[slot].text = Py_NewRef(text);
    }
    return text;
}

#endif
