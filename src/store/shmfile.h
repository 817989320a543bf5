/*
 * shmfile - the file behind a shared region: its name, its room, its owner
 *
 * DIR/pinyon.NAME, mode 0600, on a memory file system. Descriptors are returned to
 * the caller, who closes them.
 */
#ifndef PN_STORE_SHMFILE_H
#define PN_STORE_SHMFILE_H

#include <stdint.h>

#include "base/why.h"

struct pn_shm {
    const char *name, *dir;
    char path[512];
};

/* Where region NAME stands; DIR may be NULL. Keeps both pointers. PN_OK or
 * PN_E_NAME. */
int
pn_shm_find(const char *name, const char *dir, struct pn_shm *place,
            struct pn_why *why);

/* A file of SIZE bytes that has no name yet and whose memory is really there (a full
 * file system is an error here, not a SIGBUS later). A descriptor or a negative
 * code. */
int
pn_shm_create(const struct pn_shm *place, uint64_t size, struct pn_why *why);

/* Gives it its name. PN_OK, PN_EXISTS when somebody was first, or a negative code. */
int
pn_shm_name(const struct pn_shm *place, int fd, struct pn_why *why);

/* Opens an existing one and judges file, owner and mode. A descriptor and *SIZE, or a
 * negative code: PN_E_ABSENT, PN_E_OWNER, PN_E_MODE, PN_E_MAGIC, PN_E_OS. */
int
pn_shm_open(const struct pn_shm *place, uint64_t *size, struct pn_why *why);

/* Removes the name. */
int
pn_shm_unlink(const char *name, const char *dir, struct pn_why *why);

#endif
