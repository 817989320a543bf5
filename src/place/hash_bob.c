#include "base/bytes.h"
#include "place/hash.h"

/* Each byte is added as the original's `char`. */
static inline uint32_t
oaat(const unsigned char *p, size_t len, bool is_signed)
{
    uint32_t v = 0;
    for (size_t i = 0; i < len; i++) {
        v += is_signed ? (uint32_t)(int8_t)p[i] : p[i];
        v += v << 10;
        v ^= v >> 6;
    }
    v += v << 3;
    v ^= v >> 11;
    return v + (v << 15);
}

uint32_t
pn_oaat(const void *data, size_t len)
{
    return oaat(data, len, true);
}

uint32_t
pn_oaat_u(const void *data, size_t len)
{
    return oaat(data, len, false);
}

static inline uint32_t
rotate(uint32_t x, unsigned n)
{
    return (x << n) | (x >> (32 - n));
}

/* lookup3's reversible mix of three words. */
static void
mix(uint32_t w[3])
{
    static const uint8_t turn[6] = {4, 6, 8, 16, 19, 4};
    for (unsigned i = 0; i < 6; i++) {
        uint32_t *a = &w[i % 3], *b = &w[(i + 1) % 3], *c = &w[(i + 2) % 3];
        *a -= *c;
        *a ^= rotate(*c, turn[i]);
        *c += *b;
    }
}

/* ... and its last one, which all of the answer depends on. */
static uint32_t
final(uint32_t w[3])
{
    static const uint8_t turn[7] = {14, 11, 25, 16, 4, 14, 24};
    for (unsigned i = 0; i < 7; i++) {
        uint32_t *c = &w[(i + 2) % 3];
        uint32_t b = w[(i + 1) % 3];
        *c ^= b;
        *c -= rotate(b, turn[i]);
    }
    return w[2];
}

static void
add_twelve(uint32_t w[3], const unsigned char *p)
{
    for (unsigned i = 0; i < 3; i++) {
        w[i] += pn_load32(p + 4 * (size_t)i);
    }
}

uint32_t
pn_jenkins(const void *data, size_t len)
{
    const unsigned char *p = data;
    uint32_t start = 0xdeadbeef + (uint32_t)len + 13;
    uint32_t w[3] = {start, start, start};
    for (; len > 12; len -= 12, p += 12) {
        add_twelve(w, p);
        mix(w);
    }
    if (len == 0) {
        return w[2];
    }
    unsigned char rest[12] = {0};
    memcpy(rest, p, len);
    add_twelve(w, rest);
    return final(w);
}
