/*
 * survey - looking a whole shard over: is every invariant true?
 *
 * Reads the index, every item it points at and every segment header of one shard
 * and counts again what the headers only remember. Recovery compares and repairs;
 * pn_store_check() compares and reports.
 *
 * Threads: wants the shard's lock. Changes nothing.
 */
#ifndef PN_STORE_SURVEY_H
#define PN_STORE_SURVEY_H

#include "store/handle.h"

#define PN_OVF_WORDS ((UINT16_MAX + 63u) / 64u)
#define PN_SEG_WORDS_MAX (64u * PN_SEG_PER_SHARD_MAX / 64u)

struct pn_survey {
    uint64_t items, bytes, large, errors;
    uint32_t ovf_used;
    char first[160]; /* the first error in words */
    uint32_t live_items[PN_SEG_PER_SHARD_MAX], live_bytes[PN_SEG_PER_SHARD_MAX];
    uint64_t ovf_seen[PN_OVF_WORDS];      /* overflow buckets reached by a chain */
    uint64_t part_seen[PN_SEG_WORDS_MAX]; /* segments named by a descriptor */
};

static inline bool
pn_bit(const uint64_t *words, uint32_t i)
{
    return (words[i / 64] >> (i % 64) & 1) != 0;
}

/* Fills *SV; true when the index and all it points at are right. */
bool
pn_survey_shard(const struct pn_store *st, uint32_t shard, struct pn_survey *sv);

/* Notes an error; the first is kept in words. */
void
pn_survey_error(struct pn_survey *sv, const char *format, ...) PN_PRINTF(2, 3);

#endif
