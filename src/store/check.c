/* Holding what the headers remember against what a survey counts. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "store/lock.h"
#include "store/segment.h"
#include "store/survey.h"

static void
check_segment(const struct pn_store *st, uint32_t shard, uint32_t i,
              struct pn_survey *sv, uint32_t *nfree, uint32_t npool[2])
{
    uint32_t id = pn_shard_first_seg(st, shard) + i;
    const struct pn_seg *seg = pn_seg_at(st, id);
    uint32_t state = pn_seg_state(seg);
    switch (state) {
    case PN_SEG_FREE:
        ++*nfree;
        break;
    case PN_SEG_OPEN:
    case PN_SEG_SEALED:
    case PN_SEG_DRAINING:
        npool[seg->pool & 1]++;
        if (seg->live_items != sv->live_items[i] ||
            seg->live_bytes != sv->live_bytes[i]) {
            pn_survey_error(sv,
                            "segment %u counts %u items (%u bytes), there are %u (%u)",
                            id, seg->live_items, seg->live_bytes, sv->live_items[i],
                            sv->live_bytes[i]);
        }
        break;
    default:
        if (state > PN_SEG_RELEASED) {
            pn_survey_error(sv, "segment %u has state %u", id, state);
        }
        break;
    }
}

static void
check_shard(const struct pn_store *st, uint32_t s, struct pn_survey *sv)
{
    const struct pn_shard *sh = pn_shard_at(st, s);
    uint32_t nfree = 0, npool[2] = {0, 0};
    pn_survey_shard(st, s, sv);
    for (uint32_t i = 0; i < st->geo.seg_per_shard; i++) {
        check_segment(st, s, i, sv, &nfree, npool);
    }
    if (nfree != sh->nfree || npool[0] != sh->npool[0] || npool[1] != sh->npool[1]) {
        pn_survey_error(sv,
                        "shard %u counts %u free, %u small, %u main segments; there "
                        "are %u, %u, %u",
                        s, sh->nfree, sh->npool[0], sh->npool[1], nfree, npool[0],
                        npool[1]);
    }
    if (sh->items != sv->items || sh->bytes != sv->bytes) {
        pn_survey_error(sv, "shard %u counts %llu items, there are %llu", s,
                        (unsigned long long)sh->items, (unsigned long long)sv->items);
    }
    if (sh->ovf_used != sv->ovf_used) {
        pn_survey_error(sv, "shard %u counts %u overflow buckets, there are %u", s,
                        sh->ovf_used, sv->ovf_used);
    }
}

int
pn_store_check(struct pn_store *st, uint64_t now_ms, struct pn_store_report *report)
{
    (void)now_ms; /* dead items keep every invariant until they are reclaimed */
    struct pn_survey *sv = pn_alloc(sizeof *sv);
    if (sv == NULL) {
        return PN_E_NOMEM;
    }
    memset(report, 0, sizeof *report);
    int rc = PN_OK;
    for (uint32_t s = 0; s < st->geo.nshard && rc == PN_OK; s++) {
        rc = pn_lock(st, s, st->write_wait_ms);
        if (rc != PN_OK) {
            break;
        }
        check_shard(st, s, sv);
        pn_unlock(st, s);
        report->items += sv->items;
        report->overflow += sv->ovf_used;
        report->large += sv->large;
        report->slots += (uint64_t)st->geo.nbucket * PN_BUCKET_SLOTS;
        if (sv->errors != 0 && report->errors == 0) {
            snprintf(report->first, sizeof report->first, "%s", sv->first);
        }
        report->errors += sv->errors;
    }
    pn_free(sv);
    if (rc != PN_OK) {
        return rc;
    }
    return report->errors == 0 ? PN_OK : PN_E_DAMAGED;
}
