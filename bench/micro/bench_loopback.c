/*
 * bench_loopback - the floor: a request and its reply over one socket, and nothing else
 *
 * What a client of memcached or Redis cannot be faster than: send() of a request that
 * was composed before, recv() until the length of the reply has come. No parser, no
 * deadline, no poll. The server listens on --port of 127.0.0.1; the keys that are asked
 * for are stored first, as the benches in Python name them.
 *
 * With --coached it times nothing by itself: for each line "TRIPS" of its input it does
 * so many round trips and answers with the nanoseconds they took. So bench_fleet.py
 * lets it take its turn in the rounds of the clients that it is compared with.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "report.h"
#include "timing.h"
#include "wire/resp_put.h"

static const char what[] = "one request, one reply: send and recv in C";

enum { VALUE = 100, KEY = 16, KEYS_MAX = 1000, ROOM = 256 << 10, WARM_UP = 5 };

struct loop {
    int fd;
    struct pn_out request; /* of the operation that is timed */
    size_t reply_len;
    char reply[ROOM];
};

static void
make_key(char key[KEY + 1], unsigned number)
{
    (void)snprintf(key, KEY + 1, "user:%08u:id", number % 100000000U);
}

static int
dial(unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        report_fail("--port", "nobody listens there");
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* Sends LEN bytes and receives until REPLY_LEN have come. */
static void
trip(struct loop *loop, const char *bytes, size_t len, size_t reply_len)
{
    size_t have = 0;

    while (len > 0) {
        ssize_t n = send(loop->fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0) {
            report_fail("send", "the server hung up");
        }
        bytes += n;
        len -= (size_t)n;
    }
    while (have < reply_len) {
        ssize_t n = recv(loop->fd, loop->reply + have, sizeof loop->reply - have, 0);

        if (n <= 0) {
            report_fail("recv", "the server hung up");
        }
        have += (size_t)n;
    }
}

/* ---- RESP: SET of each key, then one GET or MGET ---- */

static void
prepare_resp(struct loop *loop, unsigned keys)
{
    static char value[VALUE];
    static char key[KEYS_MAX][KEY + 1];
    static struct pn_bytes argv[KEYS_MAX + 1];
    char bytes[512];

    argv[0] = keys == 1 ? PN_BYTES("GET") : PN_BYTES("MGET");
    for (unsigned i = 0; i < keys; i++) {
        struct pn_out out = {bytes, sizeof bytes, 0};
        struct pn_bytes set[] = {PN_BYTES("SET"), {key[i], KEY}, {value, VALUE}};

        make_key(key[i], i);
        argv[i + 1] = set[1];
        pn_resp_put_command(&out, set, 3);
        trip(loop, bytes, out.len, strlen("+OK\r\n"));
    }
    pn_resp_put_command(&loop->request, argv, keys + 1);
    loop->reply_len = keys * (strlen("$100\r\n\r\n") + VALUE);
    if (keys > 1) {
        loop->reply_len += (size_t)snprintf(bytes, sizeof bytes, "*%u\r\n", keys);
    }
}

/* ---- memcached: set of each key, then one get of all ---- */

static void
prepare_memcached(struct loop *loop, unsigned keys)
{
    char key[KEY + 1];
    char bytes[512] = "";
    struct pn_out *out = &loop->request;

    out->len += (size_t)snprintf(out->ptr, ROOM, "get");
    for (unsigned i = 0; i < keys; i++) {
        size_t len;

        make_key(key, i);
        len = (size_t)snprintf(bytes, sizeof bytes, "set %s 0 0 %d\r\n", key, VALUE);
        memset(bytes + len, 'v', VALUE);
        memcpy(bytes + len + VALUE, "\r\n", 2);
        trip(loop, bytes, len + VALUE + 2, strlen("STORED\r\n"));
        out->len += (size_t)snprintf(out->ptr + out->len, ROOM - out->len, " %s", key);
    }
    out->len += (size_t)snprintf(out->ptr + out->len, ROOM - out->len, "\r\n");
    loop->reply_len = keys * (strlen("VALUE  0 100\r\n\r\n") + KEY + VALUE) +
                      strlen("END\r\n");
}

/* ---- The loop ---- */

static double
time_trips(struct loop *loop, uint64_t trips)
{
    uint64_t start = timing_now_ns();

    for (uint64_t i = 0; i < trips; i++) {
        trip(loop, loop->request.ptr, loop->request.len, loop->reply_len);
    }
    return (double)(timing_now_ns() - start);
}

static void
obey(struct loop *loop)
{
    unsigned long trips;

    while (scanf("%lu", &trips) == 1) {
        printf("%.0f\n", time_trips(loop, trips));
        (void)fflush(stdout);
    }
}

static void
run_alone(struct loop *loop, const char *name, uint64_t count, uint64_t trips)
{
    struct rounds rounds = {0};

    for (uint64_t round = 0; round < count + WARM_UP; round++) {
        double ns = time_trips(loop, trips) / (double)trips;

        if (round >= WARM_UP) {
            rounds_add(&rounds, ns / 1000);
        }
    }
    report_result(name, rounds_median(&rounds), "us", NO_TARGET);
}

int
main(int argc, char **argv)
{
    static char request[ROOM];
    static struct loop loop;
    uint64_t port = 0, keys = 1, is_memcached = 0, is_coached = 0;
    uint64_t count = 100, trips = 200;
    const struct option_spec options[] = {
        {"port", "where the server listens, on 127.0.0.1", &port, 0},
        {"keys", "keys asked for at once, at most 1000", &keys, 0},
        {"memcached", "the server is memcached, not Redis", &is_memcached, 1},
        {"coached", "a round for each number of trips on the input", &is_coached, 1},
        {"rounds", "rounds, at most 4000", &count, 0},
        {"trips", "round trips in a round", &trips, 0},
        {0},
    };

    report_options(argc, argv, what, options);
    if (port == 0 || port > 65535 || keys == 0 || keys > KEYS_MAX || trips == 0) {
        report_fail("--port, --keys, --trips", "one is missing or out of range");
    }
    loop.fd = dial((unsigned)port);
    loop.request = (struct pn_out){request, sizeof request, 0};
    (is_memcached ? prepare_memcached : prepare_resp)(&loop, (unsigned)keys);
    if (is_coached) {
        obey(&loop);
    } else {
        report_begin(argv[0], what);
        run_alone(&loop, is_memcached ? "loopback_memcached" : "loopback_resp", count,
                  trips);
    }
    (void)close(loop.fd);
    return 0;
}
