#include "../support/rng.h"
#include "base/hash.h"
#include "harness.h"

static void
test_same_everywhere(void)
{
    static const uint8_t seed[16] = {1, 2, 3};
    struct pn_hash_key a, b;
    pn_hash_key_init(&a, seed);
    pn_hash_key_init(&b, seed);
    for (size_t len = 0; len < 300; len++) {
        unsigned char data[300] = {0};
        data[len % 300] = (unsigned char)len;
        CHECK(pn_hash(&a, data, len) == pn_hash(&b, data, len));
    }
}

/* One bit of the seed, or of the data, changes about half of the answer. */
static void
test_avalanche(void)
{
    uint8_t seed[16] = {0};
    unsigned char data[24] = "a key of the usual size";
    struct pn_hash_key key;
    pn_hash_key_init(&key, seed);
    uint64_t plain = pn_hash(&key, data, sizeof data);
    int seed_bits = 0, data_bits = 0;
    for (unsigned bit = 0; bit < 128; bit++) {
        struct pn_hash_key other;
        seed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        pn_hash_key_init(&other, seed);
        seed_bits += __builtin_popcountll(plain ^ pn_hash(&other, data, sizeof data));
        seed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        data_bits += __builtin_popcountll(plain ^ pn_hash(&key, data, sizeof data));
        data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    /* 128 x 32 bits are expected, with a deviation of 45: eight of them. */
    CHECK(seed_bits > 128 * 32 - 360 && seed_bits < 128 * 32 + 360);
    CHECK(data_bits > 128 * 32 - 360 && data_bits < 128 * 32 + 360);
}

/* The three fields that choose shard, bucket and tag fill evenly. */
static void
test_spread(void)
{
    enum { KEYS = 64 * 1000, CELLS = 64 };
    static const uint8_t seed[16] = {9};
    struct pn_hash_key key;
    unsigned low[CELLS] = {0}, middle[CELLS] = {0}, high[CELLS] = {0};
    pn_hash_key_init(&key, seed);
    for (uint64_t k = 0; k < KEYS; k++) {
        uint64_t hash = pn_hash(&key, &k, sizeof k);
        low[hash % CELLS]++;
        middle[(hash >> 32) % CELLS]++;
        high[(hash >> 48) % CELLS]++;
    }
    for (unsigned i = 0; i < CELLS; i++) { /* 1000 each, deviation 32: six of them */
        CHECK(low[i] > 800 && low[i] < 1200);
        CHECK(middle[i] > 800 && middle[i] < 1200);
        CHECK(high[i] > 800 && high[i] < 1200);
    }
}

static void
test_checksum(void)
{
    unsigned char data[128] = {0};
    uint64_t plain = pn_checksum(data, sizeof data);
    for (unsigned bit = 0; bit < sizeof data * 8; bit++) {
        data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        CHECK(pn_checksum(data, sizeof data) != plain);
        data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
}

int
main(void)
{
    RUN(test_same_everywhere);
    RUN(test_avalanche);
    RUN(test_spread);
    RUN(test_checksum);
    return harness_done();
}
