#include "client/code.h"
#include "client/topology.h"
#include "harness.h"

static struct pn_bytes
reply(const char *text)
{
    return (struct pn_bytes){text, strlen(text)};
}

/* As redis 7 answers: two ranges, the second with a replica. */
#define SLOTS_7                                              \
    "*2\r\n"                                                 \
    "*3\r\n:0\r\n:5460\r\n"                                  \
    "*4\r\n$9\r\n127.0.0.1\r\n:7000\r\n$4\r\nid-a\r\n*0\r\n" \
    "*4\r\n:5461\r\n:16383\r\n"                              \
    "*4\r\n$9\r\n127.0.0.1\r\n:7001\r\n$4\r\nid-b\r\n*0\r\n" \
    "*4\r\n$0\r\n\r\n:7002\r\n$4\r\nid-c\r\n"                \
    "*4\r\n$8\r\nhostname\r\n$4\r\nh.ex\r\n$17\r\navailability-zone\r\n$2\r\nz1\r\n"

static void
test_slots(void)
{
    struct pn_topology found;
    if (!CHECK_EQ(pn_topology_slots(reply(SLOTS_7), &found), PN_OK)) {
        return;
    }
    CHECK_EQ(found.n, 2);
    CHECK_EQ(found.range[0].first, 0);
    CHECK_EQ(found.range[0].last, 5460);
    CHECK_EQ(found.range[0].n_nodes, 1);
    CHECK_EQ(found.range[0].node[0].port, 7000);
    CHECK_MEM(found.range[0].node[0].host, "127.0.0.1", 9);
    CHECK_EQ(found.range[1].n_nodes, 2);
    CHECK_EQ(found.range[1].node[1].host_len, 0);
    CHECK_EQ(found.range[1].node[1].zone_len, 2);
    CHECK_MEM(found.range[1].node[1].zone, "z1", 2);
    pn_topology_free(&found);
}

/* Redis before 7 has three fields, before 4 two; the host may be null. */
static void
test_old_and_null(void)
{
    struct pn_topology found;
    const char *old = "*1\r\n*3\r\n:5\r\n:6\r\n*2\r\n$-1\r\n:7000\r\n";
    if (CHECK_EQ(pn_topology_slots(reply(old), &found), PN_OK)) {
        CHECK(found.range[0].node[0].host == NULL);
        pn_topology_free(&found);
    }
    const char *newer = "*1\r\n*3\r\n:5\r\n:6\r\n*3\r\n_\r\n:7000\r\n$1\r\ni\r\n";
    if (CHECK_EQ(pn_topology_slots(reply(newer), &found), PN_OK)) {
        CHECK(found.range[0].node[0].host == NULL);
        pn_topology_free(&found);
    }
    if (CHECK_EQ(pn_topology_slots(reply("*0\r\n"), &found), PN_OK)) {
        CHECK_EQ(found.n, 0);
        pn_topology_free(&found);
    }
}

static void
test_slots_refused(void)
{
    static const char *const bad[] = {
        "+OK\r\n",
        "-ERR This instance has cluster support disabled\r\n",
        "*1\r\n:1\r\n",
        "*1\r\n*2\r\n:0\r\n:1\r\n",
        "*1\r\n*3\r\n:7\r\n:6\r\n*2\r\n$1\r\nh\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\nh\r\n:1\r\n",
        "*1\r\n*3\r\n:-1\r\n:6\r\n*2\r\n$1\r\nh\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:6\r\n*2\r\n$1\r\nh\r\n:65536\r\n",
        "*1\r\n*3\r\n:0\r\n:6\r\n*1\r\n$1\r\nh\r\n",
        "*1\r\n*3\r\n:0\r\n:6\r\n*2\r\n*0\r\n:1\r\n",
        "*2\r\n*3\r\n:0\r\n:6\r\n*2\r\n$1\r\nh\r\n:1\r\n",
        "*16385\r\n",
        "*-1\r\n",
        "*1\r\n*-1\r\n",
        "*1\r\n*3\r\n:0\r\n:6\r\n*-1\r\n",
    };
    struct pn_topology found;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(pn_topology_slots(reply(bad[i]), &found), PN_CLIENT_E_REPLY);
    }
}

/* What is cut short anywhere is refused, and nothing beyond the end is read (ASan). */
static void
test_slots_cut(void)
{
    struct pn_topology found;
    for (size_t len = 0; len < sizeof SLOTS_7 - 1; len++) {
        CHECK_EQ(pn_topology_slots((struct pn_bytes){SLOTS_7, len}, &found),
                 PN_CLIENT_E_REPLY);
    }
}

#define REPLICA(flags)                                                 \
    "*6\r\n$2\r\nip\r\n$8\r\n10.0.0.2\r\n$4\r\nport\r\n$4\r\n6380\r\n" \
    "$5\r\nflags\r\n" flags

static void
test_sentinel(void)
{
    struct pn_endpoint found[PN_TOPOLOGY_NODES];
    const char *good = "*2\r\n$8\r\n10.0.0.1\r\n$4\r\n6379\r\n*2\r\n" REPLICA(
        "$5\r\nslave\r\n") REPLICA("$12\r\ns_down,slave\r\n");
    CHECK_EQ(pn_topology_sentinel(reply(good), found), 2);
    CHECK(strcmp(found[0].host, "10.0.0.1") == 0 && found[0].port == 6379);
    CHECK(strcmp(found[1].host, "10.0.0.2") == 0 && found[1].port == 6380);
    CHECK_EQ(pn_topology_sentinel(reply("*-1\r\n-ERR No such master\r\n"), found), 0);
    CHECK_EQ(pn_topology_sentinel(reply("_\r\n-ERR No such master\r\n"), found), 0);
    /* RESP3: a replica is a map. */
    const char *map = "*2\r\n$1\r\nh\r\n$1\r\n1\r\n*1\r\n%2\r\n$2\r\nip\r\n$1\r\nr\r\n"
                      "$4\r\nport\r\n$1\r\n2\r\n";
    CHECK_EQ(pn_topology_sentinel(reply(map), found), 2);
    CHECK(strcmp(found[1].host, "r") == 0 && found[1].port == 2);
}

static void
test_sentinel_refused(void)
{
    static const char *const bad[] = {
        "-ERR unknown\r\n-ERR unknown\r\n",
        "*2\r\n$1\r\nh\r\n$1\r\n0\r\n*0\r\n",
        "*2\r\n$1\r\nh\r\n$5\r\n65536\r\n*0\r\n",
        "*2\r\n$0\r\n\r\n$1\r\n1\r\n*0\r\n",
        "*2\r\n$1\r\nh\r\n$1\r\n1\r\n",
        "*3\r\n$1\r\nh\r\n$1\r\n1\r\n$1\r\n1\r\n*0\r\n",
        "*2\r\n$1\r\nh\r\n$1\r\n1\r\n*1\r\n:1\r\n",
    };
    struct pn_endpoint found[PN_TOPOLOGY_NODES];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(pn_topology_sentinel(reply(bad[i]), found), PN_CLIENT_E_REPLY);
    }
}

/* A name that is none: of more bytes than a name has, or with a nought in it. */
static void
test_sentinel_names(void)
{
    char text[512], host[PN_FLEET_HOST_MAX + 2];
    struct pn_endpoint found[PN_TOPOLOGY_NODES];
    memset(host, 'h', sizeof host);
    for (int len = PN_FLEET_HOST_MAX; len <= (int)PN_FLEET_HOST_MAX + 1; len++) {
        int n = snprintf(text, sizeof text, "*2\r\n$%d\r\n%.*s\r\n$1\r\n1\r\n*0\r\n",
                         len, len, host);
        CHECK_EQ(pn_topology_sentinel((struct pn_bytes){text, (size_t)n}, found),
                 len == PN_FLEET_HOST_MAX ? 1 : PN_CLIENT_E_REPLY);
    }
    static const char nought[] = "*2\r\n$3\r\na\0b\r\n$1\r\n1\r\n*0\r\n";
    CHECK_EQ(pn_topology_sentinel((struct pn_bytes){nought, sizeof nought - 1}, found),
             PN_CLIENT_E_REPLY);
}

/* What versions to come add behind what we know is stepped over. */
static void
test_more_fields(void)
{
    static const char slots[] =
        "*2\r\n*3\r\n:0\r\n:5\r\n*6\r\n$1\r\nh\r\n:1\r\n$1\r\ni\r\n*1\r\n$1\r\nx\r\n"
        "*2\r\n*1\r\n:1\r\n%1\r\n:2\r\n:3\r\n:4\r\n"
        "*3\r\n:6\r\n:9\r\n*2\r\n$1\r\ng\r\n:2\r\n";
    struct pn_topology found;
    if (CHECK_EQ(pn_topology_slots(reply(slots), &found), PN_OK)) {
        CHECK_EQ(found.n, 2);
        CHECK_EQ(found.range[1].first, 6);
        CHECK_EQ(found.range[1].node[0].port, 2);
        pn_topology_free(&found);
    }
}

/* More replicas than there is room for are left out, not written behind it. */
static void
test_many_replicas(void)
{
    char text[16384];
    size_t len = (size_t)snprintf(text, sizeof text,
                                  "*2\r\n$1\r\nh\r\n$1\r\n1\r\n*100\r\n");
    for (int i = 0; i < 100; i++) {
        const char *one = REPLICA("$5\r\nslave\r\n");
        memcpy(text + len, one, strlen(one));
        len += strlen(one);
    }
    struct pn_endpoint found[PN_TOPOLOGY_NODES];
    CHECK_EQ(pn_topology_sentinel((struct pn_bytes){text, len}, found),
             PN_TOPOLOGY_NODES);
}

int
main(void)
{
    RUN(test_slots);
    RUN(test_old_and_null);
    RUN(test_slots_refused);
    RUN(test_slots_cut);
    RUN(test_sentinel);
    RUN(test_sentinel_refused);
    RUN(test_sentinel_names);
    RUN(test_more_fields);
    RUN(test_many_replicas);
    return harness_done();
}
