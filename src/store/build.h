/*
 * build - the superblock: writing it once, and judging one that was found
 *
 * The part of the superblock that says what the region is (version, ABI, size,
 * seed, clock) is written by the creator before anybody else can see it and never
 * again; a checksum over it tells damage from difference. Judging goes from the
 * general to the particular, so that the first objection is the most useful one.
 *
 * Threads: building and judging happen before the store is handed out.
 */
#ifndef PN_STORE_BUILD_H
#define PN_STORE_BUILD_H

#include "store/handle.h"

/* What makes two builds of Pinyon unable to share a region: layout version,
 * word size, libc and architecture, page and mutex size. */
uint32_t
pn_abi_id(void);

/* Inode of this process's PID namespace; 0 when it cannot be told. */
uint64_t
pn_pidns_id(void);

/* Builds an empty store in the zeroed region of ST (base, geo, is_shared and
 * flags are set). SEED has 16 bytes. 0 or an errno. */
int
pn_super_build(struct pn_store *st, const uint8_t *seed);

/* Judges the superblock at SUPER, of a file of FILE_SIZE bytes, against what the
 * caller wants; fills *GEO. PN_OK or the code of the first objection, in words in
 * *WHY. NAME is for the words. */
int
pn_super_judge(const struct pn_super *super, uint64_t file_size, const char *name,
               const struct pn_store_opts *opts, struct pn_geometry *geo,
               struct pn_why *why);

/* Takes hash key, epoch and flags over from the superblock. */
void
pn_super_adopt(struct pn_store *st);

#endif
