/*
 * region - making, finding and refusing the memory of a store
 *
 * A shared region is a file on a memory file system. It is built under no name
 * (O_TMPFILE), its memory is reserved in full (so that a full file system is an
 * error here and not a SIGBUS later), and only then linked to its name: nobody
 * ever sees half a region, and of two creators one finds the other's.
 *
 * One attacher at a time looks a region over (a lock on a byte of the file). If
 * it is alone, whatever its dead predecessors left is verified shard by shard
 * before anybody uses it.
 */
#ifndef PN_STORE_REGION_H
#define PN_STORE_REGION_H

#include "base/why.h"
#include "store/handle.h"

/* Fills ST for a private region. PN_OK or a negative code with *WHY. */
int
pn_region_private(struct pn_store *st, const struct pn_store_opts *opts,
                  struct pn_why *why);

/* Fills ST for the shared region NAME, made or found. On failure of either the
 * caller releases ST. */
int
pn_region_shared(struct pn_store *st, const char *name,
                 const struct pn_store_opts *opts, struct pn_why *why);

/* In a child of fork: a place of its own in a shared region, or an empty
 * private one. 0 or a negative code. */
int
pn_region_after_fork(struct pn_store *st);

void
pn_region_release(struct pn_store *st);

#endif
