/*
 * layout - every byte of the region that is not an item
 *
 *   | superblock 4 KiB | process table | shard headers | leases | tag cells |
 *   | segment headers | shard 0: buckets, overflow, ghosts | shard 1: ... |
 *   | segments, aligned to the page ...                                   |
 *
 * Only offsets and indices are stored, never a pointer. There are no lists: the
 * order of segments is their `seq`, and everything else is found by scanning at
 * most PN_SEG_PER_SHARD_MAX headers. What a reader must trust is the geometry,
 * and that is computed by each process from (size, item) and only compared with
 * the superblock, so no content of the region can make a process leave it.
 *
 * Who may write what is said at each field: [L] under the shard's lock, [A]
 * atomically by anybody, [I] once, by the creator.
 */
#ifndef PN_STORE_LAYOUT_H
#define PN_STORE_LAYOUT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define PN_LAYOUT_VERSION 1u
#define PN_MAGIC 0x31304e4f594e4950ull /* "PINYON01" */

#define PN_PAGE 4096u
#define PN_PROC_MAX 256u
#define PN_LEASE_PER_SHARD 64u
#define PN_SEG_PER_SHARD_MAX 512u
#define PN_SEG_MIN (16u << 10)
#define PN_BUCKET_SLOTS 15u
#define PN_OVERFLOW_SLOTS 7u
#define PN_CHAIN_MAX 8u /* overflow buckets behind one home bucket */
#define PN_GHOSTS 12u   /* remembered tags per home bucket */
#define PN_TTL_CLASSES 8u
#define PN_SEG_RESERVE 2u /* free segments a shard keeps for copies */

enum pn_region_state { PN_REGION_BUILDING = 1, PN_REGION_READY = 2 };

enum pn_seg_state {
    PN_SEG_FREE = 0,
    PN_SEG_OPEN = 1,     /* items are appended */
    PN_SEG_SEALED = 2,   /* full */
    PN_SEG_DRAINING = 3, /* live items are being moved out or dropped */
    PN_SEG_CLAIMED = 4,  /* lent to a large value that is being written */
    PN_SEG_LARGE = 5,    /* holds a part of a large value */
    PN_SEG_RELEASED = 6, /* given back; its shard takes it when it looks */
};

enum pn_pool { PN_POOL_SMALL = 0, PN_POOL_MAIN = 1 };

struct pn_super {
    /* [I] up to `check`, which is a checksum of all before it */
    uint64_t magic;
    uint32_t version, abi;
    uint64_t region_size;
    uint32_t item_hint, flags; /* flags: PN_STORE_STABLE_CAS */
    uint8_t seed[16];
    uint8_t boot_id[16];
    uint64_t pidns; /* inode of the creator's PID namespace; 0 for a private store */
    uint64_t epoch_mono_ns, epoch_unix_ms;
    uint64_t check;
    _Atomic uint32_t state; /* enum pn_region_state */
    uint8_t pad0[128 - 100];

    /* Read by every get, written by clear() alone: a line of its own. [A] */
    _Atomic uint32_t clear_gen;  /* items of an older generation are gone */
    _Atomic uint32_t clear_done; /* no segment is older than this one */
    _Atomic uint32_t rules; /* the eviction rule set; 1: S3-FIFO. Room for a chooser */
    uint8_t pad1[64 - 12];

    /* Written now and then by everybody. [A] */
    _Atomic uint64_t maint_due_ms;
    _Atomic uint32_t maint_shard, claims;
    _Atomic uint64_t clears, invalidations, lost_claims, large_seq;
    uint8_t pad2[64 - 48];

    uint8_t room[PN_PAGE - 256];
};

/* A process that has the region open, and its own counters: a line that only it
 * writes. The slot is held by a lock on byte `index` of the file. */
struct pn_proc {
    _Atomic uint64_t hits, misses, retries, fallbacks, skipped;
    _Atomic uint32_t pid;
    _Atomic uint32_t gen; /* how often the slot was taken */
    _Atomic uint64_t pad[2];
};

struct pn_lease_rec { /* [L] but for `word`, which waiters watch */
    uint64_t hash, token, deadline_ms;
    uint32_t owner;        /* see pn_live_owner() */
    _Atomic uint32_t word; /* +1 at every change; a futex */
};

struct pn_shard {
    _Alignas(128) union {
        pthread_mutex_t mutex;
        uint8_t room[64];
    } lock;

    /* All below [L] unless marked */
    uint64_t next_seq, next_cas;
    uint32_t attempts; /* recoveries begun and not ended */
    uint32_t nfree, npool[2];
    uint32_t nlent; /* segments lent to large values: CLAIMED, LARGE, RELEASED */
    uint32_t drain; /* segment being drained + 1 */
    uint32_t open[2][PN_TTL_CLASSES]; /* open segment + 1 */
    uint32_t evicting; /* has evicted once: new items no longer fill main first */
    uint32_t ovf_used, ovf_hint;
    uint32_t nlease, next_token;
    _Atomic uint32_t released;  /* [A] segments in state RELEASED, a hint */
    _Atomic uint32_t condemned; /* [A] the lock is lost */

    /* Hints for people; no safety argument may use them. */
    uint64_t items, bytes, sets, deletes, evicted, expired, reclaimed, copied;
    uint64_t index_evicted, leases, takeovers, fenced, age_evicted_ms;
    uint64_t recoveries, wipes;
};

struct pn_seg {
    _Atomic uint32_t
        state;            /* [L], or [A] for CLAIMED, LARGE, RELEASED by their owner */
    _Atomic uint32_t gen; /* +1 at every recycle, before the first new byte */
    uint64_t seq;         /* FIFO order in shard and pool */
    uint32_t write_off, live_bytes, live_items;
    uint32_t min_exp_s; /* seconds, rounded down: something may expire from here on */
    uint32_t max_exp_s; /* seconds, rounded up; UINT32_MAX: an item without expiry */
    _Atomic uint32_t clear_gen; /* of all its items */
    uint32_t walk_off; /* where a drain or a sweep stands; LARGE: which part, from 0 */
    uint8_t ttl_class, pool, is_compacted, pad;
    union {
        uint32_t owner;   /* CLAIMED: see pn_live_owner() */
        uint32_t birth_s; /* OPEN and after: when its first item came */
    };
    uint32_t sweep_min_s; /* the min_exp_s that a sweep under way has found so far */
    uint64_t hash;        /* LARGE: of the value's key */
};

struct pn_bucket {
    _Atomic uint32_t version; /* +1 per change of the chain; no value means "busy" */
    _Atomic uint16_t next;    /* overflow bucket + 1 */
    uint16_t pad;
    _Atomic uint64_t slot[PN_BUCKET_SLOTS];
};

struct pn_overflow {
    _Atomic uint32_t home; /* home bucket + 1; 0: free */
    _Atomic uint16_t next;
    uint16_t pad;
    _Atomic uint64_t slot[PN_OVERFLOW_SLOTS];
};

struct pn_ghosts {
    uint16_t tag[PN_GHOSTS]; /* newest first; 0: none */
};

_Static_assert(sizeof(pthread_mutex_t) <= 64, "mutex room");
_Static_assert(sizeof(struct pn_super) == PN_PAGE, "superblock");
_Static_assert(sizeof(struct pn_proc) == 64, "process slot");
_Static_assert(sizeof(struct pn_lease_rec) == 32, "lease record");
_Static_assert(sizeof(struct pn_shard) == 384, "shard header");
_Static_assert(sizeof(struct pn_seg) == 64, "segment header");
_Static_assert(sizeof(struct pn_bucket) == 128, "bucket");
_Static_assert(sizeof(struct pn_overflow) == 64, "overflow bucket");

/* ---- Slots ------------------------------------------------------------------
 *
 *   { tag:16 | freq:3 | pool:1 | kind:2 | spare:2 | off:40 }   off in 4-byte units
 *     63..48   47..45   44       43..42   41..40    39..0
 *
 * Word 0 is "empty": offset 0 is the superblock, never an item.
 */
#define PN_SLOT_OFF_MASK ((1ull << 40) - 1)
#define PN_SLOT_FREQ_ONE (1ull << 45)
#define PN_SLOT_FREQ_MASK (7ull << 45)
#define PN_SLOT_KIND_LARGE (1ull << 42)
#define PN_FREQ_MAX 3u

static inline uint64_t
pn_slot_make(uint16_t tag, unsigned freq, unsigned pool, int is_large, uint64_t off)
{
    return (uint64_t)tag << 48 | (uint64_t)freq << 45 | (uint64_t)pool << 44 |
           (is_large ? PN_SLOT_KIND_LARGE : 0) | off >> 2;
}

static inline uint16_t
pn_slot_tag(uint64_t w)
{
    return (uint16_t)(w >> 48);
}

static inline unsigned
pn_slot_freq(uint64_t w)
{
    return (unsigned)(w >> 45) & 7u;
}

static inline unsigned
pn_slot_pool(uint64_t w)
{
    return (unsigned)(w >> 44) & 1u;
}

static inline int
pn_slot_is_large(uint64_t w)
{
    return (w & PN_SLOT_KIND_LARGE) != 0;
}

/* Whether SLOT still holds WORD, but for the frequency. */
static inline int
pn_slot_is_same(const _Atomic uint64_t *slot, uint64_t w)
{
    return ((atomic_load_explicit(slot, memory_order_acquire) ^ w) &
            ~PN_SLOT_FREQ_MASK) == 0;
}

/* Bytes from the start of the region. */
static inline uint64_t
pn_slot_off(uint64_t w)
{
    return (w & PN_SLOT_OFF_MASK) << 2;
}

#endif
