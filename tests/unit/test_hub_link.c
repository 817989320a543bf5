#include "fleet_of.h"

/* Counts what it hears; hangs up, or talks nonsense, when the test says so. */
struct moody {
    unsigned heard, bad_turns;
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
    struct pn_request r = ask("DO\r\n", flags, 3000);
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
        struct pn_request r = ask("DO\r\n", 0, 2000);
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
    struct pn_request r = ask("DO\r\n", 0, 2000);
    CHECK_EQ(run(hub, &r), PN_NET_E_REFUSED);
    struct pn_why why;
    CHECK(pn_client_why(client, r.by, &why));
    CHECK(strstr(why.text, name) == why.text);
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
    struct pn_request r[3] = {ask("A\r\n", 0, 2000), ask("B\r\n", 0, 2000),
                              ask("C\r\n", PN_REQ_READ, 2000)};
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

int
main(void)
{
    RUN(test_broken_off);
    RUN(test_always_broken_off);
    RUN(test_nonsense);
    RUN(test_closed_while_idle);
    RUN(test_refused);
    RUN(test_pipeline_broken);
    return harness_done();
}
