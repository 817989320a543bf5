#include "harness.h"
#include "pinyon/error.h"

/* Every code has its own name and a sentence, and an unknown one says so. */
static void
test_table(void)
{
    static const struct {
        int code;
        const char *name;
    } rows[] = {{PN_OK, "PN_OK"},         {PN_MISS, "PN_MISS"},
                {PN_EXISTS, "PN_EXISTS"}, {PN_SMALL, "PN_SMALL"},
                {PN_BUSY, "PN_BUSY"},     {PN_FENCED, "PN_FENCED"},
                {PN_HELD, "PN_HELD"},     {PN_TIMEOUT, "PN_TIMEOUT"},
#define ROW(name, code, text) {code, #name},
                PN_ERROR_MAP(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(strcmp(pn_error_name(rows[i].code), rows[i].name) == 0);
        CHECK(strlen(pn_strerror(rows[i].code)) > 3);
        CHECK(strcmp(pn_strerror(rows[i].code), "unknown error") != 0);
        for (size_t j = 0; j < i; j++) {
            CHECK(rows[i].code != rows[j].code);
        }
    }
    CHECK(strcmp(pn_strerror(-1000), "unknown error") == 0);
    CHECK(strcmp(pn_strerror(1000), "unknown error") == 0);
}

int
main(void)
{
    RUN(test_table);
    return harness_done();
}
