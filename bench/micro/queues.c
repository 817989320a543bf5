/*
 * FIFO, LRU and SIEVE: one queue, three rules for a hit and for choosing the victim.
 *
 *   FIFO    a hit changes nothing; the oldest goes.
 *   LRU     a hit makes the object the newest; the oldest goes.
 *   SIEVE   a hit sets a bit; a hand walks from old to new, clears set bits and drops
 *           the first object without one, where it stands. It stays there.
 */
#include "policy.h"

#include <stdlib.h>

#include "idlist.h"

struct object {
    bool is_cached;
    bool is_visited; /* SIEVE only */
};

struct policy {
    uint32_t capacity;
    uint32_t hand; /* SIEVE only; ID_NONE = start at the oldest */
    struct idlist queue;
    struct idlink *link;
    struct object *object;
};

static void
queue_close(struct policy *cache)
{
    if (cache != NULL) {
        free(cache->link);
        free(cache->object);
        free(cache);
    }
}

static struct policy *
queue_open(uint32_t distinct, uint32_t capacity)
{
    struct policy *cache = calloc(1, sizeof *cache);

    if (cache == NULL) {
        return NULL;
    }
    cache->capacity = capacity;
    cache->hand = ID_NONE;
    cache->queue = (struct idlist)IDLIST_INIT;
    cache->link = malloc(distinct * sizeof *cache->link);
    cache->object = calloc(distinct, sizeof *cache->object);
    if (cache->link == NULL || cache->object == NULL) {
        queue_close(cache);
        return NULL;
    }
    return cache;
}

static void
drop(struct policy *cache, uint32_t id)
{
    idlist_remove(&cache->queue, cache->link, id);
    cache->object[id].is_cached = false;
}

static void
insert(struct policy *cache, uint32_t id)
{
    cache->object[id] = (struct object){.is_cached = true};
    idlist_push(&cache->queue, cache->link, id);
}

static bool
fifo_access(struct policy *cache, uint32_t id)
{
    if (cache->object[id].is_cached) {
        return true;
    }
    if (cache->queue.n == cache->capacity) {
        drop(cache, cache->queue.oldest);
    }
    insert(cache, id);
    return false;
}

static bool
lru_access(struct policy *cache, uint32_t id)
{
    if (!cache->object[id].is_cached) {
        return fifo_access(cache, id);
    }
    idlist_remove(&cache->queue, cache->link, id);
    idlist_push(&cache->queue, cache->link, id);
    return true;
}

static void
sieve_evict(struct policy *cache)
{
    uint32_t id = cache->hand;

    /* At most one round clears every bit, so the second finds a victim. */
    for (;;) {
        if (id == ID_NONE) {
            id = cache->queue.oldest;
        }
        if (!cache->object[id].is_visited) {
            break;
        }
        cache->object[id].is_visited = false;
        id = cache->link[id].newer;
    }
    cache->hand = cache->link[id].newer;
    drop(cache, id);
}

static bool
sieve_access(struct policy *cache, uint32_t id)
{
    if (cache->object[id].is_cached) {
        cache->object[id].is_visited = true;
        return true;
    }
    if (cache->queue.n == cache->capacity) {
        sieve_evict(cache);
    }
    insert(cache, id);
    return false;
}

const struct policy_kind policy_fifo = {"FIFO", queue_open, fifo_access, queue_close};
const struct policy_kind policy_lru = {"LRU", queue_open, lru_access, queue_close};
const struct policy_kind policy_sieve = {"SIEVE", queue_open, sieve_access,
                                         queue_close};
