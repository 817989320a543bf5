#define _DEFAULT_SOURCE
#include "harness.h"
#include "net/code.h"
#include "net/resolve.h"
#include "resolver.h"

#include <poll.h>

static int
wait_for(const struct pn_resolve *asked, struct pn_addr addr[8], struct pn_why *why)
{
    struct pollfd set = {.fd = pn_resolve_fd(asked), .events = POLLIN};
    int n;
    while ((n = pn_resolve_take(asked, addr, 8, why)) == 0) {
        CHECK_EQ(poll(&set, 1, 20000), 1);
    }
    return n;
}

static void
test_found(void)
{
    struct pn_resolve *asked;
    struct pn_addr addr[8];
    struct pn_why why;
    char text[PN_ADDR_TEXT_MAX];
    resolver_answers((unsigned[]){7001, 7002}, 2);
    CHECK_EQ(pn_resolve_new("two.example", 7, &asked), PN_OK);
    CHECK_EQ(wait_for(asked, addr, &why), 2);
    pn_addr_text(&addr[1], text);
    CHECK(strcmp(text, "127.0.0.1:7002") == 0);
    CHECK_EQ(pn_resolve_take(asked, addr, 1, &why), 1); /* as often as one likes */
    CHECK(pn_resolve_is_for(asked, "two.example", 7));
    CHECK(!pn_resolve_is_for(asked, "two.example", 8));
    CHECK(!pn_resolve_is_for(asked, "two", 7));
    pn_resolve_free(asked);
    pn_resolve_free(NULL);
}

static void
test_unknown(void)
{
    struct pn_resolve *asked;
    struct pn_addr addr[8];
    struct pn_why why = {.code = 0};
    resolver_answers(NULL, 0);
    CHECK_EQ(pn_resolve_new("nowhere.example", 1, &asked), PN_OK);
    CHECK_EQ(wait_for(asked, addr, &why), PN_NET_E_RESOLVE);
    CHECK_EQ(why.code, PN_NET_E_RESOLVE);
    CHECK(strstr(why.text, "nowhere.example") != NULL);
    pn_resolve_free(asked);
}

/* One that hangs keeps nobody, and frees what was left to it. */
static void
test_hung(void)
{
    struct pn_resolve *asked[2];
    struct pn_addr addr[8];
    struct pn_why why;
    resolver_answers((unsigned[]){7001}, 1);
    resolver_hangs();
    CHECK_EQ(pn_resolve_new("slow.example", 1, &asked[0]), PN_OK);
    CHECK_EQ(pn_resolve_new("slow.example", 1, &asked[1]), PN_OK);
    CHECK_EQ(pn_resolve_take(asked[0], addr, 8, &why), 0);
    pn_resolve_free(asked[0]);
    resolver_goes_on();
    CHECK_EQ(wait_for(asked[1], addr, &why), 1);
    pn_resolve_free(asked[1]);
    CHECK(resolver_is_idle());
}

int
main(void)
{
    RUN(test_found);
    RUN(test_unknown);
    RUN(test_hung);
    return harness_done();
}
