/* Operations on one key, or a few. */
#include "model.h"

#include "../support/pattern.h"

#include <stdlib.h>
#include <string.h>

/* ---- Reading --------------------------------------------------------------- */

void
op_get(struct session *s, uint32_t id)
{
    s->op = "get";
    model_read(s, id);
}

void
op_get_small(struct session *s, uint32_t id)
{
    s->op = "get into a short buffer";
    unsigned char key[255];
    size_t klen = session_key(id, key);
    const struct entry *e = &s->entry[id];
    if (!model_has(s, e) || e->vlen == 0) {
        return;
    }
    struct pn_item item;
    size_t cap = model_below(s, e->vlen);
    memset(s->buf, 0xee, cap + 1);
    int rc = pn_store_get(s->store, s->now_ms, key, klen, s->buf, cap, &item);
    if (rc == PN_MISS) {
        model_lose(s, id);
        return;
    }
    model_expect(s, id, "rc", rc, PN_SMALL);
    model_expect(s, id, "vlen", item.vlen, e->vlen);
    model_expect(s, id, "the byte after the buffer", s->buf[cap], 0xee);
}

void
op_peek(struct session *s, uint32_t id)
{
    s->op = "peek";
    unsigned char key[255];
    size_t klen = session_key(id, key);
    struct pn_item item;
    int rc = pn_store_peek(s->store, s->now_ms, key, klen, &item);
    model_judge_read(s, id, rc, &item);
}

void
op_get_many(struct session *s, uint32_t id)
{
    enum { BATCH = 19 };
    s->op = "get_many";
    unsigned char key[BATCH][255];
    struct pn_get get[BATCH];
    const size_t cap = 20000; /* each; larger values answer PN_SMALL */
    unsigned char *room = malloc(BATCH * cap);
    if (room == NULL) {
        return;
    }
    uint32_t n = 1 + model_below(s, BATCH);
    for (uint32_t i = 0; i < n; i++) {
        size_t klen = session_key((id + i) % SESSION_KEYS, key[i]);
        get[i] = (struct pn_get){
            .key = key[i], .klen = klen, .buf = room + i * cap, .cap = cap};
    }
    size_t hits = pn_store_get_many(s->store, s->now_ms, get, n);
    size_t right = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = (id + i) % SESSION_KEYS;
        right += get[i].rc == PN_OK;
        if (get[i].rc == PN_SMALL && model_has(s, &s->entry[k])) {
            model_expect(s, k, "vlen", get[i].item.vlen, s->entry[k].vlen);
        } else if (model_judge_read(s, k, get[i].rc, &get[i].item)) {
            model_compare_value(s, k, get[i].buf);
        }
    }
    model_expect(s, id, "the number of hits", (int64_t)hits, (int64_t)right);
    free(room);
}

/* ---- Writing --------------------------------------------------------------- */

static void
judge_put(struct session *s, uint32_t id, const struct pn_put *put, int rc,
          const struct entry *e)
{
    if (put->vlen > s->value_max) {
        model_expect(s, id, "rc of a value that is too large", rc, PN_E_VALUE_SIZE);
        model_read(s, id); /* the old value is as it was */
        return;
    }
    if (put->mode == PN_PUT_ADD) {
        model_judge_presence(s, id, rc == PN_EXISTS);
    } else if (put->mode == PN_PUT_REPLACE) {
        model_judge_presence(s, id, rc == PN_OK);
    } else {
        model_expect(s, id, "rc", rc, PN_OK);
    }
    if (rc == PN_OK) {
        s->puts++;
        model_remember(s, id, e);
        model_end_lease(s, id);
        model_read(s, id); /* what was just stored is there */
    } else if (rc != PN_EXISTS && rc != PN_MISS) {
        model_expect(s, id, "rc", rc, PN_OK);
    }
}

void
op_put(struct session *s, uint32_t id)
{
    static const uint8_t modes[] = {PN_PUT_SET, PN_PUT_SET,     PN_PUT_SET,
                                    PN_PUT_ADD, PN_PUT_REPLACE, PN_PUT_SET};
    s->op = "put";
    unsigned char key[255];
    struct pn_put put = {.key = key, .klen = session_key(id, key)};
    put.mode = modes[model_below(s, sizeof modes)];
    struct entry e = model_draw_entry(s, &put);
    put.tags = e.tag;
    size_t room = put.vlen < s->value_max ? put.vlen : s->value_max;
    pattern_fill(s->buf, room, id, e.seq);
    int rc = pn_store_put(s->store, s->now_ms, &put, &e.cas);
    judge_put(s, id, &put, rc, &e);
}

void
op_put_many(struct session *s, uint32_t id)
{
    enum { BATCH = 9, SIZE = 300 };
    s->op = "put_many";
    unsigned char room[BATCH][SIZE];
    unsigned char key[BATCH][255];
    struct pn_put put[BATCH];
    struct entry entry[BATCH];
    int rc[BATCH];
    uint32_t n = 1 + model_below(s, BATCH);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = (id + i) % SESSION_KEYS;
        uint32_t vlen = model_below(s, SIZE);
        put[i] = (struct pn_put){.key = key[i],
                                 .klen = session_key(k, key[i]),
                                 .val = room[i],
                                 .vlen = vlen,
                                 .ttl_ms = PN_NO_TTL};
        entry[i] =
            (struct entry){.seq = s->next_seq++, .vlen = vlen, .exp_ms = PN_NO_TTL};
        pattern_fill(room[i], vlen, k, entry[i].seq);
    }
    size_t stored = pn_store_put_many(s->store, s->now_ms, put, rc, n);
    model_expect(s, id, "the number stored", (int64_t)stored, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = (id + i) % SESSION_KEYS;
        model_expect(s, k, "rc", rc[i], PN_OK);
        if (s->is_stable_cas) { /* a batch does not answer with tokens */
            struct pn_item item = {0};
            pn_store_peek(s->store, s->now_ms, key[i], put[i].klen, &item);
            entry[i].cas = item.cas;
        }
        model_remember(s, k, &entry[i]);
        model_end_lease(s, k);
    }
}

void
op_cas(struct session *s, uint32_t id)
{
    s->op = "cas";
    unsigned char key[255];
    struct pn_put put = {.key = key, .klen = session_key(id, key), .mode = PN_PUT_CAS};
    struct pn_item item = {0};
    int seen = pn_store_peek(s->store, s->now_ms, key, put.klen, &item);
    const struct entry *old = &s->entry[id];
    bool is_stale = model_below(s, 3) == 0 && old->old_cas != 0;
    put.cas = is_stale ? old->old_cas : item.cas;
    struct entry e = model_draw_entry(s, &put);
    put.tags = e.tag;
    if (put.vlen > s->value_max) {
        put.vlen = e.vlen = 1;
    }
    pattern_fill(s->buf, put.vlen, id, e.seq);
    int rc = pn_store_put(s->store, s->now_ms, &put, &e.cas);
    if (seen == PN_MISS) {
        model_judge_read(s, id, seen, &item);
        model_expect(s, id, "rc", rc, PN_MISS);
    } else if (is_stale && put.cas != item.cas) {
        model_expect(s, id, "rc with an old token", rc, PN_EXISTS);
    } else if (rc != PN_EXISTS || s->is_stable_cas) { /* moved: EXISTS is legal */
        model_expect(s, id, "rc", rc, PN_OK);
    }
    if (rc == PN_OK) {
        model_remember(s, id, &e);
        model_end_lease(s, id);
        model_read(s, id);
    }
}

void
op_delete(struct session *s, uint32_t id)
{
    s->op = "delete";
    unsigned char key[255];
    size_t klen = session_key(id, key);
    int rc = pn_store_delete(s->store, s->now_ms, key, klen);
    model_judge_presence(s, id, rc == PN_OK);
    if (rc != PN_OK) {
        model_expect(s, id, "rc", rc, PN_MISS);
    }
    model_forget(s, &s->entry[id]);
    model_end_lease(s, id);
}

void
op_touch(struct session *s, uint32_t id)
{
    s->op = "touch";
    unsigned char key[255];
    size_t klen = session_key(id, key);
    uint64_t ttl_ms = model_draw_ttl(s);
    int rc = pn_store_touch(s->store, s->now_ms, key, klen, ttl_ms);
    model_judge_presence(s, id, rc == PN_OK);
    if (rc == PN_OK) {
        struct entry *e = &s->entry[id];
        struct pn_item item = {0};
        e->exp_ms = model_expiry(s, ttl_ms);
        pn_store_peek(s->store, s->now_ms, key, klen, &item);
        e->cas = item.cas;
    } else {
        model_expect(s, id, "rc", rc, PN_MISS);
    }
    model_read(s, id);
}

/* ---- Counters -------------------------------------------------------------- */

static int64_t
draw_delta(struct session *s)
{
    static const int64_t delta[] = {1, 1, 5, -1, -7, INT64_MAX, INT64_MIN, 0};
    return delta[model_below(s, sizeof delta / sizeof delta[0])];
}

static int
model_incr(const struct entry *e, const struct pn_incr *incr, int64_t *sum)
{
    if (!e->is_counter) {
        return PN_E_TYPE;
    }
    return __builtin_add_overflow(e->number, incr->delta, sum) ? PN_E_RANGE : PN_OK;
}

static void
counted(struct session *s, uint32_t id, const struct pn_incr *incr, int64_t number)
{
    struct entry *e = &s->entry[id];
    struct entry made = {
        .is_counter = true, .bits = PN_ITEM_INT, .vlen = 8, .exp_ms = PN_NO_TTL};
    if (model_has(s, e)) {
        made = *e;
    }
    made.number = number;
    if (incr->ttl_ms != PN_KEEP_TTL) {
        made.exp_ms = model_expiry(s, incr->ttl_ms);
    }
    struct pn_item item = {0};
    pn_store_peek(s->store, s->now_ms, incr->key, incr->klen, &item);
    made.cas = item.cas;
    model_remember(s, id, &made);
}

void
op_incr(struct session *s, uint32_t id)
{
    s->op = "incr";
    unsigned char key[255];
    struct pn_incr incr = {.key = key,
                           .klen = session_key(id, key),
                           .delta = draw_delta(s),
                           .initial = (int64_t)model_below(s, 1000) - 500,
                           .ttl_ms = PN_KEEP_TTL,
                           .create = (uint8_t)model_below(s, 2)};
    if (model_below(s, 3) == 0) {
        incr.ttl_ms = model_draw_ttl(s);
    }
    int64_t value = 0x5a5a, sum = 0;
    struct entry *e = &s->entry[id];
    int rc = pn_store_incr(s->store, s->now_ms, &incr, &value);
    bool made = rc == PN_MISS ||
                (rc == PN_OK && incr.create && value == incr.initial &&
                 (!model_has(s, e) || model_incr(e, &incr, &sum) != PN_OK ||
                  sum != value));
    if (made) { /* the store had no such key */
        model_judge_presence(s, id, false);
        model_expect(s, id, "rc of an absent counter", rc,
                     incr.create ? PN_OK : PN_MISS);
        sum = incr.initial;
    } else if (!model_has(s, e)) {
        model_complain(s, id, "rc of incr, the key being absent", rc, PN_MISS);
    } else {
        model_expect(s, id, "rc", rc, model_incr(e, &incr, &sum));
    }
    if (rc == PN_OK) {
        model_expect(s, id, "the counter", value, sum);
        counted(s, id, &incr, sum);
        model_end_lease(s, id);
    } else {
        model_expect(s, id, "the out-parameter of a refusal", value, 0x5a5a);
    }
    model_read(s, id);
}

/* ---- Refusals -------------------------------------------------------------- */

void
op_refused(struct session *s, uint32_t id)
{
    s->op = "a refused put";
    unsigned char key[300] = {0};
    struct pn_put put = {.key = key, .klen = 1, .ttl_ms = PN_NO_TTL};
    struct pn_tag tags[16] = {{0}};
    uint64_t cas = 77;
    put.klen = 0;
    model_expect(s, id, "no key", pn_store_put(s->store, s->now_ms, &put, &cas),
                 PN_E_KEY_SIZE);
    put.klen = 256;
    model_expect(s, id, "a long key", pn_store_put(s->store, s->now_ms, &put, &cas),
                 PN_E_KEY_SIZE);
    put.klen = session_key(id, key);
    put.ntags = 16;
    put.tags = tags;
    model_expect(s, id, "16 tags", pn_store_put(s->store, s->now_ms, &put, &cas),
                 PN_E_TAGS);
    put.ntags = 0;
    put.mode = 9;
    model_expect(s, id, "mode 9", pn_store_put(s->store, s->now_ms, &put, &cas),
                 PN_E_INVALID);
    model_expect(s, id, "the token out", (int64_t)cas, 77);
    model_read(s, id);
    put.mode = PN_PUT_SET; /* no time to live: stores nothing, deletes */
    put.ttl_ms = 0;
    int rc = pn_store_put(s->store, s->now_ms, &put, NULL);
    model_expect(s, id, "ttl 0", rc, PN_OK);
    model_forget(s, &s->entry[id]);
    model_end_lease(s, id);
    model_read(s, id);
}
