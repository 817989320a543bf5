/*
 * lease - the records behind "one load per key on this host"
 *
 * Each shard has 64 records: the hash of a key, a token, a deadline, its owner and
 * a word that changes whenever any of them does, on which waiters sleep (a futex
 * in the region). Two keys of one hash share a record and at worst wait for each
 * other. The token holds the clear generation in its upper half, so that clear()
 * fences every load that began before it without touching a record.
 *
 * A record is free when its token is 0, when its deadline has passed, or when its
 * owner died; whoever asks finds out, the latter with one system call and without
 * the lock.
 */
#ifndef PN_STORE_LEASE_H
#define PN_STORE_LEASE_H

#include "store/handle.h"

/* Under the shard's lock: whether LEASE may still fill its key. */
bool
pn_lease_is_current(const struct pn_store *st, const struct pn_probe *pb,
                    const struct pn_lease *lease);

/* Under the shard's lock: the key was written or deleted by somebody else, so a
 * load under way must not be stored. Returns what to pass to pn_lease_wake(). */
uint32_t
pn_lease_fence(struct pn_store *st, const struct pn_probe *pb);

/* After the unlock: wakes the waiters of the record that pn_lease_fence() named. */
void
pn_lease_wake(struct pn_store *st, uint32_t shard, uint32_t wake);

#endif
