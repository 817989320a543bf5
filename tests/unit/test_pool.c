#define _GNU_SOURCE
#include "client/engine.h"
#include "fleet_of.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static void
talk(struct scripted_talk *t, void *context)
{
    (void)context;
    if (!scripted_is(t, 0, "NEVER")) {
        scripted_say(t, "+OK\r\n");
    }
}

static int
ping(struct pn_hub *hub)
{
    struct pn_request r = ask("PING\r\n", PN_REQ_READ, 20000);
    return run(hub, &r);
}

/* The hub given back last is taken first, so that others grow idle. */
static void
test_last_in_first_out(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *a = take(client), *b = take(client);
    give(client, a);
    give(client, b);
    CHECK(take(client) == b);
    CHECK(take(client) == a);
    CHECK_EQ(pn_client_pool(client).taken, 2);
    give(client, a);
    give(client, b);
    CHECK_EQ(pn_client_pool(client).idle, 2);
    pn_client_free(client);
    scripted_stop(server);
}

struct waiter {
    struct pn_client *client;
    struct pn_hub *hub;
    pthread_t thread;
};

static void *
give_later(void *arg)
{
    struct waiter *waiter = arg;
    usleep(30000);
    give(waiter->client, waiter->hub);
    return NULL;
}

/* Who finds all hubs taken waits, for as long as its deadline lets it. */
static void
test_waits(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    const struct pn_client_opts opts = {.max_hubs = 1};
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1, opts);
    struct pn_hub *second = NULL;
    struct waiter waiter = {.client = client, .hub = take(client)};
    uint64_t now = pn_clock_mono_ns();
    CHECK_EQ(pn_client_take(client, now, now, &second), PN_CLIENT_E_POOL);
    CHECK_EQ(pn_client_take(client, now, now + 20 * MS, &second), PN_CLIENT_E_POOL);
    CHECK(pn_clock_mono_ns() >= now + 20 * MS);
    CHECK_EQ(pn_client_pool(client).exhausted, 2);
    CHECK_EQ(pn_client_pool(client).waits, 2);
    for (uint64_t i = 1; i <= 3; i++) { /* one wait, whose last slice is in vain */
        uint64_t until = now + i * 2 * MS;
        CHECK_EQ(pn_client_take_slice(client, now, until, now + 6 * MS, i > 1, &second),
                 PN_CLIENT_E_POOL);
        CHECK_EQ(pn_client_pool(client).exhausted, 2 + i / 3);
    }
    CHECK_EQ(pn_client_pool(client).waits, 3);
    pthread_create(&waiter.thread, NULL, give_later, &waiter);
    now = pn_clock_mono_ns();
    CHECK_EQ(pn_client_take(client, now, now + 10 * SECOND, &second), PN_OK);
    CHECK(second == waiter.hub);
    pthread_join(waiter.thread, NULL);
    give(client, second);
    pn_client_free(client);
    scripted_stop(server);
}

enum { THREADS = 8, TURNS = 200 };

static void *
hammer(void *arg)
{
    struct pn_client *client = arg;
    for (int i = 0; i < TURNS; i++) {
        struct pn_hub *hub = NULL;
        uint64_t now = pn_clock_mono_ns();
        if (CHECK_EQ(pn_client_take(client, now, now + 20 * SECOND, &hub), PN_OK)) {
            CHECK_EQ(ping(hub), 0);
            give(client, hub);
        }
    }
    return NULL;
}

static void
test_threads(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    const struct pn_client_opts opts = {.max_hubs = 3};
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1, opts);
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&thread[i], NULL, hammer, client);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
    }
    struct pn_pool_counts counts = pn_client_pool(client);
    CHECK_EQ(counts.taken, 0);
    CHECK(counts.idle <= 3);
    CHECK(scripted_connections(server) <= 3);
    struct pn_node_stats stats;
    pn_client_stats(client, 0, &stats);
    CHECK_EQ(stats.calls, THREADS * TURNS);
    pn_client_free(client);
    scripted_stop(server);
}

/* What was left under way, or changed for one caller, is not another's to find. */
static void
test_given_back_dirty(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    CHECK_EQ(ping(hub), 0);
    struct pn_request r = ask("NEVER\r\n", 0, 60000);
    uint64_t now = pn_clock_mono_ns();
    CHECK_EQ(pn_hub_run(hub, &r, 1, now, now + MS), 1);
    give(client, hub);
    hub = take(client);
    CHECK_EQ(ping(hub), 0);
    CHECK_EQ(scripted_connections(server), 2);
    pn_hub_soil(hub);
    give(client, hub);
    hub = take(client);
    CHECK_EQ(ping(hub), 0);
    CHECK_EQ(scripted_connections(server), 3);
    pn_hub_keep_pushes(hub, true); /* clean, but what is kept for it */
    give(client, hub);
    hub = take(client);
    CHECK_EQ(ping(hub), 0);
    CHECK_EQ(scripted_connections(server), 3);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* Idle ones close, but for as many as are to be kept. */
static void
test_sweep(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    const struct pn_client_opts opts = {.min_hubs = 1, .idle_ns = SECOND};
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1, opts);
    struct pn_hub *hub[3];
    for (int i = 0; i < 3; i++) {
        hub[i] = take(client);
    }
    for (int i = 0; i < 3; i++) {
        give(client, hub[i]);
    }
    pn_client_sweep(client, pn_clock_mono_ns());
    CHECK_EQ(pn_client_pool(client).idle, 3);
    pn_client_sweep(client, pn_clock_mono_ns() - SECOND); /* a slow thread's time */
    CHECK_EQ(pn_client_pool(client).idle, 3);
    pn_client_sweep(client, pn_clock_mono_ns() + 2 * SECOND);
    CHECK_EQ(pn_client_pool(client).idle, 1);
    pn_client_free(client);
    scripted_stop(server);
}

static void
count_dial_failures(struct pn_fleet *fleet, void *context)
{
    *(uint64_t *)context = pn_fleet_counters(fleet)->dial_failures;
}

/* Connects, but says nothing: its port. */
static int
be_silent(struct pn_endpoint *endpoint)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int silent = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(bind(silent, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(listen(silent, 8), 0);
    CHECK_EQ(getsockname(silent, (struct sockaddr *)&at, &len), 0);
    *endpoint = (struct pn_endpoint){.host = "127.0.0.1", .port = ntohs(at.sin_port)};
    return silent;
}

/* A dial that nobody went on with while its hub was idle has not taken too long: who
 * takes the hub goes on with it. */
static void
test_idle_dial(void)
{
    uint64_t failures = 9;
    struct pn_endpoint seed;
    int silent = be_silent(&seed);
    struct pn_client_opts opts = {.fleet = {.seed = &seed, .n_seeds = 1},
                                  .connect_ns = 4 * SECOND};
    struct pn_client *client = NULL;
    CHECK_EQ(pn_client_open(&opts, &client, NULL), PN_OK);
    uint64_t now = pn_clock_mono_ns();
    struct pn_hub *hub = take(client), *again = NULL;
    struct pn_request r = ask("PING\r\n", 0, 20);
    pn_hub_submit(hub, &r, now);
    pn_hub_step(hub, now);
    CHECK(pn_hub_wake(hub) <=
          r.deadline); /* and not when the dial has taken too long */
    CHECK_EQ(pn_hub_run_more(hub, now + 2 * SECOND), 0);
    CHECK_EQ(r.rc, PN_CLIENT_E_UNSENT);
    pn_client_give(client, hub, now);
    CHECK_EQ(pn_client_take(client, now + 60 * SECOND, 0, &again), PN_OK);
    CHECK(again == hub);
    pn_hub_step(hub, now + 61 * SECOND);
    pn_client_fleet(client, count_dial_failures, &failures);
    CHECK_EQ(failures, 0);
    pn_hub_step(hub, now + 65 * SECOND); /* the time it had is over */
    pn_client_fleet(client, count_dial_failures, &failures);
    CHECK_EQ(failures, 1);
    give(client, hub);
    pn_client_free(client);
    close(silent);
}

/* A query that waits for its connection stays, until it is late; the dial goes on. */
static void
test_idle_query(void)
{
    struct pn_endpoint seed;
    int silent = be_silent(&seed);
    struct pn_client_opts opts = {
        .fleet = {.kind = PN_FLEET_CLUSTER, .seed = &seed, .n_seeds = 1}};
    struct pn_client *client = NULL;
    CHECK_EQ(pn_client_open(&opts, &client, NULL), PN_OK);
    uint64_t now = pn_clock_mono_ns();
    struct pn_hub *hub = take(client), *again = NULL;
    pn_hub_step(hub, now);
    CHECK_EQ(hub->task.kind, PN_TASK_SLOTS);
    CHECK_EQ(hub->task_request.state, PN_REQ_WAITING);
    pn_client_give(client, hub, now);
    CHECK_EQ(hub->task.kind, PN_TASK_SLOTS);
    CHECK_EQ(pn_client_take(client, now + 1, now, &again), PN_OK);
    CHECK_EQ(hub->task.kind, PN_TASK_SLOTS);
    pn_client_give(client, hub, now + 1);
    CHECK_EQ(pn_client_take(client, now + 60 * SECOND, now, &again), PN_OK);
    CHECK_EQ(hub->task.kind, PN_TASK_NONE);
    CHECK_EQ(hub->n_busy, 1);
    CHECK_EQ(pn_hub_pending(hub), 0);
    give(client, hub);
    pn_client_free(client);
    close(silent);
}

static void
test_closed(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client), *none = NULL;
    pn_client_close(client);
    uint64_t now = pn_clock_mono_ns();
    CHECK_EQ(pn_client_take(client, now, now + SECOND, &none), PN_CLIENT_E_CLOSED);
    CHECK_EQ(ping(hub), 0); /* what is taken goes on until it is given back */
    give(client, hub);
    CHECK_EQ(pn_client_pool(client).taken, 0);
    CHECK_EQ(pn_client_pool(client).idle, 0);
    pn_client_free(client);
    scripted_stop(server);
}

int
main(void)
{
    RUN(test_last_in_first_out);
    RUN(test_waits);
    RUN(test_threads);
    RUN(test_given_back_dirty);
    RUN(test_sweep);
    RUN(test_idle_dial);
    RUN(test_idle_query);
    RUN(test_closed);
    return harness_done();
}
