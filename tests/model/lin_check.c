/*
 * lin_check - histories of several processes on one region (T6)
 *
 *     lin_check [SECONDS] [SEED]
 *
 * Forks workers onto one shared store that is far from full, so that nothing may
 * be missed, and checks what a register, a counter, add, cas and a lease promise:
 *
 *   registers  One worker writes each key. It says in a table what it is about
 *              to do and what was acknowledged. A reader takes the table's word
 *              before and after its get: the value must lie between the two, and
 *              a miss is right only if a delete does. This sees stale reads after
 *              an acknowledged write, resurrected deletes and false misses of an
 *              item that is being moved.
 *   counters   Everybody adds 1; the sums must be exact.
 *   cas        Everybody reads, adds 1 and stores with the token; the number of
 *              acknowledged stores must be the final value.
 *   add        Everybody adds the same new key; one wins.
 *   lease      The holder alone changes an ordinary variable.
 */
#define _GNU_SOURCE
#include "../support/pattern.h"
#include "../support/rng.h"
#include "../support/scratch.h"
#include "pinyon/store.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    WORKERS = 4,
    KEYS = 2048, /* registers */
    COUNTERS = 8,
    ADDS = 512,
    VALUE_CAP = 128 << 10,
    HISTORY = 64, /* operations of a key that a slow reader can look back on */
};

enum { OP_PUT = 0, OP_DELETE = 1 };

struct reg {
    _Atomic uint64_t begun, acked;
    _Atomic uint8_t op[HISTORY]; /* of operation number i % HISTORY */
};

/* Shared by all workers, not part of the store. */
struct table {
    struct reg reg[KEYS];
    _Atomic uint64_t counted[COUNTERS], swapped;
    _Atomic uint8_t added[ADDS];
    _Atomic uint32_t add_round;
    _Atomic int in_lease;
    uint64_t lease_sum; /* not atomic: the lease protects it */
    _Atomic uint64_t leases;
    _Atomic uint64_t reads, hits, writes, busy, failures;
    _Atomic bool stop;
};

static void
fail(struct table *t, const char *what, uint64_t key, uint64_t got, uint64_t want)
{
    if (atomic_fetch_add(&t->failures, 1) < 20) {
        fprintf(stderr,
                "# %s: key %" PRIu64 ": %" PRIu64 " against %" PRIu64 " (process %d)\n",
                what, key, got, want, (int)getpid());
    }
}

static size_t
key_of(char *key, size_t cap, const char *kind, uint64_t number)
{
    return (size_t)snprintf(key, cap, "%s:%" PRIu64, kind, number);
}

static size_t
size_of(uint64_t key, uint64_t seq)
{
    uint64_t r = rng_mix(key * 31 + seq);
    if (r % 512 == 0) {
        return VALUE_CAP - r % 5000; /* several segments */
    }
    return PATTERN_HEAD + (r >> 20) % (r % 8 == 0 ? 9000 : 200);
}

/* ---- Registers ------------------------------------------------------------- */

/* Any BUSY is tried again: the lock is never lost here, only contended. */
static void
write_register(struct pn_store *store, struct table *t, struct rng *rng, uint64_t k,
               unsigned char *buf)
{
    char key[40];
    size_t klen = key_of(key, sizeof key, "reg", k);
    struct reg *r = &t->reg[k];
    uint64_t seq = atomic_load(&r->begun) + 1;
    int op = rng_one_in(rng, 6) ? OP_DELETE : OP_PUT;
    struct pn_put put = {.key = key,
                         .klen = klen,
                         .val = buf,
                         .vlen = size_of(k, seq),
                         .ttl_ms = PN_NO_TTL};
    pattern_fill(buf, put.vlen, k, seq);
    atomic_store(&r->op[seq % HISTORY], (uint8_t)op);
    atomic_store(&r->begun, seq);
    int rc;
    do {
        rc = op == OP_PUT ? pn_store_put(store, PN_NOW, &put, NULL)
                          : pn_store_delete(store, PN_NOW, key, klen);
        atomic_fetch_add(&t->busy, rc == PN_BUSY);
    } while (rc == PN_BUSY);
    if (rc != PN_OK && (op == OP_PUT || rc != PN_MISS)) {
        fail(t, "a write answers", k, (uint64_t)(int64_t)rc, PN_OK);
    }
    atomic_store(&r->acked, seq);
    atomic_fetch_add(&t->writes, 1);
}

/* Whether one of the operations FROM to TO of the key was a delete; true as well
 * when it cannot be told any more, the key having moved on too far. */
static bool
may_be_deleted(const struct reg *r, uint64_t from, uint64_t to)
{
    bool has_delete = from == 0;
    for (uint64_t seq = from; seq <= to && seq - from < HISTORY; seq++) {
        has_delete |= atomic_load(&r->op[seq % HISTORY]) == OP_DELETE;
    }
    return has_delete || atomic_load(&r->begun) >= from + HISTORY;
}

static void
judge_hit(struct table *t, uint64_t k, const unsigned char *buf, uint32_t vlen,
          uint64_t acked, uint64_t begun)
{
    if (vlen < PATTERN_HEAD || pattern_id(buf) != k) {
        fail(t, "a foreign value", k, vlen, 0);
        return;
    }
    uint64_t seq = pattern_seq(buf);
    if (seq < acked || seq > begun) {
        fail(t, "a value out of its time", k, seq, acked);
    }
    if (vlen != size_of(k, seq) || !pattern_holds(buf, vlen, k, seq)) {
        fail(t, "a torn value", k, vlen, size_of(k, seq));
    }
    if (may_be_deleted(&t->reg[k], seq, seq) &&
        atomic_load(&t->reg[k].begun) < seq + HISTORY) {
        fail(t, "a value of a deleted sequence", k, seq, acked);
    }
}

static void
read_register(struct pn_store *store, struct table *t, uint64_t k, unsigned char *buf)
{
    char key[40];
    size_t klen = key_of(key, sizeof key, "reg", k);
    struct reg *r = &t->reg[k];
    struct pn_item item;
    uint64_t acked = atomic_load(&r->acked);
    int rc = pn_store_get(store, PN_NOW, key, klen, buf, VALUE_CAP, &item);
    uint64_t begun = atomic_load(&r->begun);
    atomic_fetch_add(&t->reads, 1);
    if (rc == PN_OK) {
        atomic_fetch_add(&t->hits, 1);
        judge_hit(t, k, buf, item.vlen, acked, begun);
    } else if (rc == PN_MISS && !may_be_deleted(r, acked, begun)) {
        fail(t, "a false miss", k, acked, begun);
    } else if (rc != PN_MISS && rc != PN_BUSY) {
        fail(t, "a read answers", k, (uint64_t)(int64_t)rc, PN_OK);
    }
}

/* ---- Counters, cas, add ---------------------------------------------------- */

static void
count_one(struct pn_store *store, struct table *t, struct rng *rng)
{
    uint64_t which = rng_below(rng, COUNTERS);
    char key[40];
    struct pn_incr incr = {.key = key,
                           .klen = key_of(key, sizeof key, "counter", which),
                           .delta = 1,
                           .ttl_ms = PN_KEEP_TTL};
    int64_t value;
    int rc = pn_store_incr(store, PN_NOW, &incr, &value);
    if (rc == PN_OK) {
        atomic_fetch_add(&t->counted[which], 1);
    } else if (rc != PN_BUSY) {
        fail(t, "incr answers", which, (uint64_t)(int64_t)rc, PN_OK);
    }
}

static void
swap_one(struct pn_store *store, struct table *t)
{
    uint64_t number;
    struct pn_item item;
    int rc = pn_store_get(store, PN_NOW, "cas", 3, &number, sizeof number, &item);
    if (rc != PN_OK || item.vlen != sizeof number) {
        if (rc != PN_BUSY) {
            fail(t, "the cas key answers", item.vlen, (uint64_t)(int64_t)rc, PN_OK);
        }
        return;
    }
    number++;
    struct pn_put put = {.key = "cas",
                         .klen = 3,
                         .val = &number,
                         .vlen = sizeof number,
                         .ttl_ms = PN_NO_TTL,
                         .mode = PN_PUT_CAS,
                         .cas = item.cas};
    rc = pn_store_put(store, PN_NOW, &put, NULL);
    if (rc == PN_OK) {
        atomic_fetch_add(&t->swapped, 1);
    } else if (rc != PN_EXISTS && rc != PN_BUSY) {
        fail(t, "cas answers", number, (uint64_t)(int64_t)rc, PN_OK);
    }
}

static void
add_one(struct pn_store *store, struct table *t, struct rng *rng)
{
    uint32_t round = atomic_load(&t->add_round);
    if (round >= ADDS) {
        return;
    }
    char key[40];
    struct pn_put put = {.key = key,
                         .klen = key_of(key, sizeof key, "add", round),
                         .ttl_ms = PN_NO_TTL,
                         .mode = PN_PUT_ADD};
    int rc = pn_store_put(store, PN_NOW, &put, NULL);
    if (rc == PN_OK && atomic_fetch_add(&t->added[round], 1) != 0) {
        fail(t, "two winners of an add", round, 2, 1);
    }
    if (rc != PN_BUSY && rng_one_in(rng, 500)) { /* a round lasts many attempts */
        atomic_compare_exchange_strong(&t->add_round, &round, round + 1);
    }
}

/* ---- The lease ------------------------------------------------------------- */

static void
lease_one(struct pn_store *store, struct table *t)
{
    struct pn_lease lease;
    int rc = pn_store_lease(store, PN_NOW, "lease", 5, 600000, &lease);
    if (rc == PN_HELD) {
        pn_store_lease_wait(store, &lease, 5);
        return;
    }
    if (rc != PN_OK) {
        return; /* BUSY */
    }
    if (atomic_exchange(&t->in_lease, 1) != 0) {
        fail(t, "two holders of a lease", 0, 2, 1);
    }
    t->lease_sum++;
    atomic_fetch_add(&t->leases, 1);
    atomic_store(&t->in_lease, 0);
    do { /* ending needs the lock too */
        rc = pn_store_lease_end(store, &lease);
    } while (rc == PN_BUSY);
    if (rc != PN_OK) {
        fail(t, "lease_end answers", 0, (uint64_t)(int64_t)rc, PN_OK);
    }
}

/* ---- Processes ------------------------------------------------------------- */

static int
work(const char *dir, struct table *t, unsigned me, uint64_t seed)
{
    struct pn_store_opts opts = {.dir = dir, .flags = PN_STORE_EXISTING};
    struct pn_store *store;
    struct pn_why why;
    if (pn_store_open_shared("lin", &opts, &store, &why) < 0) {
        fprintf(stderr, "# attach: %s\n", why.text);
        return 1;
    }
    struct rng rng = {.state = seed * 1000 + me};
    unsigned char *buf = malloc(VALUE_CAP);
    while (buf != NULL && !atomic_load(&t->stop)) {
        uint64_t mine = rng_below(&rng, KEYS / WORKERS) * WORKERS + me;
        /* A few hot keys, so that readers and writers meet. */
        uint64_t any = rng_below(&rng, rng_one_in(&rng, 2) ? 16 : KEYS);
        switch (rng_below(&rng, 12)) {
        case 0:
        case 1:
            write_register(store, t, &rng, mine, buf);
            break;
        case 2:
        case 3:
            write_register(store, t, &rng, mine % 16 / WORKERS * WORKERS + me, buf);
            break;
        case 4:
            count_one(store, t, &rng);
            break;
        case 5:
            swap_one(store, t);
            break;
        case 6:
            add_one(store, t, &rng);
            break;
        case 7:
            lease_one(store, t);
            break;
        default:
            read_register(store, t, any, buf);
        }
    }
    free(buf);
    pn_store_close(store);
    return buf == NULL;
}

static int
prepare(struct pn_store *store)
{
    uint64_t zero = 0;
    struct pn_put put = {.key = "cas",
                         .klen = 3,
                         .val = &zero,
                         .vlen = sizeof zero,
                         .ttl_ms = PN_NO_TTL};
    int rc = pn_store_put(store, PN_NOW, &put, NULL);
    for (uint64_t i = 0; i < COUNTERS && rc == PN_OK; i++) {
        char key[40];
        struct pn_incr incr = {.key = key,
                               .klen = key_of(key, sizeof key, "counter", i),
                               .ttl_ms = PN_NO_TTL,
                               .create = 1};
        int64_t value;
        rc = pn_store_incr(store, PN_NOW, &incr, &value);
    }
    return rc;
}

/* What must be so when everybody has gone. */
static void
settle(struct pn_store *store, struct table *t)
{
    for (uint64_t i = 0; i < COUNTERS; i++) {
        char key[40];
        size_t klen = key_of(key, sizeof key, "counter", i);
        int64_t value = -1;
        struct pn_item item;
        pn_store_get(store, PN_NOW, key, klen, &value, sizeof value, &item);
        if ((uint64_t)value != t->counted[i]) {
            fail(t, "a counter", i, (uint64_t)value, t->counted[i]);
        }
    }
    uint64_t number = 0;
    struct pn_item item;
    pn_store_get(store, PN_NOW, "cas", 3, &number, sizeof number, &item);
    if (number != t->swapped) {
        fail(t, "acknowledged cas", 0, number, t->swapped);
    }
    for (uint32_t i = 0; i < t->add_round && i < ADDS; i++) {
        if (t->added[i] != 1) {
            fail(t, "winners of an add", i, t->added[i], 1);
        }
    }
    if (t->lease_sum != t->leases) {
        fail(t, "the sum under the lease", 0, t->lease_sum, t->leases);
    }
    struct pn_store_report report = {0};
    if (pn_store_check(store, PN_NOW, &report) != PN_OK) {
        fail(t, report.first, 0, report.errors, 0);
    }
    printf("# %" PRIu64 " overflow buckets\n", report.overflow);
    if (report.overflow < 1) {
        fail(t, "no chains to move in", 0, report.overflow, 1);
    }
    struct pn_store_stats stats = {0};
    pn_store_stats(store, &stats);
    if (stats.evicted + stats.index_evicted != 0) {
        fail(t, "evictions from a roomy store", stats.index_evicted, stats.evicted, 0);
    }
}

static int
spawn(const char *dir, struct table *t, uint64_t seed, pid_t pid[WORKERS])
{
    for (unsigned i = 0; i < WORKERS; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            _exit(work(dir, t, i, seed));
        }
        if (pid[i] < 0) {
            perror("# fork");
            return 1;
        }
    }
    return 0;
}

int
main(int argc, char **argv)
{
    unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : 5;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    struct table *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const char *dir = scratch_make();
    /* Memory for everything, but an index so small that chains are long: deletes then
     * make items move within them, under the readers. */
    static const uint8_t hash_seed[16] = {3}; /* as many chains each time */
    struct pn_store_opts opts = {.dir = dir,
                                 .size = 64u << 20,
                                 .item = 24 << 10,
                                 .write_wait_ms = 200,
                                 .seed = hash_seed};
    struct pn_store *store;
    struct pn_why why = {.text = "no scratch directory"};
    if (t == MAP_FAILED || dir == NULL ||
        pn_store_open_shared("lin", &opts, &store, &why) < 0) {
        printf("Bail out! %s\n", why.text);
        return 1;
    }
    printf("# lin_check %u %" PRIu64 "\n1..1\n", seconds, seed);
    fflush(stdout);
    pid_t pid[WORKERS] = {0};
    int failed = prepare(store) != PN_OK || spawn(dir, t, seed, pid);
    struct timespec nap = {.tv_sec = seconds};
    while (nanosleep(&nap, &nap) != 0 && errno == EINTR) {
    }
    atomic_store(&t->stop, true);
    for (unsigned i = 0; i < WORKERS; i++) {
        int status = 0;
        failed |= pid[i] > 0 && (waitpid(pid[i], &status, 0) < 0 || status != 0);
    }
    settle(store, t);
    pn_store_close(store);
    failed |= t->failures != 0;
    printf("%s 1 - %" PRIu64 " reads, %" PRIu64 " hits, %" PRIu64 " writes, %" PRIu64
           " busy, %" PRIu64 " cas, %" PRIu32 " adds, %" PRIu64 " leases, %" PRIu64
           " failures\n",
           failed ? "not ok" : "ok", t->reads, t->hits, t->writes, t->busy, t->swapped,
           t->add_round, t->leases, t->failures);
    return failed;
}
