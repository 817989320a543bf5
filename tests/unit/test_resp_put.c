#include "wire/resp_put.h"

#include "harness.h"

static bool
says(unsigned protocol, struct pn_resp_token token, const char *text)
{
    char buf[128];
    struct pn_out out = {buf, sizeof buf, 0};
    pn_resp_put(&out, protocol, &token);
    bool is_same = out.len == strlen(text) && memcmp(buf, text, out.len) == 0;
    if (!is_same) {
        printf("# it is %.*s\n", (int)out.len, buf);
    }
    return is_same;
}

/* Each type in both protocols; what RESP2 cannot say it says as Redis would. */
static void
test_types(void)
{
    struct pn_bytes abc = PN_BYTES("abc");
    const struct {
        struct pn_resp_token token;
        const char *three, *two;
    } rows[] = {
        {{.type = '+', .text = PN_BYTES("OK")}, "+OK\r\n", "+OK\r\n"},
        {{.type = '-', .text = PN_BYTES("ERR x")}, "-ERR x\r\n", "-ERR x\r\n"},
        {{.type = ':', .number = -5}, ":-5\r\n", ":-5\r\n"},
        {{.type = '$', .text = PN_BYTES("abc")}, "$3\r\nabc\r\n", "$3\r\nabc\r\n"},
        {{.type = '_'}, "_\r\n", "$-1\r\n"},
        {{.type = '_', .lead = '*'}, "*-1\r\n", "*-1\r\n"},
        {{.type = '_', .lead = '$'}, "$-1\r\n", "$-1\r\n"},
        {{.type = '#', .number = 1}, "#t\r\n", ":1\r\n"},
        {{.type = '#', .number = 0}, "#f\r\n", ":0\r\n"},
        {{.type = ',', .real = 1.25}, ",1.25\r\n", "$4\r\n1.25\r\n"},
        {{.type = '(', .text = PN_BYTES("123")}, "(123\r\n", "$3\r\n123\r\n"},
        {{.type = '!', .text = PN_BYTES("ERR x")}, "!5\r\nERR x\r\n", "-ERR x\r\n"},
        {{.type = '=', .text = PN_BYTES("abc"), .format = "mkd"},
         "=7\r\nmkd:abc\r\n",
         "$3\r\nabc\r\n"},
        {{.type = '*', .number = 3}, "*3\r\n", "*3\r\n"},
        {{.type = '%', .number = 3}, "%3\r\n", "*6\r\n"},
        {{.type = '~', .number = 3}, "~3\r\n", "*3\r\n"},
        {{.type = '>', .number = 3}, ">3\r\n", "*3\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(says(3, rows[i].token, rows[i].three));
        CHECK(says(2, rows[i].token, rows[i].two));
    }
    CHECK(says(3, (struct pn_resp_token){.type = '|', .number = 1}, "|1\r\n"));
    CHECK(says(3, (struct pn_resp_token){.type = '$', .text = abc}, "$3\r\nabc\r\n"));
}

/* Nobody's text may end a line early. */
static void
test_injection(void)
{
    struct pn_bytes evil = PN_BYTES("x\r\n+OK\n");
    CHECK(says(3, (struct pn_resp_token){.type = '-', .text = evil}, "-x  +OK \r\n"));
    CHECK(says(3, (struct pn_resp_token){.type = '+', .text = evil}, "+x  +OK \r\n"));
    CHECK(says(2, (struct pn_resp_token){.type = '!', .text = evil}, "-x  +OK \r\n"));
}

static void
test_command(void)
{
    const struct pn_bytes argv[] = {PN_BYTES("SET"), PN_BYTES("k"), PN_BYTES("")};
    static const char text[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n";
    char buf[64];
    struct pn_out out = {buf, sizeof buf, 0};
    struct pn_out small = {buf + 40, 10, 0};
    pn_resp_put_command(&out, argv, 3);
    CHECK_EQ(out.len, sizeof text - 1);
    CHECK_MEM(buf, text, sizeof text - 1);
    pn_resp_put_command(&small, argv, 3);
    CHECK_EQ(small.len, sizeof text - 1);
}

/* A long value goes out as a piece of its own between two short ones. */
static void
test_pieces(void)
{
    char buf[32];
    struct pn_out out = {buf, sizeof buf, 0};
    pn_resp_put_array(&out, 1);
    pn_resp_put_length(&out, 1000000);
    CHECK_EQ(out.len, 14);
    CHECK_MEM(buf, "*1\r\n$1000000\r\n", 13);
    out.len = 0;
    pn_resp_put_simple(&out, PN_BYTES("OK"));
    pn_resp_put_error(&out, PN_BYTES("ERR"));
    pn_resp_put_integer(&out, 7);
    pn_resp_put_bulk(&out, PN_BYTES("v"));
    CHECK_EQ(out.len, 22);
    CHECK_MEM(buf, "+OK\r\n-ERR\r\n:7\r\n$1\r\nv\r\n", 22);
}

int
main(void)
{
    RUN(test_types);
    RUN(test_injection);
    RUN(test_command);
    RUN(test_pieces);
    return harness_done();
}
