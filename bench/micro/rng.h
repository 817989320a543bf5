/*
 * rng - the benches' own random numbers: seeded, the same on every machine
 *
 * SplitMix64: a counter put through a mixer. Each value of the state gives one number,
 * so a stream is repeatable from its seed alone. mix64() is the hash by which the dense
 * ids of a trace become keys.
 */
#ifndef BENCH_RNG_H
#define BENCH_RNG_H

#include <stdint.h>

static inline uint64_t
mix64(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static inline uint64_t
rng_next(uint64_t *state)
{
    uint64_t x = mix64(*state);

    *state += UINT64_C(0x9e3779b97f4a7c15);
    return x;
}

/* Uniform in [0, bound), bound > 0; multiply-shift, the bias is below 2^-32. */
static inline uint32_t
rng_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(((rng_next(state) >> 32) * bound) >> 32);
}

/* Uniform in [0, 1). */
static inline double
rng_unit(uint64_t *state)
{
    return (double)(rng_next(state) >> 11) * 0x1.0p-53;
}

#endif
