/*
 * keys_internal - between the files of the keys
 *
 * What the files of the keys share. Nobody else includes this.
 *
 *     keys.c         user keys, digests, base64url
 *     keys_encode.c  canonical encoding of one value
 *     keys_fields.c  canonical encoding of objects, by what their class declares
 *     keys_plan.c    signatures: binding a call and composing the text
 */
#ifndef PINYON_EXT_KEYS_INTERNAL_H
#define PINYON_EXT_KEYS_INTERNAL_H

#include "codec_buf.h"
#include "keys.h"

#define KEY_DIGEST_SIZE 16
#define KEYS_DEPTH_MAX 64
#define KEYS_BYTES_MAX ((size_t)64 << 20) /* of one call, encoded */

/* First byte of each canonical value. They enter stored keys: never renumber. Small
   strings carry their length in the tag, so that f("ab") needs 3 bytes. */
enum key_tag {
    KEY_NONE = 0x00,
    KEY_FALSE = 0x01,
    KEY_TRUE = 0x02,
    KEY_INT = 0x03,    /* + 0 to 8: bytes of two's complement that follow */
    KEY_BIGINT = 0x0c, /* length, two's complement */
    KEY_FLOAT = 0x0d,  /* binary64 */
    KEY_STR = 0x0e,    /* length, UTF-8 */
    KEY_BYTES = 0x0f,  /* length, bytes */
    KEY_TUPLE = 0x10,  /* count, members */
    KEY_LIST = 0x11,   /* count, members */
    KEY_DICT = 0x12,   /* count, pairs sorted by the encoded key */
    KEY_SET = 0x13,    /* count, members sorted */
    KEY_FROZENSET = 0x14,
    KEY_ENUM = 0x15,      /* class, then name or value */
    KEY_DATACLASS = 0x16, /* class, name and value of each field, then KEY_NONE */
    KEY_NAMEDTUPLE = 0x17,
    KEY_ARRAY = 0x18,       /* class, format, shape, bytes */
    KEY_PATH = 0x19,        /* class, text */
    KEY_CUSTOM = 0x1a,      /* class, what __pinyon_key__ returned */
    KEY_CLASS = 0x1b,       /* a class itself */
    KEY_STANDARD = 0x20,    /* + extension type of codec_internal.h: length, body */
    KEY_STR_SHORT = 0x40,   /* + length 0 to 63 */
    KEY_BYTES_SHORT = 0x80, /* + length 0 to 63 */
};

/* The walk over one argument. On failure `offender` may be set instead of an exception:
   the caller knows the parameter's name and makes the TypeError. */
struct key_walk {
    const struct codec_state *state;
    int depth;
    PyObject *offender; /* strong: the class that cannot be encoded */
    const char *why;    /* more about it, or NULL */
};

/* ---- keys.c --------------------------------------------------------------- */

/* base64url without padding; the number of characters written. */
size_t
keys_base64(const uint8_t *from, size_t len, char *to);
/* "~b2:" and the digest of `text` in 22 characters: KEY_DIGEST_TEXT in all. */
void
keys_digest_text(const char *text, size_t len, char *to);
void
keys_digest(const char *text, size_t len, uint8_t *digest);
/* Whether memcached's text protocol takes every byte. */
bool
keys_is_text(const char *text, size_t len);

/* ---- keys_encode.c ---------------------------------------------------------- */

/* Appends the canonical encoding. 0, or -1: walk->offender is set or else an exception.
   */
int
keys_encode(struct key_walk *walk, PyObject *value, struct codec_buf *out);

/* The same for `members`, a list: the members of a set, or the items of a dict when
   `tag` is KEY_DICT. */
int
keys_encode_unordered(struct key_walk *walk, PyObject *members, unsigned tag,
                      struct codec_buf *out);

int
keys_put_length(struct codec_buf *out, unsigned tag, size_t len);
int
keys_put_str(PyObject *text, struct codec_buf *out);

/* Refuses objects of the class of `value`, or the class `value` itself: always -1. */
int
keys_refuse(struct key_walk *walk, PyObject *value, const char *why);

/* ---- keys_fields.c ---------------------------------------------------------- */

/* Objects of classes that are not builtin. */
int
keys_encode_object(struct key_walk *walk, PyObject *value, struct codec_buf *out);

/* "module.qualname" as a str of the encoding. */
int
keys_put_class(const struct codec_state *state, PyObject *cls, struct codec_buf *out);

#endif
