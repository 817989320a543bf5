#include "client/engine.h"
#include "fleet_of.h"

/* Counts what it hears; hangs up, or talks nonsense, when the test says so. */
struct moody {
    _Atomic unsigned heard, bad_turns;
    const char *says; /* in a bad turn; then it hangs up */
};

static void
talk(struct scripted_talk *t, void *context)
{
    struct moody *moody = context;
    if (moody->heard++ < moody->bad_turns) {
        scripted_say(t, moody->says);
        t->hangs_up = true;
        return;
    }
    scripted_say(t, "+fine\r\n");
}

static int
once(struct moody *moody, unsigned flags, const char *want, unsigned *connections)
{
    struct scripted *server = scripted_start(talk, moody);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("DO\r\n", flags, 20000);
    int rc = run(hub, &r);
    if (want != NULL) {
        CHECK(replied(hub, &r, want));
    }
    give(client, hub);
    *connections = scripted_connections(server);
    pn_client_free(client);
    scripted_stop(server);
    return rc;
}

/* What may be repeated is, over a new connection; what may not is told as lost. */
static void
test_broken_off(void)
{
    unsigned connections;
    struct moody safe = {.bad_turns = 1, .says = ""};
    CHECK_EQ(once(&safe, PN_REQ_SAFE, "+fine\r\n", &connections), 0);
    CHECK_EQ(safe.heard, 2);
    CHECK_EQ(connections, 2);
    struct moody unsafe = {.bad_turns = 1, .says = ""};
    CHECK_EQ(once(&unsafe, 0, NULL, &connections), PN_CLIENT_E_LOST);
    CHECK_EQ(unsafe.heard, 1);
    struct moody half = {.bad_turns = 1, .says = "$10\r\nhalf"};
    CHECK_EQ(once(&half, PN_REQ_READ, "+fine\r\n", &connections), 0);
    CHECK_EQ(half.heard, 2);
}

/* What is not to be tried twice is not, though it might. */
static void
test_no_retry(void)
{
    unsigned connections;
    struct moody one = {.bad_turns = 1, .says = ""};
    CHECK_EQ(once(&one, PN_REQ_READ | PN_REQ_NO_RETRY, NULL, &connections),
             PN_NET_E_CLOSED);
    CHECK_EQ(one.heard, 1);
    struct moody stay = {.says = ""};
    struct scripted *server = scripted_start(talk, &stay);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("DO\r\n", PN_REQ_READ, 20000);
    CHECK_EQ(run(hub, &r), 0);
    stay.bad_turns = 2;
    r = ask("DO\r\n", PN_REQ_READ | PN_REQ_STAY, 20000);
    CHECK_EQ(run(hub, &r), PN_NET_E_CLOSED);
    CHECK_EQ(stay.heard, 2);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(server);
}

static int
in_vain(unsigned flags, unsigned *attempts)
{
    struct scripted *server = scripted_start(talk, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    scripted_stop(server);
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("DO\r\n", flags, 300);
    int rc = run(hub, &r);
    *attempts = r.attempts;
    struct pn_node_stats stats;
    pn_client_stats(client, 0, &stats);
    CHECK_EQ(stats.retries, flags & PN_REQ_NO_RETRY ? 0 : r.attempts);
    give(client, hub);
    pn_client_free(client);
    return rc;
}

/* To connect is part of the attempt: who has but one hears of it at once. */
static void
test_no_retry_of_a_dial(void)
{
    unsigned attempts;
    CHECK_EQ(in_vain(PN_REQ_READ, &attempts), PN_CLIENT_E_UNSENT);
    CHECK(attempts > 1);
    CHECK_EQ(in_vain(PN_REQ_READ | PN_REQ_NO_RETRY, &attempts), PN_NET_E_REFUSED);
    CHECK_EQ(attempts, 1);
}

/* Connections have an age, and a time to be idle. */
static void
test_too_old(void)
{
    const struct pn_client_opts kind[] = {
        {.check_ns = 1},
        {.check_ns = 1, .lifetime_ns = 1},
        {.check_ns = 1, .idle_ns = 1},
    };
    for (int i = 0; i < 3; i++) {
        struct moody moody = {0};
        struct scripted *server = scripted_start(talk, &moody);
        struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1, kind[i]);
        struct pn_hub *hub = take(client);
        for (int j = 0; j < 3; j++) {
            struct pn_request r = ask("DO\r\n", 0, 20000);
            CHECK_EQ(run(hub, &r), 0);
        }
        CHECK_EQ(scripted_connections(server), i == 0 ? 1 : 3);
        give(client, hub);
        pn_client_free(client);
        scripted_stop(server);
    }
}

/* Links leave the list of busy ones in any order. */
static void
test_busy(void)
{
    struct moody moody = {0};
    struct scripted *server = scripted_start(talk, &moody);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_link *link[20];
    for (uint16_t i = 0; i < 20; i++) {
        link[i] = pn_hub_link(hub, i);
        CHECK(pn_hub_set_busy(hub, link[i]) && pn_hub_set_busy(hub, link[i]));
        CHECK(pn_hub_link(hub, i) == link[i]);
    }
    CHECK_EQ(hub->n_busy, 20);
    for (int i = 0; i < 20; i++) {
        pn_hub_clear_busy(hub, link[i * 7 % 20]);
        pn_hub_clear_busy(hub, link[i * 7 % 20]);
        CHECK_EQ(hub->n_busy, 19 - i);
        for (uint32_t j = 0; j < hub->n_busy; j++) {
            CHECK_EQ(hub->busy[j]->busy_at, j + 1);
        }
    }
    give(client, hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* Retries end, by their number or by the fleet's budget. */
static void
test_always_broken_off(void)
{
    unsigned connections;
    struct moody moody = {.bad_turns = 1000, .says = ""};
    CHECK(once(&moody, PN_REQ_SAFE, NULL, &connections) < 0);
    CHECK(moody.heard > 1 && moody.heard < 12);
}

/* Whoever talks nonsense, or more than was asked, is not listened to any more. */
static void
test_nonsense(void)
{
    static const char *const bad[] = {"@what\r\n", "$-7\r\n", "+one\r\n+two\r\n",
                                      "\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        unsigned connections;
        struct moody moody = {.bad_turns = 1, .says = bad[i]};
        int rc = once(&moody, PN_REQ_READ, NULL, &connections);
        CHECK_EQ(rc, 0);
        CHECK(connections == 2 || i == 2); /* the first of the two was an answer */
    }
}

/* A connection that its server has closed while it was idle is noticed before use, and
 * the caller hears nothing of it, even of a command that may not be repeated. */
static void
test_closed_while_idle(void)
{
    struct moody moody = {0};
    struct scripted *server = scripted_start(talk, &moody);
    const struct pn_client_opts opts = {.check_ns = 1};
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1, opts);
    for (int i = 0; i < 5; i++) {
        struct pn_hub *hub = take(client);
        struct pn_request r = ask("DO\r\n", 0, 20000);
        CHECK_EQ(run(hub, &r), 0);
        give(client, hub);
        scripted_hang_up(server);
    }
    CHECK_EQ(moody.heard, 5);
    CHECK_EQ(scripted_connections(server), 5);
    pn_client_free(client);
    scripted_stop(server);
}

/* Nobody listens: the code says so, and the sentence names the address. */
static void
test_refused(void)
{
    struct moody moody = {0};
    struct scripted *server = scripted_start(talk, &moody);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    char name[32];
    snprintf(name, sizeof name, "127.0.0.1:%u", scripted_port(server));
    scripted_stop(server);
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("DO\r\n", 0, 20000);
    CHECK_EQ(run(hub, &r), PN_NET_E_REFUSED);
    struct pn_why why;
    CHECK(pn_client_why(client, r.by, &why));
    CHECK(strstr(why.text, name) == why.text);
    give(client, hub);
    pn_client_free(client);
}

/* Who does not want to wait does not wait for a dial that is put off. */
static void
test_quick(void)
{
    struct moody moody = {0};
    struct scripted *server = scripted_start(talk, &moody);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    scripted_stop(server);
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("DO\r\n", PN_REQ_QUICK, 60000);
    CHECK(run(hub, &r) < 0);
    CHECK_EQ(r.attempts, 1);
    give(client, hub);
    pn_client_free(client);
}

/* Commands that were queued behind a broken one are told apart: each by itself. */
static void
test_pipeline_broken(void)
{
    struct moody moody = {.bad_turns = 2, .says = "+only this\r\n"};
    struct scripted *server = scripted_start(talk, &moody);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request r[3] = {ask("A\r\n", 0, 20000), ask("B\r\n", 0, 2000),
                              ask("C\r\n", PN_REQ_READ, 20000)};
    uint64_t now = pn_clock_mono_ns();
    CHECK_EQ(pn_hub_run(hub, r, 3, now, now + 3 * SECOND), 0);
    CHECK_EQ(r[0].rc, 0);
    CHECK(replied(hub, &r[0], "+only this\r\n"));
    CHECK_EQ(r[1].rc, PN_CLIENT_E_LOST);
    CHECK_EQ(r[2].rc, 0);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* memcached takes the value behind a line that it could not read for a command: what
 * comes behind the first error is not the next one's reply. */
static void
shifted(struct scripted_talk *t, void *context)
{
    (void)context;
    if (scripted_is(t, 0, "mg")) {
        scripted_say(t, "VA 1\r\nx\r\n");
    } else {
        scripted_say(t, "CLIENT_ERROR bad command line format\r\nERROR\r\n");
    }
}

static void
test_shifted_replies(void)
{
    struct scripted *server = scripted_start(shifted, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){
                                            .hello.is_memcached = true});
    struct pn_hub *hub = take(client);
    struct pn_request r[3] = {ask("bad\r\n", 0, 20000),
                              ask("mg k v\r\n", PN_REQ_READ, 20000),
                              ask("mg k v\r\n", 0, 20000)};
    uint64_t now = pn_clock_mono_ns();
    CHECK_EQ(pn_hub_run(hub, r, 3, now, now + 3 * SECOND), 0);
    CHECK(replied(hub, &r[0], "CLIENT_ERROR bad command line format\r\n"));
    CHECK(replied(hub, &r[1], "VA 1\r\nx\r\n"));
    CHECK_EQ(r[2].rc, PN_CLIENT_E_LOST);
    CHECK_EQ(scripted_connections(server), 2);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* The beginning of something nobody asked for is not that of the next reply. */
static void
half_more(struct scripted_talk *t, void *context)
{
    unsigned *heard = context;
    scripted_say(t, (*heard)++ == 0 ? "+one\r\n+tw" : "+fine\r\n");
}

static void
test_half_more(void)
{
    unsigned heard = 0;
    struct scripted *server = scripted_start(half_more, &heard);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request a = ask("A\r\n", 0, 20000), b = ask("B\r\n", 0, 2000);
    CHECK_EQ(run(hub, &a), 0);
    CHECK(replied(hub, &a, "+one\r\n"));
    CHECK_EQ(run(hub, &b), 0);
    CHECK(replied(hub, &b, "+fine\r\n"));
    CHECK_EQ(scripted_connections(server), 2);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* A server that says at the door that it is no primary was reached all the same: dials
 * that end so do not fill the gate for those to come. */
struct hotel {
    struct scripted *server;
    unsigned refusals;
};

static void
receive_guest(struct scripted_talk *t, void *context)
{
    struct hotel *hotel = context;
    char text[128];
    if (scripted_is(t, 0, "SENTINEL")) {
        snprintf(text, sizeof text, "*2\r\n$9\r\n127.0.0.1\r\n$5\r\n%05u\r\n",
                 scripted_port(hotel->server));
        scripted_say(t, scripted_is(t, 1, "REPLICAS") ? "*0\r\n" : text);
    } else if (!scripted_is(t, 0, "ROLE")) {
        scripted_say(t, "+fine\r\n");
    } else if (hotel->refusals > 0) {
        hotel->refusals--;
        scripted_say(t, "*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$4\r\nsync\r\n:0\r\n");
    } else {
        scripted_say(t, "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
    }
}

static void
test_wrong_role_first(void)
{
    struct hotel hotel = {.refusals = 2};
    hotel.server = scripted_start(receive_guest, &hotel);
    struct scripted *sentinel = scripted_start(receive_guest, &hotel);
    struct pn_client *client = fleet_of(
        PN_FLEET_SENTINEL, &sentinel, 1,
        (struct pn_client_opts){.fleet.service = "s", .fleet.dials_at_once = 2});
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("DO\r\n", 0, 6000);
    CHECK_EQ(run(hub, &r), 0);
    CHECK_EQ(hotel.refusals, 0);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(sentinel);
    scripted_stop(hotel.server);
}

int
main(void)
{
    RUN(test_broken_off);
    RUN(test_always_broken_off);
    RUN(test_no_retry);
    RUN(test_no_retry_of_a_dial);
    RUN(test_too_old);
    RUN(test_busy);
    RUN(test_nonsense);
    RUN(test_closed_while_idle);
    RUN(test_refused);
    RUN(test_quick);
    RUN(test_pipeline_broken);
    RUN(test_shifted_replies);
    RUN(test_half_more);
    RUN(test_wrong_role_first);
    return harness_done();
}
