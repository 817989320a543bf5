/*
 * live - who is alive: process slots held by the kernel, and fork
 *
 * A process that has a shared region open holds the lock of one byte of its file
 * (an open-file-description lock): byte i means slot i of the process table. The
 * kernel drops it at death, whatever the death, so "is slot i alive" is one
 * question to the kernel, right across PID namespaces and for zombies, where
 * kill(pid, 0) is wrong.
 *
 * Descriptors are inherited by fork and with them the lock; a child must open
 * the file anew. It notices by a page that the kernel wipes at fork
 * (MADV_WIPEONFORK): no global state, no handler to register.
 *
 * Threads: pn_live_is_held() may be called by any; the rest wants to be alone.
 */
#ifndef PN_STORE_LIVE_H
#define PN_STORE_LIVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pn_live {
    _Atomic uint32_t *guard; /* a wiped page: 0 in a child that has not noticed yet */
    int fd;                  /* the region's file; -1 for a private store */
    int slot;                /* -1: none was free, or private */
};

/* Makes the guard page. FD is kept, not owned before success. 0 or -1 (errno). */
int
pn_live_init(struct pn_live *live, int fd);

/* Takes a free slot of [0, nslot), if there is one. If not, notes its presence on
 * byte NSLOT + 1, which any number may share. */
void
pn_live_take_slot(struct pn_live *live, int nslot);

/* Whether slot SLOT is held by anybody. One system call. */
bool
pn_live_is_held(const struct pn_live *live, int slot);

/* How many of [0, nslot) are held, this process's own included. */
unsigned
pn_live_count(const struct pn_live *live, int nslot);

/* Whether nobody else is here, with or without a slot. Before taking one. */
bool
pn_live_is_alone(const struct pn_live *live, int nslot);

/* A process in 32 bits: its slot and how often that slot had been taken, so that
 * a successor in the slot is not taken for it. 0 is nobody. */
static inline uint32_t
pn_live_owner(int slot, uint32_t gen)
{
    return gen << 9 | (uint32_t)(slot + 1);
}

/* True in a child of fork that has not called pn_live_adopt() yet. */
static inline bool
pn_live_is_forked(const struct pn_live *live)
{
    return atomic_load_explicit(live->guard, memory_order_relaxed) != 1;
}

/* In a forked child: one caller is told true, does what a new process must do
 * and calls pn_live_adopted(); the others wait for it. */
bool
pn_live_adopt(struct pn_live *live);
void
pn_live_adopted(struct pn_live *live);

/* Opens the file behind FD anew, so that its locks are this process's own. */
int
pn_live_reopen(struct pn_live *live);

void
pn_live_release(struct pn_live *live);

#endif
