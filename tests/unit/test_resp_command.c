#include "wire/resp_command.h"

#include "wire.h"

static void
test_arrays(void)
{
    READS(feed_resp_command, NULL,
          "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n*1\r\n$4\r\nPING\r\n",
          "command \"SET\" \"k\" \"a\\r\\nb\"\ncommand \"PING\"\n");
    READS(feed_resp_command, NULL, "*1\r\n$0\r\n\r\n", "command \"\"\n");
    READS(feed_resp_command, NULL, "*2\r\n$3\r\nGET\r\n", "13 left\n");
}

static void
test_inline(void)
{
    READS(feed_resp_command, NULL, "GET k\r\nPING\n",
          "command \"GET\" \"k\"\ncommand \"PING\"\n");
    READS(feed_resp_command, NULL, " a\t'b c' \r\n", "command \"a\" \"b c\"\n");
    READS(feed_resp_command, NULL, "a 'b\r\n", "malformed PN_WIRE_E_QUOTE\n");
    READS(feed_resp_command, NULL, "a\rb\r\n", "malformed PN_WIRE_E_BARE\n");
}

/* A node may hold a stranger to less. */
static void
test_limits(void)
{
    union feed_state small = {.command.limits = {.count = 2, .length = 4}};
    READS(feed_resp_command, &small, "*2\r\n$4\r\nECHO\r\n$4\r\n1234\r\n",
          "command \"ECHO\" \"1234\"\n");
    READS(feed_resp_command, &small, "*3\r\n", "malformed PN_WIRE_E_COUNT\n");
    READS(feed_resp_command, &small, "*1\r\n$5\r\n", "malformed PN_WIRE_E_LENGTH\n");
    READS(feed_resp_command, &small, "a b c\r\n", "malformed PN_WIRE_E_COUNT\n");
    READS(feed_resp_command, &small, "a 'bcdef'\r\n", "malformed PN_WIRE_E_LENGTH\n");
    READS(feed_resp_command, &small, "a b\r\n", "command \"a\" \"b\"\n");
}

/* A command in pieces does not read the arguments it has again and again: what lies
 * before the one that is missing may change without being noticed until the end. */
static void
test_resumes(void)
{
    char text[] = "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n";
    size_t len = sizeof text - 1;
    struct pn_resp_command command = {.at = 0};
    struct pn_bytes argv[2];
    size_t argc = 0;
    CHECK_EQ(pn_resp_command(&command, text, 13, argv, 2, &argc), 0);
    CHECK_EQ(command.complete, 1);
    CHECK_EQ(pn_resp_command(&command, text, 17, argv, 2, &argc), 0);
    CHECK_EQ(command.need, len);
    text[9] = 'e';
    CHECK_EQ(pn_resp_command(&command, text, len - 1, argv, 2, &argc), 0);
    CHECK_EQ(pn_resp_command(&command, text, len, argv, 2, &argc), len);
    CHECK_EQ(argc, 2);
    CHECK(pn_bytes_equal(argv[0], PN_BYTES("GeT")));
    CHECK(pn_bytes_equal(argv[1], PN_BYTES("key")));
    CHECK_EQ(command.at, 0);
}

int
main(void)
{
    RUN(test_arrays);
    RUN(test_inline);
    RUN(test_limits);
    RUN(test_resumes);
    return harness_done();
}
