#include "base/bytes.h"
#include "place/hash.h"

uint32_t
pn_murmur2(const void *data, size_t len)
{
    const uint32_t m = 0x5bd1e995;
    const unsigned char *p = data;
    uint32_t h = (0xdeadbeefu * (uint32_t)len) ^ (uint32_t)len;
    for (; len >= 4; len -= 4, p += 4) {
        uint32_t k = pn_load32(p) * m;
        h = (h * m) ^ ((k ^ (k >> 24)) * m);
    }
    if (len > 0) {
        uint32_t rest = 0;
        memcpy(&rest, p, len);
        h = (h ^ rest) * m;
    }
    h = (h ^ (h >> 13)) * m;
    return h ^ (h >> 15);
}

uint64_t
pn_murmur64a(const void *data, size_t len, uint64_t seed)
{
    const uint64_t m = 0xc6a4a7935bd1e995ull;
    const unsigned char *p = data;
    uint64_t h = seed ^ (len * m);
    for (; len >= 8; len -= 8, p += 8) {
        uint64_t k = pn_load64(p) * m;
        h = (h ^ ((k ^ (k >> 47)) * m)) * m;
    }
    if (len > 0) {
        uint64_t rest = 0;
        memcpy(&rest, p, len);
        h = (h ^ rest) * m;
    }
    h = (h ^ (h >> 47)) * m;
    return h ^ (h >> 47);
}

/* ---- MurmurHash3_x86_32 ---------------------------------------------------- */

static inline uint32_t
scramble(uint32_t k)
{
    k *= 0xcc9e2d51;
    return ((k << 15) | (k >> 17)) * 0x1b873593;
}

static inline uint32_t
add_word(uint32_t h, uint32_t k)
{
    h ^= scramble(k);
    return ((h << 13) | (h >> 19)) * 5 + 0xe6546b64;
}

static inline void
add_byte(struct pn_murmur3_run *run, unsigned char c)
{
    run->tail |= (uint32_t)c << (8 * (run->len % 4));
    run->len++;
    if (run->len % 4 == 0) {
        run->hash = add_word(run->hash, run->tail);
        run->tail = 0;
    }
}

void
pn_murmur3_add(struct pn_murmur3_run *run, const void *data, size_t len)
{
    const unsigned char *p = data;
    for (; len > 0 && run->len % 4 != 0; len--, p++) {
        add_byte(run, *p);
    }
    for (; len >= 4; len -= 4, p += 4) {
        run->hash = add_word(run->hash, pn_load32(p));
        run->len += 4;
    }
    for (; len > 0; len--, p++) {
        add_byte(run, *p);
    }
}

uint32_t
pn_murmur3_end(const struct pn_murmur3_run *run)
{
    uint32_t h = run->hash ^ scramble(run->tail) ^ run->len;
    h = (h ^ (h >> 16)) * 0x85ebca6b;
    h = (h ^ (h >> 13)) * 0xc2b2ae35;
    return h ^ (h >> 16);
}

uint32_t
pn_murmur3(const void *data, size_t len)
{
    struct pn_murmur3_run run = pn_murmur3_begin(0xdeadbeefu * (uint32_t)len);
    pn_murmur3_add(&run, data, len);
    return pn_murmur3_end(&run);
}
