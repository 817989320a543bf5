/*
 * S3-FIFO by object: two FIFO queues and a memory of what fell out of the first.
 *
 *        new --> [ small: C/10 ] --hit twice--> [ main: 9C/10 ] --> dropped
 *                      |                          ^      |  ^
 *                      v                          |      +--+ hit since: once more
 *                [ ghosts: 9C/10 ] --asked again--+
 *
 * Details on which the hit counts depend to the unit: the counter saturates at 3, is
 * reset by the promotion and lowered by one per round in main; only objects dropped
 * from small become ghosts; a ghost that is asked for stops being one; until the first
 * eviction new objects fill main as soon as small has its share.
 */
#include "policy.h"

#include <stdlib.h>

#include "idlist.h"

enum where { ABSENT = 0, SMALL, MAIN, GHOST };

enum { FREQ_MAX = 3, PROMOTE_FREQ = 2 };

struct object {
    uint8_t where;
    uint8_t freq;
};

struct policy {
    uint32_t capacity, small_target, main_target, ghost_limit;
    bool evicted; /* something was dropped at least once: main no longer fills first */
    struct idlist small, main, ghost;
    struct idlink *link;
    struct object *object;
};

static void
s3fifo_close(struct policy *cache)
{
    if (cache != NULL) {
        free(cache->link);
        free(cache->object);
        free(cache);
    }
}

static struct policy *
s3fifo_open(uint32_t distinct, uint32_t capacity)
{
    struct policy *cache = calloc(1, sizeof *cache);
    uint32_t tenth = capacity / 10;

    if (cache == NULL) {
        return NULL;
    }
    cache->capacity = capacity;
    cache->small_target = tenth < 1 ? 1 : tenth;
    cache->main_target = capacity - cache->small_target;
    cache->ghost_limit = (uint32_t)((uint64_t)capacity * 9 / 10);
    cache->small = cache->main = cache->ghost = (struct idlist)IDLIST_INIT;
    cache->link = malloc(distinct * sizeof *cache->link);
    cache->object = calloc(distinct, sizeof *cache->object);
    if (cache->link == NULL || cache->object == NULL) {
        s3fifo_close(cache);
        return NULL;
    }
    return cache;
}

static void
push_main(struct policy *cache, uint32_t id, uint8_t freq)
{
    cache->object[id] = (struct object){MAIN, freq};
    idlist_push(&cache->main, cache->link, id);
}

static void
remember_ghost(struct policy *cache, uint32_t id)
{
    cache->object[id].where = GHOST;
    idlist_push(&cache->ghost, cache->link, id);
    while (cache->ghost.n > cache->ghost_limit) {
        uint32_t oldest = idlist_pop_oldest(&cache->ghost, cache->link);

        cache->object[oldest].where = ABSENT;
    }
}

/* Drops the first object of main that was not hit since its last round. */
static void
evict_main(struct policy *cache)
{
    while (cache->main.n > 0) {
        uint32_t id = idlist_pop_oldest(&cache->main, cache->link);
        uint8_t freq = cache->object[id].freq;

        if (freq == 0) {
            cache->object[id].where = ABSENT;
            return;
        }
        push_main(cache, id, freq - 1);
    }
}

/* Drops at most one object. None when small only held promotions: the caller loops. */
static void
evict(struct policy *cache)
{
    if (cache->main.n > cache->main_target || cache->small.n == 0) {
        evict_main(cache);
        return;
    }
    while (cache->small.n > 0) {
        uint32_t id = idlist_pop_oldest(&cache->small, cache->link);

        if (cache->object[id].freq < PROMOTE_FREQ) {
            remember_ghost(cache, id);
            return;
        }
        push_main(cache, id, 0);
        if (cache->main.n > cache->main_target) {
            evict_main(cache);
            return;
        }
    }
}

static bool
s3fifo_access(struct policy *cache, uint32_t id)
{
    struct object *object = &cache->object[id];
    bool was_ghost = object->where == GHOST;

    if (object->where == SMALL || object->where == MAIN) {
        object->freq += object->freq < FREQ_MAX;
        return true;
    }
    if (was_ghost) {
        idlist_remove(&cache->ghost, cache->link, id);
        object->where = ABSENT;
    }
    while (cache->small.n + cache->main.n >= cache->capacity) {
        cache->evicted = true;
        evict(cache);
    }
    if (was_ghost || (!cache->evicted && cache->small.n >= cache->small_target)) {
        push_main(cache, id, 0);
    } else {
        *object = (struct object){SMALL, 0};
        idlist_push(&cache->small, cache->link, id);
    }
    return false;
}

const struct policy_kind policy_s3fifo = {
    .name = "S3-FIFO",
    .open = s3fifo_open,
    .access = s3fifo_access,
    .close = s3fifo_close,
};
