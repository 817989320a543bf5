/*
 * lock - one recoverable lock a shard, for writers
 *
 * A robust, process-shared mutex: the kernel tells the next locker when the
 * holder died, and that locker repairs the shard before anybody else gets in
 * (recover.h). A private store has a plain mutex in the same place; threads do
 * not die alone. Readers never come here, except as a last resort.
 *
 * Rules: one shard lock at a time, nothing is locked inside it. While it is
 * held: no system call but the lock's own, no allocation, no callback.
 */
#ifndef PN_STORE_LOCK_H
#define PN_STORE_LOCK_H

#include <stdint.h>

#include "store/handle.h"

/* By the creator, before anybody else sees the region. 0 or an errno. */
int
pn_lock_init(struct pn_shard *shard, int is_shared);

/* What a sound shared mutex looks like to this process; for pn_store.mutex_kind. */
int
pn_lock_kind(void);

/* Waits up to WAIT_MS. PN_OK, PN_BUSY, or PN_E_CONDEMNED when the shard's lock
 * is lost for good. A dead holder's shard is repaired before PN_OK. */
int
pn_lock(struct pn_store *st, uint32_t shard, uint32_t wait_ms);

void
pn_unlock(struct pn_store *st, uint32_t shard);

#endif
