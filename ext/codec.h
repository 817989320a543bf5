/*
 * codec - a Python value to bytes and back, exactly.
 *
 * What comes out equals what went in, type included, or encode raises
 * SerializationError (or ValueTooLarge) with the path of the offender:
 * value["users"][3].x. Subclasses of the builtin types are refused, never flattened.
 * Decoding is safe on hostile bytes: it never reads past them, recurses deeper than
 * CODEC_DEPTH_MAX, allocates more than a constant times their number, or runs code that
 * was not registered. The byte-by-byte format is in docs/design/0011-values.md.
 *
 * Beside the bytes an item carries four bits (they are those of
 * include/pinyon/store.h):
 *
 *     INT    the value is an int of 64 bits: exactly 8 bytes, little-endian, so that
 *            the store's incr and decr work on what set put; excludes all other bits
 *     ZSTD   what follows the metadata is one zstd frame with a known content size
 *     META   a prefix of 10 bytes (struct codec_meta) stands before everything else
 *     RAW    the value is a bytes object and these are its bytes: no tag, hence no copy
 *
 * Writing, with metadata first when the caller wants some:
 *
 *     uint8_t bits = 0;
 *     codec_buf_init(&buf);
 *     codec_meta_put(&buf, &meta, &bits);               (optional)
 *     rc = codec_encode(codec, value, &buf, &bits);
 *
 * Thread rule: a codec may be used by any number of threads at once; its zstd contexts
 * are taken and put back atomically. Every function needs an attached thread state;
 * encode and decode release the GIL only while zstd works on more than CODEC_NOGIL_MIN
 * bytes, so the input of decode must stay in place meanwhile (a copy or a pinned item,
 * not a place that a writer may reuse).
 */
#ifndef PINYON_EXT_CODEC_H
#define PINYON_EXT_CODEC_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec_buf.h"
#include "codec_state.h"

/* Item bits: the PN_ITEM_* of include/pinyon/store.h. */
#define CODEC_BIT_INT 0x01
#define CODEC_BIT_ZSTD 0x02
#define CODEC_BIT_META 0x04
#define CODEC_BIT_RAW 0x08 /* PN_ITEM_USER */

#define CODEC_VALUE_MAX ((size_t)64 << 20) /* encoded or decompressed bytes */
#define CODEC_DEPTH_MAX 128                /* containers within containers */
#define CODEC_NOGIL_MIN ((size_t)64 << 10)
#define CODEC_SECRETS_MAX 8
#define CODEC_SECRET_MIN 16 /* bytes */
#define CODEC_KEY_SIZE 32

enum codec_kind {
    CODEC_MSGPACK, /* the default */
    CODEC_PICKLE,  /* signed pickle for whatever is not a scalar */
};

struct codec_opts {
    PyObject *name;   /* str: "msgpack" or "pickle"; NULL or None is msgpack */
    PyObject *secret; /* bytes or str, or a list or tuple of them: the first signs, all
                            verify; NULL or None without pickle */
    Py_ssize_t zstd_min; /* compress from so many bytes on; negative: never */
    int zstd_level;      /* -7 to 19 */
};

#define CODEC_ZSTD_MIN 1024
#define CODEC_ZSTD_LEVEL 1
#define CODEC_OPTS_INIT                              \
    {                                                \
        NULL, NULL, CODEC_ZSTD_MIN, CODEC_ZSTD_LEVEL \
    }

struct codec {
    struct codec_state *state; /* borrowed: the module outlives its types' objects */
    enum codec_kind kind;
    size_t zstd_min; /* SIZE_MAX: never */
    int zstd_level;
    _Atomic(void *) zstd_out; /* idle ZSTD_CCtx, or NULL while taken */
    _Atomic(void *) zstd_in;  /* idle ZSTD_DCtx, or NULL while taken */
    PyObject *dumps;          /* pickle.dumps and loads; NULL for msgpack */
    PyObject *loads;
    unsigned secrets;
    uint8_t keys[CODEC_SECRETS_MAX][CODEC_KEY_SIZE]; /* derived from the secrets */
};

/* 0, or -1 with TypeError or ValueError (which name the option) set and nothing kept.
   */
int
codec_init(struct codec *codec, struct codec_state *state,
           const struct codec_opts *opts);
/* Frees contexts, wipes keys. A zero-filled codec may be released. */
void
codec_release(struct codec *codec);
int
codec_traverse(struct codec *codec, visitproc visit, void *arg);

/* Appends the encoding of `value` to `out` and adds its bits to *item_bits, which must
   be 0, or CODEC_BIT_META after codec_meta_put. May run registered hooks, thus any
   Python code: call it before taking any lock. 0, or -1 with an exception set (out is
   then to be released, *item_bits is untouched). */
int
codec_encode(struct codec *codec, PyObject *value, struct codec_buf *out,
             uint8_t *item_bits);

/* The value, a new reference, or NULL with SerializationError (or MemoryError) set.
   `buf` is the whole item, metadata included if the bit says so. */
PyObject *
codec_decode(struct codec *codec, const char *buf, size_t len, uint8_t item_bits);

/* What the decorator stores beside a value to serve it stale and refresh it early. */
struct codec_meta {
    uint64_t soft_expiry_ms; /* Unix time, 48 bits; 0: none */
    uint32_t load_us;        /* how long the load took; UINT32_MAX: that or longer */
};

#define CODEC_META_SIZE 10

/* Writes the prefix into an empty buffer and sets the bit. A time beyond 48 bits is
   stored as the greatest (year 10889). */
void
codec_meta_put(struct codec_buf *out, const struct codec_meta *meta,
               uint8_t *item_bits);

/* True and *meta when the bits say that there is one and the item is long enough. */
bool
codec_meta_get(const char *buf, size_t len, uint8_t item_bits, struct codec_meta *meta);

#endif
