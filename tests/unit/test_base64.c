#include "../support/guard.h"
#include "../support/rng.h"
#include "harness.h"
#include "wire/base64.h"

/* The vectors of RFC 4648, section 10. */
static void
test_vectors(void)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[16] = "";
        char raw[16] = "";
        size_t len = 99;
        struct pn_out out = {text, sizeof text - 1, 0};
        pn_base64_put(&out, (struct pn_bytes){rows[i][0], strlen(rows[i][0])});
        CHECK(strcmp(text, rows[i][1]) == 0);
        CHECK_EQ(out.len, pn_base64_size(strlen(rows[i][0])));
        CHECK_EQ(pn_base64_read((struct pn_bytes){text, out.len}, raw, &len), 0);
        CHECK_EQ(len, strlen(rows[i][0]));
        CHECK(strcmp(raw, rows[i][0]) == 0);
    }
}

static void
test_refused(void)
{
    static const char *const rows[] = {"Z",    "Zg",       "Zg=",   "Zg===", "====",
                                       "=Zg=", "Z===",     "Zh==",  "Zm9=",  "Zm 8=",
                                       "Zm-_", "Zg==Zg==", "Zm8\n", "Zm=v"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char raw[16];
        size_t len = 99;
        int code = pn_base64_read((struct pn_bytes){rows[i], strlen(rows[i])}, raw,
                                  &len);
        if (!CHECK_EQ(code, PN_WIRE_E_BASE64)) {
            printf("# %s was read\n", rows[i]);
        }
        CHECK_EQ(len, 99);
    }
}

static void
test_round_trip(void)
{
    struct rng rng = {.state = 3};
    struct guard guard;
    guard_open(&guard, 400);
    for (size_t len = 0; len < 200; len++) {
        char raw[200];
        char text[400];
        char back[300];
        size_t size = 0;
        for (size_t i = 0; i < len; i++) {
            raw[i] = (char)rng_next(&rng);
        }
        struct pn_out out = {text, sizeof text, 0};
        pn_base64_put(&out, (struct pn_bytes){guard_copy(&guard, raw, len), len});
        struct pn_bytes sent = {guard_copy(&guard, text, out.len), out.len};
        CHECK_EQ(pn_base64_read(sent, back, &size), 0);
        CHECK_EQ(size, len);
        CHECK_MEM(back, raw, len);
        CHECK_EQ(pn_base64_read(sent, NULL, &size), 0);
    }
    guard_close(&guard);
}

int
main(void)
{
    RUN(test_vectors);
    RUN(test_refused);
    RUN(test_round_trip);
    return harness_done();
}
