/*
 * hash - the hash functions that other people's clients place keys with
 *
 * Each is byte for byte what the named program computes, faults included: a
 * placement that is nearly right turns a warm fleet into a cold one. None is for
 * anything but placement; the store hashes with base/hash.h.
 *
 * Some originals read plain `char`, which is signed on x86 and unsigned on ARM, so
 * bytes from 0x80 on hash differently there. x86 is the rule here; the twins that
 * end in _u are for fleets whose clients run on ARM.
 *
 * All take any bytes, none at all included, and neither allocate nor fail.
 */
#ifndef PN_PLACE_HASH_H
#define PN_PLACE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- MD5 (hash_md5.c) ------------------------------------------------------ */

/* The digest as its four little-endian words: the points of ketama. Of our own, so
 * that placement needs no crypto library; it costs about what OpenSSL's does, without
 * the context that one allocates. */
void
pn_md5(const void *data, size_t len, uint32_t word[4]);

/* Word 0, which is the key hash of every md5 ring of 32 bits. */
uint32_t
pn_md5_word(const void *data, size_t len);

/* ---- CRC (hash_crc.c) ------------------------------------------------------ */

/* CRC-32 of IEEE 802.3, as zlib's crc32(). */
uint32_t
pn_crc32(const void *data, size_t len);

/* Bits 16 to 30 of it: libmemcached `crc`, twemproxy `crc32`, python-memcached,
 * Couchbase. 15 bits only, useless on a ring of 32. */
uint32_t
pn_crc32_15(const void *data, size_t len);

/* CRC-16/XMODEM: Redis Cluster. */
uint16_t
pn_crc16(const void *data, size_t len);

/* twemproxy `crc16`: the same table, the sum never cut to 16 bits. */
uint32_t
pn_crc16_wide(const void *data, size_t len);

/* ---- Bob Jenkins (hash_bob.c) ---------------------------------------------- */

/* One at a time: libmemcached `default`, twemproxy `one_at_a_time`. */
uint32_t
pn_oaat(const void *data, size_t len);
uint32_t
pn_oaat_u(const void *data, size_t len);

/* lookup3 `hashlittle` with initval 13: `jenkins` of both. */
uint32_t
pn_jenkins(const void *data, size_t len);

/* ---- FNV (hash_fnv.c) ------------------------------------------------------ */

/* Multiply, then xor, in 64 bits; the low 32 of them. */
uint32_t
pn_fnv1_64(const void *data, size_t len);
uint32_t
pn_fnv1_64_u(const void *data, size_t len);

/* Called fnv1a_64 by libmemcached and twemproxy, computed by them in 32 bits with
 * what is left of the 64-bit prime there. */
uint32_t
pn_fnv1a_64(const void *data, size_t len);
uint32_t
pn_fnv1a_64_u(const void *data, size_t len);

uint32_t
pn_fnv1_32(const void *data, size_t len);
uint32_t
pn_fnv1_32_u(const void *data, size_t len);
uint32_t
pn_fnv1a_32(const void *data, size_t len);
uint32_t
pn_fnv1a_32_u(const void *data, size_t len);

/* ---- Murmur (hash_murmur.c) ------------------------------------------------ */

/* MurmurHash2 and MurmurHash3_x86_32, both seeded with 0xdeadbeef times the length,
 * as libhashkit does. */
uint32_t
pn_murmur2(const void *data, size_t len);
uint32_t
pn_murmur3(const void *data, size_t len);

/* MurmurHash64A: mcrouter. */
uint64_t
pn_murmur64a(const void *data, size_t len, uint64_t seed);

/* MurmurHash3_x86_32 in pieces, so that what all keys begin with is hashed once. */
struct pn_murmur3_run {
    uint32_t hash;
    uint32_t tail; /* the bytes after the last whole word, low byte first */
    uint32_t len;  /* of everything so far; its two low bits say how long the tail is */
};

static inline struct pn_murmur3_run
pn_murmur3_begin(uint32_t seed)
{
    return (struct pn_murmur3_run){.hash = seed};
}

void
pn_murmur3_add(struct pn_murmur3_run *run, const void *data, size_t len);

uint32_t
pn_murmur3_end(const struct pn_murmur3_run *run);

/* ---- SpookyHash V2 (hash_spooky.c) ----------------------------------------- */

/* Hash32: both seeds SEED, the low half of the first word. mcrouter's weights. */
uint32_t
pn_spooky32(const void *data, size_t len, uint32_t seed);

/* ---- xxHash (hash_xx.c) ---------------------------------------------------- */

uint64_t
pn_xxh64(const void *data, size_t len, uint64_t seed);

uint64_t
pn_xxh3(const void *data, size_t len, uint64_t seed);

/* A good mix of one number into another (the end of MurmurHash3). */
static inline uint64_t
pn_mix64(uint64_t x)
{
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdull;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ull;
    return x ^ (x >> 33);
}

/* ---- By name (hash_name.c) ------------------------------------------------- */

typedef uint32_t (*pn_hash32_fn)(const void *data, size_t len);

/* The hash that libmemcached or twemproxy calls NAME; no name has two meanings.
 * NULL when there is none, or when the name is `hsieh`, which Debian's builds answer
 * with a constant. IS_ARM: as compiled where `char` is unsigned. */
pn_hash32_fn
pn_hash_named(const char *name, bool is_arm);

/* All names, for messages: "oaat default ... ", a blank after each. */
extern const char pn_hash_names[];

#endif
