/*
 * engine - the inside of a client and of its hubs, for the files of this room only
 *
 *     hub.c         submitting, routing, finishing: the life of a request
 *     hub_dial.c    names and addresses, until a connection stands
 *     hub_link.c    what goes out and comes in on connections, losing them
 *     hub_answer.c  acting on what the server said
 *     hub_task.c    topology and probes
 *     hub_wait.c    waiting for all of it: blocking callers
 *     hub_loop.c    telling an event loop what to wait for
 *     client.c      what hubs share;   pool.c  who has which hub;   forks.c  forks
 */
#ifndef PN_CLIENT_ENGINE_H
#define PN_CLIENT_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "client/hub.h"
#include "client/link.h"

/* What a client keeps of a node besides the fleet's view; made at first use, never
 * freed before the client. */
struct pn_client_node {
    struct pn_node_counts counts;
    _Atomic uint32_t told; /* of client->troubles, when the fleet heard of an answer */
    struct pn_why why;     /* under the lock: the last failure to connect */
};

struct pn_client {
    struct pn_client_opts opts;
    char *text; /* one block with all strings of opts */
    bool has_board;
    struct pn_board board;
    struct pn_tls_context *tls;
    struct pn_fleet *fleet;      /* under the lock */
    _Atomic uint64_t fleet_wake; /* pn_fleet_wake(), readable without it */
    _Atomic uint32_t troubles; /* of any node: the first answer of each one after it is
                                  told to the fleet, which compares */
    pthread_mutex_t lock;
    uint16_t asked; /* for the topology, in vain, the last time; under the lock */
    int asked_rc;   /* .. and why */
    _Atomic(struct pn_client_node *) node[PN_FLEET_NODES_MAX];

    /* The pool, under the lock. */
    pthread_cond_t freed;
    struct pn_hub *idle; /* last in, first out */
    struct pn_hub *all;
    uint32_t n_idle, n_hubs;
    bool is_closed;
    uint64_t sweep_at;
    uint64_t waits, exhausted;
    _Atomic uint64_t opened, closed; /* connections */

    struct pn_client *next_open, **at_open; /* forks.c */
};

struct pn_push {
    uint32_t link;
    size_t at, len;
};

struct pn_hub {
    struct pn_client *client;
    bool is_looped;
    bool is_pooled;
    bool keeps_pushes;
    bool is_soiled;
    _Atomic bool
        is_entered; /* a thread changes it right now: a fork leaves it in pieces */
    struct pn_link **link; /* by node number, NULL where none was needed */
    uint32_t n_links;
    struct pn_link **busy; /* dialing, or with something to send or to come */
    uint32_t n_busy, busy_cap;
    struct pn_link *held;
    struct pn_list waiting, finished;
    size_t pending;   /* requests of callers that are not finished */
    uint64_t wake_at; /* nothing is due before */
    uint64_t losses;
    uint32_t n_changes;

    struct pn_push *push; /* a ring is not needed: all are read, then released */
    uint32_t n_pushes, push_cap, push_at;

    struct pn_task task; /* kind NONE: none under way */
    struct pn_request task_request;
    bool has_board_lock;
    char task_wire[512];

    struct pn_hub *next_idle, *next_all, **at_all;
    uint64_t idle_since;
};

static inline void
pn_hub_wake_by(struct pn_hub *hub, uint64_t at)
{
    hub->wake_at = at < hub->wake_at ? at : hub->wake_at;
}

/* Around what a thread does with the hub on its own. */
static inline void
pn_hub_enter(struct pn_hub *hub)
{
    (void)atomic_exchange(&hub->is_entered, true);
}

static inline void
pn_hub_leave(struct pn_hub *hub)
{
    atomic_store_explicit(&hub->is_entered, false, memory_order_release);
}

/* ---- client.c ---------------------------------------------------------------- */

void
pn_client_init_locks(struct pn_client *client);

/* The lock of the fleet; unlocking renews fleet_wake. */
struct pn_fleet *
pn_client_lock(struct pn_client *client);
void
pn_client_unlock(struct pn_client *client);
/* NULL: no memory; counting is then left out. */
struct pn_client_node *
pn_client_node(struct pn_client *client, uint16_t node);
/* Keeps WHY (may be NULL) as the last failure of NODE. Under the lock. */
void
pn_client_blame(struct pn_client *client, uint16_t node, const struct pn_why *why);

/* BY more of NAME, a counter of stats.h, at the node NUMBER if that is known. */
#define PN_COUNT(client, number, name, by)                                 \
    do {                                                                   \
        struct pn_client_node *node_ = pn_client_node((client), (number)); \
        if (node_ != NULL) {                                               \
            atomic_fetch_add_explicit(&node_->counts.name, (by),           \
                                      memory_order_relaxed);               \
        }                                                                  \
    } while (0)

/* ---- hub.c --------------------------------------------------------------------- */

/* REQUEST ends with RC. */
void
pn_hub_finish(struct pn_hub *hub, struct pn_request *request, int rc);
/* REQUEST waits to be routed, not before AT. */
void
pn_hub_requeue(struct pn_hub *hub, struct pn_request *request, uint64_t at);
/* Requests that wait for the topology need wait no longer. */
void
pn_hub_rouse(struct pn_hub *hub, uint64_t now);

/* ---- hub_link.c ------------------------------------------------------------------ */

/* The link to NODE, made when there is none; NULL: no memory. */
struct pn_link *
pn_hub_link(struct pn_hub *hub, uint16_t node);
bool
pn_hub_set_busy(struct pn_hub *hub, struct pn_link *link);
void
pn_hub_clear_busy(struct pn_hub *hub, struct pn_link *link);
/* Goes on with LINK whatever it waits for: connects, sends, receives. */
void
pn_hub_go_on(struct pn_hub *hub, struct pn_link *link, uint8_t got, uint64_t now);
/* Waits for up to WAIT_NS for bytes on LINK, and takes what came. Something came? */
bool
pn_hub_receive(struct pn_hub *hub, struct pn_link *link, int64_t wait_ns);
/* The connection is of no more use because of CODE: what was under way on it is tried
 * elsewhere or ends. */
void
pn_hub_lose(struct pn_hub *hub, struct pn_link *link, int code,
            const struct pn_why *why, uint64_t now);
/* Closes an idle connection, no hard feelings. */
void
pn_hub_shut(struct pn_hub *hub, struct pn_link *link);
/* For a loop: what is to be watched may have changed. */
void
pn_hub_watch(struct pn_hub *hub, struct pn_link *link);

/* ---- hub_dial.c ---------------------------------------------------------- */

/* The link was told where its node is: begins to dial, or waits for its addresses. */
void
pn_hub_dial(struct pn_hub *hub, struct pn_link *link, uint64_t now);
/* pn_link_progress(), which may have come to the next address. */
int
pn_hub_dial_more(struct pn_hub *hub, struct pn_link *link, struct pn_why *why,
                 uint64_t now);
/* LINK is being opened, and a time is over: its own, or that of one address of it. */
void
pn_hub_dial_late(struct pn_hub *hub, struct pn_link *link, uint64_t now);

/* ---- hub_answer.c -------------------------------------------------------- */

/* The whole reply of REQUEST is there. */
void
pn_hub_answered(struct pn_hub *hub, struct pn_link *link, struct pn_request *request,
                uint64_t now);

/* ---- hub_task.c ---------------------------------------------------------- */

/* Begins or goes on with what the fleet wants done. */
void
pn_hub_tasks(struct pn_hub *hub, uint64_t now);
/* Tells the fleet what the task has brought, if it is finished. */
void
pn_hub_task_learn(struct pn_hub *hub);
/* Gives up on it. */
void
pn_hub_task_abort(struct pn_hub *hub, uint64_t now);

#endif
