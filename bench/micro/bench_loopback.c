/*
 * bench_loopback - the floor of every client: send and recv in C, see loopback.h
 *
 * The server listens on --port of 127.0.0.1; with --nodes N the ports of N servers are
 * read from the input, and each is asked for its share of the keys, all before the
 * first reply is looked at. With --coached it times nothing by itself: for each line
 * "TRIPS" of its input it does so many round trips and answers with the nanoseconds
 * they took. So bench_fleet.py lets it take its turn in the rounds of the clients that
 * it is compared with.
 */
#include <stdio.h>

#include "loopback.h"
#include "report.h"
#include "timing.h"

static const char what[] = "one request, one reply: send and recv in C";

enum { WARM_UP = 5, NODES_MAX = 64 };

/* One per node. */
struct loops {
    struct loop *loop[NODES_MAX];
    size_t n;
};

static void
obey(const struct loops *all)
{
    unsigned long trips;

    while (scanf("%lu", &trips) == 1) {
        printf("%.0f\n", loop_trips(all->loop, all->n, trips));
        (void)fflush(stdout);
    }
}

static void
run_alone(const struct loops *all, const char *name, uint64_t count, uint64_t trips)
{
    struct rounds rounds = {0};

    for (uint64_t round = 0; round < count + WARM_UP; round++) {
        double ns = loop_trips(all->loop, all->n, trips) / (double)trips;

        if (round >= WARM_UP) {
            rounds_add(&rounds, ns / 1000);
        }
    }
    report_result(name, rounds_median(&rounds), "us", NO_TARGET);
}

static void
open_all(struct loops *all, uint64_t port, uint64_t nodes, bool is_memcached,
         uint64_t keys)
{
    all->n = nodes > 0 ? (size_t)nodes : 1;
    for (size_t i = 0; i < all->n; i++) {
        unsigned long at = (unsigned long)port;

        if (nodes > 0 && scanf("%lu", &at) != 1) {
            report_fail("--nodes", "the input has fewer ports");
        }
        if (at == 0 || at > 65535) {
            report_fail("--port", "it is missing or out of range");
        }
        all->loop[i] = loop_open((unsigned)at, is_memcached, (unsigned)(keys / all->n));
    }
}

int
main(int argc, char **argv)
{
    static struct loops all;
    uint64_t port = 0, nodes = 0, keys = 1, is_memcached = 0, is_coached = 0;
    uint64_t count = 100, trips = 200;
    const struct option_spec options[] = {
        {"port", "where the server listens, on 127.0.0.1", &port, 0},
        {"nodes", "servers, at most 64; their ports stand on the input", &nodes, 0},
        {"keys", "keys asked for at once, at most 1000", &keys, 0},
        {"memcached", "the server is memcached, not Redis", &is_memcached, 1},
        {"coached", "a round for each number of trips on the input", &is_coached, 1},
        {"rounds", "rounds, at most 4000", &count, 0},
        {"trips", "round trips in a round", &trips, 0},
        {0},
    };

    report_options(argc, argv, what, options);
    if (nodes > NODES_MAX || keys < nodes || keys == 0 || keys > LOOP_KEYS_MAX ||
        trips == 0) {
        report_fail("--nodes, --keys, --trips", "one is out of range");
    }
    open_all(&all, port, nodes, is_memcached != 0, keys);
    if (is_coached) {
        obey(&all);
    } else {
        report_begin(argv[0], what);
        run_alone(&all, is_memcached ? "loopback_memcached" : "loopback_resp", count,
                  trips);
    }
    for (size_t i = 0; i < all.n; i++) {
        loop_close(all.loop[i]);
    }
    return 0;
}
