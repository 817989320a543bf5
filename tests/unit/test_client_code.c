#include "client/code.h"
#include "harness.h"
#include "net/code.h"
#include "pinyon/error.h"
#include "wire/code.h"

/* Every code of ours has its own number, name and sentence. */
static void
test_table(void)
{
    static const struct {
        int code;
        const char *name;
    } rows[] = {
#define ROW(name, code, text) {code, #name},
        PN_CLIENT_MAP(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(rows[i].code < -400 && rows[i].code > -500);
        CHECK(strcmp(pn_client_code_name(rows[i].code), rows[i].name) == 0);
        CHECK(strlen(pn_client_strerror(rows[i].code)) > 10);
        for (size_t j = 0; j < i; j++) {
            CHECK(rows[i].code != rows[j].code);
            CHECK(strcmp(pn_client_strerror(rows[i].code),
                         pn_client_strerror(rows[j].code)) != 0);
        }
    }
}

/* A failed request carries a code of any room below; each answers for its own. */
static void
test_rooms_below(void)
{
#define SAME(name, code, text)                             \
    CHECK(strcmp(pn_client_code_name(code), #name) == 0 && \
          strcmp(pn_client_strerror(code), text) == 0);
    PN_ERROR_MAP(SAME)
    PN_WIRE_MAP(SAME)
    PN_NET_MAP(SAME)
#undef SAME
    CHECK(strcmp(pn_client_code_name(PN_MISS), "PN_MISS") == 0);
}

static void
test_unknown(void)
{
    static const int codes[] = {-99, -100, -200, -299, -399, -400, -499, -500, 99, 401};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        CHECK(strcmp(pn_client_code_name(codes[i]), "unknown") == 0);
        CHECK(strcmp(pn_client_strerror(codes[i]), "unknown error") == 0);
    }
}

int
main(void)
{
    RUN(test_table);
    RUN(test_rooms_below);
    RUN(test_unknown);
    return harness_done();
}
