/*
 * actor - the processes of the torture: writers, readers and the checker
 *
 * They do what users of a store do, as fast as they can, and judge every answer
 * by the claims of the arena. They expect to be killed at any instruction.
 */
#define _GNU_SOURCE
#include "../support/pattern.h"
#include "../support/rng.h"
#include "arena.h"
#include "store/crash.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { COUNT_BITS = 24, EPOCH_BITS = 20, FAILURES_SHOWN = 20 };

struct actor {
    struct arena *arena;
    struct seat *seat;
    struct pn_store *store;
    struct rng rng;
    unsigned number, writers;
    uint64_t value_max;
    unsigned char *buf;
};

/* The crash point's contract has no context argument, hence file scope. */
static struct arena *the_arena;
static struct seat *the_seat;

void
arena_fail(struct arena *arena, const char *what, uint64_t key, uint64_t got,
           uint64_t want)
{
    if (atomic_fetch_add(&arena->failures, 1) < FAILURES_SHOWN) {
        fprintf(stderr,
                "# FAILURE %s: key %" PRIu64 ": %" PRIu64 " against %" PRIu64
                " (process %d)\n",
                what, key, got, want, (int)getpid());
    }
}

struct pn_store_opts
arena_opts(const struct arena *arena)
{
    /* An index so small that chains are long and sometimes full. */
    return (struct pn_store_opts){.dir = arena->dir,
                                  .size = 4u << 20,
                                  .item = 3000,
                                  .write_wait_ms = ARENA_WAIT_MS};
}

/* ---- Crash points ---------------------------------------------------------- */

/* Declared by store/crash.h; the store calls it at every named point. */
void
pn_crash_point(int id)
{
    struct arena *arena = the_arena;
    if (arena == NULL || id < 0 || id >= ARENA_POINTS) {
        return;
    }
    atomic_store_explicit(&the_seat->point, id, memory_order_relaxed);
    atomic_fetch_add_explicit(&arena->visits[id], 1, memory_order_relaxed);
    uint64_t armed = atomic_load_explicit(&arena->armed, memory_order_relaxed);
    if ((uint32_t)armed != (uint32_t)id + 1 || the_seat->kind == ACTOR_CHECKER) {
        return;
    }
    uint64_t left = (armed >> 32 & 0xffff) > 1 ? armed - (1ull << 32) : 0;
    if (!atomic_compare_exchange_strong(&arena->armed, &armed, left)) {
        return; /* somebody else was first */
    }
    if (armed >> 48 == ARM_STOP) {
        raise(SIGSTOP);
    } else {
        atomic_fetch_add(&arena->deaths[id], 1);
        atomic_store(&the_seat->is_doomed, true);
        kill(getpid(), SIGKILL);
        pause(); /* a kill of oneself is delivered before kill() returns */
    }
}

/* ---- Keys and sizes -------------------------------------------------------- */

/* Lengths from 6 to about 60 bytes; the number makes them different. */
static size_t
key_of(uint64_t k, char key[80])
{
    return (size_t)snprintf(key, 80, "%" PRIu64 ":%.*s", k, (int)(4 + k % 50),
                            "the pinyon jay hides seeds over miles and finds them "
                            "again");
}

static size_t
size_of(const struct actor *a, uint64_t k, uint64_t seq)
{
    uint64_t r = rng_mix(k * 0x9e3779b97f4a7c15u + seq);
    uint64_t how = r % 1000, at = r >> 20;
    uint64_t size = how < 700   ? at % 400
                    : how < 920 ? at % 4096
                    : how < 980 ? 7000 + at % 2500 /* the largest item in a segment */
                    : how < 996 ? at % 100000
                                : at % (a->value_max - PATTERN_HEAD);
    return PATTERN_HEAD + size;
}

static bool
is_tagged(uint64_t k)
{
    return k % 4 == 0;
}

static void
raise_floor(struct arena *arena, uint64_t k, uint64_t to)
{
    uint64_t at = atomic_load(&arena->floor[k]);
    while (at < to && !atomic_compare_exchange_weak(&arena->floor[k], &at, to)) {
    }
}

/* ---- Reading --------------------------------------------------------------- */

/* What the arena claims before a read begins. */
struct claim {
    uint64_t floor, voided, now_ms;
    uint32_t tag_acked, clear_acked;
};

static struct claim
claim_of(const struct actor *a, uint64_t k)
{
    const struct arena *arena = a->arena;
    return (struct claim){
        .floor = atomic_load(&arena->floor[k]),
        .voided = atomic_load(&arena->voided[k]),
        .tag_acked = atomic_load(&arena->gone_acked[k / 4 % ARENA_TAGS]),
        .clear_acked = atomic_load(&arena->gone_acked[ARENA_CLEAR]),
        .now_ms = pn_store_now(a->store),
    };
}

/* Was PACKED = {number:40 | count:24} written for SEQ, and with fewer than ACKED? */
static bool
is_outdone(uint64_t packed, uint64_t seq, uint32_t acked)
{
    return packed >> COUNT_BITS == seq && acked > (packed & ((1u << COUNT_BITS) - 1));
}

static void
judge_age(const struct actor *a, uint64_t k, uint64_t seq, const struct claim *claim)
{
    struct arena *arena = a->arena;
    if (seq < claim->floor) {
        atomic_fetch_add(&arena->stale, 1);
        arena_fail(arena, "an older value than acknowledged", k, seq, claim->floor);
    }
    if (seq > atomic_load(&arena->begun[k])) {
        arena_fail(arena, "a value nobody wrote yet", k, seq, arena->begun[k]);
    }
    if (seq == claim->voided) {
        arena_fail(arena, "a value whose write was refused", k, seq, seq);
    }
    if (is_tagged(k) && is_outdone(arena->put_tag[k], seq, claim->tag_acked)) {
        atomic_fetch_add(&arena->undead, 1);
        arena_fail(arena, "a value whose tag was invalidated", k, seq,
                   claim->tag_acked);
    }
    if (is_outdone(arena->put_clear[k], seq, claim->clear_acked)) {
        atomic_fetch_add(&arena->undead, 1);
        arena_fail(arena, "a value from before clear", k, seq, claim->clear_acked);
    }
    raise_floor(arena, k, seq);
}

/* A value of a register or of a lease's key: every byte is judged. */
static bool
judge_bytes(const struct actor *a, uint64_t k, uint32_t vlen)
{
    struct arena *arena = a->arena;
    if (vlen < PATTERN_HEAD || pattern_id(a->buf) != k) {
        atomic_fetch_add(&arena->foreign, 1);
        arena_fail(arena, "another key's value, or torn", k,
                   vlen < PATTERN_HEAD ? vlen : pattern_id(a->buf), k);
        return false;
    }
    uint64_t seq = pattern_seq(a->buf);
    if (vlen != size_of(a, k, seq) || !pattern_holds(a->buf, vlen, k, seq)) {
        atomic_fetch_add(&arena->torn, 1);
        arena_fail(arena, "a torn value", k, vlen, size_of(a, k, seq));
        return false;
    }
    return true;
}

static void
judge_hit(const struct actor *a, uint64_t k, const struct pn_item *item,
          const struct claim *claim)
{
    struct arena *arena = a->arena;
    atomic_fetch_add_explicit(&arena->hits, 1, memory_order_relaxed);
    if (item->exp_ms <= claim->now_ms) {
        atomic_fetch_add(&arena->undead, 1);
        arena_fail(arena, "an expired value", k, item->exp_ms, claim->now_ms);
    }
    if (k < ARENA_KEYS) {
        if (judge_bytes(a, k, item->vlen)) {
            judge_age(a, k, pattern_seq(a->buf), claim);
        }
    } else if (k < ARENA_KEYS + ARENA_COUNTERS) {
        uint64_t number = pattern_id(a->buf); /* the first 8 bytes */
        if (item->vlen != 8 || (item->bits & PN_ITEM_INT) == 0) {
            arena_fail(arena, "not a counter", k, item->vlen, 8);
        } else if (number < claim->floor) {
            arena_fail(arena, "a counter went back", k, number, claim->floor);
        } else {
            raise_floor(arena, k, number);
        }
    } else {
        judge_bytes(a, k, item->vlen);
    }
}

static void
read_key(const struct actor *a, uint64_t k)
{
    char key[80];
    size_t klen = key_of(k, key);
    struct pn_item item;
    struct claim claim = claim_of(a, k);
    int rc = pn_store_get(a->store, PN_NOW, key, klen, a->buf, a->value_max, &item);
    atomic_fetch_add_explicit(&a->arena->reads, 1, memory_order_relaxed);
    if (rc == PN_OK) {
        judge_hit(a, k, &item, &claim);
    } else if (rc != PN_MISS && rc != PN_BUSY) {
        arena_fail(a->arena, "get answers", k, (uint64_t)(int64_t)rc, PN_OK);
    }
}

static void
read_many(struct actor *a)
{
    enum { BATCH = 8, CAP = 4096 };
    struct pn_get get[BATCH];
    struct claim claim[BATCH];
    char key[BATCH][80];
    uint64_t k[BATCH];
    unsigned char *room = malloc(BATCH * CAP);
    if (room == NULL) {
        return;
    }
    for (unsigned i = 0; i < BATCH; i++) {
        k[i] = rng_below(&a->rng, ARENA_KEYS);
        claim[i] = claim_of(a, k[i]);
        size_t klen = key_of(k[i], key[i]);
        get[i] = (struct pn_get){
            .key = key[i], .klen = klen, .buf = room + i * CAP, .cap = CAP};
    }
    pn_store_get_many(a->store, PN_NOW, get, BATCH);
    for (unsigned i = 0; i < BATCH; i++) {
        if (get[i].rc == PN_OK) {
            memcpy(a->buf, get[i].buf, get[i].item.vlen);
            judge_hit(a, k[i], &get[i].item, &claim[i]);
        }
    }
    free(room);
}

/* ---- Writing --------------------------------------------------------------- */

/* A register that this seat owns; often one of a few, so that readers meet it. */
static uint64_t
own_key(struct actor *a)
{
    uint32_t n = ARENA_KEYS / a->writers;
    uint32_t which = rng_below(&a->rng, rng_one_in(&a->rng, 4) ? 24 : n);
    return (uint64_t)which * a->writers + a->seat->writer;
}

static uint64_t
draw_ttl(struct actor *a)
{
    uint32_t how = rng_below(&a->rng, 10);
    return how < 6   ? PN_NO_TTL
           : how < 8 ? 1 + rng_below(&a->rng, 200)
                     : 5000 + rng_below(&a->rng, 400000);
}

/* The answer of a write: BUSY left things as they were, OK binds everybody. */
static void
acknowledge(const struct actor *a, uint64_t k, uint64_t seq, int rc, int also)
{
    struct arena *arena = a->arena;
    if (rc == PN_OK || rc == also) {
        raise_floor(arena, k, seq);
        atomic_fetch_add_explicit(&arena->stored, 1, memory_order_relaxed);
    } else if (rc == PN_BUSY) {
        atomic_store(&arena->voided[k], seq);
        atomic_fetch_add_explicit(&arena->busy, 1, memory_order_relaxed);
    } else if (rc == PN_FENCED) {
        atomic_store(&arena->voided[k], seq);
        atomic_fetch_add_explicit(&arena->fenced, 1, memory_order_relaxed);
    } else {
        arena_fail(arena, "a write answers", k, (uint64_t)(int64_t)rc, PN_OK);
    }
}

/* Prepares put number SEQ of register K; says in the arena what it is. */
static struct pn_put
begin_put(struct actor *a, uint64_t k, uint64_t seq, char key[80], struct pn_tag *tag)
{
    struct arena *arena = a->arena;
    struct pn_put put = {.key = key,
                         .klen = key_of(k, key),
                         .val = a->buf,
                         .vlen = size_of(a, k, seq),
                         .ttl_ms = draw_ttl(a)};
    pattern_fill(a->buf, put.vlen, k, seq);
    if (is_tagged(k)) {
        uint32_t t = k / 4 % ARENA_TAGS;
        *tag = pn_store_tag(a->store, &t, sizeof t);
        /* After the generation was taken: an invalidation that begins now wins. */
        uint64_t count = atomic_load(&arena->gone_begun[t]);
        atomic_store(&arena->put_tag[k], seq << COUNT_BITS | count);
        put.tags = tag;
        put.ntags = 1;
    }
    atomic_store(&arena->begun[k], seq);
    return put;
}

static void
write_put(struct actor *a)
{
    struct arena *arena = a->arena;
    uint64_t k = own_key(a), seq = atomic_load(&arena->begun[k]) + 1;
    char key[80];
    struct pn_tag tag;
    struct pn_put put = begin_put(a, k, seq, key, &tag);
    int rc = pn_store_put(a->store, PN_NOW, &put, NULL);
    if (rc == PN_OK) { /* a clear that begins from now on must remove it */
        uint64_t count = atomic_load(&arena->gone_begun[ARENA_CLEAR]);
        atomic_store(&arena->put_clear[k], seq << COUNT_BITS | count);
    }
    acknowledge(a, k, seq, rc, PN_OK);
}

static void
write_delete(struct actor *a)
{
    struct arena *arena = a->arena;
    uint64_t k = own_key(a), seq = atomic_load(&arena->begun[k]) + 1;
    char key[80];
    size_t klen = key_of(k, key);
    atomic_store(&arena->begun[k], seq);
    int rc = pn_store_delete(a->store, PN_NOW, key, klen);
    acknowledge(a, k, seq, rc, PN_MISS);
}

static void
write_touch(struct actor *a)
{
    char key[80];
    uint64_t k = rng_below(&a->rng, ARENA_KEYS); /* anybody's: it changes no value */
    size_t klen = key_of(k, key);
    int rc = pn_store_touch(a->store, PN_NOW, key, klen, draw_ttl(a));
    if (rc != PN_OK && rc != PN_MISS && rc != PN_BUSY) {
        arena_fail(a->arena, "touch answers", k, (uint64_t)(int64_t)rc, PN_OK);
    }
}

/* A counter that was forgotten starts again far above where it was, so that its
 * value never goes back whatever is evicted. */
static void
write_incr(struct actor *a)
{
    struct arena *arena = a->arena;
    uint32_t which = rng_below(&a->rng, ARENA_COUNTERS / a->writers) * a->writers;
    uint64_t k = ARENA_KEYS + which + a->seat->writer;
    uint64_t floor = atomic_load(&arena->floor[k]);
    char key[80];
    struct pn_incr incr = {.key = key,
                           .klen = key_of(k, key),
                           .delta = 1,
                           .initial = (int64_t)(((floor >> EPOCH_BITS) + 1)
                                                << EPOCH_BITS),
                           .ttl_ms = PN_KEEP_TTL,
                           .create = 1};
    int64_t value;
    int rc = pn_store_incr(a->store, PN_NOW, &incr, &value);
    if (rc == PN_OK) {
        if ((uint64_t)value <= floor) {
            arena_fail(arena, "a lost increment", k, (uint64_t)value, floor);
        }
        raise_floor(arena, k, (uint64_t)value);
    } else if (rc != PN_BUSY) {
        arena_fail(arena, "incr answers", k, (uint64_t)(int64_t)rc, PN_OK);
    }
}

/* Ends a begun invalidation of tag T, or a clear. Dying in here leaves one that is
 * never acknowledged, which weakens the claim and does not falsify it. */
static void
end_gone(struct actor *a, uint32_t t)
{
    if (t == ARENA_CLEAR) {
        pn_store_clear(a->store);
    } else {
        pn_store_invalidate(a->store, &t, sizeof t);
    }
    atomic_store(&a->seat->redo, 0);
    atomic_fetch_add(&a->arena->gone_acked[t], 1);
}

static void
write_gone(struct actor *a, uint32_t t)
{
    atomic_fetch_add(&a->arena->gone_begun[t], 1);
    atomic_store(&a->seat->redo, t + 1);
    end_gone(a, t);
}

/* Whether OLD = {incarnation | seat + 1} is a process that lives. */
static bool
is_alive(const struct arena *arena, uint64_t old)
{
    const struct seat *seat = &arena->seat[(uint32_t)old - 1];
    return !atomic_load(&seat->is_doomed) && /* first: a birth resets it last */
           atomic_load(&seat->incarnation) == old >> 32;
}

static void
write_lease(struct actor *a)
{
    struct arena *arena = a->arena;
    uint32_t l = rng_below(&a->rng, ARENA_LEASES);
    uint64_t k = ARENA_KEYS + ARENA_COUNTERS + l;
    char key[80];
    size_t klen = key_of(k, key);
    struct pn_lease lease;
    int rc = pn_store_lease(a->store, PN_NOW, key, klen, 600000, &lease);
    if (rc == PN_HELD) {
        pn_store_lease_wait(a->store, &lease, 1);
        return;
    }
    if (rc != PN_OK || lease.token == 0) {
        return;
    }
    uint64_t me = (uint64_t)a->seat->incarnation << 32 | (a->number + 1);
    uint64_t old = atomic_exchange(&arena->holder[l], me);
    if (old != 0 && is_alive(arena, old)) {
        arena_fail(arena, "two holders of a lease", k, old, me);
    }
    uint64_t seq = atomic_fetch_add(&arena->begun[k], 1) + 1;
    struct pn_put put = {.key = key,
                         .klen = klen,
                         .val = a->buf,
                         .vlen = size_of(a, k, seq),
                         .ttl_ms = 1 + rng_below(&a->rng, 50),
                         .lease = &lease};
    pattern_fill(a->buf, put.vlen, k, seq);
    rc = pn_store_put(a->store, PN_NOW, &put, NULL);
    acknowledge(a, k, 0, rc, PN_OK);
    atomic_store(&arena->holder[l], 0);
    pn_store_lease_end(a->store, &lease);
    atomic_fetch_add(&arena->leases, 1);
}

static void
write_something(struct actor *a)
{
    uint32_t how = rng_below(&a->rng, 1000);
    atomic_fetch_add_explicit(&a->arena->writes, 1, memory_order_relaxed);
    if (how < 600) {
        write_put(a);
    } else if (how < 680) {
        write_delete(a);
    } else if (how < 750) {
        write_touch(a);
    } else if (how < 830) {
        write_incr(a);
    } else if (how < 834) {
        write_gone(a, rng_below(&a->rng, ARENA_TAGS));
    } else if (how < 880) {
        write_lease(a);
    } else if (how < 900) {
        pn_store_maintain(a->store, PN_NOW, 64);
    } else if (how == 999 && rng_one_in(&a->rng, 20)) {
        write_gone(a, ARENA_CLEAR);
    } else {
        read_key(a, rng_below(&a->rng, ARENA_ALL));
    }
}

static void
read_something(struct actor *a)
{
    uint32_t how = rng_below(&a->rng, 40);
    if (how == 0) {
        read_many(a);
    } else if (how == 1) {
        pn_store_stats(a->store, &(struct pn_store_stats){0});
    } else {
        uint32_t hot = 24 * a->writers;
        read_key(a, rng_below(&a->rng, rng_one_in(&a->rng, 3) ? hot : ARENA_ALL));
    }
}

/* ---- Life ------------------------------------------------------------------ */

static int
check_once(struct actor *a)
{
    struct arena *arena = a->arena;
    struct pn_store_report report = {0};
    int rc = pn_store_check(a->store, PN_NOW, &report);
    atomic_fetch_add(&arena->checks, 1);
    if (rc == PN_BUSY) {
        atomic_fetch_add(&arena->checks_busy, 1);
    } else if (rc != PN_OK) {
        fprintf(stderr, "# FAILURE check: %s\n", report.first);
        arena_fail(arena, "the checker finds errors", 0, report.errors, 0);
    }
    return pn_store_stats(a->store, &arena->stats) != PN_OK;
}

static void
live(struct actor *a)
{
    uint32_t redo = atomic_load(&a->seat->redo);
    if (redo != 0) { /* the one before died in it: begun, so it must be ended */
        end_gone(a, redo - 1);
    }
    while (!atomic_load(&a->arena->is_over)) {
        if (a->seat->kind == ACTOR_WRITER) {
            write_something(a);
        } else {
            read_something(a);
        }
        atomic_fetch_add(&a->seat->beats, 1);
    }
}

int
actor_run(struct arena *arena, unsigned seat)
{
    struct actor a = {.arena = arena, .seat = &arena->seat[seat], .number = seat};
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    a.rng.state = rng_mix(arena->seed ^ ((uint64_t)ts.tv_nsec << 20)) + seat;
    for (unsigned i = 0; i < ARENA_ACTORS; i++) {
        a.writers += arena->seat[i].kind == ACTOR_WRITER && arena->seat[i].pid >= 0;
    }
    the_seat = a.seat;
    the_arena = arena;
    struct pn_store_opts opts = arena_opts(arena);
    struct pn_why why;
    if (pn_store_open_shared(ARENA_REGION, &opts, &a.store, &why) < 0) {
        fprintf(stderr, "# FAILURE attach: %s\n", why.text);
        arena_fail(arena, "attach answers", 0, (uint64_t)(int64_t)why.code, 0);
        return 1;
    }
    a.value_max = pn_store_value_max(a.store);
    a.buf = malloc(a.value_max + 64);
    if (a.buf == NULL) {
        return 1;
    }
    int rc = 0;
    if (a.seat->kind == ACTOR_CHECKER) {
        rc = check_once(&a);
        atomic_fetch_add(&a.seat->beats, 1);
    } else {
        live(&a);
    }
    free(a.buf);
    pn_store_close(a.store);
    return rc;
}
