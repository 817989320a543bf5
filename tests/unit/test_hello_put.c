#include "client/hello_step.h"
#include "harness.h"

/* The flight that OPTS begin with, CRLF as '|'. */
static const char *
said(const struct pn_hello_opts *opts, struct pn_hello *hello, char text[600])
{
    struct pn_out out = {.ptr = text, .cap = 599};
    pn_hello_put(hello, opts, &out);
    CHECK(out.len < 600);
    size_t len = 0;
    for (size_t i = 0; i < out.len; i++) {
        if (text[i] != '\r') {
            text[len++] = (char)(text[i] == '\n' ? '|' : text[i]);
        }
    }
    text[len] = '\0';
    return text;
}

static bool
says(struct pn_hello_opts opts, unsigned replies, const char *wanted)
{
    struct pn_hello hello = {0};
    char text[600];
    bool is_right = strcmp(said(&opts, &hello, text), wanted) == 0;
    is_right = is_right && hello.left == replies &&
               hello.state == (replies > 0 ? PN_HELLO_WAIT : PN_HELLO_DONE);
    if (!is_right) {
        printf("# %u replies to %s\n", hello.left, text);
    }
    return is_right;
}

static void
test_resp3(void)
{
    CHECK(says((struct pn_hello_opts){.protocol = 3}, 1, "*2|$5|HELLO|$1|3|"));
    CHECK(says((struct pn_hello_opts){.protocol = 3, .password = "pw"}, 1,
               "*5|$5|HELLO|$1|3|$4|AUTH|$7|default|$2|pw|"));
    CHECK(says((struct pn_hello_opts){.protocol = 3, .username = "u"}, 1,
               "*5|$5|HELLO|$1|3|$4|AUTH|$1|u|$0||"));
    CHECK(says((struct pn_hello_opts){.protocol = 3,
                                      .username = "u",
                                      .password = "pw",
                                      .client_name = "me",
                                      .library_version = "1.2",
                                      .db = 4294967295,
                                      .is_readonly = true,
                                      .role = PN_ROLE_REPLICA},
               6,
               "*7|$5|HELLO|$1|3|$4|AUTH|$1|u|$2|pw|$7|SETNAME|$2|me|"
               "*2|$6|SELECT|$10|4294967295|"
               "*4|$6|CLIENT|$7|SETINFO|$8|LIB-NAME|$6|pinyon|"
               "*4|$6|CLIENT|$7|SETINFO|$7|LIB-VER|$3|1.2|"
               "*1|$8|READONLY|*1|$4|ROLE|"));
    CHECK(says((struct pn_hello_opts){.protocol = 3, .role = PN_ROLE_PRIMARY}, 3,
               "*2|$5|HELLO|$1|3|*3|$6|CLIENT|$4|CAPA|$8|redirect|*1|$4|ROLE|"));
    CHECK(says((struct pn_hello_opts){.protocol = 3,
                                      .is_readonly = true,
                                      .role = PN_ROLE_PRIMARY},
               3, "*2|$5|HELLO|$1|3|*1|$8|READONLY|*1|$4|ROLE|"));
}

static void
test_resp2(void)
{
    CHECK(says((struct pn_hello_opts){.protocol = 2}, 0, ""));
    CHECK(says((struct pn_hello_opts){.protocol = 2, .password = "pw"}, 1,
               "*2|$4|AUTH|$2|pw|"));
    CHECK(says((struct pn_hello_opts){.protocol = 2, .username = "u", .password = "pw"},
               1, "*3|$4|AUTH|$1|u|$2|pw|"));
    CHECK(says((struct pn_hello_opts){.protocol = 2, .client_name = "me", .db = 3}, 2,
               "*3|$6|CLIENT|$7|SETNAME|$2|me|*2|$6|SELECT|$1|3|"));
}

static void
test_sentinel(void)
{
    struct pn_hello_opts opts = {.protocol = 3,
                                 .role = PN_ROLE_SENTINEL,
                                 .client_name = "me",
                                 .library_version = "1",
                                 .db = 7};
    CHECK(says(opts, 0, ""));
    opts.password = "pw";
    CHECK(says(opts, 1, "*2|$4|AUTH|$2|pw|"));
}

static void
test_memcached(void)
{
    struct pn_hello_opts opts = {
        .is_memcached = true, .protocol = 3, .db = 1, .client_name = "me"};
    CHECK(says(opts, 1, "version|"));
    opts.username = "u";
    opts.password = "pw";
    CHECK(says(opts, 2, "set auth 0 0 4|u pw|version|"));
}

/* A buffer that is too small, as long as it is: nothing is begun. */
static void
test_small_buffer(void)
{
    struct pn_hello_opts opts = {.protocol = 3, .password = "pw", .db = 1};
    struct pn_out counted = {0};
    struct pn_hello hello = {0};
    pn_hello_put(&hello, &opts, &counted);
    CHECK_EQ(hello.state, PN_HELLO_SEND);
    for (size_t cap = 0; cap <= counted.len; cap++) {
        char text[200];
        struct pn_out out = {.ptr = text, .cap = cap};
        hello = (struct pn_hello){0};
        pn_hello_put(&hello, &opts, &out);
        CHECK_EQ(out.len, counted.len);
        CHECK_EQ(hello.state, cap < counted.len ? PN_HELLO_SEND : PN_HELLO_WAIT);
    }
}

/* The flight after a HELLO that was not understood is one of RESP2. */
static void
test_fallback(void)
{
    struct pn_hello_opts opts = {.protocol = 3, .password = "pw", .db = 1};
    struct pn_hello hello = {.is_fallback = true, .protocol = 3};
    char text[600];
    CHECK(strcmp(said(&opts, &hello, text), "*2|$4|AUTH|$2|pw|*2|$6|SELECT|$1|1|") ==
          0);
    CHECK_EQ(hello.protocol, 2);
    CHECK_EQ(hello.left, 2);
}

int
main(void)
{
    RUN(test_resp3);
    RUN(test_resp2);
    RUN(test_sentinel);
    RUN(test_memcached);
    RUN(test_small_buffer);
    RUN(test_fallback);
    return harness_done();
}
