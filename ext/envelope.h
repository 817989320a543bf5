/*
 * envelope - how a value travels to engines that others share
 *
 * An item of the host's store has its flags, tags and expiry beside its bytes. Redis,
 * Valkey and memcached keep bytes and an expiry, so the rest stands in front of them:
 *
 *     off len
 *       0   1  0xC1: begins no UTF-8 and no MessagePack, and is neither digit nor '-'
 *       1   1  format, 1
 *       2   1  bits of the codec
 *       3   1  number of tags, 0 to PN_TAGS_MAX
 *       4   4  the flags of the host's items (cache.h): negative, grace
 *       8   8  version, drawn for every write: what cas compares
 *      16   8  soft expiry, Unix ms; 0: none but the engine's own
 *      24 16n  of each tag: hash, generation
 *              payload: what the codec made; a counter (bit INT) as decimal text
 *
 * Numbers are little-endian. An int of 64 bits that needs none of this is stored as
 * plain decimal text, so that INCR, `ma` and other programs work on it. Everything else
 * that does not begin with 0xC1 is somebody else's.
 *
 * Pure: bytes in, bytes out; every length is checked against what is there.
 */
#ifndef PINYON_EXT_ENVELOPE_H
#define PINYON_EXT_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENVELOPE_MAGIC 0xC1
#define ENVELOPE_FORMAT 1
#define ENVELOPE_HEAD 24u       /* bytes before the tags */
#define ENVELOPE_TAG 16u        /* bytes of one tag */
#define ENVELOPE_SOFT 16u       /* where the soft expiry stands */
#define ENVELOPE_NUMBER_MAX 20u /* characters of an int of 64 bits */

struct envelope {
    bool is_plain; /* decimal text: only `payload` and `number` mean something */
    uint8_t bits;
    uint8_t ntags;
    uint32_t cflags;
    uint64_t version;
    uint64_t soft_ms;
    int64_t number; /* of a plain one */
    const char *tags;
    const char *payload;
    size_t payload_len;
};

/* Reads the LEN bytes of an item, or of its beginning if that holds the tags: *OUT
 * points into them. NULL when all is well, else what is wrong, in words. */
const char *
envelope_parse(const char *data, size_t len, struct envelope *out);

/* Writes the head and the tags' room: ENVELOPE_HEAD bytes, then where tags go. */
void
envelope_put_head(char *to, const struct envelope *in);

/* Canonical decimal text, which may be padded with blanks behind, as memcached leaves
 * it. False: it is something else, or has more than 64 bits. */
bool
envelope_number(const char *text, size_t len, int64_t *out);

/* NUMBER as text, at most ENVELOPE_NUMBER_MAX characters. Returns how many. */
size_t
envelope_put_number(char *to, int64_t number);

#endif
