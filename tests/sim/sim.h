/*
 * sim - a fleet of ten thousand clients in virtual time
 *
 *     world.c     servers: slots, deaths, promotions, what a query and a dial cost them
 *     client.c    a process: its requests, its connections, its tasks
 *     pinyon.c    what it knows and decides, by src/fleet
 *     others.c    the same by the rules of redis-py, go-redis and valkey-glide, as far
 *                 as their documents and sources state them (not the libraries)
 *     check.c     what must hold in every run
 *     script.c    what happens: deaths, resharding, partitions, restarts
 *     heap.c      the queue of events, and memory
 *     main.c      arguments, runs, tables
 *
 * Everything follows from the seed: the same seed is the same run to the last event,
 * and a seed that fails is the bug report.
 *
 * A request is a sample: half of them go where the trouble is, so that each process
 * meets it as soon as one with thousands of requests a second would. Requests cost the
 * servers nothing but the share of their time that is set aside (LOAD_PERCENT); queries
 * of the topology and dials cost CPU, queue up, and delay everybody behind them.
 */
#ifndef PN_SIM_H
#define PN_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../support/rng.h"
#include "fleet/fleet.h"

#define MS UINT64_C(1000000)
#define SEC UINT64_C(1000000000)
#define US UINT64_C(1000)
#define START (1000 * SEC)

enum {
    NODES_MAX = 1024,
    BUCKET_MS = 250,
    BUCKETS_MAX = 400,
    NOBODY = UINT16_MAX,
};

/* ---- Events --------------------------------------------------------------------- */

enum event_kind {
    EV_STEP,    /* a request goes on: begins, is routed again */
    EV_DIALLED, /* its dial ended: arg is whether it stands */
    EV_REPLY,   /* arg: enum reply */
    EV_POLL,    /* a process looks whether a task is due */
    EV_TASK,    /* a task ended: arg is whether it was answered */
    EV_SCRIPT,
    EV_SAMPLE,
};

struct event {
    uint64_t at, order; /* order: first come among equal times */
    uint32_t process, seq;
    uint16_t kind, arg;
};

struct heap {
    struct event *event;
    size_t n, room;
    uint64_t order;
};

/* calloc() and realloc() that end the program where there is no memory. */
void *
take(size_t n, size_t size);
void *
take_more(void *old, size_t bytes);
void
heap_push(struct heap *heap, struct event event);
bool
heap_pop(struct heap *heap, struct event *event);

/* ---- The world ------------------------------------------------------------------ */

enum reply {
    REPLY_OK,
    REPLY_MOVED,   /* by world.owner */
    REPLY_DOWN,    /* CLUSTERDOWN */
    REPLY_LOST,    /* the connection broke */
    REPLY_TIMEOUT, /* nothing came */
};

struct server {
    struct pn_endpoint endpoint;
    uint16_t shard;
    bool is_dead;            /* the process: refuses */
    bool is_cut_off;         /* from the other servers: keeps its old map */
    bool is_broken;          /* accepts, and ends the connection at the first request */
    bool is_listed;          /* as a replica, by the others */
    uint8_t life;            /* counts up when all its connections end */
    uint64_t down_at;        /* cut off: since then it says CLUSTERDOWN */
    uint64_t busy;           /* until when it has work */
    uint32_t queries, dials; /* in this bucket */
};

struct shard {
    uint16_t primary;     /* by the map that most know */
    uint64_t promoted_at; /* 0: nothing happened */
    bool is_hit;
};

/* CLUSTER SLOTS as one side of the cluster answers it. */
struct view {
    uint16_t owner[PN_FLEET_SLOTS];
    struct pn_range range[PN_FLEET_SLOTS];
    struct pn_range_node *node; /* by range, 1 + replicas each */
    size_t n;
    bool is_stale; /* the ranges are to be made again */
};

struct sim;

struct size {
    uint32_t shards, replicas, hosts, procs; /* procs: on each host */
};

/* ---- Processes ------------------------------------------------------------------ */

struct policy;

struct request {
    uint32_t slot;
    uint16_t node, pinned, avoid; /* pinned: where a redirect points, or NOBODY */
    uint16_t attempts, redirects;
    uint64_t chain_at; /* when the application first wanted this */
    uint64_t deadline;
    bool is_active, had_trouble;
    bool is_waiting; /* nobody can take it now */
    bool is_aside;   /* another one, between two attempts at the one that fails */
};

struct duty { /* a task under way */
    bool is_active;
    uint16_t node;
    uint32_t seq;
    struct pn_task task;
    uint64_t deadline;
    unsigned more; /* glide: how many nodes are asked beside it */
};

struct process {
    uint32_t host, number, seq;
    struct rng rng;
    struct request request, stuck; /* stuck: what failed and is to be made again */
    struct duty duty;
    uint64_t poll_at; /* of the poll event that is queued; 0: none */
    void *brain;      /* the policy's */
    uint64_t requests, retries;
    /* What it has seen, for check.c: the last answer; a node that refuses, since when,
     * and when last it did so while others answered. */
    uint64_t ok_at, refused_since, apart_at;
    uint16_t refused_by;
};

struct board { /* what the processes of a host share */
    void *bytes;
    size_t len, room;
    uint32_t holder; /* process + 1; 0: nobody */
    uint64_t until;
};

enum decision { GO, WAIT, FAIL };

struct policy {
    const char *name;
    unsigned redirects_max;
    void (*open)(struct sim *sim, struct process *process);
    void (*close)(struct sim *sim, struct process *process);
    /* GO: *node; WAIT: *at. */
    enum decision (*route)(struct sim *sim, struct process *process, uint16_t *node,
                           uint64_t *at);
    uint64_t (*dial)(struct sim *sim, struct process *process, uint16_t node);
    void (*dialled)(struct sim *sim, struct process *process, uint16_t node,
                    bool stands);
    void (*replied)(struct sim *sim, struct process *process, uint16_t node,
                    enum reply reply, uint16_t target);
    /* When to try again after REPLY; PN_NEVER: the application gets an error. */
    uint64_t (*retry)(struct sim *sim, struct process *process, enum reply reply);
    /* Fills in a duty that is to be done now. */
    bool (*duty)(struct sim *sim, struct process *process, struct duty *duty);
    void (*done)(struct sim *sim, struct process *process, const struct duty *duty,
                 const struct view *view); /* NULL: it failed */
    uint64_t (*wake)(struct sim *sim, struct process *process);
};

extern const struct policy policy_pinyon, policy_redis_py, policy_go_redis,
    policy_glide;

/* ---- A run ---------------------------------------------------------------------- */

struct bucket {
    uint32_t queries, dials, ok, errors, moved, node_queries, node_dials;
    uint32_t busy_ms; /* the longest queue */
};

struct scenario;

struct sim {
    uint64_t now, seed;
    struct size size;
    const struct policy *policy;
    const struct scenario *scenario;
    struct rng rng;
    struct heap heap;
    uint32_t n_nodes, n_processes;
    struct server server[NODES_MAX];
    struct shard shard[NODES_MAX];
    struct view view[2]; /* of most, of those cut off */
    uint32_t hit[NODES_MAX];
    uint32_t n_hit;       /* shards where the trouble is */
    bool is_all_down;     /* CLUSTERDOWN everywhere */
    uint32_t blind_hosts; /* of 1000: cannot reach those cut off */
    struct process *process;
    struct board *board;
    uint8_t *life;  /* [process * nodes]: of the connection; 0: none */
    uint8_t *dials; /* [process * nodes]: in this second */
    struct bucket bucket[BUCKETS_MAX];
    uint32_t *recovery; /* ms, one a chain of trouble that ended */
    size_t n_recovery, recovery_room;
    uint32_t refused_queries; /* in this second, while all refuse */
    uint64_t never;           /* chains that did not end */
    uint64_t requests, errors, queries, dials_all, retries;
    uint64_t *asked_at; /* hosts: the last query; [6 * host] */
    unsigned number;    /* of this run among all */
    unsigned of;
    const char *failed; /* the invariant that was broken first */
    char failure[256];
};

struct scenario { /* times in ns, where the name does not say other */
    const char *name, *what;
    uint64_t length;
    uint64_t think; /* between two requests of a process, on average */
    bool is_cold;   /* clients know three seeds, and have no connection */
    uint64_t
        recovery_ms; /* within which who had trouble succeeds, if not RECOVERY_MS */
    /* Queues its first event; is called with each of them. */
    void (*script)(struct sim *sim, uint16_t step);
};

extern const struct scenario scenarios[];
extern const size_t n_scenarios;

/* world.c */
void
world_open(struct sim *sim);
void
world_close(struct sim *sim);
/* One of the three nodes whose names all clients were given. */
uint16_t
world_seed(const struct sim *sim, uint32_t i);
bool
world_reaches(const struct sim *sim, const struct process *process, uint16_t node);
/* A dial begins: *stands and when it ends. */
uint64_t
world_dial(struct sim *sim, const struct process *process, uint16_t node, bool *stands);
uint64_t
world_request(struct sim *sim, const struct process *process, uint16_t node,
              uint32_t slot, enum reply *reply);
uint16_t
world_target(const struct sim *sim, uint16_t node, uint32_t slot);
uint64_t
world_query(struct sim *sim, const struct process *process, uint16_t node,
            uint64_t deadline, bool *is_answered);
const struct view *
world_view(struct sim *sim, uint16_t node);
void
world_kill(struct sim *sim, uint16_t node);
void
world_start(struct sim *sim, uint16_t node);
/* The replica of SHARD is primary from now on. */
void
world_promote(struct sim *sim, uint32_t shard);
void
world_give(struct sim *sim, uint32_t slot, uint32_t shard);
void
world_hit(struct sim *sim, uint32_t shard);

/* client.c */
void
client_open(struct sim *sim);
void
client_close(struct sim *sim);
void
client_event(struct sim *sim, const struct event *event);
void
client_at(struct sim *sim, struct process *process, enum event_kind kind, uint16_t arg,
          uint64_t at);

/* check.c */
void
check_fail(struct sim *sim, const char *what, const struct process *process);
void
check_query(struct sim *sim, const struct process *process, uint16_t node,
            bool is_first);
void
check_reply(struct sim *sim, struct process *process, enum reply reply);
void
check_dial(struct sim *sim, const struct process *process, uint16_t node);
void
check_recovery(struct sim *sim, const struct process *process, uint64_t ms,
               bool is_reached);
void
check_end(struct sim *sim);

#endif
