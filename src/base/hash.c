#define XXH_INLINE_ALL
#include "base/hash.h"

#include <xxhash.h>

_Static_assert(PN_HASH_SECRET_SIZE >= XXH3_SECRET_SIZE_MIN, "secret too short");

void
pn_hash_key_init(struct pn_hash_key *key, const uint8_t seed[PN_HASH_SEED_SIZE])
{
    /* Counter mode over the seed, in steps of 8 bytes: every byte of the secret
     * depends on every byte of the seed. */
    for (unsigned i = 0; i < PN_HASH_SECRET_SIZE / 8; i++) {
        unsigned char block[PN_HASH_SEED_SIZE + 1];
        memcpy(block, seed, PN_HASH_SEED_SIZE);
        block[PN_HASH_SEED_SIZE] = (unsigned char)i;
        XXH128_hash_t h = XXH3_128bits_withSeed(block, sizeof block, i);
        uint64_t word = h.low64 ^ (h.high64 << 1);
        memcpy(key->secret + 8 * (size_t)i, &word, sizeof word);
    }
}

uint64_t
pn_hash(const struct pn_hash_key *key, const void *data, size_t len)
{
    return XXH3_64bits_withSecret(data, len, key->secret, PN_HASH_SECRET_SIZE);
}

uint64_t
pn_checksum(const void *data, size_t len)
{
    return XXH3_64bits(data, len);
}
