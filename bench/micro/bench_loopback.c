/*
 * bench_loopback - the floor of every client: send and recv in C, see loopback.h
 *
 * The server listens on --port of 127.0.0.1. With --coached it times nothing by itself:
 * for each line "TRIPS" of its input it does so many round trips and answers with the
 * nanoseconds they took. So bench_fleet.py lets it take its turn in the rounds of the
 * clients that it is compared with.
 */
#include <stdio.h>

#include "loopback.h"
#include "report.h"
#include "timing.h"

static const char what[] = "one request, one reply: send and recv in C";

enum { WARM_UP = 5 };

static void
obey(struct loop *loop)
{
    unsigned long trips;

    while (scanf("%lu", &trips) == 1) {
        printf("%.0f\n", loop_trips(loop, trips));
        (void)fflush(stdout);
    }
}

static void
run_alone(struct loop *loop, const char *name, uint64_t count, uint64_t trips)
{
    struct rounds rounds = {0};

    for (uint64_t round = 0; round < count + WARM_UP; round++) {
        double ns = loop_trips(loop, trips) / (double)trips;

        if (round >= WARM_UP) {
            rounds_add(&rounds, ns / 1000);
        }
    }
    report_result(name, rounds_median(&rounds), "us", NO_TARGET);
}

int
main(int argc, char **argv)
{
    struct loop *loop;
    uint64_t port = 0, keys = 1, is_memcached = 0, is_coached = 0;
    uint64_t count = 100, trips = 200;
    const struct option_spec options[] = {
        {"port", "where the server listens, on 127.0.0.1", &port, 0},
        {"keys", "keys asked for at once, at most 1000", &keys, 0},
        {"memcached", "the server is memcached, not Redis", &is_memcached, 1},
        {"coached", "a round for each number of trips on the input", &is_coached, 1},
        {"rounds", "rounds, at most 4000", &count, 0},
        {"trips", "round trips in a round", &trips, 0},
        {0},
    };

    report_options(argc, argv, what, options);
    if (port == 0 || port > 65535 || keys == 0 || keys > LOOP_KEYS_MAX || trips == 0) {
        report_fail("--port, --keys, --trips", "one is missing or out of range");
    }
    loop = loop_open((unsigned)port, is_memcached != 0, (unsigned)keys);
    if (is_coached) {
        obey(loop);
    } else {
        report_begin(argv[0], what);
        run_alone(loop, is_memcached ? "loopback_memcached" : "loopback_resp", count,
                  trips);
    }
    loop_close(loop);
    return 0;
}
