#include "fleet.h"
#include "fleet/state.h"

static uint16_t
add(struct pn_fleet *fleet, const char *host, uint16_t port)
{
    struct pn_endpoint endpoint = {.port = port};
    snprintf(endpoint.host, sizeof endpoint.host, "%s", host);
    return pn_fleet_node_at(fleet, &endpoint);
}

static void
test_found_again(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_CLUSTER, 1, NULL);
    uint16_t a = add(fleet, "redis-0.svc", 6379), b = add(fleet, "redis-0.svc", 6380);
    uint16_t c = add(fleet, "redis-0.sv", 6379), d = add(fleet, "/run/redis.sock", 0);
    CHECK(a != b && b != c && c != d && d < pn_fleet_nodes(fleet));
    CHECK_EQ(add(fleet, "redis-0.svc", 6379), a);
    CHECK_EQ(add(fleet, "redis-0.svc", 6380), b);
    CHECK_EQ(add(fleet, "redis-0.sv", 6379), c);
    const struct pn_node *node = pn_fleet_node(fleet, b);
    CHECK(strcmp(node->endpoint.host, "redis-0.svc") == 0 &&
          node->endpoint.port == 6380);
    CHECK(node->role == PN_ROLE_SEED && node->zone[0] == '\0');
    CHECK_EQ(add(fleet, "", 1), PN_NODE_NONE);
    CHECK(pn_fleet_node(fleet, PN_NODE_NONE) == NULL);
    CHECK(pn_fleet_node(fleet, (uint16_t)pn_fleet_nodes(fleet)) == NULL);
    pn_fleet_free(fleet);
}

/* As many as there may be, each found under its number, and then no more. */
static void
test_full(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_CLUSTER, 1, NULL);
    for (unsigned i = 0; i < PN_FLEET_NODES_MAX; i++) {
        struct pn_endpoint endpoint = server(i);
        CHECK_EQ(pn_fleet_node_at(fleet, &endpoint), i);
    }
    struct pn_endpoint more = server(PN_FLEET_NODES_MAX);
    CHECK_EQ(pn_fleet_node_at(fleet, &more), PN_NODE_NONE);
    for (unsigned i = 0; i < PN_FLEET_NODES_MAX; i++) {
        struct pn_endpoint endpoint = server(i);
        CHECK_EQ(pn_fleet_node_at(fleet, &endpoint), i);
    }
    CHECK_EQ(pn_fleet_nodes(fleet), PN_FLEET_NODES_MAX);
    pn_fleet_free(fleet);
}

/* Nodes come and go for ever: numbers are used again, births are not. */
static void
test_forgotten(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_CLUSTER, 1, NULL);
    uint32_t born = 0;
    for (unsigned i = 0; i < 20000; i++) {
        char host[64];
        snprintf(host, sizeof host, "pod-%u.%s", i, i % 7 == 0 ? "a.long.domain" : "b");
        uint16_t number = add(fleet, host, 6379);
        CHECK(pn_fleet_node(fleet, number)->born > born);
        born = pn_fleet_node(fleet, number)->born;
        if (i >= 10) { /* the one before the last ten */
            snprintf(host, sizeof host, "pod-%u.%s", i - 10,
                     (i - 10) % 7 == 0 ? "a.long.domain" : "b");
            uint16_t old = add(fleet, host, 6379);
            CHECK_EQ(strcmp(pn_fleet_node(fleet, old)->endpoint.host, host), 0);
            fleet_forget(fleet, old);
            CHECK(pn_fleet_node(fleet, old) == NULL);
        }
    }
    CHECK(pn_fleet_nodes(fleet) < 40);
    pn_fleet_free(fleet);
}

/* A number is not given away at once, so that late events find nobody. */
static void
test_number_rests(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_CLUSTER, 1, NULL);
    uint16_t a = add(fleet, "a", 1);
    fleet_forget(fleet, a);
    CHECK(add(fleet, "b", 1) != a);
    pn_fleet_trouble(fleet, a, PN_TROUBLE_DIAL, START);
    pn_fleet_connected(fleet, a, START);
    pn_fleet_well(fleet, a, START);
    CHECK_EQ(pn_fleet_dial(fleet, a, START), PN_NEVER);
    pn_fleet_undial(fleet, a);
    pn_fleet_free(fleet);
}

static void
test_zone(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_CLUSTER, 1, NULL);
    struct fleet_node *node = fleet_at(fleet, 0);
    CHECK(fleet_set_zone(fleet, node, "eu-central-1", 12));
    CHECK(!fleet_set_zone(fleet, node, "eu-central-1", 12));
    CHECK(strcmp(pn_fleet_node(fleet, 0)->zone, "eu-central-1") == 0);
    CHECK(fleet_set_zone(fleet, node, "us", 2));
    CHECK(strcmp(pn_fleet_node(fleet, 0)->zone, "us") == 0);
    CHECK(fleet_set_zone(fleet, node, NULL, 0));
    CHECK(pn_fleet_node(fleet, 0)->zone[0] == '\0');
    pn_fleet_free(fleet);
}

int
main(void)
{
    RUN(test_found_again);
    RUN(test_full);
    RUN(test_forgotten);
    RUN(test_number_rests);
    RUN(test_zone);
    return harness_done();
}
