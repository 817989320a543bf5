#include "place/hash.h"

/* The byte as the original's `char` widens it: to all bits of a wider word. */
static inline uint64_t
widen(unsigned char c, bool is_signed)
{
    return is_signed ? (uint64_t)(int8_t)c : c;
}

static inline uint32_t
fnv1_64(const unsigned char *p, size_t len, bool is_signed)
{
    uint64_t h = 0xcbf29ce484222325ull;
    for (size_t i = 0; i < len; i++) {
        h = (h * 0x100000001b3ull) ^ widen(p[i], is_signed);
    }
    return (uint32_t)h;
}

static inline uint32_t
fnv1_32(const unsigned char *p, size_t len, bool is_signed)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++) {
        h = (h * 16777619u) ^ (uint32_t)widen(p[i], is_signed);
    }
    return h;
}

static inline uint32_t
fnv1a(const unsigned char *p, size_t len, uint32_t h, uint32_t prime, bool is_signed)
{
    for (size_t i = 0; i < len; i++) {
        h = (h ^ (uint32_t)widen(p[i], is_signed)) * prime;
    }
    return h;
}

/* What is left of the offset and the prime of 64 bits in 32. */
#define CUT_OFFSET 0x84222325u
#define CUT_PRIME 0x1b3u

uint32_t
pn_fnv1_64(const void *data, size_t len)
{
    return fnv1_64(data, len, true);
}

uint32_t
pn_fnv1_64_u(const void *data, size_t len)
{
    return fnv1_64(data, len, false);
}

uint32_t
pn_fnv1a_64(const void *data, size_t len)
{
    return fnv1a(data, len, CUT_OFFSET, CUT_PRIME, true);
}

uint32_t
pn_fnv1a_64_u(const void *data, size_t len)
{
    return fnv1a(data, len, CUT_OFFSET, CUT_PRIME, false);
}

uint32_t
pn_fnv1_32(const void *data, size_t len)
{
    return fnv1_32(data, len, true);
}

uint32_t
pn_fnv1_32_u(const void *data, size_t len)
{
    return fnv1_32(data, len, false);
}

uint32_t
pn_fnv1a_32(const void *data, size_t len)
{
    return fnv1a(data, len, 2166136261u, 16777619u, true);
}

uint32_t
pn_fnv1a_32_u(const void *data, size_t len)
{
    return fnv1a(data, len, 2166136261u, 16777619u, false);
}
