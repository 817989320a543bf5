/*
 * client - a fleet as a program uses it: its settings, its connections, its numbers
 *
 *     client    the fleet (members, map, health), TLS, a pool of hubs; for all threads
 *     hub       one connection to each node that was needed, and the requests under way
 *               on them; used by one thread at a time (hub.h)
 *
 * A blocking caller takes a hub from the pool, runs its requests, reads the replies
 * where they lie, and gives the hub back: so it has its connections for itself, and the
 * replies of one call need no copy. Hubs are taken last in, first out, so that those
 * beyond what the load needs grow idle and close. An event loop owns a hub of its own
 * for as long as it runs, and everything on that loop is multiplexed over it.
 *
 * Threads: every function here may be called from any thread. The mutex inside is never
 *          held while anything waits, and no callback runs under it.
 * Forks:   seen to by fork() itself (forks.h): no thread is inside while the process is
 *          copied, and the child lets go of the parent's connections without a word.
 */
#ifndef PN_CLIENT_CLIENT_H
#define PN_CLIENT_CLIENT_H

#include "client/code.h"
#include "client/hello.h"
#include "client/stats.h"
#include "fleet/fleet.h"
#include "net/tls.h"

struct pn_client;
struct pn_hub;

/*
 * One topology for all processes of a host: how to share it. Optional; the calls come
 * from any thread and must not block for long. `lock` is taken by one process at a time
 * and ends by itself after HOLD_NS, or when its process dies.
 */
struct pn_board {
    void *context;
    /* Copies what was last published; returns its size (0: nothing), whether or not it
     * fits CAP. */
    size_t (*read)(void *context, void *buf, size_t cap);
    void (*publish)(void *context, const void *buf, size_t len);
    bool (*lock)(void *context, uint64_t hold_ns);
    void (*unlock)(void *context);
};

/* Zero means the default. Strings and files are copied or read at open. */
struct pn_client_opts {
    struct pn_fleet_opts fleet;
    struct pn_hello_opts hello; /* role and is_readonly are set by the hub */
    const char *sentinel_username, *sentinel_password;
    const struct pn_tls_opts *tls; /* NULL: no TLS */
    bool sentinel_tls;             /* speak TLS to sentinels too */
    const struct pn_board *board;  /* NULL: the topology is this client's own */
    /* Where a server is reached that says it is at ENDPOINT, behind a NAT: changes it.
     * NULL: where it says. Called before a dial, from any thread, with no lock held. */
    void (*remap)(void *context, struct pn_endpoint *endpoint);
    void *remap_context;
    uint64_t connect_ns;  /* one dial with its handshake: 2 s */
    uint32_t max_hubs;    /* at once: 64 */
    uint32_t min_hubs;    /* kept though idle: 0 */
    uint64_t idle_ns;     /* a connection idle for longer is closed: 5 min */
    uint64_t lifetime_ns; /* older ones are closed when idle: 1 h; PN_NEVER */
    uint64_t check_ns;    /* idle for longer: looked at before use: 1 s */
    /* How long a blocking caller asks again and again for a reply before it sleeps,
     * where replies come so quickly: 50 us. Waking a sleeping processor costs more than
     * a round trip within a host. PN_NEVER: sleep at once. */
    uint64_t spin_ns;
    uint32_t value_max; /* memcached: the server's item size; 0: 1 MiB */
};

/* Connects to nothing yet. PN_OK; PN_E_INVALID, PN_NET_E_FILES ... with a sentence. */
int
pn_client_open(const struct pn_client_opts *opts, struct pn_client **out,
               struct pn_why *why);
/* Closes every connection. Nobody may hold a hub. */
void
pn_client_free(struct pn_client *client); /* NULL is fine */

/* Takes a hub, waiting until DEADLINE for one. PN_OK, PN_CLIENT_E_POOL,
 * PN_CLIENT_E_CLOSED or PN_E_NOMEM. The quick way is one lock. */
int
pn_client_take(struct pn_client *client, uint64_t now, uint64_t deadline,
               struct pn_hub **hub);
/* The same in slices, for callers that look up between them: until UNTIL, of a wait
 * until DEADLINE; IS_MORE: that was begun by another slice. All of it counts as one. */
int
pn_client_take_slice(struct pn_client *client, uint64_t now, uint64_t until,
                     uint64_t deadline, bool is_more, struct pn_hub **hub);
/* Gives it back; replies are gone. Whatever was left under way is dropped with its
 * connections. */
void
pn_client_give(struct pn_client *client, struct pn_hub *hub, uint64_t now);
/* From now on takes fail, and hubs that come back are freed. */
void
pn_client_close(struct pn_client *client);
/* Closes idle connections that are too old or too many; returns when to call again. */
uint64_t
pn_client_sweep(struct pn_client *client, uint64_t now);
/* Closes all connections that are idle, of blocking callers. */
void
pn_client_drain(struct pn_client *client);

/* How many hubs there are, taken and idle. */
struct pn_pool_counts {
    uint32_t taken, idle, max;
    uint64_t waits, exhausted, opened, closed; /* connections: the last two */
};
struct pn_pool_counts
pn_client_pool(struct pn_client *client);

/* ---- The fleet, under the client's lock ------------------------------------- */

/* Calls FN with the fleet locked: quick, and without a call back into the client. */
void
pn_client_fleet(struct pn_client *client,
                void (*fn)(struct pn_fleet *fleet, void *context), void *context);

/* Why NODE could last not be reached, for people. False: nothing to tell. */
bool
pn_client_why(struct pn_client *client, uint16_t node, struct pn_why *why);

/* Numbers of NODE; stats.h. */
void
pn_client_stats(struct pn_client *client, uint16_t node, struct pn_node_stats *out);

#endif
