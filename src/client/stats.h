/*
 * stats - what happened with one node: calls, errors, latency, bytes
 *
 * Latency is kept in a histogram of powers of two, each cut in 8: 12 % wide from 1 us
 * to 64 s. Counting takes about 6 ns and no lock: counters are atomic and relaxed.
 */
#ifndef PN_CLIENT_STATS_H
#define PN_CLIENT_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#define PN_LATENCY_CELLS 216u

#define PN_NODE_COUNTERS(X) \
    X(calls)                \
    X(errors)               \
    X(timeouts)             \
    X(retries)              \
    X(redirects) X(bytes_in) X(bytes_out) X(connects) X(disconnects) X(gutter)

struct pn_node_counts {
#define PN_NODE_COUNTER(name) _Atomic uint64_t name;
    PN_NODE_COUNTERS(PN_NODE_COUNTER)
#undef PN_NODE_COUNTER
    _Atomic uint64_t latency[PN_LATENCY_CELLS]; /* 32 bits: full within a day */
};

struct pn_node_stats {
#define PN_NODE_COUNTER(name) uint64_t name;
    PN_NODE_COUNTERS(PN_NODE_COUNTER)
#undef PN_NODE_COUNTER
    double p50_us, p90_us, p99_us, p999_us; /* 0 when there were no calls */
};

/* One answered call that took NS: counts it in `latency`, and nowhere else. */
void
pn_latency_add(struct pn_node_counts *counts, uint64_t ns);

/* Of COUNTS as of now: quantiles of all calls since the node is known, at most a cell's
 * width away from the exact ones. */
void
pn_node_stats_read(struct pn_node_counts *counts, struct pn_node_stats *out);

#endif
