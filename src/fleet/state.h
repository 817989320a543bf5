/*
 * state - what a fleet is made of, for the files of this room
 *
 *     nodes.c    the table of nodes, by number and by endpoint
 *     health.c   up, down, loading, apart; probes    dial.c        connections: when
 *     budget.c   retries: whether, when              task.c        what is to be done
 *     refresh.c  the topology: when to ask           ask.c         whom
 *     believe.c  whether to believe the answer       slots.c       the map of a cluster
 *     sentinel.c who is the primary                  members.c     of a HASH fleet
 *     route.c    who gets a request                  route_hash.c  the same, of members
 *     save.c     all of it as bytes                  load.c        another's bytes
 *     fleet.c    making one
 *
 * Nothing here is seen outside; names begin with fleet_. A `now` is never 0 in earnest:
 * 0 stands for never in the times that say when something was.
 */
#ifndef PN_FLEET_STATE_H
#define PN_FLEET_STATE_H

#include "fleet/fleet.h"

#define FLEET_MS UINT64_C(1000000)
#define FLEET_S UINT64_C(1000000000)

/* ---- Nodes ------------------------------------------------------------------ */

/* What walks over all nodes look at comes first: there may be a thousand, and they are
 * walked at every answer. */
struct fleet_node {
    uint16_t next;                        /* in its bucket */
    uint16_t first_replica, next_replica; /* a ring is not needed: a list by primary */
    uint16_t turn;                        /* of reads over its replicas */
    bool is_used;                         /* the number is taken */
    bool is_seed;                         /* the user named it: never forgotten */
    bool is_listed;                       /* in the map or list that is being learnt */
    uint8_t missed;                       /* maps in a row without it */
    bool has_errand;     /* a task was handed out for it: one dial is free */
    bool missed_deletes; /* was down during a warm-up: not looked at again */
    bool is_lost;        /* its loss was counted, and no connection has stood since */
    struct pn_node shown;
    char *host, *zone; /* what shown points to; room for host_room, zone_room bytes */
    uint16_t host_room, zone_room, host_len;
    uint32_t probe_id; /* of the probe under way, or 0 */
    uint64_t probe_ends, probe_wait;
    uint64_t up_at, changed_at;     /* of its health */
    uint64_t well_at;               /* when it last answered; 0: not yet */
    uint64_t refused_at;            /* since when it says CLUSTERDOWN; 0: it does not */
    uint16_t dialling, dial_streak; /* under way; failed in a row */
    uint64_t dial_begun, dial_at;   /* the last one; not before */
};

enum { FLEET_CHUNK = 64, FLEET_BUCKETS = 1024 };

/* Nodes stand in chunks, so that they never move. */
struct fleet_nodes {
    struct fleet_node *chunk[PN_FLEET_NODES_MAX / FLEET_CHUNK];
    uint16_t bucket[FLEET_BUCKETS];
    uint16_t n;              /* numbers are below this */
    uint16_t used;           /* how many are taken */
    uint16_t cursor;         /* where the search for a free number goes on */
    uint16_t last;           /* that was found or added: a list goes on behind it */
    uint32_t born;           /* of the last one added */
    struct fleet_text *text; /* blocks of names */
};

/* ---- The rest of a fleet ----------------------------------------------------- */

enum { FLEET_OLD_MAPS = 4 };

struct fleet_refresh {
    struct pn_task task;  /* kind NONE: none is under way */
    uint64_t begun_at;    /* of the one under way */
    uint64_t meant_at;    /* an answer asked for since then is what it is for */
    bool is_wanted;       /* a forced one, as soon as ready_at lets it */
    bool is_forced;       /* the one under way was */
    uint64_t wanted_at;   /* since when it is wanted */
    uint64_t ready_at;    /* the cooldown ends */
    uint64_t unforced_at; /* one that is planned, or PN_NEVER */
    uint64_t unforced_since;
    uint64_t period_at; /* the next of the timer */
    uint64_t ended_at;
    uint64_t took;      /* by one that was answered, a moving average; 0: none was */
    uint64_t learnt_at; /* when what is known was asked for; 0: nothing is known */
    uint64_t failed_at; /* when the last one ended that was not answered, or not to be
                           believed yet, here or in another process of the host; 0: none
                           did */
    uint64_t hole_at;   /* since when a slot without owner is asked for; 0: none is */
    uint64_t urgent_at; /* when an owner was last found to be cut off, */
    uint64_t urgent_since; /* and when first of the times that follow each other */
    uint64_t stale_at; /* SENTINEL: since when the primary must be confirmed; 0: not */
    uint32_t unchanged, failed; /* in a row */
    uint32_t unknown;           /* sentinels in a row that do not know the service */
    uint32_t hasty;             /* sentinels asked without a pause between */
    bool is_named; /* SENTINEL: the primary was answered, and not yet seen to be one */
    bool is_new;   /* .. and it is another than before */
    uint32_t id;
    uint16_t at;                  /* of seed[]: whom to ask next */
    uint64_t known;               /* hash of the map as it was learnt */
    uint64_t old[FLEET_OLD_MAPS]; /* hashes of maps that gave way */
    uint64_t doubted;             /* an answer that awaits a second word, or 0 */
    uint16_t doubted_by, doubts;
};

struct fleet_budget {
    uint64_t tokens;  /* hundredths of a retry */
    uint64_t allowed; /* of them, in this second */
    uint64_t second_at, floor_at;
};

struct fleet_members;

struct pn_fleet {
    struct pn_fleet_opts opts; /* with the defaults; pointers are NULL */
    char zone[64];
    uint64_t chance; /* state of the generator */
    uint64_t identity, epoch;
    struct fleet_nodes nodes;
    uint16_t *seed;       /* opts.n_seeds numbers; the order in which they are asked */
    uint16_t *slot;       /* CLUSTER: owners */
    uint16_t primary;     /* SINGLE, SENTINEL; PN_NODE_NONE: not known */
    uint32_t owners_down; /* nodes that own slots, or the primary */
    uint64_t well_at;     /* when some node last answered */
    uint64_t probe_at;    /* no probe is due before; a bound, not exact */
    uint64_t saved;       /* checksum of the bytes last saved or loaded */
    struct fleet_members *members; /* HASH */
    struct fleet_refresh refresh;
    struct fleet_budget budget;
    struct pn_fleet_counters counters;
};

/* SplitMix64: cheap, and its whole state is one number. */
static inline uint64_t
fleet_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* A number in [0, BELOW), BELOW < 2^48; 0 for 0. */
static inline uint64_t
fleet_draw(struct pn_fleet *fleet, uint64_t below)
{
    fleet->chance += 0x9e3779b97f4a7c15u;
    return (uint64_t)(((fleet_mix(fleet->chance) >> 48) * below) >> 16);
}

static inline uint64_t
fleet_later(uint64_t now, uint64_t by)
{
    return by >= PN_NEVER - now ? PN_NEVER : now + by;
}

/* ---- nodes.c ----------------------------------------------------------------- */

/* The node that has number NODE, or NULL. */
static inline struct fleet_node *
fleet_at(const struct pn_fleet *fleet, uint16_t node)
{
    if (node >= fleet->nodes.n) {
        return NULL;
    }
    struct fleet_node *it = &fleet->nodes.chunk[node / FLEET_CHUNK][node % FLEET_CHUNK];
    return it->is_used ? it : NULL;
}

struct fleet_name {
    const char *host;
    size_t len;
    uint16_t port;
};

struct fleet_name
fleet_name(const struct pn_endpoint *endpoint);
/* A number that stays while the endpoint is known, or PN_NODE_NONE. */
uint16_t
fleet_find(struct pn_fleet *fleet, struct fleet_name name);
/* Finds it or adds it, with role SEED; NONE when the name is no name, when there are
 * too many, or no memory. */
uint16_t
fleet_add(struct pn_fleet *fleet, struct fleet_name name);
void
fleet_forget(struct pn_fleet *fleet, uint16_t node);
/* Best effort: a zone that does not fit stays empty. True: it is another one now. */
bool
fleet_set_zone(struct pn_fleet *fleet, struct fleet_node *node, const char *zone,
               size_t len);
void
fleet_free_nodes(struct pn_fleet *fleet);
/* Of a node, the same in every process. */
uint64_t
fleet_endpoint_hash(const struct pn_fleet *fleet, uint16_t node);

/* ---- health.c ---------------------------------------------------------------- */

static inline bool
fleet_usable(const struct fleet_node *node, uint64_t now)
{
    return node->shown.health == PN_NODE_UP ||
           (node->shown.health != PN_NODE_DOWN && now >= node->shown.probe_at);
}

/* Does the fleet find out by itself when this one, being down, is up again? */
bool
fleet_is_probed(const struct fleet_node *node);
/* A probe is due or under way: who waits for it will know more. */
static inline bool
fleet_awaits_probe(const struct fleet_node *node, uint64_t now)
{
    return node->probe_id != 0 || now >= node->shown.probe_at;
}

void
fleet_mark_down(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now);
void
fleet_mark_up(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now);
/* NODE has become somebody: it is apart no longer, and its probe, if it is down, need
 * not wait for its turn. The
 * caller recounts. */
void
fleet_probe_soon(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now);
/* After roles or health changed: owners_down, probe_at. */
void
fleet_recount(struct pn_fleet *fleet);
/* Hands out the probe that is due, kind NONE if none is. */
struct pn_task
fleet_probe(struct pn_fleet *fleet, uint64_t now);
void
fleet_probe_failed(struct pn_fleet *fleet, const struct pn_task *task, uint64_t now);
/* The one of NODE that is under way, if any, is not made. */
void
fleet_probe_call_off(struct fleet_node *node);

/* ---- dial.c ------------------------------------------------------------------ */

/* A dial ended well, failed, or a connection was lost: what that means for the next. */
void
fleet_dial_stood(struct fleet_node *node);
/* True: a failure of its own, not one of several that were begun together. */
bool
fleet_dial_failed(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now);
void
fleet_dial_lost(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now);

/* ---- refresh.c --------------------------------------------------------------- */

static inline bool
fleet_has_topology(const struct pn_fleet *fleet)
{
    return fleet->opts.kind == PN_FLEET_CLUSTER ||
           fleet->opts.kind == PN_FLEET_SENTINEL;
}

void
fleet_refresh_init(struct pn_fleet *fleet, uint64_t now);
/* The two classes of triggers. Cheap: called by every request that meets trouble. */
void
fleet_want(struct pn_fleet *fleet, uint64_t now);
void
fleet_want_some_time(struct pn_fleet *fleet, uint64_t now);
/* An owner is cut off from the others: wanted, and urgent for a while. */
void
fleet_want_urgently(struct pn_fleet *fleet, uint64_t now);
/* A node that owns something went down: what was learnt before it does not count. */
void
fleet_refresh_urge(struct pn_fleet *fleet);
/* Somebody waits for the answer: an owner is down or cut off. */
bool
fleet_is_urgent(const struct pn_fleet *fleet);
/* When the next refresh begins, or the deadline of the one under way. */
uint64_t
fleet_refresh_at(const struct pn_fleet *fleet);
struct pn_task
fleet_refresh_task(struct pn_fleet *fleet, uint64_t now);
bool
fleet_refresh_is(const struct pn_fleet *fleet, const struct pn_task *task);
/* SENTINEL: the next one is asked at once, a round of them at most. */
void
fleet_refresh_hasten(struct pn_fleet *fleet, uint64_t now);
/* The one under way ended with an answer that was believed, or not, or with none. */
void
fleet_refresh_learnt(struct pn_fleet *fleet, bool is_changed, uint64_t now);
void
fleet_refresh_doubted(struct pn_fleet *fleet, uint64_t now);
void
fleet_refresh_failed(struct pn_fleet *fleet, uint64_t now);
/* Another process asked at AT, and this is known now. */
void
fleet_refresh_adopted(struct pn_fleet *fleet, uint64_t at, bool is_changed,
                      uint64_t now);
/* Another process's FAILED-th attempt in a row failed at AT: ours is as if it had. Not
 * so before anything is known: nobody can go on with what he has. FAILED 0, CLUSTER: it
 * was answered, and the answer awaits a second word, which is the other's to ask for;
 * ours comes after it. True: it was news. */
bool
fleet_refresh_warned(struct pn_fleet *fleet, uint64_t at, uint32_t failed);
/* Nobody has answered for two whole rounds of those who could be asked. */
bool
fleet_is_deaf(const struct pn_fleet *fleet);

/* What was begun last, and not yet in earnest, is not made now. */
void
fleet_refresh_call_off(struct pn_fleet *fleet);

/* ---- ask.c ------------------------------------------------------------------- */

/* Failures in a row that are chance; then the seeds are asked too, and the cooldown
 * grows. */
enum { FLEET_FAILURES_FREE = 3 };

uint16_t
fleet_whom_to_ask(struct pn_fleet *fleet, uint64_t now);
/* How long an answer may take. */
uint64_t
fleet_patience(const struct pn_fleet *fleet);

/* ---- believe.c ---------------------------------------------------------------- */

/* Is an answer with this HASH to be taken on the word of BY alone? IS_ODD: it knows
 * less than we do, or nothing of what we know. False: a second node is asked first. */
bool
fleet_believe(struct pn_fleet *fleet, uint64_t hash, uint16_t by, bool is_odd);
/* It is what is known from now on. */
void
fleet_replace_map(struct pn_fleet *fleet, uint64_t hash);
/* It is not: what it replaced is known again. */
void
fleet_take_back_map(struct pn_fleet *fleet);

/* ---- slots.c ----------------------------------------------------------------- */

void
fleet_give_slot(struct pn_fleet *fleet, uint32_t slot, uint16_t node);
/* A new map: between begin and end each node in it is listed once. SLOT becomes the
 * map; end() is true when anything changed. */
uint64_t
fleet_list_begin(struct pn_fleet *fleet);
void
fleet_list_primary(struct pn_fleet *fleet, uint16_t node, uint64_t now);
void
fleet_list_replica(struct pn_fleet *fleet, uint16_t node, uint16_t primary,
                   uint64_t now);
bool
fleet_list_end(struct pn_fleet *fleet, uint64_t before, const uint16_t *slot);

/* ---- sentinel.c -------------------------------------------------------------- */

/* What was named last cannot be reached, or says that it is no primary. Once for each
 * answer, until a connection has confirmed it. */
void
fleet_refute(struct pn_fleet *fleet, uint64_t now);
/* Takes NODE[0], the primary, and its replicas; true when anything changed. */
bool
fleet_set_primary(struct pn_fleet *fleet, const uint16_t *node, size_t n, uint64_t now);

/* ---- members.c --------------------------------------------------------------- */

uint16_t
fleet_owner_hash(const struct pn_fleet *fleet, const char *key, size_t len);

int
fleet_members_new(struct pn_fleet *fleet, const struct pn_fleet_opts *opts,
                  struct pn_why *why);
void
fleet_members_free(struct pn_fleet *fleet);
struct pn_route
fleet_route_hash(struct pn_fleet *fleet, const struct pn_route_ask *ask, uint64_t now);
/* When a warm-up ends, or PN_NEVER; and ending it when that is past. */
uint64_t
fleet_warm_until(const struct pn_fleet *fleet);
void
fleet_warm_end(struct pn_fleet *fleet, uint64_t now);

/* ---- budget.c ---------------------------------------------------------------- */

void
fleet_budget_init(struct pn_fleet *fleet, uint64_t now);

#endif
