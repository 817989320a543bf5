#define _GNU_SOURCE
#include "fleet_of.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* NEVER is not answered; LATER after 20 ms; NEWS brings a push. */
static void
talk(struct scripted_talk *t, void *context)
{
    (void)context;
    if (scripted_is(t, 0, "LATER")) {
        usleep(20000);
        scripted_say(t, "+late\r\n");
    } else if (scripted_is(t, 0, "SUBSCRIBE")) {
        scripted_say(t, ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n>1\r\n+news\r\n");
    } else if (!scripted_is(t, 0, "NEVER")) {
        scripted_say(t, "+OK\r\n");
    }
}

/* A wait ends at UNTIL, and can be gone on with. */
static void
test_slices(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("NEVER\r\n", PN_REQ_READ, 20000);
    uint64_t now = pn_clock_mono_ns();
    CHECK_EQ(pn_hub_run(hub, &r, 1, now, now + 20 * MS), 1);
    for (int slices = 0; slices < 5 || (r.state != PN_REQ_SENT && slices < 500);
         slices++) {
        now = pn_clock_mono_ns();
        CHECK_EQ(pn_hub_run_more(hub, now + 10 * MS), 1);
        CHECK(pn_clock_mono_ns() >= now + 10 * MS);
    }
    CHECK_EQ(r.state, PN_REQ_SENT);
    CHECK(pn_hub_cancel(hub, &r));
    give(client, hub);
    pn_client_free(client);
    scripted_stop(server);
}

static void
ignore(int signal)
{
    (void)signal;
}

struct poker {
    pthread_t thread, poked;
    atomic_bool is_over;
};

/* Again and again: the first signal may come before the wait has begun. */
static void *
poke(void *arg)
{
    struct poker *poker = arg;
    while (!atomic_load(&poker->is_over)) {
        usleep(30000);
        pthread_kill(poker->poked, SIGUSR1);
    }
    return NULL;
}

/* A signal ends the wait, so that an interpreter can look at it; the request goes
 * on. */
static void
test_signal(void)
{
    struct sigaction action = {.sa_handler = ignore};
    sigaction(SIGUSR1, &action, NULL);
    struct scripted *server = scripted_start(talk, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("NEVER\r\n", PN_REQ_READ, 60000);
    struct poker poker = {.poked = pthread_self()};
    pthread_create(&poker.thread, NULL, poke, &poker);
    uint64_t now = pn_clock_mono_ns();
    CHECK_EQ(pn_hub_run(hub, &r, 1, now, now + 60 * SECOND), 1);
    CHECK(pn_clock_mono_ns() < now + 30 * SECOND);
    atomic_store(&poker.is_over, true);
    pthread_join(poker.thread, NULL);
    CHECK(pn_hub_cancel(hub, &r));
    give(client, hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* A reply that takes longer than any spinning. */
static void
test_sleeps(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    for (int i = 0; i < 2; i++) {
        const struct pn_client_opts opts = {.spin_ns = i == 0 ? 0 : PN_NEVER};
        struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1, opts);
        struct pn_hub *hub = take(client);
        struct pn_request r = ask("LATER\r\n", PN_REQ_READ, 20000);
        CHECK_EQ(run(hub, &r), 0);
        CHECK(replied(hub, &r, "+late\r\n"));
        give(client, hub);
        pn_client_free(client);
    }
    scripted_stop(server);
}

/* Pushes are kept when they are wanted, in their order; waiting for more ends in
 * time. */
static void
test_pushes(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    struct pn_bytes message = {"", 0};
    uint16_t node;
    pn_hub_keep_pushes(hub, true);
    struct pn_request r = ask("SUBSCRIBE a\r\n", PN_REQ_PUSH, 20000);
    CHECK_EQ(run(hub, &r), 0);
    unsigned got = 0;
    for (int i = 0; i < 10 && got < 2; i++) {
        pn_hub_wait(hub, pn_clock_mono_ns() + SECOND);
        while (pn_hub_push(hub, &message, &node)) {
            got++;
        }
    }
    CHECK_EQ(got, 2);
    CHECK(message.len == 11 && memcmp(message.ptr, ">1\r\n+news\r\n", 11) == 0);
    pn_hub_release(hub);
    CHECK(!pn_hub_wait(hub, pn_clock_mono_ns() + 20 * MS));
    CHECK_EQ(pn_hub_losses(hub), 0);
    scripted_hang_up(server);
    pn_hub_wait(hub, pn_clock_mono_ns() + 100 * MS);
    CHECK_EQ(pn_hub_losses(hub), 1);
    pn_hub_soil(hub);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(server);
}

int
main(void)
{
    RUN(test_slices);
    RUN(test_signal);
    RUN(test_sleeps);
    RUN(test_pushes);
    return harness_done();
}
