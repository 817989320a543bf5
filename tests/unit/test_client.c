#define _POSIX_C_SOURCE 200809L
#include "base/alloc.h"
#include "fleet_of.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* The library's memory: the FAIL_AT-th request for some is refused. */
static atomic_int fail_at, living;

void *
pn_alloc(size_t size)
{
    if (atomic_load(&fail_at) > 0 && atomic_fetch_sub(&fail_at, 1) == 1) {
        return NULL;
    }
    void *p = aligned_alloc(64, (size + 63) / 64 * 64);
    memset(p, 0, size);
    atomic_fetch_add(&living, 1);
    return p;
}

void
pn_free(void *p)
{
    atomic_fetch_sub(&living, p != NULL);
    free(p);
}

static struct pn_why why;

static int
try_open(struct pn_client_opts opts)
{
    static const struct pn_endpoint seed = {.host = "127.0.0.1", .port = 1};
    struct pn_client *client = NULL;
    opts.fleet.seed = &seed;
    opts.fleet.n_seeds = 1;
    why = (struct pn_why){0};
    int rc = pn_client_open(&opts, &client, &why);
    if (rc == PN_OK) {
        pn_client_free(client);
    }
    return rc;
}

/* What is refused is named; nothing is left behind (ASan). */
static void
test_refused(void)
{
    struct pn_client_opts sentinel = {.fleet.kind = PN_FLEET_SENTINEL};
    CHECK_EQ(try_open(sentinel), PN_E_INVALID);
    CHECK(strstr(why.text, "service") != NULL);
    sentinel.fleet.service = "main";
    CHECK_EQ(try_open(sentinel), PN_OK);
    CHECK_EQ(try_open((struct pn_client_opts){.min_hubs = 65}), PN_E_INVALID);
    CHECK(strstr(why.text, "min_connections") != NULL);
    const struct pn_tls_opts tls = {.ca_file = "no/such/file.pem"};
    CHECK_EQ(try_open((struct pn_client_opts){.tls = &tls}), PN_NET_E_FILES);
    CHECK(strstr(why.text, "no/such/file.pem") != NULL);
    struct pn_client_opts place = {
        .fleet = {.kind = PN_FLEET_HASH, .place = "no-such-place"}};
    CHECK_EQ(try_open(place), PN_E_INVALID);
    CHECK(strstr(why.text, "no-such-place") != NULL);
}

/* The options are copied: the caller's memory may go. */
static void
test_copies(void)
{
    char password[] = "secret", name[] = "worker-1";
    struct pn_client *client = NULL;
    struct pn_endpoint seed = {.host = "127.0.0.1", .port = 1};
    struct pn_client_opts opts = {.fleet = {.seed = &seed, .n_seeds = 1},
                                  .hello = {.password = password, .client_name = name}};
    if (CHECK_EQ(pn_client_open(&opts, &client, NULL), PN_OK)) {
        memset(password, 'x', sizeof password);
        memset(name, 'x', sizeof name);
        memset(&seed, 'x', sizeof seed);
        struct pn_hub *hub = take(client);
        struct pn_request r = ask("PING\r\n", PN_REQ_READ, 100);
        CHECK(run(hub, &r) < 0);
        CHECK(pn_client_why(client, 0, &why));
        CHECK(strstr(why.text, "127.0.0.1:1") == why.text);
        CHECK(strstr(why.text, "secret") == NULL);
        give(client, hub);
        pn_client_free(client);
    }
}

static void
count_nodes(struct pn_fleet *fleet, void *context)
{
    size_t *n = context;
    *n = pn_fleet_nodes(fleet);
}

/* Nodes nobody has asked yet have numbers all the same: noughts. */
static void
test_nodes(void)
{
    struct pn_client *client = NULL;
    const struct pn_endpoint seed[2] = {{.host = "127.0.0.1", .port = 1},
                                        {.host = "127.0.0.1", .port = 2}};
    const struct pn_client_opts opts = {
        .fleet = {.kind = PN_FLEET_HASH, .seed = seed, .n_seeds = 2}};
    struct pn_node_stats stats;
    size_t n = 0;
    CHECK_EQ(pn_client_open(&opts, &client, NULL), PN_OK);
    pn_client_fleet(client, count_nodes, &n);
    CHECK_EQ(n, 2);
    pn_client_stats(client, 1, &stats);
    CHECK_EQ(stats.calls, 0);
    pn_client_stats(client, UINT16_MAX, &stats);
    CHECK_EQ(stats.calls, 0);
    CHECK(!pn_client_why(client, 1, &why));
    CHECK(!pn_client_why(client, UINT16_MAX, &why));
    pn_client_free(client);
    pn_client_free(NULL);
}

/* ---- Out of memory ------------------------------------------------------------- */

/* One node of a cluster: sends `A` to its other address, answers B with a long text,
 * pushes something before C. */
struct town {
    struct scripted *server;
    unsigned moves;
};

static void
talk(struct scripted_talk *t, void *context)
{
    struct town *town = context;
    static char text[20000];
    unsigned port = scripted_port(town->server);
    if (scripted_is(t, 0, "CLUSTER")) {
        snprintf(text, sizeof text,
                 "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:%u\r\n", port);
    } else if (scripted_is(t, 0, "A") && town->moves++ == 0) {
        snprintf(text, sizeof text, "-MOVED 7 localhost:%u\r\n", port);
    } else if (scripted_is(t, 0, "B")) {
        snprintf(text, sizeof text, "$5000\r\n%05000d\r\n", 7);
    } else if (scripted_is(t, 0, "C")) {
        snprintf(text, sizeof text, ">2\r\n+news\r\n+x\r\n+c\r\n");
    } else {
        snprintf(text, sizeof text, "+a\r\n");
    }
    scripted_say(t, text);
}

/* All that a client does, as far as memory lets it: every request ends, with its own
 * reply or none. */
static void
live(struct town *town)
{
    enum { N = 20 };
    static const char *const wire[] = {"A\r\n", "B\r\n", "C\r\n"};
    const struct pn_endpoint seed = {.host = "127.0.0.1",
                                     .port = scripted_port(town->server)};
    const struct pn_client_opts opts = {
        .fleet = {.kind = PN_FLEET_CLUSTER, .seed = &seed, .n_seeds = 1}};
    struct pn_client *client = NULL;
    struct pn_hub *hub = NULL;
    struct pn_request r[N];
    struct pn_bytes push;
    uint16_t node;
    town->moves = 0;
    int rc = pn_client_open(&opts, &client, &why);
    if (rc != PN_OK) {
        CHECK_EQ(rc, PN_E_NOMEM);
        return;
    }
    uint64_t now = pn_clock_mono_ns();
    rc = pn_client_take(client, now, now + SECOND, &hub);
    if (rc == PN_OK) {
        pn_hub_keep_pushes(hub, true);
        for (int i = 0; i < N; i++) {
            r[i] = ask(wire[i % 3], PN_REQ_READ, 250);
            r[i].slot = 7;
        }
        CHECK_EQ(pn_hub_run(hub, r, N, now, now + 5 * SECOND), 0);
        for (int i = 0; i < N; i++) {
            struct pn_bytes reply = pn_hub_reply(hub, &r[i]);
            CHECK_EQ(r[i].state, PN_REQ_IDLE);
            CHECK(r[i].rc < 0 || (reply.len > 2 && reply.ptr[1] == "a5c"[i % 3]));
        }
        while (pn_hub_push(hub, &push, &node)) {
            CHECK(push.len == 15 && push.ptr[0] == '>');
        }
        give(client, hub);
    } else {
        CHECK_EQ(rc, PN_E_NOMEM);
    }
    pn_client_free(client);
}

/* Is all memory given back but BEFORE pieces? What a resolver's thread has goes with
 * it, when nobody waits for it any more. */
static bool
settles(int before)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 5000 && atomic_load(&living) != before; i++) {
        nanosleep(&pause, NULL);
    }
    return atomic_load(&living) == before;
}

static void
test_out_of_memory(void)
{
    struct town town = {0};
    town.server = scripted_start(talk, &town);
    int before = atomic_load(&living), n = 0;
    do {
        atomic_store(&fail_at, ++n);
        live(&town);
        CHECK(settles(before));
    } while (atomic_exchange(&fail_at, 0) == 0 && n < 500);
    CHECK(n > 20 && n < 500);
    scripted_stop(town.server);
}

int
main(void)
{
    RUN(test_refused);
    RUN(test_copies);
    RUN(test_nodes);
    RUN(test_out_of_memory);
    return harness_done();
}
