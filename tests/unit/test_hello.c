#include "client/hello.h"

#include <stdlib.h>

#include "client/code.h"
#include "harness.h"

#define HELLO_7                                                                  \
    "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n"     \
    "$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:7\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n" \
    "$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
#define HELLO_VALKEY                                                               \
    "%8\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n$7\r\nversion\r\n$5\r\n9.1.2\r\n"       \
    "$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:2\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n"   \
    "$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*1\r\n*4\r\n$7\r\nversion\r\n" \
    "$3\r\n1.1\r\n$4\r\npath\r\n$1\r\n/\r\n$17\r\navailability_zone\r\n$0\r\n\r\n"
#define ROLE_MASTER "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
#define ROLE_SLAVE \
    "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:6379\r\n$9\r\nconnected\r\n:14\r\n"
/* What servers before 6 say: they quote what they do not understand. */
#define UNKNOWN_5                                                                   \
    "-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `user`, " \
    "`hunter22`, \r\n"
#define NOAUTH "-NOAUTH Authentication required.\r\n"
#define OK "+OK\r\n"

/* Puts a flight for every one of REPLIES that is wanted, and takes it. NULL ends. */
static struct pn_hello
shake(const struct pn_hello_opts *opts, const char *const *replies)
{
    struct pn_hello hello = {0};
    while (hello.state == PN_HELLO_SEND ||
           (hello.state == PN_HELLO_WAIT && *replies != NULL)) {
        if (hello.state == PN_HELLO_SEND) {
            char text[600];
            struct pn_out out = {.ptr = text, .cap = sizeof text};
            pn_hello_put(&hello, opts, &out);
        } else {
            size_t len = strlen(*replies);
            char *copy = malloc(len); /* ASan sees what lies behind it */
            memcpy(copy, *replies, len);
            pn_hello_take(&hello, opts, (struct pn_bytes){copy, len});
            free(copy);
            replies++;
        }
    }
    CHECK(*replies == NULL || hello.state == PN_HELLO_FAILED);
    return hello;
}

#define SHAKE(opts, ...) shake(&(opts), (const char *const[]){__VA_ARGS__, NULL})

static void
test_modern(void)
{
    struct pn_hello_opts opts = {.protocol = 3};
    struct pn_hello hello = SHAKE(opts, HELLO_7);
    CHECK_EQ(hello.state, PN_HELLO_DONE);
    CHECK_EQ(hello.protocol, 3);
    CHECK_EQ(hello.version, 0x07000f);
    CHECK(!hello.is_valkey && !hello.is_fallback);
    hello = SHAKE(opts, HELLO_VALKEY);
    CHECK_EQ(hello.state, PN_HELLO_DONE);
    CHECK_EQ(hello.version, 0x090102);
    CHECK(hello.is_valkey);
}

static void
test_versions(void)
{
    static const struct {
        const char *reply;
        uint32_t version;
    } rows[] = {
        {"*2\r\n$7\r\nversion\r\n$7\r\n8.1-rc2\r\n", 0x080100},
        {"*2\r\n$7\r\nversion\r\n$11\r\n255.255.255\r\n", 0xffffff},
        {"*2\r\n$7\r\nversion\r\n$5\r\n256.1\r\n", 0},
        {"*2\r\n$7\r\nversion\r\n$3\r\nabc\r\n", 0},
        {"*2\r\n$7\r\nversion\r\n$0\r\n\r\n", 0},
        {"*2\r\n$7\r\nversion\r\n:5\r\n", 0},
        {"*0\r\n", 0},
    };
    struct pn_hello_opts opts = {.protocol = 3};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pn_hello hello = SHAKE(opts, rows[i].reply);
        CHECK_EQ(hello.state, PN_HELLO_DONE);
        CHECK_EQ(hello.version, rows[i].version);
    }
}

static void
test_whole_flight(void)
{
    struct pn_hello_opts opts = {.protocol = 3,
                                 .db = 2,
                                 .client_name = "me",
                                 .library_version = "1",
                                 .is_readonly = true,
                                 .role = PN_ROLE_REPLICA};
    /* Redis 7.0 has no SETINFO; a user may not be allowed to */
    struct pn_hello hello =
        SHAKE(opts, HELLO_7, OK, "-ERR unknown subcommand 'SETINFO'.\r\n",
              "-NOPERM User u has no permissions to run the 'client|setinfo'\r\n", OK,
              ROLE_SLAVE);
    CHECK_EQ(hello.state, PN_HELLO_DONE);
    CHECK_EQ(hello.left, 0);
}

static void
test_old_server(void)
{
    struct pn_hello_opts opts = {
        .protocol = 3, .username = "user", .password = "hunter22", .db = 1};
    struct pn_hello hello = SHAKE(opts, UNKNOWN_5, NOAUTH, OK, OK);
    CHECK_EQ(hello.state, PN_HELLO_DONE);
    CHECK_EQ(hello.protocol, 2);
    CHECK(hello.is_fallback);
    CHECK_EQ(hello.version, 0);
    hello = SHAKE(opts, "-NOPROTO unsupported protocol version\r\n", OK, OK, OK);
    CHECK_EQ(hello.state, PN_HELLO_DONE);
    /* Valkey without HELLO: a stranger is not told */
    hello = SHAKE(opts, NOAUTH, NOAUTH, OK, OK);
    CHECK_EQ(hello.state, PN_HELLO_DONE);
    CHECK(hello.is_fallback);
    hello = SHAKE(opts, NOAUTH, NOAUTH, "-WRONGPASS invalid\r\n");
    CHECK_EQ(hello.code, PN_CLIENT_E_AUTH);
    /* answered, in the protocol it has */
    opts.db = 0;
    hello = SHAKE(opts, "*4\r\n$7\r\nversion\r\n$5\r\n6.2.1\r\n$5\r\nproto\r\n:2\r\n");
    CHECK_EQ(hello.state, PN_HELLO_DONE);
    CHECK_EQ(hello.protocol, 2);
    CHECK_EQ(hello.version, 0x060201);
}

/* HELLO 3 answered in RESP2 with steps behind it: they are those that were said. */
static void
test_protocol_of_the_answer(void)
{
    struct pn_hello_opts opts = {.protocol = 3, .password = "hunter22", .db = 1};
    struct pn_hello hello = SHAKE(opts, "*2\r\n$5\r\nproto\r\n:2\r\n",
                                  "-ERR DB index is out of range\r\n");
    CHECK_EQ(hello.state, PN_HELLO_FAILED);
    CHECK_EQ(hello.code, PN_CLIENT_E_HELLO);
}

struct refusal {
    const char *reply;
    int code;
    bool is_loading, is_full;
};

static void
check_refusals(const struct pn_hello_opts *opts, const struct refusal *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct pn_hello hello = shake(opts, (const char *const[]){rows[i].reply, NULL});
        size_t shown = strlen(hello.said);
        bool is_right = hello.state == PN_HELLO_FAILED && hello.code == rows[i].code &&
                        hello.is_loading == rows[i].is_loading &&
                        hello.is_full == rows[i].is_full && shown > 4 &&
                        strncmp(hello.said, rows[i].reply + 1, shown - 3) == 0;
        if (!CHECK(is_right)) {
            printf("# %s-> %d %s\n", rows[i].reply, hello.code, hello.said);
        }
    }
}

static void
test_refused_at_once(void)
{
    static const struct refusal rows[] = {
        {"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
         PN_CLIENT_E_AUTH, false, false},
        {"-LOADING Redis is loading the dataset in memory\r\n", PN_CLIENT_E_HELLO, true,
         false},
        {"-ERR max number of clients reached\r\n", PN_CLIENT_E_HELLO, false, true},
        {"-ERR max number of clients + cluster connections reached\r\n",
         PN_CLIENT_E_HELLO, false, true},
        {"-DENIED Redis is running in protected mode because protected mode is "
         "enabled and no password is set for the default user.\r\n",
         PN_CLIENT_E_HELLO, false, false},
        {"-BUSY Redis is busy running a script.\r\n", PN_CLIENT_E_HELLO, false, false},
    };
    struct pn_hello_opts opts = {.protocol = 3, .password = "hunter22"};
    check_refusals(&opts, rows, sizeof rows / sizeof rows[0]);
    static const struct refusal no_password[] = {
        {"-NOAUTH HELLO must be called with the client already authenticated, "
         "otherwise the HELLO <proto> AUTH <user> <pass> option can be used to "
         "authenticate the client and select the RESP protocol version at the same "
         "time\r\n",
         PN_CLIENT_E_AUTH, false, false},
    };
    opts.password = NULL;
    check_refusals(&opts, no_password, 1);
    opts.password = "hunter22";
    opts.protocol = 2; /* the same to AUTH, which comes first there */
    check_refusals(&opts, rows, sizeof rows / sizeof rows[0] - 1);
}

static void
test_refused_auth(void)
{
    static const struct refusal rows[] = {
        {"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
         PN_CLIENT_E_AUTH, false, false},
        {"-ERR AUTH <password> called without any password configured for the default "
         "user. Are you sure your configuration is correct?\r\n",
         PN_CLIENT_E_AUTH, false, false},
        {"-ERR invalid password\r\n", PN_CLIENT_E_AUTH, false, false},
        {"-ERR wrong number of arguments for 'auth' command\r\n", PN_CLIENT_E_AUTH,
         false, false},
    };
    struct pn_hello_opts opts = {.protocol = 2, .password = "hunter22"};
    check_refusals(&opts, rows, sizeof rows / sizeof rows[0]);
}

static void
test_refused_settings(void)
{
    struct pn_hello_opts opts = {.protocol = 2, .client_name = "a b"};
    struct pn_hello hello = SHAKE(
        opts,
        "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
    CHECK_EQ(hello.code, PN_CLIENT_E_HELLO);
    hello = SHAKE(opts, "-ERR unknown command 'CLIENT'\r\n");
    CHECK_EQ(hello.state, PN_HELLO_DONE);
    hello = SHAKE(opts, NOAUTH);
    CHECK_EQ(hello.code, PN_CLIENT_E_AUTH);
    opts = (struct pn_hello_opts){.protocol = 2, .db = 99};
    hello = SHAKE(opts, "-ERR DB index is out of range\r\n");
    CHECK_EQ(hello.code, PN_CLIENT_E_HELLO);
    CHECK(strcmp(hello.said, "ERR DB index is out of range") == 0);
    opts = (struct pn_hello_opts){.protocol = 2, .is_readonly = true};
    hello = SHAKE(opts, "-ERR This instance has cluster support disabled\r\n");
    CHECK_EQ(hello.code, PN_CLIENT_E_HELLO);
    opts = (struct pn_hello_opts){.protocol = 2, .library_version = "1"};
    hello = SHAKE(opts, NOAUTH); /* its own errors do not matter, this one does */
    CHECK_EQ(hello.code, PN_CLIENT_E_AUTH);
}

static void
test_role(void)
{
    struct pn_hello_opts opts = {.protocol = 2, .role = PN_ROLE_PRIMARY};
    const char *capa = "-ERR unknown subcommand 'CAPA'. Try CLIENT HELP.\r\n";
    CHECK_EQ(SHAKE(opts, capa, ROLE_MASTER).state, PN_HELLO_DONE);
    struct pn_hello hello = SHAKE(opts, capa, ROLE_SLAVE);
    CHECK_EQ(hello.code, PN_CLIENT_E_ROLE);
    CHECK(strcmp(hello.said, "ROLE is slave") == 0);
    hello = SHAKE(opts, capa, "-NOPERM this user has no permissions\r\n");
    CHECK_EQ(hello.code, PN_CLIENT_E_ROLE);
    static const char *const odd[] = {"*0\r\n", "+OK\r\n", "*-1\r\n", "_\r\n",
                                      "*1\r\n"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        CHECK_EQ(SHAKE(opts, capa, odd[i]).code, PN_CLIENT_E_REPLY);
    }
    hello = SHAKE(opts, capa, "*1\r\n*0\r\n");
    CHECK_EQ(hello.code, PN_CLIENT_E_ROLE);
    opts.role = PN_ROLE_REPLICA;
    CHECK_EQ(SHAKE(opts, ROLE_SLAVE).state, PN_HELLO_DONE);
    CHECK_EQ(SHAKE(opts, ROLE_MASTER).code, PN_CLIENT_E_ROLE);
}

static void
test_not_an_answer(void)
{
    struct pn_hello_opts opts = {.protocol = 3};
    CHECK_EQ(SHAKE(opts, "+OK\r\n").code, PN_CLIENT_E_REPLY);
    struct pn_hello hello = SHAKE(opts, "HTTP/1.1 400 Bad Request\r\n");
    CHECK_EQ(hello.code, PN_CLIENT_E_REPLY);
    CHECK(strncmp(hello.said, "HTTP/1.1 400 Bad Request", 24) == 0);
    hello = SHAKE(opts, "\x01\xff\r\n");
    CHECK(strcmp(hello.said, "????") == 0);
    CHECK_EQ(SHAKE(opts, "").code, PN_CLIENT_E_REPLY);
}

/* Does TEXT hold N bytes in a row of SECRET? */
static bool
leaks(const char *text, const char *secret, size_t n)
{
    for (size_t i = 0; i + n <= strlen(secret); i++) {
        for (size_t j = 0; j + n <= strlen(text); j++) {
            if (memcmp(text + j, secret + i, n) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* An echo of the password, whole or cut at either side, and at the edge of `said`. */
static void
test_echo(void)
{
    static const char secret[] = "S3cret'\"zq0!";
    struct pn_hello_opts opts = {.protocol = 2, .password = secret};
    size_t len = strlen(secret);
    for (size_t skip = 0; skip + 4 <= len; skip++) {
        for (size_t end = skip + 4; end <= len; end++) {
            for (int pad = 0; pad < 220; pad += pad < 170 ? 34 : 1) {
                char reply[400];
                snprintf(reply, sizeof reply, "-ERR %*s refused %.*s\r\n", pad, "",
                         (int)(end - skip), secret + skip);
                struct pn_hello hello = SHAKE(opts, reply);
                CHECK_EQ(hello.code, PN_CLIENT_E_AUTH);
                CHECK(!leaks(hello.said, secret, 4));
                CHECK(strlen(hello.said) >= (pad < 160 ? (size_t)pad + 12 : 170));
            }
        }
    }
    opts.password = "ab";
    CHECK(strcmp(SHAKE(opts, "-ERR not ab\r\n").said, "ERR not ...") == 0);
    opts.password = "hunter22"; /* Redis cuts what it quotes, wherever that is */
    struct pn_hello hello = SHAKE(opts, UNKNOWN_5);
    CHECK(strcmp(hello.said, "ERR unknown command `HELLO`...") == 0);
}

static void
test_memcached(void)
{
    struct pn_hello_opts opts = {.is_memcached = true};
    struct pn_hello hello = SHAKE(opts, "VERSION 1.6.18\r\n");
    CHECK_EQ(hello.state, PN_HELLO_DONE);
    CHECK_EQ(hello.version, 0x010612);
    CHECK_EQ(hello.protocol, 0);
    CHECK_EQ(SHAKE(opts, "VERSION mcrouter 1.0\r\n").state, PN_HELLO_DONE);
    CHECK_EQ(SHAKE(opts, "ERROR\r\n").state, PN_HELLO_DONE);
    hello = SHAKE(opts, "ERROR Too many open connections\r\n");
    CHECK(hello.code == PN_CLIENT_E_HELLO && hello.is_full);
    CHECK_EQ(SHAKE(opts, "CLIENT_ERROR unauthenticated\r\n").code, PN_CLIENT_E_AUTH);
    CHECK_EQ(SHAKE(opts, "-ERR unknown command\r\n").code, PN_CLIENT_E_REPLY);
    CHECK_EQ(SHAKE(opts, "\r\n").code, PN_CLIENT_E_REPLY);
    opts.password = "hunter22";
    CHECK_EQ(SHAKE(opts, "STORED\r\n", "VERSION 1.6.18\r\n").state, PN_HELLO_DONE);
    hello = SHAKE(opts, "CLIENT_ERROR authentication failure\r\n");
    CHECK_EQ(hello.code, PN_CLIENT_E_AUTH);
    CHECK(strcmp(hello.said, "CLIENT_ERROR authentication failure") == 0);
    hello = SHAKE(opts, "CLIENT_ERROR bad default hunter22\r\n");
    CHECK(strcmp(hello.said, "CLIENT_ERROR bad default ...") == 0);
}

int
main(void)
{
    RUN(test_modern);
    RUN(test_versions);
    RUN(test_whole_flight);
    RUN(test_old_server);
    RUN(test_protocol_of_the_answer);
    RUN(test_refused_at_once);
    RUN(test_refused_auth);
    RUN(test_refused_settings);
    RUN(test_role);
    RUN(test_not_an_answer);
    RUN(test_echo);
    RUN(test_memcached);
    return harness_done();
}
