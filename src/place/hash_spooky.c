#include "base/bytes.h"
#include "place/hash.h"

/* Bob Jenkins' SpookyHash V2: four words of state up to 191 bytes, twelve above. */
enum { WORDS = 12, BLOCK = 8 * WORDS, LONG_FROM = 2 * BLOCK };
static const uint64_t filler = 0xdeadbeefdeadbeefull;

static inline uint64_t
rotate(uint64_t x, unsigned n)
{
    return (x << n) | (x >> (64 - n));
}

/* ---- Short ----------------------------------------------------------------- */

static void
short_mix(uint64_t h[4])
{
    static const uint8_t turn[12] = {50, 52, 30, 41, 54, 48, 38, 37, 62, 34, 5, 36};
    for (unsigned i = 0; i < 12; i++) {
        uint64_t *x = &h[(i + 2) % 4];
        *x = rotate(*x, turn[i]) + h[(i + 3) % 4];
        h[i % 4] ^= *x;
    }
}

static void
short_end(uint64_t h[4])
{
    static const uint8_t turn[11] = {15, 52, 26, 51, 28, 9, 47, 54, 32, 25, 63};
    for (unsigned i = 0; i < 11; i++) {
        uint64_t *x = &h[(i + 2) % 4], *y = &h[(i + 3) % 4];
        *y ^= *x;
        *x = rotate(*x, turn[i]);
        *y += *x;
    }
}

static uint64_t
short_hash(const unsigned char *p, size_t len, uint64_t seed)
{
    uint64_t h[4] = {seed, seed, filler, filler};
    size_t left = len;
    for (unsigned i = 0; left >= 16; i++, left -= 16, p += 16) {
        uint64_t *half = &h[i % 2 == 0 ? 2 : 0]; /* in turn to both halves */
        half[0] += pn_load64(p);
        half[1] += pn_load64(p + 8);
        if (i % 2 == 0) {
            short_mix(h);
        }
    }
    h[3] += (uint64_t)len << 56;
    if (left > 0) {
        unsigned char rest[16] = {0};
        memcpy(rest, p, left);
        h[2] += pn_load64(rest);
        h[3] += pn_load64(rest + 8);
    } else {
        h[2] += filler;
        h[3] += filler;
    }
    short_end(h);
    return h[0];
}

/* ---- Long ------------------------------------------------------------------ */

static void
long_mix(uint64_t s[WORDS], const unsigned char *block)
{
    static const uint8_t turn[WORDS] = {11, 32, 43, 31, 17, 28, 39, 57, 55, 54, 22, 46};
    for (unsigned i = 0; i < WORDS; i++) {
        uint64_t *last = &s[(i + 11) % WORDS];
        s[i] += pn_load64(block + 8 * (size_t)i);
        s[(i + 2) % WORDS] ^= s[(i + 10) % WORDS];
        *last ^= s[i];
        s[i] = rotate(s[i], turn[i]);
        *last += s[(i + 1) % WORDS];
    }
}

static void
long_end(uint64_t h[WORDS])
{
    static const uint8_t turn[WORDS] = {44, 15, 34, 21, 38, 33, 10, 13, 38, 53, 42, 54};
    for (unsigned i = 0; i < 3 * WORDS; i++) {
        uint64_t *x = &h[(i + 11) % WORDS], *y = &h[(i + 1) % WORDS];
        *x += *y;
        h[(i + 2) % WORDS] ^= *x;
        *y = rotate(*y, turn[i % WORDS]);
    }
}

static uint64_t
long_hash(const unsigned char *p, size_t len, uint64_t seed)
{
    uint64_t h[WORDS];
    for (unsigned i = 0; i < WORDS; i++) {
        h[i] = i % 3 == 2 ? filler : seed;
    }
    for (; len >= BLOCK; len -= BLOCK, p += BLOCK) {
        long_mix(h, p);
    }
    unsigned char rest[BLOCK] = {0};
    if (len > 0) {
        memcpy(rest, p, len);
    }
    rest[BLOCK - 1] = (unsigned char)len;
    for (unsigned i = 0; i < WORDS; i++) {
        h[i] += pn_load64(rest + 8 * (size_t)i);
    }
    long_end(h);
    return h[0];
}

uint32_t
pn_spooky32(const void *data, size_t len, uint32_t seed)
{
    return (uint32_t)(len < LONG_FROM ? short_hash(data, len, seed)
                                      : long_hash(data, len, seed));
}
