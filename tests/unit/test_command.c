#include "client/command.h"
#include "harness.h"

enum { ARGS_MAX = 16 };

/* A command line, its words apart by one space. */
struct line {
    struct pn_bytes argv[ARGS_MAX];
    size_t argc;
};

static struct line
cut(const char *text)
{
    struct line line = {.argc = 0};
    struct pn_bytes rest = {text, strlen(text)};
    while (line.argc < ARGS_MAX && pn_word_next(&rest, &line.argv[line.argc])) {
        line.argc++;
    }
    return line;
}

static struct pn_command_info
info_of(const char *text)
{
    struct pn_command_info info;
    memset(&info, 0xa5, sizeof info);
    struct line line = cut(text);
    pn_command_info(line.argv, line.argc, &info);
    return info;
}

/* The indices of its keys, "1 3"; "" when there are none. */
static bool
has_keys(const char *text, const char *wanted)
{
    char found[64] = "";
    struct line line = cut(text);
    struct pn_command_info info = info_of(text);
    size_t at, n = 0, len = 0;
    while ((at = pn_command_key(line.argv, line.argc, &info, n)) != 0) {
        len += (size_t)snprintf(found + len, sizeof found - len, n > 0 ? " %zu" : "%zu",
                                at);
        n++;
    }
    bool is_right = strcmp(found, wanted) == 0 &&
                    ((info.flags & PN_CMD_NO_KEY) != 0) == (n == 0) &&
                    n == info.keys + (info.extra != 0);
    if (!is_right) {
        printf("# %s: keys at %s\n", text, found);
    }
    return is_right;
}

static void
test_fixed_keys(void)
{
    CHECK(has_keys("GET k", "1"));
    CHECK(has_keys("gEt k", "1"));
    CHECK(has_keys("MGET a b c", "1 2 3"));
    CHECK(has_keys("MSET a 1 b 2", "1 3"));
    CHECK(has_keys("RENAME a b", "1 2"));
    CHECK(has_keys("BITOP AND d a b", "2 3 4"));
    CHECK(has_keys("BLPOP a b 0", "1 2"));
    CHECK(has_keys("WATCH a b", "1 2"));
    CHECK(has_keys("SSUBSCRIBE a b", "1 2"));
    CHECK(has_keys("PING", ""));
    CHECK(has_keys("PUBLISH channel text", ""));
}

static void
test_subcommands(void)
{
    CHECK(has_keys("OBJECT ENCODING k", "2"));
    CHECK(has_keys("object encoding k", "2"));
    CHECK(has_keys("OBJECT HELP", ""));
    CHECK(has_keys("OBJECT", ""));
    CHECK(has_keys("OBJECT FUTURE k", ""));
    CHECK(has_keys("XGROUP CREATE k g $", "2"));
    CHECK(has_keys("MEMORY USAGE k SAMPLES 5", "2"));
    CHECK(has_keys("CONFIG GET save", ""));
    CHECK((info_of("SCRIPT LOAD x").flags & PN_CMD_EVERY) != 0);
    CHECK((info_of("SCRIPT DEBUG yes").flags & PN_CMD_STATE) != 0);
    CHECK((info_of("SCRIPT").flags & PN_CMD_EVERY) == 0);
}

/* A name that no table has, and those that could mislead a search. */
static void
test_unknown(void)
{
    static const char *const names[] = {
        "JSON.SET k $ 1", "A k",
        "ZZZZ k",         "GE k",
        "GETT k",         "OBJEC k",
        "OBJECT-X k",     "A_COMMAND_WITH_A_NAME_THAT_IS_LONGER_THAN_ANY k",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CHECK(has_keys(names[i], "1"));
        CHECK_EQ(info_of(names[i]).flags, 0);
    }
    CHECK_EQ(info_of("FUTURE").flags, PN_CMD_NO_KEY);
    CHECK_EQ(info_of("").flags, PN_CMD_NO_KEY);
    struct pn_bytes nul[2] = {{"GET\0", 4}, {"k", 1}};
    struct pn_command_info info;
    pn_command_info(nul, 2, &info);
    CHECK_EQ(info.flags, 0);
    struct pn_bytes empty = {"", 0};
    pn_command_info(&empty, 1, &info);
    CHECK_EQ(info.flags, PN_CMD_NO_KEY);
    struct pn_bytes odd[2] = {{"OBJECT", 6}, {"ENCODING\0X", 10}};
    pn_command_info(odd, 2, &info);
    CHECK_EQ(info.flags, PN_CMD_KNOWN | PN_CMD_NO_KEY);
}

static void
test_too_few_arguments(void)
{
    CHECK(has_keys("GET", ""));
    CHECK(has_keys("RENAME a", "1"));
    CHECK(has_keys("MSET", ""));
    CHECK(has_keys("BLPOP", ""));
    CHECK(has_keys("BLPOP 0", ""));
    CHECK(has_keys("BITOP AND", ""));
    CHECK(has_keys("OBJECT ENCODING", ""));
    CHECK(has_keys("MIGRATE h 1", ""));
}

static void
test_flags(void)
{
    static const struct {
        const char *line;
        unsigned flags;
    } rows[] = {
        {"GET k", PN_CMD_READ | PN_CMD_SAFE},
        {"MGET k", PN_CMD_READ | PN_CMD_SAFE | PN_CMD_SPLIT},
        {"MSET k v", PN_CMD_SAFE | PN_CMD_SPLIT},
        {"MSETNX k v", 0},
        {"DEL k", PN_CMD_SAFE | PN_CMD_SPLIT},
        {"INCR k", 0},
        {"LPUSH k v", 0},
        {"SETNX k v", 0},
        {"GETSET k v", 0},
        {"SADD k v", 0},
        {"ZREM k v", 0},
        {"PERSIST k", 0},
        {"PING", PN_CMD_SAFE | PN_CMD_NO_KEY},
        {"DBSIZE", PN_CMD_READ | PN_CMD_SAFE | PN_CMD_NO_KEY | PN_CMD_EVERY},
        {"KEYS *", PN_CMD_READ | PN_CMD_SAFE | PN_CMD_NO_KEY | PN_CMD_EVERY},
        {"FLUSHALL", PN_CMD_SAFE | PN_CMD_NO_KEY | PN_CMD_EVERY},
        {"PUBLISH c m", PN_CMD_NO_KEY},
        {"SUBSCRIBE c", PN_CMD_PUSH | PN_CMD_NO_KEY},
        {"MONITOR", PN_CMD_PUSH | PN_CMD_STATE | PN_CMD_NO_KEY},
        {"SELECT 1", PN_CMD_STATE | PN_CMD_NO_KEY},
        {"CLIENT REPLY OFF", PN_CMD_STATE | PN_CMD_NO_KEY},
        {"CLIENT KILL 1", PN_CMD_NO_KEY},
        {"MULTI", PN_CMD_STATE | PN_CMD_NO_KEY},
        {"PUBSUB CHANNELS", PN_CMD_SAFE | PN_CMD_NO_KEY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!CHECK_EQ(info_of(rows[i].line).flags, rows[i].flags | PN_CMD_KNOWN)) {
            printf("# %s\n", rows[i].line);
        }
    }
}

int
main(void)
{
    RUN(test_fixed_keys);
    RUN(test_subcommands);
    RUN(test_unknown);
    RUN(test_too_few_arguments);
    RUN(test_flags);
    return harness_done();
}
