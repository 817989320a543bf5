#include "harness.h"
#include "net/addr.h"
#include "net/code.h"

#include <net/if.h>

/* HOST is a literal that reads back as TEXT. */
static void
check_literal(const char *host, const char *text)
{
    struct pn_addr addr;
    char back[PN_ADDR_TEXT_MAX];
    if (CHECK_EQ(pn_addr_literal(host, 6379, &addr), PN_OK)) {
        pn_addr_text(&addr, back);
        if (!CHECK(strcmp(back, text) == 0)) {
            printf("# %s reads back as %s\n", host, back);
        }
    }
}

static void
test_literals(void)
{
    check_literal("10.0.0.1", "10.0.0.1:6379");
    check_literal("::1", "[::1]:6379");
    check_literal("2001:DB8:0:0:0:0:0:7", "[2001:db8::7]:6379");
    check_literal("::ffff:10.1.2.3", "[::ffff:10.1.2.3]:6379");
    check_literal("/run/redis.sock", "unix:/run/redis.sock");
}

static void
test_zone(void)
{
    char text[PN_ADDR_TEXT_MAX], host[64];
    unsigned index = if_nametoindex("lo");
    snprintf(text, sizeof text, "[fe80::1%%%u]:6379", index);
    check_literal("fe80::1%lo", text);
    snprintf(host, sizeof host, "fe80::1%%%u", index);
    check_literal(host, text);

    struct pn_addr addr;
    CHECK_EQ(pn_addr_literal("fe80::1%no-such-if", 1, &addr), PN_NET_E_ADDRESS);
    CHECK_EQ(pn_addr_literal("fe80::1%7x", 1, &addr), PN_NET_E_ADDRESS);
    CHECK_EQ(pn_addr_literal("fe80::1%", 1, &addr), PN_NET_E_ADDRESS);
    CHECK_EQ(pn_addr_literal("name%lo", 1, &addr), PN_MISS);
}

/* Names, among them what inet_aton() would take for an address. */
static void
test_names(void)
{
    static const char *const names[] = {"",         "localhost", "127.1", "0x7f000001",
                                        "1.2.3.4.", "[::1]",     ":::",   "10.0.0.256"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct pn_addr addr = {.len = 77};
        CHECK_EQ(pn_addr_literal(names[i], 1, &addr), PN_MISS);
        CHECK_EQ(addr.len, 77);
    }
}

static void
test_long_path(void)
{
    struct pn_addr addr;
    char path[sizeof addr.at.local.sun_path + 1] = "/", text[PN_ADDR_TEXT_MAX];
    memset(path + 1, 'x', sizeof path - 3);
    CHECK_EQ(pn_addr_literal(path, 0, &addr), PN_OK); /* the longest, with its zero */
    pn_addr_text(&addr, text);
    CHECK_EQ(strlen(text), 5 + strlen(path));
    path[sizeof path - 2] = 'x';
    CHECK_EQ(pn_addr_literal(path, 0, &addr), PN_NET_E_ADDRESS);
}

static void
test_resolve(void)
{
    struct pn_addr addr[4] = {0};
    struct pn_why why = {0};
    int n = pn_addr_resolve("localhost", 6379, addr, 4, &why);
    CHECK(n >= 1 && n <= 4);
    for (int i = 0; i < n; i++) {
        char text[PN_ADDR_TEXT_MAX];
        pn_addr_text(&addr[i], text);
        CHECK(strcmp(text, "127.0.0.1:6379") == 0 || strcmp(text, "[::1]:6379") == 0);
    }
    CHECK_EQ(pn_addr_resolve("127.0.0.1", 1, addr, 1, &why), 1);
}

/* A label that is too long is refused by the resolver itself, without a network. */
static void
test_unknown(void)
{
    char host[100];
    memset(host, 'a', sizeof host);
    host[sizeof host - 1] = '\0';
    struct pn_addr addr = {.len = 77};
    struct pn_why why = {0};
    CHECK_EQ(pn_addr_resolve(host, 1, &addr, 1, &why), PN_NET_E_RESOLVE);
    CHECK_EQ(why.code, PN_NET_E_RESOLVE);
    CHECK(strstr(why.text, "aaaa' is not known: ") != NULL);
    CHECK_EQ(addr.len, 77);
}

static void
test_no_address(void)
{
    char text[PN_ADDR_TEXT_MAX];
    pn_addr_text(&(struct pn_addr){0}, text);
    CHECK(strcmp(text, "no address") == 0);
}

int
main(void)
{
    RUN(test_literals);
    RUN(test_zone);
    RUN(test_names);
    RUN(test_long_path);
    RUN(test_resolve);
    RUN(test_unknown);
    RUN(test_no_address);
    return harness_done();
}
