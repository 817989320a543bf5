#define _DEFAULT_SOURCE
#include "fleet_of.h"
#include "full.h"
#include "net/code.h"
#include "resolver.h"

static void
talk(struct scripted_talk *t, void *context)
{
    (void)context;
    scripted_say(t, "+fine\r\n");
}

/* A client of a server of this NAME. */
static struct pn_client *
named(const char *name, uint16_t port, uint64_t connect_ns)
{
    struct pn_endpoint seed = {.port = port};
    struct pn_client_opts opts = {.fleet = {.seed = &seed, .n_seeds = 1},
                                  .connect_ns = connect_ns};
    struct pn_client *client = NULL;
    snprintf(seed.host, sizeof seed.host, "%s", name);
    CHECK_EQ(pn_client_open(&opts, &client, NULL), PN_OK);
    return client;
}

/* A resolver that hangs keeps no caller beyond its deadline; what it finds at last is
 * not asked for again. */
static void
test_hung_resolver(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    struct pn_client *client = named("slow.example", scripted_port(server), 0);
    struct pn_hub *hub = take(client);
    resolver_answers((unsigned[]){scripted_port(server)}, 1);
    resolver_hangs(); /* until after the request has ended: this is the test */
    struct pn_request r = ask("DO\r\n", 0, 100);
    CHECK_EQ(run(hub, &r), PN_CLIENT_E_UNSENT);
    give(client, hub);
    hub = take(client);
    r = ask("DO\r\n", 0, 100);
    CHECK_EQ(run(hub, &r), PN_CLIENT_E_UNSENT);
    resolver_goes_on();
    r = ask("DO\r\n", 0, 10000);
    CHECK_EQ(run(hub, &r), 0);
    CHECK(replied(hub, &r, "+fine\r\n"));
    CHECK_EQ(resolver_asked(), 1);
    give(client, hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* The dial has a time, too, and the reason names the resolver. Freeing the client does
 * not wait for it. */
static void
test_late_resolver(void)
{
    struct pn_client *client = named("slow.example", 1, 20 * MS);
    struct pn_hub *hub = take(client);
    resolver_answers((unsigned[]){1}, 1);
    resolver_hangs();
    struct pn_request r = ask("DO\r\n", PN_REQ_NO_RETRY, 10000);
    CHECK_EQ(run(hub, &r), PN_NET_E_TIMEOUT);
    struct pn_why why;
    CHECK(pn_client_why(client, r.by, &why));
    CHECK(strstr(why.text, "resolver") != NULL);
    give(client, hub);
    pn_client_free(client);
    resolver_goes_on();
    CHECK(resolver_is_idle());
}

/* Where nobody answers at the first address it has its part of the time, no more. */
static void
test_hung_address(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    struct full full = fill_up();
    struct pn_client *client = named("two.example", 1, 500 * MS);
    struct pn_hub *hub = take(client);
    resolver_answers((unsigned[]){full.port, scripted_port(server)}, 2);
    struct pn_request r = ask("DO\r\n", 0, 10000);
    CHECK_EQ(run(hub, &r), 0);
    CHECK_EQ(r.attempts, 0); /* within one dial */
    CHECK_EQ(resolver_asked(), 1);
    give(client, hub);
    pn_client_free(client);
    empty(&full);
    scripted_stop(server);
}

/* At the end of the time of all of them the dial has failed. */
static void
test_all_hung(void)
{
    struct full full = fill_up();
    struct pn_client *client = named("two.example", 1, 60 * MS);
    struct pn_hub *hub = take(client);
    resolver_answers((unsigned[]){full.port, full.port, full.port}, 3);
    struct pn_request r = ask("DO\r\n", PN_REQ_NO_RETRY, 10000);
    CHECK_EQ(run(hub, &r), PN_NET_E_TIMEOUT);
    CHECK_EQ(resolver_asked(), 1);
    give(client, hub);
    pn_client_free(client);
    empty(&full);
}

int
main(void)
{
    RUN(test_hung_resolver);
    RUN(test_late_resolver);
    RUN(test_hung_address);
    RUN(test_all_hung);
    return harness_done();
}
