#include "harness.h"
#include "pinyon/error.h"
#include "wire/code.h"

/* Every code has its own number, name and sentence, and none is one of error.h. */
static void
test_table(void)
{
    static const struct {
        int code;
        const char *name;
    } rows[] = {
#define ROW(name, code, text) {code, #name},
        PN_WIRE_MAP(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(rows[i].code < 0);
        CHECK(strcmp(pn_wire_code_name(rows[i].code), rows[i].name) == 0);
        CHECK(strlen(pn_wire_strerror(rows[i].code)) > 10);
        CHECK(strcmp(pn_error_name(rows[i].code), "unknown") == 0);
        for (size_t j = 0; j < i; j++) {
            CHECK(rows[i].code != rows[j].code);
            CHECK(strcmp(pn_wire_strerror(rows[i].code),
                         pn_wire_strerror(rows[j].code)) != 0);
        }
    }
    CHECK(strcmp(pn_wire_strerror(-1), "unknown error") == 0);
    CHECK(strcmp(pn_wire_code_name(0), "unknown") == 0);
}

int
main(void)
{
    RUN(test_table);
    return harness_done();
}
