#include "session.h"

#include "../support/pattern.h"
#include "../support/rng.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAILURES_SHOWN = 20 };

static void
complain(struct session *s, uint32_t id, const char *what, int64_t got, int64_t want)
{
    if (s->failures++ < FAILURES_SHOWN) {
        fprintf(stderr,
                "# step %lu at %" PRIu64 " ms, %s of key %" PRIu32 ": %s is %" PRId64
                ", not %" PRId64 "\n",
                s->step, s->now_ms, s->op, id, what, got, want);
    }
}

static void
expect(struct session *s, uint32_t id, const char *what, int64_t got, int64_t want)
{
    if (got != want) {
        complain(s, id, what, got, want);
    }
}

static uint32_t
below(struct session *s, uint32_t n)
{
    return s->draw.below(s->draw.ctx, n);
}

/* ---- Keys ------------------------------------------------------------------ */

size_t
session_key(uint32_t id, unsigned char key[255])
{
    struct rng rng = {.state = id * 977u + 5};
    static const uint8_t edges[] = {1, 1, 2, 2, 255, 255, 254, 8, 16, 64};
    size_t len = id < sizeof edges ? edges[id] : 3 + rng_below(&rng, id % 8 ? 40 : 250);
    for (size_t i = 0; i < len; i++) {
        key[i] = (unsigned char)rng_next(&rng);
    }
    key[0] = (unsigned char)id; /* tells short keys apart, ... */
    if (len > 1) {
        key[1] = (unsigned char)(id >> 8); /* ... and the others */
    }
    return len;
}

/* ---- The model ------------------------------------------------------------- */

static bool
is_present(const struct session *s, const struct entry *e)
{
    return e->is_live && e->exp_ms > s->now_ms;
}

/* What the entry costs a store at most: whole segments when it is large. */
static uint64_t
cost_of(const struct session *s, uint64_t vlen)
{
    uint64_t size = vlen + 300;
    if (size > s->segment_size / 4) {
        size = (size + s->segment_size - 1) / s->segment_size * s->segment_size;
    }
    return size;
}

static void
forget(struct session *s, struct entry *e)
{
    if (e->is_live) {
        s->live_bytes -= cost_of(s, e->vlen);
    }
    e->is_live = false;
}

/* The store missed a key that the model holds. */
static void
lose(struct session *s, uint32_t id)
{
    s->lost++;
    if (s->is_strict) {
        complain(s, id, "a miss of a live key", PN_MISS, PN_OK);
    }
    forget(s, &s->entry[id]);
}

static void
remember(struct session *s, uint32_t id, const struct entry *now)
{
    struct entry *e = &s->entry[id];
    uint64_t old_cas = e->cas;
    forget(s, e);
    *e = *now;
    e->is_live = true;
    e->old_cas = old_cas != now->cas ? old_cas : 0;
    s->live_bytes += cost_of(s, e->vlen);
    for (unsigned i = 0; i < e->ntags; i++) { /* a stale tag: dead on arrival */
        for (uint32_t t = 0; t < SESSION_TAGS; t++) {
            struct pn_tag tag = pn_store_tag(s->store, &t, sizeof t);
            if (tag.cell == e->tag[i].cell && tag.gen != e->tag[i].gen) {
                forget(s, e);
            }
        }
    }
}

static uint64_t
expiry(const struct session *s, uint64_t ttl_ms)
{
    return ttl_ms == PN_NO_TTL ? PN_NO_TTL : s->now_ms + ttl_ms;
}

/* A write of KEY without its lease ends the lease; so does a delete. */
static void
end_lease_of(struct session *s, uint32_t id)
{
    if (s->has_lease && s->lease_key == id) {
        s->has_lease = false;
        expect(s, id, "the end of a lease that a write ended",
               pn_store_lease_end(s->store, &s->lease), PN_FENCED);
    }
}

/* ---- Reading --------------------------------------------------------------- */

static void
compare_item(struct session *s, uint32_t id, const struct pn_item *item)
{
    const struct entry *e = &s->entry[id];
    expect(s, id, "vlen", item->vlen, e->vlen);
    expect(s, id, "bits", item->bits, e->bits);
    expect(s, id, "cflags", item->cflags, e->cflags);
    expect(s, id, "exp_ms", (int64_t)item->exp_ms, (int64_t)e->exp_ms);
    if (s->is_stable_cas) {
        expect(s, id, "cas", (int64_t)item->cas, (int64_t)e->cas);
    }
}

static void
compare_value(struct session *s, uint32_t id, const void *buf)
{
    const struct entry *e = &s->entry[id];
    if (e->is_counter) {
        int64_t number;
        memcpy(&number, buf, sizeof number);
        expect(s, id, "the counter", number, e->number);
    } else if (!pattern_holds(buf, e->vlen, id, e->seq)) {
        complain(s, id, "the value holds", 0, 1);
    }
}

/* The answer of a read against the model; true when it was a right hit. */
static bool
judge_read(struct session *s, uint32_t id, int rc, const struct pn_item *item)
{
    if (!is_present(s, &s->entry[id])) {
        expect(s, id, "rc", rc, PN_MISS);
        return false;
    }
    if (rc == PN_MISS) {
        lose(s, id);
        return false;
    }
    expect(s, id, "rc", rc, PN_OK);
    if (rc != PN_OK) {
        return false;
    }
    compare_item(s, id, item);
    s->hits++;
    return item->vlen == s->entry[id].vlen;
}

static void
read_one(struct session *s, uint32_t id)
{
    unsigned char key[255];
    size_t klen = session_key(id, key);
    struct pn_item item;
    int rc = pn_store_get(s->store, s->now_ms, key, klen, s->buf, s->value_max, &item);
    if (judge_read(s, id, rc, &item)) {
        compare_value(s, id, s->buf);
    }
}

static void
op_get(struct session *s, uint32_t id)
{
    s->op = "get";
    read_one(s, id);
}

static void
op_get_small(struct session *s, uint32_t id)
{
    s->op = "get into a short buffer";
    unsigned char key[255];
    size_t klen = session_key(id, key);
    const struct entry *e = &s->entry[id];
    if (!is_present(s, e) || e->vlen == 0) {
        return;
    }
    struct pn_item item;
    size_t cap = below(s, e->vlen);
    memset(s->buf, 0xee, cap + 1);
    int rc = pn_store_get(s->store, s->now_ms, key, klen, s->buf, cap, &item);
    if (rc == PN_MISS) {
        lose(s, id);
        return;
    }
    expect(s, id, "rc", rc, PN_SMALL);
    expect(s, id, "vlen", item.vlen, e->vlen);
    expect(s, id, "the byte after the buffer", s->buf[cap], 0xee);
}

static void
op_peek(struct session *s, uint32_t id)
{
    s->op = "peek";
    unsigned char key[255];
    size_t klen = session_key(id, key);
    struct pn_item item;
    int rc = pn_store_peek(s->store, s->now_ms, key, klen, &item);
    judge_read(s, id, rc, &item);
}

static void
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
    uint32_t n = 1 + below(s, BATCH);
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
        if (get[i].rc == PN_SMALL && is_present(s, &s->entry[k])) {
            expect(s, k, "vlen", get[i].item.vlen, s->entry[k].vlen);
        } else if (judge_read(s, k, get[i].rc, &get[i].item)) {
            compare_value(s, k, get[i].buf);
        }
    }
    expect(s, id, "the number of hits", (int64_t)hits, (int64_t)right);
    free(room);
}

/* ---- Writing --------------------------------------------------------------- */

/* A size near every border there is. */
static uint64_t
draw_size(struct session *s)
{
    uint64_t seg = s->segment_size;
    const uint64_t border[] = {0,           1,       7,       8,
                               9,           255,     256,     4095,
                               4096,        seg / 4, seg / 2, seg - 1,
                               seg,         seg + 1, 2 * seg, 3 * seg + 17,
                               s->value_max};
    enum { BORDERS = sizeof border / sizeof border[0] };
    if (below(s, 4) != 0) {
        return below(s, 400);
    }
    uint64_t size = border[below(s, BORDERS)];
    uint32_t off = below(s, 80); /* headers and keys stand before a value */
    size = size > off && below(s, 2) != 0 ? size - off : size + off % 3;
    return size;
}

static uint64_t
draw_ttl(struct session *s)
{
    static const uint64_t ttl[] = {1,      2,         9999,       10000,
                                   10001,  80000,     640001,     5120000,
                                   327680, 400000000, 31536000000};
    uint32_t which = below(s, 24);
    return which < sizeof ttl / sizeof ttl[0] ? ttl[which] : PN_NO_TTL;
}

/* The model's side of a put. */
static struct entry
draw_entry(struct session *s, struct pn_put *put)
{
    uint64_t size = draw_size(s);
    if (s->is_strict && s->live_bytes + cost_of(s, size) > s->live_max) {
        size %= 64;
    }
    struct entry e = {.seq = s->next_seq++, .vlen = (uint32_t)size};
    e.bits = (uint8_t)(below(s, 8) << 1);
    e.cflags = below(s, 3) == 0 ? below(s, UINT32_MAX) : 0;
    e.ntags = (uint8_t)(below(s, 4) == 0 ? below(s, 4) : 0);
    for (unsigned i = 0; i < e.ntags; i++) {
        uint32_t tag = below(s, SESSION_TAGS);
        e.tag[i] = pn_store_tag(s->store, &tag, sizeof tag);
    }
    put->ttl_ms = draw_ttl(s);
    e.exp_ms = expiry(s, put->ttl_ms);
    put->val = s->buf;
    put->vlen = size;
    put->cflags = e.cflags;
    put->bits = e.bits;
    put->ntags = e.ntags;
    return e;
}

/* The store said that KEY was absent, or present, and the model thinks not. */
static void
judge_presence(struct session *s, uint32_t id, bool said_present)
{
    bool present = is_present(s, &s->entry[id]);
    if (present && !said_present) {
        lose(s, id);
    } else if (!present && said_present) {
        complain(s, id, "present in the store", 1, 0);
    }
}

static void
judge_put(struct session *s, uint32_t id, const struct pn_put *put, int rc,
          const struct entry *e)
{
    if (put->vlen > s->value_max) {
        expect(s, id, "rc of a value that is too large", rc, PN_E_VALUE_SIZE);
        read_one(s, id); /* the old value is as it was */
        return;
    }
    if (put->mode == PN_PUT_ADD) {
        judge_presence(s, id, rc == PN_EXISTS);
    } else if (put->mode == PN_PUT_REPLACE) {
        judge_presence(s, id, rc == PN_OK);
    } else {
        expect(s, id, "rc", rc, PN_OK);
    }
    if (rc == PN_OK) {
        s->puts++;
        remember(s, id, e);
        end_lease_of(s, id);
        read_one(s, id); /* what was just stored is there */
    } else if (rc != PN_EXISTS && rc != PN_MISS) {
        expect(s, id, "rc", rc, PN_OK);
    }
}

static void
op_put(struct session *s, uint32_t id)
{
    static const uint8_t modes[] = {PN_PUT_SET, PN_PUT_SET,     PN_PUT_SET,
                                    PN_PUT_ADD, PN_PUT_REPLACE, PN_PUT_SET};
    s->op = "put";
    unsigned char key[255];
    struct pn_put put = {.key = key, .klen = session_key(id, key)};
    put.mode = modes[below(s, sizeof modes)];
    struct entry e = draw_entry(s, &put);
    put.tags = e.tag;
    size_t room = put.vlen < s->value_max ? put.vlen : s->value_max;
    pattern_fill(s->buf, room, id, e.seq);
    int rc = pn_store_put(s->store, s->now_ms, &put, &e.cas);
    judge_put(s, id, &put, rc, &e);
}

static void
op_put_many(struct session *s, uint32_t id)
{
    enum { BATCH = 9, SIZE = 300 };
    s->op = "put_many";
    unsigned char room[BATCH][SIZE];
    unsigned char key[BATCH][255];
    struct pn_put put[BATCH];
    struct entry entry[BATCH];
    int rc[BATCH];
    uint32_t n = 1 + below(s, BATCH);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = (id + i) % SESSION_KEYS;
        uint32_t vlen = below(s, SIZE);
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
    expect(s, id, "the number stored", (int64_t)stored, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = (id + i) % SESSION_KEYS;
        expect(s, k, "rc", rc[i], PN_OK);
        if (s->is_stable_cas) { /* a batch does not answer with tokens */
            struct pn_item item = {0};
            pn_store_peek(s->store, s->now_ms, key[i], put[i].klen, &item);
            entry[i].cas = item.cas;
        }
        remember(s, k, &entry[i]);
        end_lease_of(s, k);
    }
}

static void
op_cas(struct session *s, uint32_t id)
{
    s->op = "cas";
    unsigned char key[255];
    struct pn_put put = {.key = key, .klen = session_key(id, key), .mode = PN_PUT_CAS};
    struct pn_item item = {0};
    int seen = pn_store_peek(s->store, s->now_ms, key, put.klen, &item);
    const struct entry *old = &s->entry[id];
    bool is_stale = below(s, 3) == 0 && old->old_cas != 0;
    put.cas = is_stale ? old->old_cas : item.cas;
    struct entry e = draw_entry(s, &put);
    put.tags = e.tag;
    if (put.vlen > s->value_max) {
        put.vlen = e.vlen = 1;
    }
    pattern_fill(s->buf, put.vlen, id, e.seq);
    int rc = pn_store_put(s->store, s->now_ms, &put, &e.cas);
    if (seen == PN_MISS) {
        judge_read(s, id, seen, &item);
        expect(s, id, "rc", rc, PN_MISS);
    } else if (is_stale && put.cas != item.cas) {
        expect(s, id, "rc with an old token", rc, PN_EXISTS);
    } else if (rc != PN_EXISTS || s->is_stable_cas) { /* moved: EXISTS is legal */
        expect(s, id, "rc", rc, PN_OK);
    }
    if (rc == PN_OK) {
        remember(s, id, &e);
        end_lease_of(s, id);
        read_one(s, id);
    }
}

static void
op_delete(struct session *s, uint32_t id)
{
    s->op = "delete";
    unsigned char key[255];
    size_t klen = session_key(id, key);
    int rc = pn_store_delete(s->store, s->now_ms, key, klen);
    judge_presence(s, id, rc == PN_OK);
    if (rc != PN_OK) {
        expect(s, id, "rc", rc, PN_MISS);
    }
    forget(s, &s->entry[id]);
    end_lease_of(s, id);
}

static void
op_touch(struct session *s, uint32_t id)
{
    s->op = "touch";
    unsigned char key[255];
    size_t klen = session_key(id, key);
    uint64_t ttl_ms = draw_ttl(s);
    int rc = pn_store_touch(s->store, s->now_ms, key, klen, ttl_ms);
    judge_presence(s, id, rc == PN_OK);
    if (rc == PN_OK) {
        struct entry *e = &s->entry[id];
        struct pn_item item = {0};
        e->exp_ms = expiry(s, ttl_ms);
        pn_store_peek(s->store, s->now_ms, key, klen, &item);
        e->cas = item.cas;
    } else {
        expect(s, id, "rc", rc, PN_MISS);
    }
    read_one(s, id);
}

/* ---- Counters -------------------------------------------------------------- */

static int64_t
draw_delta(struct session *s)
{
    static const int64_t delta[] = {1, 1, 5, -1, -7, INT64_MAX, INT64_MIN, 0};
    return delta[below(s, sizeof delta / sizeof delta[0])];
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
    if (is_present(s, e)) {
        made = *e;
    }
    made.number = number;
    if (incr->ttl_ms != PN_KEEP_TTL) {
        made.exp_ms = expiry(s, incr->ttl_ms);
    }
    struct pn_item item = {0};
    pn_store_peek(s->store, s->now_ms, incr->key, incr->klen, &item);
    made.cas = item.cas;
    remember(s, id, &made);
}

static void
op_incr(struct session *s, uint32_t id)
{
    s->op = "incr";
    unsigned char key[255];
    struct pn_incr incr = {.key = key,
                           .klen = session_key(id, key),
                           .delta = draw_delta(s),
                           .initial = (int64_t)below(s, 1000) - 500,
                           .ttl_ms = PN_KEEP_TTL,
                           .create = (uint8_t)below(s, 2)};
    if (below(s, 3) == 0) {
        incr.ttl_ms = draw_ttl(s);
    }
    int64_t value = 0x5a5a, sum = 0;
    struct entry *e = &s->entry[id];
    int rc = pn_store_incr(s->store, s->now_ms, &incr, &value);
    bool made = rc == PN_MISS ||
                (rc == PN_OK && incr.create && value == incr.initial &&
                 (!is_present(s, e) || model_incr(e, &incr, &sum) != PN_OK ||
                  sum != value));
    if (made) { /* the store had no such key */
        judge_presence(s, id, false);
        expect(s, id, "rc of an absent counter", rc, incr.create ? PN_OK : PN_MISS);
        sum = incr.initial;
    } else if (!is_present(s, e)) {
        complain(s, id, "rc of incr, the key being absent", rc, PN_MISS);
    } else {
        expect(s, id, "rc", rc, model_incr(e, &incr, &sum));
    }
    if (rc == PN_OK) {
        expect(s, id, "the counter", value, sum);
        counted(s, id, &incr, sum);
        end_lease_of(s, id);
    } else {
        expect(s, id, "the out-parameter of a refusal", value, 0x5a5a);
    }
    read_one(s, id);
}

/* ---- Groups ---------------------------------------------------------------- */

static void
op_clear(struct session *s, uint32_t id)
{
    s->op = "clear";
    if (below(s, 40) != 0) { /* rare: it empties everything */
        return;
    }
    expect(s, id, "rc", pn_store_clear(s->store), PN_OK);
    s->is_lease_cleared = true; /* it is held on, but may not store any more */
    for (uint32_t k = 0; k < SESSION_KEYS; k++) {
        forget(s, &s->entry[k]);
    }
}

static void
op_invalidate(struct session *s, uint32_t id)
{
    s->op = "invalidate";
    uint32_t tag = below(s, SESSION_TAGS);
    struct pn_tag was = pn_store_tag(s->store, &tag, sizeof tag);
    expect(s, id, "rc", pn_store_invalidate(s->store, &tag, sizeof tag), PN_OK);
    for (uint32_t k = 0; k < SESSION_KEYS; k++) {
        struct entry *e = &s->entry[k];
        for (unsigned i = 0; i < e->ntags; i++) {
            if (e->is_live && e->tag[i].cell == was.cell) {
                forget(s, e);
            }
        }
    }
}

struct walk {
    struct session *session;
    uint8_t seen[SESSION_KEYS];
};

static int
walk_item(void *ctx, const void *key, size_t klen, const struct pn_item *item)
{
    struct walk *walk = ctx;
    struct session *s = walk->session;
    const unsigned char *bytes = key;
    for (uint32_t k = 0; k < SESSION_KEYS; k++) {
        unsigned char want[255];
        if ((bytes[0] != (k & 255)) || session_key(k, want) != klen ||
            memcmp(want, key, klen) != 0) {
            continue;
        }
        walk->seen[k] = 1;
        if (is_present(s, &s->entry[k])) {
            compare_item(s, k, item);
        } else {
            complain(s, k, "a walk finds a dead key", 1, 0);
        }
        return 0;
    }
    complain(s, 0, "a walk finds a key nobody stored", (int64_t)klen, 0);
    return 0;
}

static void
op_scan(struct session *s, uint32_t id)
{
    s->op = "scan";
    if (below(s, 10) != 0) {
        return;
    }
    struct walk walk = {.session = s};
    uint64_t cursor = 0;
    unsigned long parts = 0;
    do {
        int rc = pn_store_scan(s->store, s->now_ms, &cursor, walk_item, &walk);
        expect(s, id, "rc", rc, PN_OK);
    } while (cursor != 0 && ++parts < 10000000);
    expect(s, id, "the walk ends", cursor == 0, 1);
    for (uint32_t k = 0; k < SESSION_KEYS; k++) {
        if (!walk.seen[k] && is_present(s, &s->entry[k])) {
            lose(s, k);
        }
    }
}

static void
op_maintain(struct session *s, uint32_t id)
{
    s->op = "maintain";
    size_t budget = 1 + below(s, 500);
    size_t done = pn_store_maintain(s->store, s->now_ms, budget);
    expect(s, id, "reclaimed no more than it may look at", done <= budget, 1);
}

/* ---- Leases ---------------------------------------------------------------- */

static void
op_lease(struct session *s, uint32_t id)
{
    s->op = "lease";
    unsigned char key[255];
    size_t klen = session_key(id, key);
    struct pn_lease other;
    if (!s->has_lease) {
        int rc = pn_store_lease(s->store, s->now_ms, key, klen, 1000, &s->lease);
        expect(s, id, "rc", rc, PN_OK);
        s->has_lease = rc == PN_OK;
        s->lease_key = id;
        s->is_lease_cleared = false;
        expect(s, id, "the deadline", (int64_t)s->lease.deadline_ms,
               (int64_t)s->now_ms + 1000);
        return;
    }
    klen = session_key(s->lease_key, key);
    bool is_over = s->now_ms >= s->lease.deadline_ms;
    int rc = pn_store_lease(s->store, s->now_ms, key, klen, 1000, &other);
    expect(s, s->lease_key, "rc of asking again", rc, is_over ? PN_OK : PN_HELD);
    if (rc == PN_OK) { /* taken over: the old one is worth nothing */
        expect(s, s->lease_key, "the end of a lost lease",
               pn_store_lease_end(s->store, &s->lease), PN_FENCED);
        s->lease = other;
        s->is_lease_cleared = false;
    }
}

static void
op_lease_put(struct session *s, uint32_t id)
{
    if (!s->has_lease) {
        op_lease(s, id);
    }
    s->op = "put with a lease";
    if (!s->has_lease || s->now_ms >= s->lease.deadline_ms) {
        return;
    }
    id = s->lease_key;
    unsigned char key[255];
    struct pn_put put = {.key = key, .klen = session_key(id, key), .lease = &s->lease};
    struct entry e = draw_entry(s, &put);
    put.tags = e.tag;
    put.vlen = e.vlen = e.vlen % 100;
    pattern_fill(s->buf, put.vlen, id, e.seq);
    bool is_ended = below(s, 2) != 0;
    if (is_ended) {
        int rc = pn_store_lease_end(s->store, &s->lease);
        expect(s, id, "lease_end", rc, PN_OK);
        s->has_lease = false;
    }
    int rc = pn_store_put(s->store, s->now_ms, &put, &e.cas);
    expect(s, id, "rc", rc, is_ended || s->is_lease_cleared ? PN_FENCED : PN_OK);
    if (rc == PN_OK) {
        remember(s, id, &e);
    }
    read_one(s, id);
}

/* ---- Refusals -------------------------------------------------------------- */

static void
op_refused(struct session *s, uint32_t id)
{
    s->op = "a refused put";
    unsigned char key[300] = {0};
    struct pn_put put = {.key = key, .klen = 1, .ttl_ms = PN_NO_TTL};
    struct pn_tag tags[16] = {{0}};
    uint64_t cas = 77;
    put.klen = 0;
    expect(s, id, "no key", pn_store_put(s->store, s->now_ms, &put, &cas),
           PN_E_KEY_SIZE);
    put.klen = 256;
    expect(s, id, "a long key", pn_store_put(s->store, s->now_ms, &put, &cas),
           PN_E_KEY_SIZE);
    put.klen = session_key(id, key);
    put.ntags = 16;
    put.tags = tags;
    expect(s, id, "16 tags", pn_store_put(s->store, s->now_ms, &put, &cas), PN_E_TAGS);
    put.ntags = 0;
    put.mode = 9;
    expect(s, id, "mode 9", pn_store_put(s->store, s->now_ms, &put, &cas),
           PN_E_INVALID);
    expect(s, id, "the token out", (int64_t)cas, 77);
    read_one(s, id);
    put.mode = PN_PUT_SET; /* no time to live: stores nothing, deletes */
    put.ttl_ms = 0;
    int rc = pn_store_put(s->store, s->now_ms, &put, NULL);
    expect(s, id, "ttl 0", rc, PN_OK);
    forget(s, &s->entry[id]);
    end_lease_of(s, id);
    read_one(s, id);
}

/* ---- Driving --------------------------------------------------------------- */

/* Mostly milliseconds; sometimes to either side of an expiry; sometimes far. */
static void
pass_time(struct session *s, uint32_t id)
{
    const struct entry *e = &s->entry[id];
    uint32_t how = below(s, 1000);
    if (how < 900) {
        s->now_ms += below(s, 12);
    } else if (how < 990 && e->is_live && e->exp_ms != PN_NO_TTL &&
               e->exp_ms > s->now_ms + 1 && e->exp_ms - s->now_ms < 100000000) {
        s->now_ms = e->exp_ms - 1 + below(s, 2);
        s->op = "get at the border of expiry";
        read_one(s, id);
    } else if (how == 999) {
        s->now_ms += 1000u * below(s, 100000);
    }
}

void
session_step(struct session *s)
{
    typedef void (*op_fn)(struct session *, uint32_t);
    static const op_fn ops[] = {
        op_put,    op_put,      op_put,   op_put,       op_put_many,  op_get,
        op_get,    op_get,      op_get,   op_peek,      op_get_many,  op_cas,
        op_delete, op_touch,    op_incr,  op_incr,      op_clear,     op_invalidate,
        op_scan,   op_maintain, op_lease, op_lease_put, op_get_small, op_refused,
    };
    s->step++;
    uint32_t id = below(s, SESSION_KEYS);
    pass_time(s, id);
    ops[below(s, sizeof ops / sizeof ops[0])](s, id);
}

void
session_audit(struct session *s)
{
    s->op = "audit";
    for (uint32_t k = 0; k < SESSION_KEYS; k++) {
        read_one(s, k);
    }
    struct pn_store_report report = {0};
    int rc = pn_store_check(s->store, s->now_ms, &report);
    s->checks++;
    if (rc != PN_OK) {
        complain(s, 0, report.first, (int64_t)report.errors, 0);
    }
    struct pn_store_stats stats;
    expect(s, 0, "rc of stats", pn_store_stats(s->store, &stats), PN_OK);
    uint64_t owned = stats.evicted + stats.index_evicted;
    if (s->lost > owned) {
        complain(s, 0, "keys lost, against evictions", (int64_t)s->lost,
                 (int64_t)owned);
    }
    expect(s, 0, "wipes", (int64_t)stats.wipes, 0);
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
