/*
 * bytes - little-endian numbers at any address, and careful arithmetic
 *
 * The region's layout is little-endian; on the machines Pinyon runs on these
 * are single moves.
 */
#ifndef PN_BASE_BYTES_H
#define PN_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Pinyon's region is little-endian; this machine is not"
#endif

static inline uint32_t
pn_load32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t
pn_load64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void
pn_store32(void *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}

static inline void
pn_store64(void *p, uint64_t v)
{
    memcpy(p, &v, sizeof v);
}

/* 40 bits: five bytes, low byte first. */
static inline uint64_t
pn_load40(const void *p)
{
    uint64_t v = 0;
    memcpy(&v, p, 5);
    return v;
}

static inline void
pn_store40(void *p, uint64_t v)
{
    memcpy(p, &v, 5);
}

/* TO is a power of two. */
static inline uint64_t
pn_round_up(uint64_t n, uint64_t to)
{
    return (n + to - 1) & ~(to - 1);
}

/* The largest power of two that is not above N; N > 0. */
static inline uint64_t
pn_pow2_floor(uint64_t n)
{
    uint64_t p = 1;
    while (p <= n / 2) {
        p *= 2;
    }
    return p;
}

static inline uint64_t
pn_min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t
pn_max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

#endif
