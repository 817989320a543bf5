#include "fleet_of.h"
#include "full.h"

#include <fcntl.h>

/* An event loop of poll, as small as one can be: what a loop of Python's does. */
struct loop {
    struct pn_hub *hub;
    struct pn_poll watched[8];
    uint32_t link[8];
    unsigned gone, resolved, ready;
    const char *resolves_to; /* NULL: nothing resolves */
    uint16_t dead_port; /* the first address leads there; 0: there is one address */
};

static bool
fcntl_is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void
note_change(struct loop *loop, const struct pn_change *change, uint64_t now)
{
    uint32_t i = change->link;
    size_t n = 0;
    struct pn_addr addr[2];
    switch (change->kind) {
    case PN_CHANGE_WATCH:
        CHECK(fcntl_is_open(change->fd));
        loop->watched[i] = (struct pn_poll){.fd = change->fd, .want = change->want};
        break;
    case PN_CHANGE_GONE:
        CHECK(fcntl_is_open(change->fd)); /* not closed behind the loop's back */
        if (loop->watched[i].fd == change->fd) {
            loop->watched[i].fd = -1;
        }
        loop->gone++;
        pn_hub_unwatched(loop->hub, i);
        break;
    case PN_CHANGE_RESOLVE:
        loop->resolved++;
        if (loop->dead_port != 0) {
            CHECK_EQ(pn_addr_literal("127.0.0.1", loop->dead_port, &addr[n++]), PN_OK);
        }
        if (loop->resolves_to != NULL) {
            CHECK_EQ(pn_addr_literal(loop->resolves_to, change->port, &addr[n++]),
                     PN_OK);
        }
        pn_hub_resolved(loop->hub, i, addr, n, now);
        break;
    }
}

static void
tell_loop(struct loop *loop, uint64_t now)
{
    struct pn_change change;
    while (pn_hub_change(loop->hub, &change)) {
        note_change(loop, &change, now);
    }
}

/* Turns until nothing is pending, or MS_MAX have passed. */
static void
turn(struct loop *loop, uint64_t ms_max)
{
    uint64_t now = pn_clock_mono_ns();
    uint64_t end = now + ms_max * MS;
    pn_hub_step(loop->hub, now);
    while (pn_hub_pending(loop->hub) > 0 && now < end) {
        tell_loop(loop, now);
        uint64_t wake = pn_hub_wake(loop->hub);
        wake = wake < end ? wake : end;
        pn_poll(loop->watched, 8, wake > now ? (int64_t)(wake - now) : 0);
        now = pn_clock_mono_ns();
        for (uint32_t i = 0; i < 8; i++) {
            if (loop->watched[i].fd >= 0 && loop->watched[i].got != 0) {
                loop->ready++;
                pn_hub_ready(loop->hub, i, loop->watched[i].got, now);
                loop->watched[i].got = 0;
                tell_loop(loop, now);
            }
        }
        if (pn_hub_wake(loop->hub) <= now) {
            pn_hub_step(loop->hub, now);
        }
    }
    tell_loop(loop, now);
}

static struct loop
begin(struct pn_client *client)
{
    struct loop loop = {.resolves_to = "127.0.0.1"};
    for (int i = 0; i < 8; i++) {
        loop.watched[i].fd = -1;
    }
    CHECK_EQ(pn_hub_new(client, true, &loop.hub), PN_OK);
    return loop;
}

static void
echo(struct scripted_talk *talk, void *context)
{
    (void)context;
    if (scripted_is(talk, 0, "ECHO")) {
        pn_out_char(&talk->out, '+');
        pn_out_bytes(&talk->out, talk->argv[1]);
        pn_out_crlf(&talk->out);
    } else if (scripted_is(talk, 0, "BOTH")) { /* the reply to SLOW was late */
        scripted_say(talk, "+slow\r\n+both\r\n");
    } else if (scripted_is(talk, 0, "BYE")) {
        talk->hangs_up = true;
    }
}

/* Many requests of one tick: one connection, one readiness for many replies. */
static void
test_one_tick(void)
{
    enum { N = 300 };
    struct scripted *server = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct loop loop = begin(client);
    static char wire[N][24];
    struct pn_request r[N], *done;
    for (int i = 0; i < N; i++) {
        snprintf(wire[i], sizeof wire[i], "ECHO %d\r\n", i);
        r[i] = ask(wire[i], PN_REQ_READ, 20000);
        pn_hub_submit(loop.hub, &r[i], pn_clock_mono_ns());
    }
    turn(&loop, 3000);
    for (int i = 0; i < N; i++) {
        char want[24];
        snprintf(want, sizeof want, "+%d\r\n", i);
        done = pn_hub_finished(loop.hub);
        CHECK(done == &r[i] && replied(loop.hub, done, want));
    }
    CHECK(pn_hub_finished(loop.hub) == NULL);
    CHECK(loop.ready < 20);
    CHECK_EQ(scripted_connections(server), 1);
    pn_hub_release(loop.hub);
    pn_hub_free(loop.hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* On a connection that others share a late reply is dropped, whoever it was for. */
static void
test_late_and_cancelled(void)
{
    struct scripted *server = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct loop loop = begin(client);
    struct pn_request a = ask("ECHO a\r\n", PN_REQ_READ, 20000);
    struct pn_request b = ask("ECHO b\r\n", PN_REQ_READ, 20000);
    struct pn_request c = ask("ECHO c\r\n", PN_REQ_READ, 20000);
    uint64_t now = pn_clock_mono_ns();
    pn_hub_submit(loop.hub, &a, now);
    turn(&loop, 20000);
    CHECK(pn_hub_finished(loop.hub) == &a);
    pn_hub_release(loop.hub);
    pn_hub_submit(loop.hub, &b, now);
    pn_hub_submit(loop.hub, &c, now);
    pn_hub_step(loop.hub, now);
    CHECK_EQ(b.state, PN_REQ_SENT);
    CHECK(pn_hub_cancel(loop.hub, &b));
    memset(&b, 0xee, sizeof b);
    turn(&loop, 20000);
    CHECK(pn_hub_finished(loop.hub) == &c && replied(loop.hub, &c, "+c\r\n"));
    CHECK_EQ(scripted_connections(server), 1);
    pn_hub_free(loop.hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* A connection that others share is not closed for one reply that is late, as long as
 * something comes; the late reply is dropped. */
static void
test_one_late(void)
{
    struct scripted *server = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct loop loop = begin(client);
    struct pn_request first = ask("ECHO w\r\n", PN_REQ_READ, 20000);
    pn_hub_submit(loop.hub, &first, pn_clock_mono_ns());
    turn(&loop, 20000);
    CHECK(pn_hub_finished(loop.hub) == &first);
    struct pn_request a = ask("ECHO a\r\n", PN_REQ_READ, 20000);
    struct pn_request slow = ask("SLOW\r\n", PN_REQ_READ, 100);
    struct pn_request both = ask("BOTH\r\n", PN_REQ_READ, 20000);
    uint64_t now = pn_clock_mono_ns();
    pn_hub_submit(loop.hub, &a, now);
    pn_hub_submit(loop.hub, &slow, now);
    turn(&loop, 20000);
    CHECK(pn_hub_finished(loop.hub) == &a && replied(loop.hub, &a, "+a\r\n"));
    CHECK(pn_hub_finished(loop.hub) == &slow);
    CHECK_EQ(slow.rc, PN_CLIENT_E_TIMEOUT);
    pn_hub_release(loop.hub);
    pn_hub_submit(loop.hub, &both, pn_clock_mono_ns());
    turn(&loop, 20000);
    CHECK(pn_hub_finished(loop.hub) == &both);
    CHECK(replied(loop.hub, &both, "+both\r\n"));
    CHECK_EQ(scripted_connections(server), 1);
    struct pn_request dead = ask("SLOW\r\n", PN_REQ_READ, 150); /* nothing at all */
    pn_hub_release(loop.hub);
    pn_hub_submit(loop.hub, &dead, pn_clock_mono_ns());
    turn(&loop, 20000);
    CHECK(pn_hub_finished(loop.hub) == &dead);
    CHECK_EQ(loop.gone, 1);
    pn_hub_free(loop.hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* Nor for one whose caller has waited for a moment only, though nothing has come. But
 * when that is all that is heard of it, call after call, it is. */
static void
test_briefly_late(void)
{
    struct scripted *server = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct loop loop = begin(client);
    struct pn_request first = ask("ECHO w\r\n", PN_REQ_READ, 20000);
    pn_hub_submit(loop.hub, &first, pn_clock_mono_ns());
    turn(&loop, 20000);
    CHECK(pn_hub_finished(loop.hub) == &first);
    pn_hub_release(loop.hub);
    struct pn_request brief = ask("SLOW\r\n", PN_REQ_READ, 5);
    struct pn_request both = ask("BOTH\r\n", PN_REQ_READ, 20000);
    pn_hub_submit(loop.hub, &brief, pn_clock_mono_ns());
    turn(&loop, 20000);
    CHECK(pn_hub_finished(loop.hub) == &brief);
    CHECK_EQ(brief.rc, PN_CLIENT_E_TIMEOUT);
    pn_hub_submit(loop.hub, &both, pn_clock_mono_ns());
    turn(&loop, 20000);
    CHECK(pn_hub_finished(loop.hub) == &both);
    CHECK(replied(loop.hub, &both, "+both\r\n"));
    pn_hub_release(loop.hub);
    CHECK_EQ(loop.gone, 0);
    for (int i = 0; i < 100 && loop.gone == 0; i++) {
        brief = ask("SLOW\r\n", PN_REQ_READ, 5);
        pn_hub_submit(loop.hub, &brief, pn_clock_mono_ns());
        turn(&loop, 20000);
        CHECK(pn_hub_finished(loop.hub) == &brief);
    }
    CHECK_EQ(loop.gone, 1);
    pn_hub_free(loop.hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* A descriptor is closed only when the loop has let go of it. */
static void
test_lost(void)
{
    struct scripted *server = scripted_start(echo, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct loop loop = begin(client);
    struct pn_request once = ask("BYE\r\n", 0, 20000);
    pn_hub_submit(loop.hub, &once, pn_clock_mono_ns());
    turn(&loop, 20000);
    CHECK(pn_hub_finished(loop.hub) == &once);
    CHECK_EQ(once.rc, PN_CLIENT_E_LOST);
    CHECK_EQ(loop.gone, 1);
    struct pn_request a = ask("ECHO a\r\n", PN_REQ_READ, 20000);
    pn_hub_submit(loop.hub, &a, pn_clock_mono_ns());
    turn(&loop, 20000);
    CHECK(pn_hub_finished(loop.hub) == &a && replied(loop.hub, &a, "+a\r\n"));
    CHECK_EQ(scripted_connections(server), 2);
    pn_hub_free(loop.hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* Names are the loop's to resolve; nothing is dialled before it has. */
static void
test_names(void)
{
    struct scripted *server = scripted_start(echo, NULL);
    struct pn_endpoint seed = {.host = "cache.example", .port = scripted_port(server)};
    struct pn_client_opts opts = {.fleet = {.seed = &seed, .n_seeds = 1}};
    struct pn_client *client = NULL;
    CHECK_EQ(pn_client_open(&opts, &client, NULL), PN_OK);
    struct loop loop = begin(client);
    struct pn_request a = ask("ECHO a\r\n", PN_REQ_READ, 20000);
    pn_hub_submit(loop.hub, &a, pn_clock_mono_ns());
    turn(&loop, 3000);
    CHECK(pn_hub_finished(loop.hub) == &a && replied(loop.hub, &a, "+a\r\n"));
    CHECK_EQ(loop.resolved, 1);
    pn_hub_resolved(loop.hub, 0, NULL, 0, pn_clock_mono_ns()); /* too late to matter */
    CHECK_EQ(loop.gone, 0);
    CHECK_EQ(pn_hub_losses(loop.hub), 0);
    pn_hub_free(loop.hub);

    loop = begin(client);
    loop.resolves_to = NULL;
    struct pn_request b = ask("ECHO b\r\n", PN_REQ_READ, 20000);
    pn_hub_submit(loop.hub, &b, pn_clock_mono_ns());
    turn(&loop, 3000);
    CHECK(pn_hub_finished(loop.hub) == &b);
    CHECK(b.rc == PN_NET_E_RESOLVE || b.rc == PN_CLIENT_E_DOWN ||
          b.rc == PN_CLIENT_E_UNSENT);
    CHECK(loop.resolved > 0);
    pn_hub_free(loop.hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* The first address of a name is refused when the loop watches it already: the next one
 * is dialled, and watched as a descriptor of its own. */
static void
test_next_address(void)
{
    struct scripted *server = scripted_start(echo, NULL);
    struct pn_endpoint seed = {.host = "cache.example", .port = scripted_port(server)};
    struct pn_client_opts opts = {.fleet = {.seed = &seed, .n_seeds = 1},
                                  .connect_ns = 20 * SECOND};
    struct pn_client *client = NULL;
    CHECK_EQ(pn_client_open(&opts, &client, NULL), PN_OK);
    struct full full = fill_up();
    struct loop loop = begin(client);
    loop.dead_port = full.port;
    struct pn_request a = ask("ECHO a\r\n", PN_REQ_READ, 15000);
    pn_hub_submit(loop.hub, &a, pn_clock_mono_ns());
    turn(&loop, 50);
    CHECK_EQ(pn_hub_pending(loop.hub), 1);
    CHECK(loop.watched[0].fd >= 0);
    close(full.first);
    close(full.listener);
    turn(&loop, 20000);
    CHECK(pn_hub_finished(loop.hub) == &a && replied(loop.hub, &a, "+a\r\n"));
    CHECK_EQ(loop.gone, 1);
    CHECK_EQ(loop.resolved, 1);
    pn_hub_free(loop.hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* Where nobody answers at the first address it has its part of the time, no more. */
static void
test_hung_address(void)
{
    struct scripted *server = scripted_start(echo, NULL);
    struct pn_endpoint seed = {.host = "cache.example", .port = scripted_port(server)};
    struct pn_client_opts opts = {.fleet = {.seed = &seed, .n_seeds = 1},
                                  .connect_ns = 4 * SECOND};
    struct pn_client *client = NULL;
    CHECK_EQ(pn_client_open(&opts, &client, NULL), PN_OK);
    struct full full = fill_up();
    struct loop loop = begin(client);
    loop.dead_port = full.port;
    struct pn_request a = ask("ECHO a\r\n", PN_REQ_READ, 15000);
    pn_hub_submit(loop.hub, &a, pn_clock_mono_ns());
    turn(&loop, 15000);
    CHECK(pn_hub_finished(loop.hub) == &a && replied(loop.hub, &a, "+a\r\n"));
    CHECK_EQ(a.attempts, 0);
    CHECK_EQ(loop.resolved, 1);
    pn_hub_free(loop.hub);
    pn_client_free(client);
    empty(&full);
    scripted_stop(server);
}

static void
next_port(void *context, struct pn_endpoint *endpoint)
{
    (void)context;
    endpoint->port++;
}

/* An address is mapped once for a dial, however often the hub looks at it. */
static void
test_mapped_once(void)
{
    struct scripted *server = scripted_start(echo, NULL);
    struct pn_endpoint seed = {.host = "cache.example",
                               .port = (uint16_t)(scripted_port(server) - 1)};
    struct pn_client_opts opts = {.fleet = {.seed = &seed, .n_seeds = 1},
                                  .remap = next_port};
    struct pn_client *client = NULL;
    CHECK_EQ(pn_client_open(&opts, &client, NULL), PN_OK);
    struct loop loop = begin(client);
    struct pn_request a = ask("ECHO a\r\n", PN_REQ_READ, 5000);
    pn_hub_submit(loop.hub, &a, pn_clock_mono_ns());
    for (int i = 0; i < 3; i++) {
        pn_hub_step(loop.hub, pn_clock_mono_ns());
    }
    turn(&loop, 5000);
    CHECK(pn_hub_finished(loop.hub) == &a && replied(loop.hub, &a, "+a\r\n"));
    pn_hub_free(loop.hub);
    pn_client_free(client);
    scripted_stop(server);
}

int
main(void)
{
    RUN(test_one_tick);
    RUN(test_late_and_cancelled);
    RUN(test_one_late);
    RUN(test_briefly_late);
    RUN(test_lost);
    RUN(test_names);
    RUN(test_next_address);
    RUN(test_hung_address);
    RUN(test_mapped_once);
    return harness_done();
}
