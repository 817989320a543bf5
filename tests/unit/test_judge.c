#include "client/judge.h"
#include "harness.h"

static struct pn_verdict
judge(const char *error)
{
    struct pn_verdict verdict;
    memset(&verdict, 0xa5, sizeof verdict);
    pn_judge((struct pn_bytes){error, strlen(error)}, &verdict);
    return verdict;
}

static bool
is_answer(const char *error)
{
    struct pn_verdict v = judge(error);
    return v.kind == PN_VERDICT_ANSWER && !v.has_trouble && v.slot == PN_SLOT_NONE &&
           v.endpoint.host[0] == '\0' && v.endpoint.port == 0;
}

/* The errors as the servers write them. */
static void
test_states(void)
{
    static const struct {
        const char *error;
        enum pn_verdict_kind kind;
        int trouble; /* -1: none */
    } rows[] = {
        {"TRYAGAIN Multiple keys request during rehashing of slot", PN_VERDICT_APART,
         PN_TROUBLE_AGAIN},
        {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or "
         "SHUTDOWN NOSAVE.",
         PN_VERDICT_AGAIN, PN_TROUBLE_AGAIN},
        {"MIGRATING.", PN_VERDICT_ANSWER, -1},
        {"MIGRATING the slot", PN_VERDICT_AGAIN, PN_TROUBLE_AGAIN},
        {"LOADING Redis is loading the dataset in memory", PN_VERDICT_ELSEWHERE,
         PN_TROUBLE_LOADING},
        {"READONLY You can't write against a read only replica.", PN_VERDICT_ELSEWHERE,
         PN_TROUBLE_ROLE},
        {"UNBLOCKED force unblock from blocking operation, instance state changed "
         "(master -> replica?)",
         PN_VERDICT_ELSEWHERE, PN_TROUBLE_ROLE},
        {"UNBLOCKED client unblocked via CLIENT UNBLOCK", PN_VERDICT_ANSWER, -1},
        {"UNBLOCKED", PN_VERDICT_ANSWER, -1},
        {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to "
         "'no'.",
         PN_VERDICT_ELSEWHERE, PN_TROUBLE_DOWN},
        {"CLUSTERDOWN Hash slot not served", PN_VERDICT_ELSEWHERE, PN_TROUBLE_DOWN},
        {"CLUSTERDOWN", PN_VERDICT_ELSEWHERE, PN_TROUBLE_DOWN},
        {"NOREPLICAS Not enough good replicas to write.", PN_VERDICT_ELSEWHERE,
         PN_TROUBLE_DOWN},
        {"NOAUTH Authentication required.", PN_VERDICT_AUTH, -1},
        {"WRONGPASS invalid username-password pair or user is disabled.",
         PN_VERDICT_AUTH, -1},
        {"OOM command not allowed when used memory > 'maxmemory'.", PN_VERDICT_ANSWER,
         PN_TROUBLE_REFUSED},
        {"MISCONF Redis is configured to save RDB snapshots, but ...",
         PN_VERDICT_ANSWER, PN_TROUBLE_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pn_verdict v = judge(rows[i].error);
        bool is_right = v.kind == rows[i].kind &&
                        v.has_trouble == (rows[i].trouble >= 0) &&
                        (rows[i].trouble < 0 ||
                         v.trouble == (enum pn_trouble)rows[i].trouble);
        if (!CHECK(is_right)) {
            printf("# %s\n", rows[i].error);
        }
    }
}

static void
test_answers(void)
{
    static const char *const rows[] = {
        "",
        " ",
        "ERR unknown command 'FOO', with args beginning with: ",
        "EXECABORT Transaction discarded because of previous errors.",
        "WRONGTYPE Operation against a key holding the wrong kind of value",
        "CROSSSLOT Keys in request don't hash to the same slot",
        "NOPERM User u has no permissions to run the 'get' command",
        "NOSCRIPT No matching script. Please use EVAL.",
        "NOTBUSY No scripts in execution right now.",
        "BUSYGROUP Consumer Group name already exists",
        "BUSYKEY Target key name already exists.",
        "NOGROUP No such key 'x' or consumer group 'g'",
        "NOPROTO unsupported protocol version",
        "moved 1 127.0.0.1:6379",
        "Loading",
        "LOADINGS",
        "READONL",
        "M",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!CHECK(is_answer(rows[i]))) {
            printf("# %s\n", rows[i]);
        }
    }
}

static void
test_redirects(void)
{
    static const struct {
        const char *error;
        enum pn_verdict_kind kind;
        uint32_t slot;
        const char *host;
        uint16_t port;
    } rows[] = {
        {"MOVED 3999 127.0.0.1:6381", PN_VERDICT_MOVED, 3999, "127.0.0.1", 6381},
        {"MOVED 0 cache-3.example.net:1", PN_VERDICT_MOVED, 0, "cache-3.example.net",
         1},
        {"MOVED 16383 :65535", PN_VERDICT_MOVED, 16383, "", 65535},
        {"MOVED 7 ::1:6379", PN_VERDICT_MOVED, 7, "::1", 6379},
        {"MOVED 7 [fe80::1%eth0]:6379", PN_VERDICT_MOVED, 7, "fe80::1%eth0", 6379},
        {"MOVED 7 2001:db8::a:b:6379", PN_VERDICT_MOVED, 7, "2001:db8::a:b", 6379},
        {"MOVED 7 h:6379 more=1", PN_VERDICT_MOVED, 7, "h", 6379},
        {"ASK 3999 127.0.0.1:6381", PN_VERDICT_ASK, 3999, "127.0.0.1", 6381},
        {"ASK 1 :7000", PN_VERDICT_ASK, 1, "", 7000},
        {"REDIRECT 10.0.0.2:6379", PN_VERDICT_REDIRECT, 0, "10.0.0.2", 6379},
        {"REDIRECT ::1:6379", PN_VERDICT_REDIRECT, 0, "::1", 6379},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pn_verdict v = judge(rows[i].error);
        CHECK_EQ(v.kind, rows[i].kind);
        CHECK(!v.has_trouble);
        CHECK_EQ(v.slot, rows[i].slot);
        CHECK(strcmp(v.endpoint.host, rows[i].host) == 0);
        CHECK_EQ(v.endpoint.port, rows[i].port);
    }
}

static void
test_malformed_redirects(void)
{
    static const char *const rows[] = {
        "MOVED",
        "MOVED 1",
        "MOVED h:6379",
        "MOVED x h:6379",
        "MOVED -1 h:6379",
        "MOVED 16384 h:6379",
        "MOVED 4294967297 h:6379",
        "MOVED 1 h",
        "MOVED 1 h:",
        "MOVED 1 h:0",
        "MOVED 1 h:65536",
        "MOVED 1 h:6379x",
        "MOVED 1 ?:6379",
        "MOVED 1 /run/redis.sock:6379",
        "MOVED 1 ho\tst:6379",
        "ASK 1",
        "ASK h:1",
        "REDIRECT",
        "REDIRECT 1",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pn_verdict v = judge(rows[i]);
        if (!CHECK(v.kind == PN_VERDICT_ANSWER && !v.has_trouble)) {
            printf("# %s\n", rows[i]);
        }
    }
}

static bool
endpoint(const char *text, size_t len, struct pn_endpoint *out)
{
    return pn_judge_endpoint((struct pn_bytes){text, len}, out);
}

static void
test_endpoint(void)
{
    struct pn_endpoint e;
    CHECK(endpoint("[::]:1", 6, &e) && strcmp(e.host, "::") == 0 && e.port == 1);
    CHECK(endpoint("A_b-1.x:00080", 13, &e) && strcmp(e.host, "A_b-1.x") == 0);
    CHECK_EQ(e.port, 80);
    static const char *const wrong[] = {"",       ":",      "6379",      "[]:1",
                                        "[h]:1",  "[::1]",  "[::1]6379", "[::1:1",
                                        "::1:1]", "::6379", "a:b:1",     "h :1",
                                        "h:-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        e.port = 7;
        if (!CHECK(!endpoint(wrong[i], strlen(wrong[i]), &e) && e.port == 7)) {
            printf("# %s\n", wrong[i]);
        }
    }
}

static void
test_host_length(void)
{
    char text[PN_FLEET_HOST_MAX + 8];
    struct pn_endpoint e;
    memset(text, 'h', sizeof text);
    memcpy(text + PN_FLEET_HOST_MAX, ":12", 3);
    CHECK(endpoint(text, PN_FLEET_HOST_MAX + 3, &e));
    CHECK_EQ(strlen(e.host), PN_FLEET_HOST_MAX);
    memset(text, 'h', sizeof text);
    memcpy(text + PN_FLEET_HOST_MAX + 1, ":12", 3);
    CHECK(!endpoint(text, PN_FLEET_HOST_MAX + 4, &e));
}

int
main(void)
{
    RUN(test_states);
    RUN(test_answers);
    RUN(test_redirects);
    RUN(test_malformed_redirects);
    RUN(test_endpoint);
    RUN(test_host_length);
    return harness_done();
}
