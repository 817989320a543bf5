#include "harness.h"
#include "net/code.h"
#include "pinyon/error.h"

#include <errno.h>

/* Every code has its own number, name and sentence, and none is one of error.h. */
static void
test_table(void)
{
    static const struct {
        int code;
        const char *name;
    } rows[] = {
#define ROW(name, code, text) {code, #name},
        PN_NET_MAP(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(rows[i].code < 0);
        CHECK(strcmp(pn_net_code_name(rows[i].code), rows[i].name) == 0);
        CHECK(strlen(pn_net_strerror(rows[i].code)) > 10);
        CHECK(strcmp(pn_error_name(rows[i].code), "unknown") == 0);
        for (size_t j = 0; j < i; j++) {
            CHECK(rows[i].code != rows[j].code);
        }
    }
    CHECK(strcmp(pn_net_strerror(-1), "unknown error") == 0);
    CHECK(strcmp(pn_net_code_name(0), "unknown") == 0);
}

static void
test_errno(void)
{
    static const struct {
        int os_error, code;
    } rows[] = {
        {ECONNREFUSED, PN_NET_E_REFUSED},
        {ENOENT, PN_NET_E_REFUSED},
        {EHOSTUNREACH, PN_NET_E_UNREACHABLE},
        {ENETUNREACH, PN_NET_E_UNREACHABLE},
        {ECONNRESET, PN_NET_E_RESET},
        {EPIPE, PN_NET_E_RESET},
        {ETIMEDOUT, PN_NET_E_TIMEOUT},
        {EMFILE, PN_NET_E_LIMIT},
        {ENFILE, PN_NET_E_LIMIT},
        {ENOMEM, PN_E_NOMEM},
        {EACCES, PN_NET_E_OS},
        {EADDRNOTAVAIL, PN_NET_E_UNREACHABLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_EQ(pn_net_from_errno(rows[i].os_error), rows[i].code);
    }
}

int
main(void)
{
    RUN(test_table);
    RUN(test_errno);
    return harness_done();
}
