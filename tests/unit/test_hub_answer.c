#include "client/engine.h"
#include "fleet_of.h"

/* Two servers of a cluster: A owns all slots. What each says to GET is the test's. */
struct pair {
    struct scripted *peer[2];
    const char *says[2]; /* to GET; "%" becomes the other's port */
    unsigned gets[2];
    unsigned asking; /* times B heard ASKING right before GET */
    bool was_asking;
    unsigned times; /* how often A says says[0] before it says "+a" */
};

static void
say_slots(struct scripted_talk *talk, const struct pair *pair)
{
    char text[128];
    snprintf(text, sizeof text,
             "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:%u\r\n$1\r\na\r\n",
             scripted_port(pair->peer[0]));
    scripted_say(talk, text);
}

static void
say_with_port(struct scripted_talk *talk, const char *text, uint16_t port)
{
    for (; *text != '\0'; text++) {
        if (*text == '%') {
            pn_out_u64(&talk->out, port);
        } else {
            pn_out_char(&talk->out, *text);
        }
    }
}

static void
talk_as(struct scripted_talk *talk, struct pair *pair, int which)
{
    if (scripted_is(talk, 0, "CLUSTER")) {
        say_slots(talk, pair);
        return;
    }
    if (scripted_is(talk, 0, "ASKING")) {
        pair->was_asking = true;
        scripted_say(talk, "+OK\r\n");
        return;
    }
    pair->asking += pair->was_asking;
    pair->was_asking = false;
    bool is_plain = which == 0 && pair->gets[0] >= pair->times;
    pair->gets[which]++;
    say_with_port(talk, is_plain ? "+a\r\n" : pair->says[which],
                  scripted_port(pair->peer[1 - which]));
}

static void
talk_a(struct scripted_talk *talk, void *context)
{
    talk_as(talk, context, 0);
}

static void
talk_b(struct scripted_talk *talk, void *context)
{
    talk_as(talk, context, 1);
}

/* GET by a client of PAIR. Returns rc; the reply is compared with WANT. */
static int
get(struct pair *pair, unsigned flags, const char *want)
{
    pair->peer[0] = scripted_start(talk_a, pair);
    pair->peer[1] = scripted_start(talk_b, pair);
    struct pn_client *client = fleet_of(PN_FLEET_CLUSTER, pair->peer, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("GET k\r\n", PN_REQ_READ | flags, 20000);
    r.slot = pn_fleet_slot("k", 1);
    int rc = run(hub, &r);
    if (want != NULL) {
        CHECK(replied(hub, &r, want));
    }
    if (rc == 0 && want != NULL &&
        want[0] == '+') { /* and once more, with the map known */
        pn_hub_release(hub);
        r = ask("GET k\r\n", PN_REQ_READ | flags, 20000);
        r.slot = pn_fleet_slot("k", 1);
        CHECK_EQ(run(hub, &r), 0);
    }
    give(client, hub);
    pn_client_free(client);
    scripted_stop(pair->peer[0]);
    scripted_stop(pair->peer[1]);
    return rc;
}

/* The slot is patched at once: the next request goes to B without asking A. */
static void
test_moved(void)
{
    struct pair pair = {.says = {"-MOVED 7629 127.0.0.1:%\r\n", "+b\r\n"}, .times = 99};
    CHECK_EQ(get(&pair, 0, "+b\r\n"), 0);
    CHECK_EQ(pair.gets[0] + pair.gets[1], 3);
}

/* ASKING goes right before the command, and the map stays as it is. */
static void
test_ask(void)
{
    struct pair pair = {.says = {"-ASK 7629 127.0.0.1:%\r\n", "+b\r\n"}, .times = 99};
    CHECK_EQ(get(&pair, 0, "+b\r\n"), 0);
    CHECK_EQ(pair.gets[0], 2);
    CHECK_EQ(pair.gets[1], 2);
    CHECK_EQ(pair.asking, 2);
}

/* A redirect to a node that is down is not waited for: the map may know better. */
static void
test_moved_to_nobody(void)
{
    struct pair pair = {.says = {"-MOVED 7629 127.0.0.1:1\r\n", ""}, .times = 2};
    pair.peer[0] = scripted_start(talk_a, &pair);
    pair.peer[1] = pair.peer[0]; /* nobody */
    const struct pn_client_opts opts = {.fleet.probe_min = 60 * SECOND,
                                        .fleet.probe_max = 60 * SECOND};
    struct pn_client *client = fleet_of(PN_FLEET_CLUSTER, pair.peer, 1, opts);
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("GET k\r\n", PN_REQ_READ, 8000);
    r.slot = pn_fleet_slot("k", 1);
    CHECK_EQ(run(hub, &r), 0);
    CHECK(replied(hub, &r, "+a\r\n"));
    CHECK_EQ(pair.gets[0], 3);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(pair.peer[0]);
}

/* Several replies that answer one request are its caller's, whatever they say. */
static void
test_several(void)
{
    struct pair pair = {.says = {"-MOVED 7629 127.0.0.1:1\r\n+x\r\n", ""}, .times = 9};
    pair.peer[0] = scripted_start(talk_a, &pair);
    pair.peer[1] = pair.peer[0];
    struct pn_client *client = fleet_of(PN_FLEET_CLUSTER, pair.peer, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("GET k\r\n", 0, 20000);
    r.expect = 2;
    CHECK_EQ(run(hub, &r), 0);
    CHECK(replied(hub, &r, "-MOVED 7629 127.0.0.1:1\r\n+x\r\n"));
    give(client, hub);
    pn_client_free(client);
    scripted_stop(pair.peer[0]);
}

static void
test_in_circles(void)
{
    struct pair pair = {.says = {"-MOVED 7629 127.0.0.1:%\r\n",
                                 "-MOVED 7629 127.0.0.1:%\r\n"},
                        .times = 99};
    CHECK_EQ(get(&pair, 0, NULL), PN_CLIENT_E_REDIRECTS);
    CHECK(pair.gets[0] + pair.gets[1] <= 7);
}

/* What passes is waited for; what does not pass is the caller's to hear. */
static void
test_again(void)
{
    struct pair pair = {.says = {"-TRYAGAIN Multiple keys request\r\n"}, .times = 3};
    CHECK_EQ(get(&pair, 0, "+a\r\n"), 0);
    CHECK_EQ(pair.gets[0], 5);
    struct pair ever = {.says = {"-TRYAGAIN Multiple keys request\r\n"}, .times = 99};
    CHECK_EQ(get(&ever, 0, "-TRYAGAIN Multiple keys request\r\n"), 0);
    CHECK(ever.gets[0] > 3 && ever.gets[0] < 10);
    struct pair apart = {.says = {"-TRYAGAIN Multiple keys request\r\n"}, .times = 99};
    CHECK_EQ(get(&apart, PN_REQ_APART, "-TRYAGAIN Multiple keys request\r\n"), 0);
    CHECK_EQ(apart.gets[0], 3);
    struct pair busy = {.says = {"-BUSY a script\r\n"}, .times = 99};
    CHECK_EQ(get(&busy, PN_REQ_APART, "-BUSY a script\r\n"), 0);
    CHECK_EQ(busy.gets[0], ever.gets[0]);
}

static void
test_elsewhere(void)
{
    struct pair pair = {.says = {"-CLUSTERDOWN The cluster is down\r\n"}, .times = 2};
    CHECK_EQ(get(&pair, 0, "+a\r\n"), 0);
    struct pair once = {.says = {"-CLUSTERDOWN The cluster is down\r\n"}, .times = 2};
    CHECK_EQ(get(&once, PN_REQ_NO_RETRY, "-CLUSTERDOWN The cluster is down\r\n"), 0);
    CHECK_EQ(once.gets[0], 1);
}

/* A owns the lower half of the slots and answers; B owns the rest and refuses. */
static void
talk_of_halves(struct scripted_talk *talk, struct pair *pair, int which)
{
    char text[256];
    snprintf(text, sizeof text,
             "*2\r\n*3\r\n:0\r\n:8191\r\n*3\r\n$9\r\n127.0.0.1\r\n:%u\r\n$1\r\na\r\n"
             "*3\r\n:8192\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:%u\r\n$1\r\nb\r\n",
             scripted_port(pair->peer[0]), scripted_port(pair->peer[1]));
    bool is_query = scripted_is(talk, 0, "CLUSTER");
    scripted_say(talk, is_query     ? text
                       : which == 0 ? "+a\r\n"
                                    : "-CLUSTERDOWN The cluster is down\r\n");
}

static void
talk_lower(struct scripted_talk *talk, void *context)
{
    talk_of_halves(talk, context, 0);
}

static void
talk_upper(struct scripted_talk *talk, void *context)
{
    talk_of_halves(talk, context, 1);
}

/* One node refuses, and the other answers: the fleet hears of both, and takes the first
 * for cut off. That it answers CLUSTER SLOTS all the same is nothing in its favour. */
static void
test_apart(void)
{
    static const uint32_t slot[] = {16000, 100, 16000};
    struct pair pair = {0};
    pair.peer[0] = scripted_start(talk_lower, &pair);
    pair.peer[1] = scripted_start(talk_upper, &pair);
    struct pn_client *client = fleet_of(PN_FLEET_CLUSTER, pair.peer, 2,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    for (unsigned i = 0; i < 3; i++) {
        struct pn_request r = ask("GET k\r\n", PN_REQ_READ | PN_REQ_NO_RETRY, 20000);
        r.slot = slot[i];
        CHECK_EQ(run(hub, &r), 0);
        CHECK(replied(hub, &r,
                      i == 1 ? "+a\r\n" : "-CLUSTERDOWN The cluster is down\r\n"));
        pn_hub_release(hub);
    }
    struct pn_fleet *fleet = pn_client_lock(client);
    struct pn_route_ask ask = {.slot = 100, .avoid = PN_NODE_NONE};
    struct pn_route lower = pn_fleet_route(fleet, &ask, pn_clock_mono_ns());
    CHECK_EQ(lower.kind, PN_ROUTE_NODE);
    CHECK_EQ(pn_fleet_node(fleet, lower.node)->health, PN_NODE_UP);
    CHECK_EQ(pn_fleet_node(fleet, 1 - lower.node)->health, PN_NODE_APART);
    pn_client_unlock(client);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(pair.peer[0]);
    scripted_stop(pair.peer[1]);
}

/* Other errors are answers; so is everything for those who ask for it raw. */
static void
test_answers(void)
{
    struct pair wrong = {.says = {"-WRONGTYPE Operation\r\n"}, .times = 99};
    CHECK_EQ(get(&wrong, 0, "-WRONGTYPE Operation\r\n"), 0);
    CHECK_EQ(wrong.gets[0], 1);
    struct pair raw = {.says = {"-MOVED 1 10.0.0.1:7\r\n"}, .times = 99};
    CHECK_EQ(get(&raw, PN_REQ_RAW, "-MOVED 1 10.0.0.1:7\r\n"), 0);
    CHECK_EQ(raw.gets[0], 1);
}

/* ---- memcached, while its fleet warms up --------------------------------- */

struct warm {
    bool is_memcached;
    const char *says[4];
    unsigned heard[4];
};

struct who {
    struct warm *warm;
    int i;
};

static void
talk_warm(struct scripted_talk *talk, void *context)
{
    const struct who *who = context;
    if (!scripted_is(talk, 0, "ROLE")) {
        who->warm->heard[who->i]++;
        scripted_say(talk, who->warm->says[who->i]);
    }
}

struct change {
    struct pn_endpoint member[4];
};

static void
add_members(struct pn_fleet *fleet, void *context)
{
    struct change *change = context;
    CHECK_EQ(pn_fleet_learn_members(fleet, change->member, NULL, NULL, 4, 60 * SECOND,
                                    pn_clock_mono_ns(), NULL),
             PN_OK);
}

/* Sends VERB of 64 keys, and REST behind each, to three servers and a new one; what
 * they have to say is WARM's, what is to come of keys that move WANT. How many do. */
static unsigned
warm_up(struct warm *warm, const char *verb, const char *rest, unsigned flags,
        const char *want)
{
    struct who who[4];
    struct scripted *peer[4];
    struct change change;
    for (int i = 0; i < 4; i++) {
        who[i] = (struct who){warm, i};
        peer[i] = scripted_start(talk_warm, &who[i]);
        snprintf(change.member[i].host, sizeof change.member[i].host, "127.0.0.1");
        change.member[i].port = scripted_port(peer[i]);
    }
    struct pn_client *client =
        fleet_of(PN_FLEET_HASH, peer, 3,
                 (struct pn_client_opts){.hello.is_memcached = warm->is_memcached,
                                         .fleet.place = "pymemcache"});
    pn_client_fleet(client, add_members, &change);
    struct pn_hub *hub = take(client);
    unsigned moved = 0;
    for (int i = 0; i < 64; i++) {
        char line[64];
        snprintf(line, sizeof line, "%s k%d%s", verb, i, rest);
        struct pn_request r = ask(line, PN_REQ_SAFE | flags, 20000);
        const char *key = strchr(line, 'k');
        r.key = (struct pn_bytes){key, strcspn(key, " \r")};
        unsigned fresh = warm->heard[3];
        unsigned old = warm->heard[0] + warm->heard[1] + warm->heard[2];
        CHECK_EQ(run(hub, &r), 0);
        bool has_moved = warm->heard[3] != fresh;
        moved += has_moved;
        CHECK(replied(hub, &r, has_moved ? want : warm->says[0]));
        CHECK_EQ(warm->heard[0] + warm->heard[1] + warm->heard[2], old + 1);
        pn_hub_release(hub);
    }
    give(client, hub);
    pn_client_free(client);
    for (int i = 0; i < 4; i++) {
        scripted_stop(peer[i]);
    }
    CHECK_EQ(warm->heard[3], moved);
    return moved;
}

/* Of keys that move, reads that miss look at the old owner. */
static void
test_warm_reads(void)
{
    struct warm warm = {true, {"HD\r\n", "HD\r\n", "HD\r\n", "EN\r\n"}, {0}};
    unsigned moved = warm_up(&warm, "mg", " f\r\n", PN_REQ_READ, "HD\r\n");
    CHECK(moved > 4 && moved < 40);
}

/* Deletes and sets go to both, and what was deleted at one of them was deleted. */
static void
test_warm_writes(void)
{
    struct warm there = {true, {"HD\r\n", "HD\r\n", "HD\r\n", "NF\r\n"}, {0}};
    CHECK(warm_up(&there, "md", " q\r\n", PN_REQ_DELETE, "HD\r\n") > 4);
    struct warm gone = {true, {"NF\r\n", "NF\r\n", "NF\r\n", "NF\r\n"}, {0}};
    CHECK(warm_up(&gone, "md", " q\r\n", PN_REQ_DELETE, "NF\r\n") > 4);
    struct warm count = {false, {":1\r\n", ":1\r\n", ":1\r\n", ":0\r\n"}, {0}};
    CHECK(warm_up(&count, "DEL", "\r\n", PN_REQ_DELETE, ":1\r\n") > 4);
    struct warm none = {false, {":0\r\n", ":0\r\n", ":0\r\n", ":0\r\n"}, {0}};
    CHECK(warm_up(&none, "DEL", "\r\n", PN_REQ_DELETE, ":0\r\n") > 4);
    struct warm set = {true, {"HD\r\n", "HD\r\n", "HD\r\n", "NS\r\n"}, {0}};
    CHECK(warm_up(&set, "ms", " S0\r\n", PN_REQ_STORE, "NS\r\n") > 4);
}

/* A delete that the old owner refuses has failed: what it has would be found. A set
 * that it refuses leaves nothing there. */
static void
test_warm_refusals(void)
{
    const char *no = "SERVER_ERROR out of memory\r\n";
    struct warm set = {true, {no, no, no, "HD\r\n"}, {0}};
    CHECK(warm_up(&set, "ms", " S0\r\n", PN_REQ_STORE, "HD\r\n") > 4);
    struct warm drop = {true, {no, no, no, "HD\r\n"}, {0}};
    CHECK_EQ(warm_up(&drop, "md", " q\r\n", PN_REQ_DELETE, no), 0);
}

int
main(void)
{
    RUN(test_moved);
    RUN(test_ask);
    RUN(test_moved_to_nobody);
    RUN(test_several);
    RUN(test_in_circles);
    RUN(test_again);
    RUN(test_elsewhere);
    RUN(test_apart);
    RUN(test_answers);
    RUN(test_warm_reads);
    RUN(test_warm_writes);
    RUN(test_warm_refusals);
    return harness_done();
}
