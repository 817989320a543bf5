#include "client/engine.h"
#include "fleet_of.h"

/* ECHO answers its word; SLOW nothing; the rest +OK. */
static void
echo(struct scripted_talk *talk, void *context)
{
    (void)context;
    if (scripted_is(talk, 0, "ECHO")) {
        pn_out_char(&talk->out, '+');
        pn_out_bytes(&talk->out, talk->argv[1]);
        pn_out_crlf(&talk->out);
    } else if (!scripted_is(talk, 0, "SLOW")) {
        scripted_say(talk, "+OK\r\n");
    }
}

static void
test_one(void)
{
    struct scripted *peer = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &peer, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    for (int i = 0; i < 3; i++) {
        struct pn_request r = ask("ECHO hello\r\n", PN_REQ_READ, 20000);
        CHECK_EQ(run(hub, &r), 0);
        CHECK(replied(hub, &r, "+hello\r\n"));
        CHECK_EQ(r.state, PN_REQ_IDLE);
        CHECK_EQ(r.by, 0);
        pn_hub_release(hub);
    }
    CHECK_EQ(scripted_connections(peer), 1);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(peer);
}

/* Every request gets its own reply, over one connection to each node. */
static void
test_many_to_several(void)
{
    enum { N = 60 };
    struct scripted *peer[3];
    char wire[N][32];
    struct pn_request r[N];
    for (int i = 0; i < 3; i++) {
        peer[i] = scripted_start(echo, NULL);
    }
    struct pn_client *client = fleet_of(PN_FLEET_HASH, peer, 3,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    unsigned seen = 0;
    for (int i = 0; i < N; i++) {
        snprintf(wire[i], sizeof wire[i], "ECHO key-%d\r\n", i);
        r[i] = ask(wire[i], PN_REQ_READ, 20000);
        r[i].key = (struct pn_bytes){wire[i] + 5, strlen(wire[i]) - 7};
    }
    uint64_t now = pn_clock_mono_ns();
    CHECK_EQ(pn_hub_run(hub, r, N, now, now + 3 * SECOND), 0);
    for (int i = 0; i < N; i++) {
        char want[32];
        snprintf(want, sizeof want, "+key-%d\r\n", i);
        CHECK(replied(hub, &r[i], want));
        seen |= 1u << r[i].by;
    }
    CHECK_EQ(seen, 7);
    give(client, hub);
    pn_client_free(client);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(scripted_connections(peer[i]), 1);
        scripted_stop(peer[i]);
    }
}

/* What the deadline means depends on whether the command was sent and may be
 * repeated. */
static void
test_deadlines(void)
{
    struct scripted *peer = scripted_start(echo, NULL);
    const struct pn_client_opts opts = {.fleet.soft_failures = 9};
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &peer, 1, opts);
    struct pn_hub *hub = take(client);
    struct pn_request late = ask("ECHO a\r\n", 0, 0);
    struct pn_request read = ask("SLOW\r\n", PN_REQ_READ, 300);
    struct pn_request safe = ask("SLOW\r\n", PN_REQ_SAFE, 30);
    struct pn_request once = ask("SLOW\r\n", 0, 30);
    CHECK_EQ(run(hub, &late), PN_CLIENT_E_UNSENT);
    CHECK_EQ(run(hub, &read), PN_CLIENT_E_TIMEOUT);
    safe.deadline = pn_clock_mono_ns() + 300 * MS;
    CHECK_EQ(run(hub, &safe), PN_CLIENT_E_TIMEOUT);
    once.deadline = pn_clock_mono_ns() + 300 * MS;
    CHECK_EQ(run(hub, &once), PN_CLIENT_E_AMBIGUOUS);
    CHECK_EQ(pn_hub_reply(hub, &once).len, 0);
    struct pn_request again = ask("ECHO b\r\n", PN_REQ_READ, 20000);
    CHECK_EQ(run(hub, &again), 0);
    CHECK(replied(hub, &again, "+b\r\n"));
    CHECK_EQ(scripted_connections(peer),
             4); /* a late reply could come on none of them */
    struct pn_node_stats stats;
    pn_client_stats(client, 0, &stats);
    CHECK_EQ(stats.timeouts, 3);
    CHECK_EQ(stats.errors, 3);
    CHECK_EQ(stats.retries, 0);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(peer);
}

/* A request that waits at its server ends with its connection; what was sent there too
 * is tried again if that is safe, and what was not sent yet is sent anew. */
static void
test_abort(void)
{
    struct scripted *peer = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &peer, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request waits = ask("SLOW\r\n", 0, 20000);
    struct pn_request safe = ask("ECHO a\r\n", PN_REQ_READ, 20000);
    struct pn_request unsafe = ask("ECHO b\r\n", 0, 20000);
    CHECK(!pn_hub_abort(hub, &waits, pn_clock_mono_ns())); /* not the hub's */
    CHECK_EQ(run(hub, &safe), 0);
    pn_hub_release(hub);
    uint64_t now = pn_clock_mono_ns();
    pn_hub_submit(hub, &waits, now);
    pn_hub_submit(hub, &safe, now);
    pn_hub_submit(hub, &unsafe, now);
    pn_hub_step(hub, now);
    CHECK_EQ(waits.state, PN_REQ_SENT);
    CHECK_EQ(safe.state, PN_REQ_SENT);
    CHECK(pn_hub_abort(hub, &waits, pn_clock_mono_ns()));
    CHECK_EQ(waits.rc, PN_CLIENT_E_CANCELLED);
    CHECK_EQ(pn_hub_losses(hub), 1);
    memset(&waits, 0xee, sizeof waits); /* its memory is the caller's again */
    CHECK_EQ(pn_hub_run_more(hub, pn_clock_mono_ns() + 3 * SECOND), 0);
    CHECK(replied(hub, &safe, "+a\r\n"));
    CHECK_EQ(unsafe.rc, PN_CLIENT_E_LOST);
    CHECK_EQ(scripted_connections(peer), 2);
    struct pn_why why;
    CHECK(!pn_client_why(client, 0, &why)); /* it is nobody's fault */
    give(client, hub);
    pn_client_free(client);
    scripted_stop(peer);
}

/* A request that is cancelled is in no queue: before it is routed, and when sent. */
static void
test_cancel(void)
{
    struct scripted *peer = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &peer, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request warm = ask("ECHO w\r\n", PN_REQ_READ, 20000);
    CHECK_EQ(run(hub, &warm), 0);
    pn_hub_release(hub);
    struct pn_request a = ask("ECHO a\r\n", 0, 20000), b = ask("ECHO b\r\n", 0, 1000);
    struct pn_request c = ask("ECHO c\r\n", 0, 20000);
    uint64_t now = pn_clock_mono_ns();
    pn_hub_submit(hub, &a, now);
    CHECK(pn_hub_cancel(hub, &a));
    CHECK_EQ(pn_hub_pending(hub), 0);
    pn_hub_submit(hub, &b, now);
    pn_hub_step(hub, now);
    CHECK_EQ(b.state, PN_REQ_SENT);
    CHECK(pn_hub_cancel(hub, &b));
    memset(&b, 0xee, sizeof b); /* its memory is the caller's again */
    CHECK_EQ(run(hub, &c), 0);
    CHECK(replied(hub, &c, "+c\r\n"));
    CHECK_EQ(scripted_connections(peer), 1);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(peer);
}

/* Replies of a call stay where they are until they are released, however large. */
static void
test_replies_stay(void)
{
    enum { N = 200 };
    struct scripted *peer = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &peer, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    static char wire[N][220];
    struct pn_request r[N];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < N; i++) {
            snprintf(wire[i], sizeof wire[i], "ECHO %0*d\r\n", 20 + i % 150, i + round);
            r[i] = ask(wire[i], PN_REQ_READ, 20000);
        }
        uint64_t now = pn_clock_mono_ns();
        CHECK_EQ(pn_hub_run(hub, r, N, now, now + 3 * SECOND), 0);
        for (int i = 0; i < N; i++) {
            char want[220];
            snprintf(want, sizeof want, "+%0*d\r\n", 20 + i % 150, i + round);
            CHECK(replied(hub, &r[i], want));
        }
        pn_hub_release(hub);
    }
    give(client, hub);
    pn_client_free(client);
    scripted_stop(peer);
}

/* A node that is named gets the request or nobody does. */
static void
test_pinned(void)
{
    struct scripted *peer = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &peer, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("ECHO a\r\n", PN_REQ_READ, 500);
    r.node = 0;
    CHECK_EQ(run(hub, &r), 0);
    r = ask("ECHO a\r\n", PN_REQ_READ, 500);
    r.node = 77;
    CHECK_EQ(run(hub, &r), PN_CLIENT_E_DOWN);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(peer);
}

/* EXEC may not go over a connection that has not seen the WATCH. */
static void
test_stay(void)
{
    struct scripted *peer = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &peer, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request watch = ask("WATCH k\r\n", 0, 20000);
    struct pn_request exec = ask("EXEC\r\n", PN_REQ_STAY, 20000);
    CHECK_EQ(run(hub, &watch), 0);
    CHECK_EQ(run(hub, &exec), 0);
    scripted_hang_up(peer);
    exec = ask("EXEC\r\n", PN_REQ_STAY, 20000);
    CHECK_EQ(run(hub, &exec), PN_CLIENT_E_LOST);
    exec = ask("EXEC\r\n", PN_REQ_STAY, 20000);
    CHECK_EQ(run(hub, &exec), PN_CLIENT_E_LOST);
    CHECK_EQ(scripted_connections(peer), 1);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(peer);
}

/* A request that waits for something later than its deadline ends at its deadline. */
static void
test_wakes_for_deadline(void)
{
    struct scripted *peer[2] = {scripted_start(echo, NULL), scripted_start(echo, NULL)};
    const struct pn_client_opts opts = {.fleet.probe_min = 20 * SECOND,
                                        .fleet.probe_max = 20 * SECOND};
    struct pn_client *client = fleet_of(PN_FLEET_HASH, peer, 2, opts);
    scripted_stop(peer[1]);
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("ECHO a\r\n", PN_REQ_READ, 20000);
    r.node = 1;
    CHECK_EQ(run(hub, &r), PN_NET_E_REFUSED);
    r = ask("ECHO a\r\n", PN_REQ_READ, 100); /* DOWN: the probe is long after that */
    r.node = 1;
    pn_hub_submit(hub, &r, pn_clock_mono_ns());
    pn_hub_step(hub, pn_clock_mono_ns());
    CHECK_EQ(pn_hub_pending(hub), 1);
    CHECK(pn_hub_wake(hub) <= r.deadline);
    CHECK(pn_hub_cancel(hub, &r));
    CHECK(!pn_hub_cancel(hub, &r));
    give(client, hub);
    pn_client_free(client);
    scripted_stop(peer[0]);
}

/* A reply that came in time counts, however late its reader looks. */
static void
test_late_reader(void)
{
    struct scripted *peer = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &peer, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("ECHO a\r\n", 0, 20000);
    CHECK_EQ(run(hub, &r), 0);
    r = ask("ECHO b\r\n", 0, 10);
    pn_hub_submit(hub, &r, pn_clock_mono_ns());
    pn_hub_step(hub, pn_clock_mono_ns());
    CHECK_EQ(r.state, PN_REQ_SENT);
    struct pn_poll one = {.fd = hub->link[0]->stream.fd, .want = PN_IO_READ};
    CHECK_EQ(pn_poll(&one, 1, (int64_t)(5 * SECOND)), 1);
    while (pn_clock_mono_ns() <= r.deadline) {
    }
    CHECK_EQ(pn_hub_run_more(hub, pn_clock_mono_ns() + SECOND), 0);
    CHECK_EQ(r.rc, 0);
    CHECK(replied(hub, &r, "+b\r\n"));
    give(client, hub);
    pn_client_free(client);
    scripted_stop(peer);
}

/* Waiting earns no retries: a request is counted once. */
static void
test_counted_once(void)
{
    struct scripted *peer = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &peer, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("ECHO a\r\n", 0, 20000);
    CHECK_EQ(run(hub, &r), 0);
    CHECK(!r.is_new);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(peer);
}

/* The number of a node is another's now: what was asked of the first is answered on its
 * connection, and nothing else goes there. */
static void
test_another_of_the_number(void)
{
    struct scripted *peer = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &peer, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request a = ask("ECHO a\r\n", 0, 20000), b = ask("ECHO b\r\n", 0, 2000);
    struct pn_request c = ask("ECHO c\r\n", 0, 20000);
    CHECK_EQ(run(hub, &c), 0);
    pn_hub_submit(hub, &a, pn_clock_mono_ns());
    pn_hub_step(hub, pn_clock_mono_ns());
    CHECK_EQ(a.state, PN_REQ_SENT);
    hub->link[0]->born++;
    pn_hub_submit(hub, &b, pn_clock_mono_ns());
    pn_hub_step(hub, pn_clock_mono_ns());
    CHECK_EQ(b.state, PN_REQ_WAITING);
    CHECK_EQ(pn_hub_run_more(hub, pn_clock_mono_ns() + 3 * SECOND), 0);
    CHECK(replied(hub, &a, "+a\r\n"));
    CHECK(replied(hub, &b, "+b\r\n"));
    CHECK_EQ(scripted_connections(peer), 2);
    struct pn_request slow = ask("SLOW\r\n", 0, 20000);
    pn_hub_submit(hub, &slow, pn_clock_mono_ns());
    pn_hub_step(hub, pn_clock_mono_ns());
    CHECK(pn_hub_cancel(hub, &slow)); /* nobody waits for what may never come */
    hub->link[0]->born++;
    c = ask("ECHO c\r\n", 0, 20000);
    CHECK_EQ(run(hub, &c), 0);
    CHECK_EQ(scripted_connections(peer), 3);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(peer);
}

int
main(void)
{
    RUN(test_one);
    RUN(test_many_to_several);
    RUN(test_deadlines);
    RUN(test_cancel);
    RUN(test_abort);
    RUN(test_replies_stay);
    RUN(test_pinned);
    RUN(test_stay);
    RUN(test_wakes_for_deadline);
    RUN(test_late_reader);
    RUN(test_counted_once);
    RUN(test_another_of_the_number);
    return harness_done();
}
