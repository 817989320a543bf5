/*
 * hash - one keyed 64-bit hash of a key
 *
 * XXH3 over a secret that is stretched from a 16-byte random seed. The secret
 * is what keeps a stranger from choosing keys that all fall into one bucket; it
 * is a defence against flooding, not a signature. XXH3 comes from the xxHash
 * library; it costs about 4 ns for a short key here, where SipHash-1-3 would
 * cost 15.
 *
 * Threads: immutable after init.
 */
#ifndef PN_BASE_HASH_H
#define PN_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define PN_HASH_SEED_SIZE 16
#define PN_HASH_SECRET_SIZE 192

struct pn_hash_key {
    unsigned char secret[PN_HASH_SECRET_SIZE];
};

void
pn_hash_key_init(struct pn_hash_key *key, const uint8_t seed[PN_HASH_SEED_SIZE]);

uint64_t
pn_hash(const struct pn_hash_key *key, const void *data, size_t len);

/* An unkeyed checksum, to notice damage. */
uint64_t
pn_checksum(const void *data, size_t len);

#endif
