/*
 * fixture - stores and keys as all benches make them
 *
 * Keys are 16 bytes: the number's hash and the number itself, so that they are distinct
 * and look random. Values are made of the key, and cheap to check.
 *
 * Everything here ends the program with a message when the store refuses: a bench that
 * goes on after a failed call would measure something else.
 */
#ifndef BENCH_FIXTURE_H
#define BENCH_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pinyon/store.h>

#include "rng.h"

enum { KEY_SIZE = 16 };

struct bench_key {
    uint64_t word[2];
};

static inline struct bench_key
bench_key(uint64_t number)
{
    return (struct bench_key){{mix64(number), number}};
}

/* A private store of SIZE bytes for items of ITEM bytes of key and value. The hash seed
 * is fixed: the same run places the same keys in the same buckets. */
struct pn_store *
fixture_open(uint64_t size, uint32_t item);

/* The same, shared by processes. Its name is removed at once, so that nothing is left
 * behind however the bench ends; children share it by fork. */
struct pn_store *
fixture_open_shared(uint64_t size, uint32_t item);

/* Stores VLEN bytes at key NUMBER. */
void
fixture_put(struct pn_store *store, uint64_t number, size_t vlen, uint64_t ttl_ms);

/* Reads key NUMBER into BUF. True when found; false when not; fails on anything else.
 */
bool
fixture_get(struct pn_store *store, uint64_t number, void *buf, size_t cap);

struct pn_store_stats
fixture_stats(struct pn_store *store);

/* The bytes of any value: at least BENCH_VALUE_MAX readable bytes. */
enum { BENCH_VALUE_MAX = 65536 };
const void *
fixture_value(void);

#endif
