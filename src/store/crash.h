/*
 * crash - named instants at which a test kills or stops a writer
 *
 * Nothing in a normal build. With PN_CRASH_POINTS the program supplies
 * pn_crash_point(), which may never return.
 */
#ifndef PN_STORE_CRASH_H
#define PN_STORE_CRASH_H

#define PN_CRASH_MAP(X)                                                   \
    X(LOCKED)            /* a write holds the lock and did nothing yet */ \
    X(ITEM_WRITTEN)      /* bytes are there, write_off is not */          \
    X(ITEM_APPENDED)     /* write_off is there, the slot is not */        \
    X(SLOT_STORED)       /* published, the version is old */              \
    X(VERSION_BUMPED)    /* published, the counters are old */            \
    X(OLD_FORGOTTEN)     /* a replace before the unlock */                \
    X(OVERFLOW_TAKEN)    /* an overflow bucket is ours and in no chain */ \
    X(OVERFLOW_LINKED)   /* it is in the chain, empty */                  \
    X(SLOT_MOVED)        /* an item has two slots */                      \
    X(OVERFLOW_UNLINKED) /* out of the chain, the version is old */       \
    X(SEG_OPENING)       /* header filled, state still FREE */            \
    X(SEG_OPENED)        /* OPEN, but not in open[][] */                  \
    X(DRAIN_CHOSEN)      /* DRAINING, not in the shard's `drain` */       \
    X(DRAIN_MOVED)       /* one item moved */                             \
    X(SEG_FREEING)       /* gen is new, state is DRAINING */              \
    X(SEG_FREED)         /* FREE, nfree is old */                         \
    X(LARGE_CLAIMED)     /* a segment is CLAIMED */                       \
    X(LARGE_WRITTEN)     /* all parts are written, no lock held */        \
    X(LARGE_MARKED)      /* parts are LARGE, the slot is not published */ \
    X(LARGE_UNLINKED)    /* the slot is gone, parts are LARGE */          \
    X(LARGE_RELEASED)    /* one part was given back */                    \
    X(LEASE_WRITTEN)     /* a lease record is filled */                   \
    X(RECOVERING)        /* inside a recovery */

enum pn_crash_id {
#define PN_CRASH_ENUM(name) PN_CP_##name,
    PN_CRASH_MAP(PN_CRASH_ENUM)
#undef PN_CRASH_ENUM
        PN_CP_COUNT
};

#ifdef PN_CRASH_POINTS
void
pn_crash_point(int id);
#define PN_CRASH_POINT(id) pn_crash_point(id)
#else
#define PN_CRASH_POINT(id) ((void)0)
#endif

#endif
