#include "fleet_of.h"

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

int
main(void)
{
    RUN(test_refused);
    RUN(test_copies);
    RUN(test_nodes);
    return harness_done();
}
