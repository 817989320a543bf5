/*
 * store - a cache in one region of memory, for one process or a whole host
 *
 * A store keeps items (key, value, expiry, tags) in one region whose size is
 * fixed when it is made and bounds everything: values, index and tables. A
 * private store lives in its process; a shared one is a file on a memory file
 * system that every process of the host maps, the same bytes at any address.
 *
 * What holds at every instant
 *   - A process may die anywhere, also inside a write (SIGKILL, OOM, a crash
 *     in foreign code). Nobody hangs; nobody reads a torn or foreign value;
 *     at worst the shard that was being written loses its content, counted.
 *   - Reads take no lock, no reference and no pin. They copy the value out and
 *     then check that it had not moved.
 *   - After an acknowledged write or delete nobody reads the older value. A
 *     spontaneous miss is always legal: this is a cache.
 *   - The whole key is compared on every hit, whatever a hash says.
 *   - No call waits without a bound. A write that cannot get its lock within
 *     the deadline says PN_BUSY and changed nothing.
 *
 * Time: NOW_MS is the store's own clock, milliseconds since the region was
 * made, on CLOCK_MONOTONIC: wall-clock jumps do nothing. Pass PN_NOW to let
 * the call read the clock (only when it needs it), or a number to drive time
 * yourself, as tests and batches do.
 *
 * Ownership: the caller owns keys, values and buffers; nothing is kept after a
 *            call returns.
 * Threads:   any number of threads may use one handle at once. The exceptions
 *            are pn_store_close() and pn_store_after_fork(), which want to be
 *            alone. One thread must not be killed on its own.
 * Fork:      a child that goes on using a handle gets an empty private store,
 *            or the same shared one with a place of its own in it. The first
 *            write notices; pn_store_after_fork() does it at once.
 *
 *     struct pn_store *store;
 *     struct pn_store_opts opts = {.size = 64u << 20};
 *     if (pn_store_open_shared("shop", &opts, &store, NULL) < 0) ...
 *     struct pn_put put = {.key = "k", .klen = 1, .val = "v", .vlen = 1,
 *                          .ttl_ms = 60000};
 *     pn_store_put(store, PN_NOW, &put, NULL);
 *     char buf[64];
 *     struct pn_item item;
 *     if (pn_store_get(store, PN_NOW, "k", 1, buf, sizeof buf, &item) == PN_OK)
 *         ... buf[0 .. item.vlen) ...
 *     pn_store_close(store);
 */
#ifndef PINYON_STORE_H
#define PINYON_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PN_NOW UINT64_MAX            /* "read the clock" in place of a time */
#define PN_NO_TTL UINT64_MAX         /* never expires */
#define PN_KEEP_TTL (UINT64_MAX - 1) /* incr: leave the expiry as it is */

#define PN_KEY_MAX 255u                /* bytes */
#define PN_VALUE_MAX (64u << 20)       /* bytes; smaller in a small region */
#define PN_TAGS_MAX 15u                /* tags of one item */
#define PN_STORE_SIZE_MIN (4ull << 20) /* bytes */
#define PN_STORE_SIZE_MAX (256ull << 30)
#define PN_STORE_SIZE_DEFAULT (64ull << 20)

/* Bits of an item. The store knows only PN_ITEM_INT; it keeps the others for
 * whoever encodes values. */
enum pn_item_bits {
    PN_ITEM_INT = 0x01,  /* the value is one int64_t, little-endian: a counter */
    PN_ITEM_ZSTD = 0x02, /* codec: compressed */
    PN_ITEM_META = 0x04, /* codec: metadata before the value */
    PN_ITEM_USER = 0x08, /* codec: free */
};

/* ---- Opening --------------------------------------------------------------- */

enum pn_store_flags {
    PN_STORE_EXISTING = 0x01,    /* attach only, never create */
    PN_STORE_STABLE_CAS = 0x02,  /* 8 bytes an item: tokens survive relocation */
    PN_STORE_NO_PREFAULT = 0x04, /* do not touch a new region's pages at once */
};

/* Zero means the default everywhere. */
struct pn_store_opts {
    uint64_t size;          /* bytes of the region; 0: the default when creating,
                               what is there when attaching */
    uint32_t item;          /* expected bytes of key and value of an item; sizes
                               the index. 0: 112 */
    uint32_t flags;         /* enum pn_store_flags */
    uint32_t write_wait_ms; /* how long a write may wait for a lock. 0: 50 */
    const char *dir;        /* shared: directory of the file. NULL: "/dev/shm" */
    const uint8_t *seed;    /* 16 bytes of hash seed. NULL: random when creating,
                               what is there when attaching */
};

struct pn_store;

/* A store of this process alone. Returns PN_OK or a negative code; WHY may be
 * NULL. */
PN_API int
pn_store_open_private(const struct pn_store_opts *opts, struct pn_store **out,
                      struct pn_why *why);

/*
 * The store NAME of this host ([A-Za-z0-9._-], 1 to 100 bytes, not beginning with a
 * dot), created when absent. Two creators racing get one region. A region whose
 * processes all died is used as it is, warm. Refused, with a code that says which:
 * another layout version, machine, size or seed; a damaged header; a file of another
 * user or open to others; another PID namespace; no room on the file system.
 */
PN_API int
pn_store_open_shared(const char *name, const struct pn_store_opts *opts,
                     struct pn_store **out, struct pn_why *why);

/* Removes the name of a shared store. Processes that have it open go on with
 * it, unseen by others; the memory goes with the last of them. PN_E_ABSENT when
 * there is none; PN_E_OWNER when it is not yours. DIR may be NULL. */
PN_API int
pn_store_unlink(const char *name, const char *dir, struct pn_why *why);

/* No thread may be inside a call. NULL is fine. */
PN_API void
pn_store_close(struct pn_store *store);

/* To be called in the child after fork(), when nobody else runs. Optional. */
PN_API int
pn_store_after_fork(struct pn_store *store);

/* Milliseconds since the region was made, and the same instant as Unix time. */
PN_API uint64_t
pn_store_now(const struct pn_store *store);
PN_API uint64_t
pn_store_unix_ms(const struct pn_store *store, uint64_t now_ms);

/* The largest value this store takes, in bytes. */
PN_API uint64_t
pn_store_value_max(const struct pn_store *store);

/* ---- Reading: lock-free ---------------------------------------------------- */

struct pn_item {
    uint32_t vlen;   /* bytes of the value */
    uint32_t cflags; /* the caller's own flags, 0 when none were stored */
    uint8_t bits;    /* enum pn_item_bits */
    uint64_t exp_ms; /* store time of expiry, PN_NO_TTL when it has none */
    uint64_t cas;    /* token for PN_PUT_CAS */
    uint64_t now_ms; /* about when it was read (a clock tick may be missing); PN_NOW
                        when it has no expiry */
};

/*
 * Copies the value of KEY into BUF[0..CAP) and describes it in *ITEM.
 * PN_OK, PN_MISS, PN_SMALL (CAP < item->vlen; nothing useful in BUF), PN_BUSY
 * (the bucket changed at every try, and the lock was not free: treat it as a
 * miss), or PN_E_KEY_SIZE.
 */
PN_API int
pn_store_get(struct pn_store *store, uint64_t now_ms, const void *key, size_t klen,
             void *buf, size_t cap, struct pn_item *item);

struct pn_get {
    const void *key;
    size_t klen;
    void *buf;
    size_t cap;
    struct pn_item item;
    int rc; /* as pn_store_get() */
};

/* N gets whose cache misses overlap. Returns how many are PN_OK. */
PN_API size_t
pn_store_get_many(struct pn_store *store, uint64_t now_ms, struct pn_get *get,
                  size_t n);

/* Describes an item without counting a hit or a miss and without making the
 * item look used. PN_OK, PN_MISS, PN_BUSY. */
PN_API int
pn_store_peek(struct pn_store *store, uint64_t now_ms, const void *key, size_t klen,
              struct pn_item *item);

/* ---- Writing --------------------------------------------------------------- */

enum pn_put_mode {
    PN_PUT_SET = 0,     /* store in any case */
    PN_PUT_ADD = 1,     /* only when absent, else PN_EXISTS */
    PN_PUT_REPLACE = 2, /* only when present, else PN_MISS */
    PN_PUT_CAS = 3,     /* only when the token is still CAS: PN_EXISTS, PN_MISS */
};

/* A tag's generation at one moment. Take it before the value is computed: an
 * invalidation in between then wins. */
struct pn_tag {
    uint32_t cell, gen;
};

struct pn_lease;

struct pn_put {
    const void *key;
    size_t klen;
    const void *val;
    size_t vlen;
    uint64_t ttl_ms; /* relative; PN_NO_TTL; 0 stores nothing and deletes */
    uint32_t cflags; /* kept for the caller, 4 bytes when not 0 */
    uint8_t bits;    /* enum pn_item_bits */
    uint8_t mode;    /* enum pn_put_mode */
    uint8_t ntags;
    uint64_t cas;
    const struct pn_tag *tags;
    const struct pn_lease *lease; /* store only while this lease is held */
};

/*
 * PN_OK (*CAS_OUT, when not NULL, is the new token), PN_EXISTS, PN_MISS,
 * PN_FENCED, PN_BUSY (nothing changed: an older value stays visible), or a
 * negative code: PN_E_KEY_SIZE, PN_E_VALUE_SIZE, PN_E_TAGS, PN_E_INVALID,
 * PN_E_CONDEMNED. After a negative code the older value stays as it was.
 */
PN_API int
pn_store_put(struct pn_store *store, uint64_t now_ms, const struct pn_put *put,
             uint64_t *cas_out);

/* N puts; rc[i] answers put[i]. Returns how many are PN_OK. */
PN_API size_t
pn_store_put_many(struct pn_store *store, uint64_t now_ms, const struct pn_put *put,
                  int *rc, size_t n);

/* PN_OK, PN_MISS, PN_BUSY. Ends the key's lease too, present or not, so that a
 * load that began before is not stored after. */
PN_API int
pn_store_delete(struct pn_store *store, uint64_t now_ms, const void *key, size_t klen);

/* A new time to live. PN_OK, PN_MISS, PN_BUSY. */
PN_API int
pn_store_touch(struct pn_store *store, uint64_t now_ms, const void *key, size_t klen,
               uint64_t ttl_ms);

struct pn_incr {
    const void *key;
    size_t klen;
    int64_t delta;
    int64_t initial; /* the value of a new counter, when CREATE */
    uint64_t ttl_ms; /* PN_KEEP_TTL, PN_NO_TTL or relative */
    uint8_t create;  /* make the counter when absent, else PN_MISS */
};

/* Adds to a counter, exactly, whoever else does. PN_OK and *VALUE, PN_MISS,
 * PN_BUSY, PN_E_TYPE, PN_E_RANGE (unchanged). */
PN_API int
pn_store_incr(struct pn_store *store, uint64_t now_ms, const struct pn_incr *incr,
              int64_t *value);

/* ---- Groups: clear, tags, walking ------------------------------------------ */

/* Everything stored before is gone for everyone. O(1), no lock. */
PN_API int
pn_store_clear(struct pn_store *store);

/* The current generation of a tag. Tags share a fixed table by hash: two that
 * meet are invalidated together, which drops too much, never too little. */
PN_API struct pn_tag
pn_store_tag(const struct pn_store *store, const void *tag, size_t len);

/* Every item stored with this tag is gone for everyone. O(1), no lock. */
PN_API int
pn_store_invalidate(struct pn_store *store, const void *tag, size_t len);

/* Sees one item of a walk. KEY is a copy, valid during the call. Anything but 0
 * stops the walk. */
typedef int (*pn_scan_fn)(void *ctx, const void *key, size_t klen,
                          const struct pn_item *item);

/*
 * Visits the next part of the store: start with *CURSOR = 0, call until it is 0
 * again. An item present all the time is seen at least once. Returns PN_OK, what FN
 * returned, or PN_BUSY when a bucket changed at every try and its lock was not free
 * (*CURSOR then stands before the part, which is seen again).
 */
PN_API int
pn_store_scan(struct pn_store *store, uint64_t now_ms, uint64_t *cursor, pn_scan_fn fn,
              void *ctx);

/* ---- Leases: one load per key on this host --------------------------------- */

/* A lease is held by one caller of the host, or observed by those who wait.
 * Plain data: copy it, forget it; pn_store_lease_end() gives it back early. */
struct pn_lease {
    uint64_t hash;
    uint64_t token;       /* 0: granted without a record, the table being full */
    uint64_t deadline_ms; /* store time at which it may be taken over */
    uint32_t record;      /* where it stands */
    uint32_t seen;        /* the record's word, for waiting */
};

/*
 * Asks for the right to load KEY for TTL_MS. PN_OK: yours, until the deadline
 * or pn_store_lease_end(). PN_HELD: *OUT observes the holder, wait with it. A
 * holder that died, or is past its deadline, is replaced. PN_BUSY: the lock was
 * not free; load without a lease.
 */
PN_API int
pn_store_lease(struct pn_store *store, uint64_t now_ms, const void *key, size_t klen,
               uint64_t ttl_ms, struct pn_lease *out);

/* Sleeps until the observed lease changes (PN_OK) or TIMEOUT_MS have passed
 * (PN_TIMEOUT). After either look again and, on a miss, ask again: only asking
 * notices a dead holder, so keep single waits short (50 ms serve well). */
PN_API int
pn_store_lease_wait(struct pn_store *store, const struct pn_lease *lease,
                    uint32_t timeout_ms);

/* A new deadline for a lease that is still yours: PN_OK or PN_FENCED. */
PN_API int
pn_store_lease_renew(struct pn_store *store, uint64_t now_ms, struct pn_lease *lease,
                     uint64_t ttl_ms);

/* Gives the lease back and wakes the waiters. PN_OK, or PN_FENCED when it was
 * no longer yours. */
PN_API int
pn_store_lease_end(struct pn_store *store, const struct pn_lease *lease);

/* ---- Care ------------------------------------------------------------------ */

/* Reclaims dead memory: looks at up to BUDGET items. Writes do it by
 * themselves, a slice each 10 ms at most; a process that only reads may call
 * it. Returns how many items were reclaimed. */
PN_API size_t
pn_store_maintain(struct pn_store *store, uint64_t now_ms, size_t budget);

/* Counters of all processes since the region was made; sizes as of now. */
struct pn_store_stats {
    uint64_t size, value_max;
    uint64_t items, bytes;   /* live items; their bytes with headers */
    uint64_t dead_bytes;     /* written but not live: reclaimed in time */
    uint64_t index_capacity; /* items the index was sized for */
    uint64_t hits, misses, retries, fallbacks;
    uint64_t sets, deletes, evicted, expired, reclaimed, copied;
    uint64_t skipped;       /* writes that answered PN_BUSY */
    uint64_t index_evicted; /* evicted because their bucket chain was full */
    uint64_t leases, lease_takeovers, fenced;
    uint64_t clears, invalidations;
    uint64_t recoveries, wipes; /* shards found with a dead writer; emptied */
    uint32_t shards, segments, segments_free, segments_large, segment_size;
    uint32_t condemned;      /* shards out of service */
    uint32_t processes;      /* alive now */
    uint64_t age_evicted_ms; /* of the item evicted last: how long things stay */
    uint64_t uptime_ms;
    int shared;
};

PN_API int
pn_store_stats(struct pn_store *store, struct pn_store_stats *out);

struct pn_store_report {
    uint64_t items, slots, overflow, large;
    uint64_t errors; /* broken invariants */
    char first[160]; /* the first of them, in words */
};

/* Checks every invariant of every shard under its lock; for tests and for
 * doubt. PN_OK when report->errors is 0, PN_BUSY when a lock was not free,
 * PN_E_DAMAGED otherwise. */
PN_API int
pn_store_check(struct pn_store *store, uint64_t now_ms, struct pn_store_report *report);

#ifdef __cplusplus
}
#endif

#endif
