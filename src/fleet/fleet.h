/*
 * fleet - what a client knows of its servers, and what it decides from it
 *
 * Members, their health, the map of slots or the ring, when to dial, when to ask for
 * the topology, whether to try again. Pure: events, the time and a seed go in, answers
 * and tasks come out; no socket, no clock, no chance from outside. A simulator runs
 * ten thousand of them in virtual time (tests/sim).
 *
 *     kind      members come from             a key's owner comes from
 *     SINGLE    one address                   it
 *     SENTINEL  the sentinels                 the primary they name
 *     CLUSTER   CLUSTER SLOTS, MOVED          the map of 16384 slots
 *     HASH      the list the user gives       a policy of place (memcached, or several
 *                                             independent Redis servers)
 *
 * Times are nanoseconds of one monotonic clock (`now`). Nodes are small numbers, stable
 * while the node is known, so that a client can keep an array of connections by node.
 * The number of a node that is forgotten goes to another one later: `born` differs for
 * every node ever known, so a connection remembers the one it was dialled for.
 *
 * Threads: none inside; the owner holds a lock around every call that is not const.
 * Memory: taken by pn_fleet_new(), and where something not known before is learnt
 *         (learn*, load, moved, asked, node_at), through base/alloc; never by routing.
 */
#ifndef PN_FLEET_FLEET_H
#define PN_FLEET_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pinyon/place.h"

#define PN_FLEET_NODES_MAX 4096u
#define PN_FLEET_SLOTS 16384u
#define PN_FLEET_HOST_MAX 255u
#define PN_NODE_NONE UINT16_MAX
#define PN_SLOT_NONE UINT32_MAX
#define PN_NEVER UINT64_MAX

enum pn_fleet_kind {
    PN_FLEET_SINGLE,
    PN_FLEET_SENTINEL,
    PN_FLEET_CLUSTER,
    PN_FLEET_HASH,
};

/* A name or literal and a port; a path, beginning with '/', has port 0. */
struct pn_endpoint {
    char host[PN_FLEET_HOST_MAX + 1];
    uint16_t port;
};

/* Which nodes may answer a read. Writes go to primaries. */
enum pn_read_from {
    PN_READ_PRIMARY,
    PN_READ_PREFER_REPLICA, /* a replica that is up, in turn; else the primary */
    PN_READ_REPLICA,        /* replicas only */
    PN_READ_ANY,            /* all of them, in turn */
    PN_READ_ZONE, /* a replica or primary of opts.zone; else as PREFER_REPLICA */
};

/* {0} and what `new` wants is a good configuration: zero means the default. */
struct pn_fleet_opts {
    enum pn_fleet_kind kind;
    const char *service; /* SENTINEL: the name of the primary; else it only tells fleets
                            of the same seeds apart in pn_fleet_save(). NULL: "" */
    const struct pn_endpoint
        *seed; /* CLUSTER, SENTINEL: where to ask. Else: the members */
    size_t n_seeds;
    enum pn_read_from read_from;
    const char *zone;
    /* HASH */
    const char *place; /* policy; NULL: "slots" */
    const struct pn_place_opts *place_opts;
    const char *const *names;         /* of the members, for the placement; NULL:
                                           host:port */
    const double *weights;            /* NULL: 1 each */
    const struct pn_endpoint *gutter; /* spare servers that take the keys of a node
                                           that is down; NULL: none */
    size_t n_gutter;
    bool fail_over; /* no gutter: the next owner takes them */
    /* limits; nanoseconds */
    uint64_t seed_of_chance;
    uint32_t soft_failures;        /* timeouts in a row that mark a node down: 3 */
    uint64_t probe_min, probe_max; /* between probes of a node that is down: 10 s,
                                           doubling to 60 s for HASH; 0.2 to 5 s else */
    uint64_t dial_min, dial_max;   /* backoff of dials to one node: 20 ms to 5 s,
                                           full jitter */
    uint32_t dials_at_once;        /* per node: 4 */
    uint64_t refresh_forced;       /* between two forced refreshes: 200 ms */
    uint64_t refresh_unforced;     /* between two unforced ones: 1 s, + jitter */
    uint64_t refresh_jitter;       /* full jitter of unforced ones: 15 s */
    uint64_t refresh_period;       /* 60 s +- jitter; PN_NEVER: off */
    uint32_t redirects_max;        /* of one request: 5 */
    uint32_t retries_max;          /* of one request, besides redirects: 3 */
    uint32_t retry_percent;        /* budget: retries of all requests: 10 */
};

struct pn_fleet;

/* Copies what OPTS points to. PN_OK; PN_E_INVALID with a sentence in WHY (may be NULL)
 * that names the wrong thing; PN_E_NOMEM. */
int
pn_fleet_new(const struct pn_fleet_opts *opts, uint64_t now, struct pn_fleet **out,
             struct pn_why *why);
void
pn_fleet_free(struct pn_fleet *fleet); /* NULL is fine */

/* ---- Nodes ------------------------------------------------------------------ */

enum pn_role {
    PN_ROLE_UNKNOWN,
    PN_ROLE_PRIMARY,
    PN_ROLE_REPLICA,
    PN_ROLE_SENTINEL,
    PN_ROLE_SEED,   /* CLUSTER: may be asked for the map, owns nothing we know of */
    PN_ROLE_MEMBER, /* HASH */
    PN_ROLE_GUTTER,
};

enum pn_health {
    PN_NODE_UP,      /* nothing against it */
    PN_NODE_DOWN,    /* marked down: only probes go there */
    PN_NODE_LOADING, /* answers -LOADING: asked again after a while */
    PN_NODE_APART,   /* answers -CLUSTERDOWN while others do not: it is cut off from
                        them, and its slots are given away: the same. SENTINEL: called
                        a replica, and says that it is none */
};

/* Both texts are the fleet's: good until the next call that may change something. */
struct pn_node {
    enum pn_role role;
    enum pn_health health;
    uint32_t born;     /* unlike that of every other node there ever was */
    uint32_t failures; /* in a row */
    uint32_t slots; /* CLUSTER: it owns; HASH: its part of all keys in 1/16384, 0 where
                          the policy cannot tell without counting */
    uint16_t primary;  /* of a replica; else itself */
    uint64_t probe_at; /* not UP: when it may be probed or asked next */
    struct {
        const char *host; /* as in struct pn_endpoint */
        uint16_t port;
    } endpoint;
    const char *zone; /* as the server says, or "" */
};

size_t
pn_fleet_nodes(const struct pn_fleet *fleet); /* numbers are below this */
/* NULL: no node has the number now; a connection to the one that had it can be closed
 * as soon as it owes nothing. */
const struct pn_node *
pn_fleet_node(const struct pn_fleet *fleet, uint16_t node);
/* The node at ENDPOINT, added if it is new (role SEED); PN_NODE_NONE when there are too
 * many: where ASK and -REDIRECT point. */
uint16_t
pn_fleet_node_at(struct pn_fleet *fleet, const struct pn_endpoint *endpoint);

/* ---- Routing ---------------------------------------------------------------- */

enum pn_route_flags {
    PN_ROUTE_READ = 1,   /* may be answered by a replica, as read_from says */
    PN_ROUTE_DELETE = 2, /* during a warm-up deletes go to both owners */
    PN_ROUTE_QUICK = 4, /* DOWN instead of WAIT where the owner is known to be down: for
                           who has another way to go, as a cache has */
};

struct pn_route_ask {
    const char *key; /* HASH, or slot == PN_SLOT_NONE: hashed; NULL: any primary */
    size_t len;
    uint32_t slot; /* CLUSTER: of the key, or PN_SLOT_NONE */
    uint32_t flags;
    uint16_t avoid; /* not this node if there is a choice: it has just failed */
};

enum pn_route_kind {
    PN_ROUTE_NODE,  /* send to .node */
    PN_ROUTE_WAIT,  /* nobody now; ask again at .at or after the next learn */
    PN_ROUTE_DOWN,  /* the owner is down and nobody takes its keys */
    PN_ROUTE_EMPTY, /* SLOT has no owner, and a fresh map did not help. SENTINEL: no
                       sentinel knows the service */
};

struct pn_route {
    enum pn_route_kind kind;
    uint16_t node;       /* NODE; DOWN: who is, where it is one */
    uint16_t second;     /* HASH, warm-up: read misses look here; deletes go here too */
    bool is_gutter;      /* .node stands in for a node that is down: short TTLs */
    bool needs_readonly; /* CLUSTER: .node is a replica: READONLY on its connection */
    uint64_t at;         /* WAIT */
};

/* About 10 ns for a known slot. */
struct pn_route
pn_fleet_route(struct pn_fleet *fleet, const struct pn_route_ask *ask, uint64_t now);

/* The node that owns KEY, be it up or down, by the placement or the map; PN_NODE_NONE
 * when that is not known. */
uint16_t
pn_fleet_owner(const struct pn_fleet *fleet, const char *key, size_t len);

/* HASH: the nodes that keys are placed on, the first MAX of them in NODE; returns how
 * many there are. With OLD those of the list before, while the fleet warms up. */
size_t
pn_fleet_members(const struct pn_fleet *fleet, bool old, uint16_t *node, size_t max);

/* HASH: the node that owned KEY by the list before, while the fleet warms up; else
 * PN_NODE_NONE. */
uint16_t
pn_fleet_old_owner(const struct pn_fleet *fleet, const char *key, size_t len);

/* CRC16 of KEY or of its {tag}, modulo 16384. */
uint32_t
pn_fleet_slot(const char *key, size_t len);

/* ---- Events ----------------------------------------------------------------- */

enum pn_trouble {
    PN_TROUBLE_DIAL,     /* could not connect (refused, unreachable, timeout, TLS) */
    PN_TROUBLE_LOST,     /* the connection broke */
    PN_TROUBLE_TIMEOUT,  /* a request was not answered in time */
    PN_TROUBLE_PROTOCOL, /* it said what no server says */
    PN_TROUBLE_LOADING,  /* -LOADING */
    PN_TROUBLE_ROLE,     /* -READONLY, or ROLE says it is no primary */
    PN_TROUBLE_DOWN,     /* -CLUSTERDOWN, -MASTERDOWN, -NOREPLICAS */
    PN_TROUBLE_REFUSED,  /* -OOM, -MISCONF: the node stays */
    PN_TROUBLE_AGAIN,    /* -TRYAGAIN, -BUSY: counted, no more */
};

/* A connection to NODE stands, handshake done. */
void
pn_fleet_connected(struct pn_fleet *fleet, uint16_t node, uint64_t now);
/* NODE answered something sensible. Cheap. Every answer need not be told, but the first
 * one of each node after any trouble of any must be: by it a node that refuses is known
 * to be cut off, and who is asked for the topology while owners are missing. An answer
 * to CLUSTER SLOTS is none: who is cut off gives it too. */
void
pn_fleet_well(struct pn_fleet *fleet, uint16_t node, uint64_t now);
void
pn_fleet_trouble(struct pn_fleet *fleet, uint16_t node, enum pn_trouble trouble,
                 uint64_t now);
/* A dial to NODE takes long, and callers wait for it: the topology is asked for whether
 * it is still the one to dial. No failure. */
void
pn_fleet_doubt(struct pn_fleet *fleet, uint16_t node, uint64_t now);
/* NODE answered -MOVED SLOT ENDPOINT (an empty host means NODE's own). Returns the new
 * owner's number. */
uint16_t
pn_fleet_moved(struct pn_fleet *fleet, uint16_t node, uint32_t slot,
               const struct pn_endpoint *endpoint, uint64_t now);
/* NODE answered -ASK: the target's number; the map is not touched. */
uint16_t
pn_fleet_asked(struct pn_fleet *fleet, uint16_t node,
               const struct pn_endpoint *endpoint);

/* ---- Dials, retries --------------------------------------------------------- */

/* When NODE may be dialled: 0 now (counted as begun: answer with connected(),
 * trouble(DIAL) or undial()), else the time to ask again. A node that is DOWN: for its
 * task only. PN_NEVER: there is no such node. A dial that nobody ends is forgotten
 * after 10 s. */
uint64_t
pn_fleet_dial(struct pn_fleet *fleet, uint16_t node, uint64_t now);
/* A dial that was begun is given up, by no fault of the node. */
void
pn_fleet_undial(struct pn_fleet *fleet, uint16_t node);

/* In the child of a fork: the threads that dialled are not here, and what they had
 * begun never ends. */
void
pn_fleet_forked(struct pn_fleet *fleet);

/* One request was made: it earns its part of the retry budget. */
void
pn_fleet_spend(struct pn_fleet *fleet, uint64_t now);
/* May a request be sent for the ATTEMPT-th time (2, 3, ...)? PN_NEVER: no, the budget
 * or the limit says; else when: now, or later by a backoff with jitter. */
uint64_t
pn_fleet_retry(struct pn_fleet *fleet, uint32_t attempt, uint64_t now);
/* After REDIRECTS MOVED or ASK of one request: may another be followed? */
bool
pn_fleet_may_redirect(const struct pn_fleet *fleet, uint32_t redirects);

/* ---- Topology --------------------------------------------------------------- */

enum pn_task_kind {
    PN_TASK_NONE,
    PN_TASK_SLOTS,    /* ask .node CLUSTER SLOTS; pn_fleet_learn_slots() */
    PN_TASK_SENTINEL, /* ask .node for the primary and replicas of the service;
                         pn_fleet_learn_primary() */
    PN_TASK_PROBE,    /* dial .node and PING it (memcached: mn) */
};

struct pn_task {
    enum pn_task_kind kind;
    uint16_t node;
    uint32_t id;
    uint64_t deadline; /* after it the task counts as failed and is given again */
};

/* The task to be done now, which this call hands to its caller; NONE: nothing to do.
 * A task ends with pn_fleet_learn*() or pn_fleet_task_failed(). */
struct pn_task
pn_fleet_task(struct pn_fleet *fleet, uint64_t now);
/* The earliest time at which pn_fleet_task() may have something; PN_NEVER. */
uint64_t
pn_fleet_wake(const struct pn_fleet *fleet);
void
pn_fleet_task_failed(struct pn_fleet *fleet, const struct pn_task *task, uint64_t now);
/* TASK is begun, under the board's lock. The lock of a query is held until it ends. A
 * PROBE is only claimed: what is saved now keeps the others from it, and the lock is
 * given back, for who is probed may say nothing for long, and queries would wait. */
void
pn_fleet_task_begun(struct pn_fleet *fleet, const struct pn_task *task, uint64_t now);
/* Another process of the host is at it (it holds the board's lock): no failure, and due
 * again in 50 ms unless pn_fleet_load() has brought the answer by then. */
void
pn_fleet_task_elsewhere(struct pn_fleet *fleet, const struct pn_task *task,
                        uint64_t now);
/* Is TASK still to be done? No, once a load brought what it asks for, or its deadline
 * has passed. */
bool
pn_fleet_task_stands(const struct pn_fleet *fleet, const struct pn_task *task);
/* PROBE: it answered. */
void
pn_fleet_probed(struct pn_fleet *fleet, const struct pn_task *task, uint64_t now);

/* One range of CLUSTER SLOTS: the primary first. */
struct pn_range {
    uint16_t first, last;
    uint16_t n_nodes; /* of NODE[], at least 1 */
    const struct pn_range_node {
        const char
            *host; /* NULL or "": the host that was asked; "?": unknown, skipped */
        size_t host_len;
        uint16_t port;
        const char *zone; /* may be NULL */
        size_t zone_len;
    } * node;
};

/* The answer to TASK. True: the map changed. */
bool
pn_fleet_learn_slots(struct pn_fleet *fleet, const struct pn_task *task,
                     const struct pn_range *range, size_t n, uint64_t now);
/* The sentinel's answer; ENDPOINT[0] is the primary, the rest are replicas. N == 0: it
 * does not know the service: the next one is asked. */
bool
pn_fleet_learn_primary(struct pn_fleet *fleet, const struct pn_task *task,
                       const struct pn_endpoint *endpoint, size_t n, uint64_t now);
/* HASH: the members are now these; for WARM_NS reads that miss look at the old owner,
 * and deletes go to both. PN_OK or a code. */
int
pn_fleet_learn_members(struct pn_fleet *fleet, const struct pn_endpoint *member,
                       const char *const *names, const double *weights, size_t n,
                       uint64_t warm_ns, uint64_t now, struct pn_why *why);

/* ---- One topology for all processes of a host ------------------------------- */

/* What is known, as bytes that another process of the host can take over: a header with
 * a checksum, the nodes and their health, the map. Returns the bytes needed; nothing is
 * written when CAP is less. Whoever publishes, after a task that failed too, loads what
 * stands there first, under the same lock, so that nothing newer is lost. */
size_t
pn_fleet_save(struct pn_fleet *fleet, void *buf, size_t cap);
/* Takes over what another process of the host (the clock is the same) saved, if it is
 * whole and of this fleet, as far as it is newer: the map by when it was asked for,
 * each node's health by when it changed, a refresh that failed as one of its own. True:
 * something was taken. The bytes are data: every length in them is checked. HASH:
 * health only; members come from the user.
 * Cost: some ns for bytes that were saved or loaded here before; else all of them are
 * read once, and a new map takes 32 KiB for as long as the call lasts. */
bool
pn_fleet_load(struct pn_fleet *fleet, const void *buf, size_t len, uint64_t now);
/* Counts up at every change of the map or the members. */
uint64_t
pn_fleet_epoch(const struct pn_fleet *fleet);

/* ---- Numbers ---------------------------------------------------------------- */

/* clang-format off */
#define PN_FLEET_COUNTERS(X)                                                     \
    X(moved) X(asked) X(tryagain) X(clusterdown)                                 \
    X(refreshes) X(refreshes_forced) X(refreshes_unchanged) X(refreshes_failed)  \
    X(adopted) X(dials) X(dial_failures)                                         \
    X(marked_down) X(marked_up) X(probes) X(retries) X(retries_denied) X(failovers)
/* clang-format on */

struct pn_fleet_counters {
#define PN_FLEET_COUNTER(name) uint64_t name;
    PN_FLEET_COUNTERS(PN_FLEET_COUNTER)
#undef PN_FLEET_COUNTER
    uint64_t map_at;      /* when the map was last learnt; 0: never */
    uint32_t slots_empty; /* CLUSTER: without an owner */
};

const struct pn_fleet_counters *
pn_fleet_counters(const struct pn_fleet *fleet);

#endif
