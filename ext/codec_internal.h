/*
 * codec_internal - between the files of the codec
 *
 * What the files of the codec share. Nobody else includes this.
 *
 *     codec.c         the envelope: item bits, one-byte tags, metadata
 *     codec_pack.c    Python object -> MessagePack
 *     codec_unpack.c  MessagePack -> Python object, on hostile bytes
 *     codec_std.c     standard types -> bodies of extension types (keys use it too)
 *     codec_make.c    bodies of extension types -> standard types
 *     codec_path.c    where in a value we are, and refusals that say so
 *     codec_zstd.c    compression and its bounds
 *     codec_sign.c    signed pickle
 */
#ifndef PINYON_EXT_CODEC_INTERNAL_H
#define PINYON_EXT_CODEC_INTERNAL_H

#include "codec.h"

/* First byte of a value that is neither INT nor RAW. A new format gets a new tag. */
enum codec_tag {
    TAG_NONE = 0x01,
    TAG_FALSE = 0x02,
    TAG_TRUE = 0x03,
    TAG_INT = 0x04,     /* int64, little-endian: where the INT bit cannot be used */
    TAG_FLOAT = 0x05,   /* IEEE 754 binary64, little-endian */
    TAG_STR = 0x06,     /* UTF-8 to the end */
    TAG_BYTES = 0x07,   /* read for the sake of writers in other languages */
    TAG_MSGPACK = 0x08, /* one MessagePack object, format 1 */
    TAG_PICKLE = 0x09,  /* MAC of 32 bytes, then the pickle */
};

/* MessagePack extension types, for ever. */
enum codec_ext {
    EXT_BIGINT = 1,    /* two's complement, big-endian, shortest */
    EXT_TUPLE = 2,     /* an array */
    EXT_SET = 3,       /* an array */
    EXT_FROZENSET = 4, /* an array */
    EXT_BYTEARRAY = 5, /* the bytes */
    EXT_COMPLEX = 6,   /* two binary64 */
    EXT_DATETIME = 7,  /* the layouts of the rest: codec_std.c */
    EXT_DATE = 8,
    EXT_TIME = 9,
    EXT_TIMEDELTA = 10,
    EXT_TIMEZONE = 11,
    EXT_DECIMAL = 12,
    EXT_UUID = 13,
    EXT_ZONEINFO = 14,
    EXT_REGISTERED = 15, /* a str, the name, and a value */
};

/* Little helpers for big-endian numbers. */
static inline void
store_be(uint8_t *to, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        to[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    }
}

static inline uint64_t
load_be(const uint8_t *from, unsigned width)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value = value << 8 | from[i];
    }
    return value;
}

/* What kind of tzinfo a time has: bits 1 and 2 of its flags. */
enum zone_kind {
    ZONE_NAIVE = 0,
    ZONE_FIXED = 1,
    ZONE_NAMED = 2,
};

/* ---- codec_std.c ---------------------------------------------------------- */

/* Appends the body of a value of a standard type. The extension type, > 0; 0 when
   `value` is of none of them; -1 with an exception set; -2 with *why set to a sentence
   when it is one but cannot be written (a tzinfo of a foreign class). */
int
codec_std_body(const struct codec_state *state, PyObject *value, struct codec_buf *out,
               const char **why);

/* codec_make.c: the value of a body. NULL with any exception set when the body is
   wrong: the caller makes it a SerializationError. NULL without one when `type` is not
   a standard type. */
PyObject *
codec_std_make(const struct codec_state *state, unsigned type, const uint8_t *body,
               size_t len);

/* ---- codec_pack.c and codec_unpack.c ---------------------------------------- */

int
codec_pack(struct codec *codec, PyObject *value, struct codec_buf *out);
PyObject *
codec_unpack(struct codec *codec, const uint8_t *buf, size_t len);

/* ---- codec_zstd.c ----------------------------------------------------------- */

/* Replaces what `out` holds after its first `head` bytes by a zstd frame of it, if that
   is at least 10 % smaller. 1 if so, 0 if not, -1 with MemoryError set. */
int
codec_deflate(struct codec *codec, struct codec_buf *out, size_t head);

/* Size of the content of a frame; -1 with SerializationError set when the frame does
   not say, or says more than CODEC_VALUE_MAX or than its length could hold. */
Py_ssize_t
codec_frame_size(struct codec *codec, const char *frame, size_t len);

/* The content into `to`, of exactly the size that codec_frame_size said. */
int
codec_inflate(struct codec *codec, const char *frame, size_t len, char *to,
              size_t size);

void
codec_zstd_release(struct codec *codec);

/* ---- codec_sign.c ----------------------------------------------------------- */

int
codec_sign_init(struct codec *codec, PyObject *secret);
void
codec_sign_release(struct codec *codec);
int
codec_sign_encode(struct codec *codec, PyObject *value, struct codec_buf *out);
PyObject *
codec_sign_decode(struct codec *codec, const char *buf, size_t len);

/* ---- codec_state.c ---------------------------------------------------------- */

/* SerializationError with the pending exception as its cause. MemoryError and what is
   not an Exception (KeyboardInterrupt) stay as they are. */
void
codec_fail_from(const struct codec_state *state, const char *format, ...);

/* SerializationError. */
void
codec_fail(const struct codec_state *state, const char *format, ...);

#endif
