/*
 * cache - _core.Cache, the base of pinyon.Cache
 *
 * The methods here are what users call: pinyon.Cache inherits them as they are, since
 * one Python function between a caller and a hit would more than double its cost.
 * Each parses, calls libpinyon once, converts.
 *
 * GIL: kept for what copies little and never blocks; released for values over
 *      CACHE_GIL_MAX bytes, waits and walks. Values are encoded before, and decoded
 *      after, the store is called: no Python code ever runs under a store's lock.
 */
#ifndef PINYON_EXT_CACHE_H
#define PINYON_EXT_CACHE_H

#include <pinyon/store.h>

#include "codec.h"
#include "counters.h"
#include "keys.h"
#include "state.h"
#include "store_type.h"

#define CACHE_GIL_MAX 65536u /* bytes copied with the GIL held: about 5 us */
#define CACHE_ROOM 4096u     /* bytes read without a malloc */

struct cache_object {
    PyObject_HEAD
    struct core_state *st;      /* borrowed: our type keeps the module alive */
    struct store_object *store; /* strong */
    struct codec codec;
    struct keyctx keys;
    uint64_t ttl_ms;       /* where a call names none */
    _Atomic uint64_t seed; /* of the draws for early refreshes */
    struct {
        size_t len;
        char text[KEY_PREFIX_MAX + 8];
    } group; /* the namespace's tag, stored with every item; or empty */
    struct counters counters;
};

/* ---- Reading (cache_read.c) ------------------------------------------------ */

/*
 * What the 32 flags of an item mean to us. An item that may be served stale has a
 * grace: it lives so long beyond its soft expiry. In the item's flags and not in
 * the value's metadata, so that `in`, ttl() and touch() see it without the value.
 */
#define ITEM_NEGATIVE 0x80000000u /* remembers that there is nothing */
#define ITEM_GRACE_MASK 0x7fffffffu
#define ITEM_GRACE_UNIT 16u /* ms; up to 397 days */

static inline uint64_t
item_grace_ms(const struct pn_item *item)
{
    return (uint64_t)(item->cflags & ITEM_GRACE_MASK) * ITEM_GRACE_UNIT;
}

/* The time to judge an item's soft expiry by. The one it was read at may lack a clock
 * tick, which is well when the expiry is far; near it the exact clock is asked, so that
 * what one call has said no later one takes back. */
static inline uint64_t
item_now(const struct pn_store *store, const struct pn_item *item, uint64_t soft_ms)
{
    enum { NEAR_MS = 1000 };
    return soft_ms > item->now_ms + NEAR_MS ? item->now_ms : pn_store_now(store);
}

/* Beyond its soft expiry? */
static inline bool
item_is_stale(const struct pn_store *store, const struct pn_item *item)
{
    uint64_t grace = item_grace_ms(item);
    if (grace == 0 || item->exp_ms == PN_NO_TTL) {
        return false;
    }
    uint64_t soft = item->exp_ms > grace ? item->exp_ms - grace : 0;
    return item_now(store, item, soft) >= soft;
}

/* One item read: DATA is ROOM or the heap. Not to be copied or moved. */
struct reading {
    struct pn_item item;
    char *data;
    char *heap;
    char room[CACHE_ROOM];
};

/* PN_OK, to be released; PN_MISS, or -1 with an exception set, where there is
 * nothing to release. A store too busy to answer is a miss. */
int
cache_read(struct cache_object *self, struct pn_store *store, const char *key,
           size_t len, struct reading *out);

/* An iterator over LIST, the argument called NAME ("keys"), which is not to be one str
 * or bytes. NULL: exception set. */
PyObject *
cache_iterate(struct cache_object *self, PyObject *list, const char *name);

static inline void
reading_release(struct reading *reading)
{
    if (reading->heap != NULL) {
        PyMem_Free(reading->heap);
    }
}

/* The value, a new reference; releases the reading. */
static inline PyObject *
cache_decode(struct cache_object *self, struct reading *reading)
{
    PyObject *value = codec_decode(&self->codec, reading->data, reading->item.vlen,
                                   reading->item.bits);
    reading_release(reading);
    return value;
}

/* ---- Writing (cache_write.c) ----------------------------------------------- */

#define CACHE_TAGS_MAX PN_TAGS_MAX

struct tagging {
    struct pn_tag tag[CACHE_TAGS_MAX];
    uint8_t n;
};

/* Encodes VALUE and stores it as PUT says (key, ttl, mode, tags, lease, cflags).
 * META may be NULL. An outcome >= 0, or -1 with an exception set. */
int
cache_put_value(struct cache_object *self, PyObject *value,
                const struct codec_meta *meta, struct pn_put *put, uint64_t *cas);

/* The tags now: the namespace's own, then TAGS (an iterable of str or bytes, or
 * NULL or None). 0, or -1 with an exception set. */
int
cache_take_tags(struct cache_object *self, struct pn_store *store, PyObject *tags,
                struct tagging *out);

/* ---- Tags as text (cache_group.c) ------------------------------------------- */

#define CACHE_TAG_ROOM 512

/* What TAG (str or bytes) is called in this namespace. 0, or -1 with an exception. */
int
cache_tag_text(struct cache_object *self, PyObject *tag, char room[CACHE_TAG_ROOM],
               size_t *len);

/* 0, or -1 with an exception set, which ends the walk. */
typedef int (*cache_tag_fn)(void *context, const char *text, size_t len);

/* Calls FN for the namespace's own tag, if there is one, then for each of TAGS (an
 * iterable of str or bytes, NULL or None): CACHE_TAGS_MAX times at most. */
int
cache_each_tag(struct cache_object *self, PyObject *tags, cache_tag_fn fn,
               void *context);

/* ---- Methods, put into one table in cache.c -------------------------------- */

#define CACHE_FAST(name)                                                     \
    PyObject *cache_##name(struct cache_object *self, PyObject *const *args, \
                           Py_ssize_t nargs, PyObject *kwnames)
#define CACHE_ONE(name) PyObject *cache_##name(struct cache_object *self, PyObject *arg)

/* cache_read.c */
CACHE_FAST(get);
CACHE_FAST(gets);
CACHE_ONE(get_many);
CACHE_ONE(ttl);
int
cache_contains(struct cache_object *self, PyObject *key);
/* By the key as the store has it: 1, 0, or -1 with an exception set. */
int
cache_has_name(struct cache_object *self, const struct key_buf *name);
/* cache_write.c */
CACHE_FAST(set);
CACHE_FAST(add);
CACHE_FAST(replace);
CACHE_FAST(cas);
CACHE_FAST(set_many);
/* cache_change.c */
CACHE_FAST(touch);
CACHE_FAST(incr);
CACHE_FAST(decr);
CACHE_ONE(delete);
CACHE_ONE(delete_many);
/* By the key as the store has it: True, False, or NULL with an exception set. */
PyObject *
cache_delete_name(struct cache_object *self, const struct key_buf *name);
/* cache_group.c */
CACHE_ONE(clear);
CACHE_ONE(invalidate_tag);
CACHE_ONE(invalidate_tags);
/* load.c: for the package, with an underscore */
CACHE_ONE(key);
CACHE_FAST(look);
CACHE_ONE(tags);
CACHE_FAST(lease);
CACHE_FAST(fill);
CACHE_FAST(drop);
CACHE_ONE(has);
CACHE_FAST(count);
/* seal.c, sealed.c: for caches whose values are in an engine that others share */
CACHE_FAST(seal);
CACHE_FAST(unseal);
CACHE_ONE(marks);
CACHE_ONE(mark);
int
sealed_type_add(PyObject *module);

int
cache_type_add(PyObject *module);

#endif
