/*
 * bench_client - the client in C beside the floor, without Python
 *
 * What a blocking caller pays: a hub taken from the pool, one request run, its reply
 * looked at, the hub given back; the same for a get of 100 keys (RESP: one MGET); and
 * 1,000 requests at once over one connection, as an event loop's tick makes them. The
 * floor (loopback.h) takes its turn in each round. By the clock on the wall; --sleep
 * lets the client sleep at once where it would ask again for a while.
 */
#include <stdio.h>

#include "base/clock.h"
#include "client/hub.h"
#include "loopback.h"
#include "report.h"
#include "timing.h"
#include "wire/resp_put.h"

static const char what[] = "the client from C: a get, 100 keys, 1,000 requests at once";

enum { BATCH = 100, MANY = 1000, WARM_UP = 5, ROOM = 8 << 10, WIRE = 64 };

struct bench {
    struct pn_client *client;
    struct loop *one, *batch;
    bool is_memcached;
    bool is_meta; /* 100 keys by 100 meta commands, not by one classic get */
    char key[MANY][LOOP_KEY + 1];
    char wire[MANY][WIRE];
    size_t wire_len[MANY];
    char mget[ROOM];
    size_t mget_len;
    struct pn_request request[MANY];
};

/* TRIPS operations; the ns of each. */
typedef double (*subject_fn)(struct bench *bench, uint64_t trips);

static struct pn_request
request_of(const struct bench *bench, unsigned i)
{
    return (struct pn_request){
        .wire = bench->wire[i],
        .wire_len = bench->wire_len[i],
        .key = {bench->key[i], LOOP_KEY},
        .slot = PN_SLOT_NONE,
        .node = PN_NODE_NONE,
        .flags = PN_REQ_READ | PN_REQ_SAFE,
    };
}

/* One call: N requests from START of the pool to the end of it. */
static void
call(struct bench *bench, struct pn_request *request, size_t n, size_t reply_min)
{
    struct pn_hub *hub = NULL;
    uint64_t now = pn_clock_mono_ns();
    uint64_t end = now + 5000000000U;

    for (size_t i = 0; i < n; i++) {
        request[i].deadline = end;
    }
    if (pn_client_take(bench->client, now, end, &hub) != PN_OK) {
        report_fail("take", "the pool gave no hub");
    }
    if (pn_hub_run(hub, request, n, now, end) != 0) {
        report_fail("run", "requests are left");
    }
    for (size_t i = 0; i < n; i++) {
        if (request[i].rc < 0 || pn_hub_reply(hub, &request[i]).len < reply_min) {
            report_fail("run", "no reply, or not the value");
        }
    }
    pn_client_give(bench->client, hub, now);
}

static double
get_one(struct bench *bench, uint64_t trips)
{
    uint64_t start = timing_now_ns();

    for (uint64_t i = 0; i < trips; i++) {
        struct pn_request request = request_of(bench, (unsigned)(i % BATCH));

        call(bench, &request, 1, LOOP_VALUE);
    }
    return (double)(timing_now_ns() - start) / (double)trips;
}

static double
get_batch(struct bench *bench, uint64_t trips)
{
    uint64_t start = timing_now_ns();

    for (uint64_t i = 0; i < trips; i++) {
        struct pn_request request = request_of(bench, 0);

        request.wire = bench->mget;
        request.wire_len = bench->mget_len;
        if (bench->is_memcached) {
            request.flags |= bench->is_meta ? PN_REQ_NOOP : PN_REQ_CLASSIC;
        }
        call(bench, &request, 1, BATCH * LOOP_VALUE);
    }
    return (double)(timing_now_ns() - start) / (double)trips;
}

static double
get_many(struct bench *bench, uint64_t trips)
{
    uint64_t times = trips / MANY + 1;
    uint64_t start = timing_now_ns();

    for (uint64_t i = 0; i < times; i++) {
        for (unsigned k = 0; k < MANY; k++) {
            bench->request[k] = request_of(bench, k);
        }
        call(bench, bench->request, MANY, LOOP_VALUE);
    }
    return (double)(timing_now_ns() - start) / (double)(times * MANY);
}

static double
floor_one(struct bench *bench, uint64_t trips)
{
    return loop_trips(&bench->one, 1, trips) / (double)trips;
}

static double
floor_batch(struct bench *bench, uint64_t trips)
{
    return loop_trips(&bench->batch, 1, trips) / (double)trips;
}

static const struct subject {
    const char *name;
    subject_fn fn;
} subjects[] = {
    {"floor_get", floor_one},          {"client_get", get_one},
    {"floor_get_100", floor_batch},    {"client_get_100", get_batch},
    {"client_1000_at_once", get_many},
};

enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

static void
compose(struct bench *bench)
{
    struct pn_bytes argv[BATCH + 1] = {PN_BYTES("MGET")};
    struct pn_out all = {bench->mget, sizeof bench->mget, 0};

    if (bench->is_memcached && !bench->is_meta) {
        pn_out_put(&all, "get", 3);
    }
    for (unsigned i = 0; i < MANY; i++) {
        struct pn_out out = {bench->wire[i], WIRE, 0};
        struct pn_bytes get[] = {PN_BYTES("GET"), {bench->key[i], LOOP_KEY}};

        loop_key(bench->key[i], i);
        if (bench->is_memcached) {
            out.len = (size_t)snprintf(out.ptr, WIRE, "mg %s v\r\n", bench->key[i]);
        } else {
            pn_resp_put_command(&out, get, 2);
        }
        bench->wire_len[i] = out.len;
        if (i < BATCH && bench->is_memcached) {
            all.len += (size_t)snprintf(all.ptr + all.len, all.cap - all.len,
                                        bench->is_meta ? "mg %s k v q\r\n" : " %s",
                                        bench->key[i]);
        }
        if (i < BATCH) {
            argv[i + 1] = get[1];
        }
    }
    if (bench->is_memcached) {
        pn_out_put(&all, bench->is_meta ? "mn\r\n" : "\r\n", bench->is_meta ? 4 : 2);
    } else {
        pn_resp_put_command(&all, argv, BATCH + 1);
    }
    bench->mget_len = all.len;
}

static void
open_client(struct bench *bench, unsigned port, bool sleeps)
{
    struct pn_endpoint at = {.host = "127.0.0.1", .port = (uint16_t)port};
    struct pn_client_opts opts = {
        .fleet = {.kind = bench->is_memcached ? PN_FLEET_HASH : PN_FLEET_SINGLE,
                  .seed = &at,
                  .n_seeds = 1},
        .hello = {.is_memcached = bench->is_memcached},
        .spin_ns = sleeps ? PN_NEVER : 0,
    };

    if (pn_client_open(&opts, &bench->client, NULL) != PN_OK) {
        report_fail("client", "its options were refused");
    }
}

static void
measure(struct bench *bench, uint64_t count, uint64_t trips)
{
    static struct rounds rounds[SUBJECTS];

    for (uint64_t round = 0; round < count + WARM_UP; round++) {
        for (unsigned i = 0; i < SUBJECTS; i++) {
            double ns = subjects[i].fn(bench, trips);

            if (round >= WARM_UP) {
                rounds_add(&rounds[i], ns / 1000);
            }
        }
    }
    for (unsigned i = 0; i < SUBJECTS; i++) {
        report_result(subjects[i].name, rounds_median(&rounds[i]), "us", NO_TARGET);
    }
}

int
main(int argc, char **argv)
{
    static struct bench bench;
    uint64_t port = 0, is_memcached = 0, is_meta = 0, sleeps = 0, count = 100,
             trips = 200;
    const struct option_spec options[] = {
        {"port", "where the server listens, on 127.0.0.1", &port, 0},
        {"memcached", "the server is memcached, not Redis", &is_memcached, 1},
        {"meta", "100 keys by meta commands, not by a classic get", &is_meta, 1},
        {"sleep", "sleep at once for a reply", &sleeps, 1},
        {"rounds", "rounds, at most 4000", &count, 0},
        {"trips", "operations in a round", &trips, 0},
        {0},
    };
    struct loop *all;

    report_options(argc, argv, what, options);
    if (port == 0 || port > 65535 || trips == 0) {
        report_fail("--port, --trips", "one is missing or out of range");
    }
    report_begin(argv[0], what);
    bench.is_memcached = is_memcached != 0;
    bench.is_meta = is_meta != 0;
    all = loop_open((unsigned)port, bench.is_memcached, MANY); /* stores the keys */
    loop_close(all);
    bench.one = loop_open((unsigned)port, bench.is_memcached, 1);
    bench.batch = loop_open((unsigned)port, bench.is_memcached, BATCH);
    compose(&bench);
    open_client(&bench, (unsigned)port, sleeps != 0);
    measure(&bench, count, trips);
    pn_client_free(bench.client);
    loop_close(bench.one);
    loop_close(bench.batch);
    return 0;
}
