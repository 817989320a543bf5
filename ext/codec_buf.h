/*
 * codec_buf - the bytes of one encoded value, owned by the caller.
 *
 * A value under 512 bytes lives in the struct itself, on the caller's C stack; a larger
 * one moves to the heap, which doubles. A top-level `bytes` object is not copied at
 * all: the buffer holds a reference to it and `data` points into it. Either way `data`
 * and `len` are what the store is given.
 *
 * The struct holds a pointer into itself, so it must not be copied or moved.
 *
 *     struct codec_buf buf;
 *     codec_buf_init(&buf);
 *     if (codec_encode(codec, value, &buf, &bits) == 0) {
 *         pn_store_put(store, key, key_len, buf.data, buf.len, ...);
 *     }
 *     codec_buf_release(&buf);
 *
 * Thread rule: one thread at a time. Every function needs the GIL (or an attached
 * thread state on a free-threaded build), because release may drop a Python reference.
 */
#ifndef PINYON_EXT_CODEC_BUF_H
#define PINYON_EXT_CODEC_BUF_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CODEC_BUF_INLINE 512

struct codec_buf {
    const char *data; /* what to store: `room`, or the inside of a bytes object */
    size_t len;
    char *room; /* where more may be written: `inline_room` or the heap */
    size_t cap;
    PyObject *lender; /* strong reference when `data` points into a bytes object */
    char inline_room[CODEC_BUF_INLINE];
};

static inline void
codec_buf_init(struct codec_buf *buf)
{
    buf->data = buf->room = buf->inline_room;
    buf->len = 0;
    buf->cap = CODEC_BUF_INLINE;
    buf->lender = NULL;
}

/* Gives back the heap and the borrowed object; the buffer is empty and usable again. */
void
codec_buf_release(struct codec_buf *buf);

/* Room for `more` further bytes. 0, or -1 with MemoryError set. */
int
codec_buf_grow(struct codec_buf *buf, size_t more);

/* Makes the content of `bytes` (exactly a bytes object) the content of a buffer fresh
   from init or release, without a copy. Nothing may be appended after it. */
void
codec_buf_lend(struct codec_buf *buf, PyObject *bytes);

static inline int
codec_buf_reserve(struct codec_buf *buf, size_t more)
{
    return more <= buf->cap - buf->len ? 0 : codec_buf_grow(buf, more);
}

/* Appends. 0, or -1 with MemoryError set. */
static inline int
codec_buf_put(struct codec_buf *buf, const void *bytes, size_t len)
{
    if (codec_buf_reserve(buf, len) < 0) {
        return -1;
    }
    if (len > 0) {
        memcpy(buf->room + buf->len, bytes, len);
    }
    buf->len += len;
    return 0;
}

static inline int
codec_buf_put_u8(struct codec_buf *buf, unsigned byte)
{
    if (codec_buf_reserve(buf, 1) < 0) {
        return -1;
    }
    buf->room[buf->len++] = (char)byte;
    return 0;
}

#endif
