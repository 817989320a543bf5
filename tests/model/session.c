#include "session.h"

#include "model.h"

#include <stdlib.h>

/* ---- Driving --------------------------------------------------------------- */

/* Mostly milliseconds; sometimes to either side of an expiry; sometimes far. */
static void
pass_time(struct session *s, uint32_t id)
{
    const struct entry *e = &s->entry[id];
    uint32_t how = model_below(s, 1000);
    if (how < 900) {
        s->now_ms += model_below(s, 12);
    } else if (how < 990 && e->is_live && e->exp_ms != PN_NO_TTL &&
               e->exp_ms > s->now_ms + 1 && e->exp_ms - s->now_ms < 100000000) {
        s->now_ms = e->exp_ms - 1 + model_below(s, 2);
        s->op = "get at the border of expiry";
        model_read(s, id);
    } else if (how == 999) {
        s->now_ms += 1000u * model_below(s, 100000);
    }
}

void
session_step(struct session *s)
{
    static const op_fn ops[] = {
        op_put,    op_put,      op_put,   op_put,       op_put_many,  op_get,
        op_get,    op_get,      op_get,   op_peek,      op_get_many,  op_cas,
        op_delete, op_touch,    op_incr,  op_incr,      op_clear,     op_invalidate,
        op_scan,   op_maintain, op_lease, op_lease_put, op_get_small, op_refused,
    };
    s->step++;
    uint32_t id = model_below(s, SESSION_KEYS);
    pass_time(s, id);
    ops[model_below(s, sizeof ops / sizeof ops[0])](s, id);
}

void
session_audit(struct session *s)
{
    s->op = "audit";
    for (uint32_t k = 0; k < SESSION_KEYS; k++) {
        model_read(s, k);
    }
    struct pn_store_report report = {0};
    int rc = pn_store_check(s->store, s->now_ms, &report);
    s->checks++;
    if (rc != PN_OK) {
        model_complain(s, 0, report.first, (int64_t)report.errors, 0);
    }
    struct pn_store_stats stats;
    model_expect(s, 0, "rc of stats", pn_store_stats(s->store, &stats), PN_OK);
    uint64_t owned = stats.evicted + stats.index_evicted;
    if (s->lost > owned) {
        model_complain(s, 0, "keys lost, against evictions", (int64_t)s->lost,
                       (int64_t)owned);
    }
    model_expect(s, 0, "wipes", (int64_t)stats.wipes, 0);
}

struct session *
session_new(struct pn_store *store, struct draw draw, bool is_strict, uint32_t flags)
{
    struct pn_store_stats stats;
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL || pn_store_stats(store, &stats) != PN_OK) {
        free(s);
        return NULL;
    }
    s->store = store;
    s->draw = draw;
    s->is_strict = is_strict;
    s->is_stable_cas = (flags & PN_STORE_STABLE_CAS) != 0;
    s->now_ms = 1000;
    s->next_seq = 1;
    s->value_max = stats.value_max;
    s->segment_size = stats.segment_size;
    s->live_max = (uint64_t)stats.segments * stats.segment_size / 5;
    s->buf = malloc(s->value_max + 16);
    if (s->buf == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

void
session_free(struct session *session)
{
    if (session != NULL) {
        free(session->buf);
        free(session);
    }
}
