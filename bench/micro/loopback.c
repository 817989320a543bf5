#include "loopback.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "report.h"
#include "timing.h"
#include "wire/resp_put.h"

enum { LOOP_ROOM = 256 << 10 };

struct loop {
    int fd;
    struct pn_out request; /* of the operation that is timed, in `bytes` */
    size_t reply_len;
    char bytes[LOOP_ROOM];
    char reply[LOOP_ROOM];
};

void
loop_key(char key[LOOP_KEY + 1], unsigned number)
{
    (void)snprintf(key, LOOP_KEY + 1, "user:%08u:id", number % 100000000U);
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

static void
send_all(const struct loop *loop, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(loop->fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0) {
            report_fail("send", "the server hung up");
        }
        bytes += n;
        len -= (size_t)n;
    }
}

static void
receive_all(struct loop *loop, size_t reply_len)
{
    for (size_t have = 0; have < reply_len;) {
        ssize_t n = recv(loop->fd, loop->reply + have, sizeof loop->reply - have, 0);

        if (n <= 0) {
            report_fail("recv", "the server hung up");
        }
        have += (size_t)n;
    }
}

static void
trip(struct loop *loop, const char *bytes, size_t len, size_t reply_len)
{
    send_all(loop, bytes, len);
    receive_all(loop, reply_len);
}

/* ---- RESP: SET of each key, then one GET or MGET ---- */

static void
prepare_resp(struct loop *loop, unsigned keys)
{
    static char value[LOOP_VALUE];
    static char key[LOOP_KEYS_MAX][LOOP_KEY + 1];
    static struct pn_bytes argv[LOOP_KEYS_MAX + 1];
    char bytes[512];

    argv[0] = keys == 1 ? PN_BYTES("GET") : PN_BYTES("MGET");
    for (unsigned i = 0; i < keys; i++) {
        struct pn_out out = {bytes, sizeof bytes, 0};
        struct pn_bytes set[] = {PN_BYTES("SET"),
                                 {key[i], LOOP_KEY},
                                 {value, LOOP_VALUE}};

        loop_key(key[i], i);
        argv[i + 1] = set[1];
        pn_resp_put_command(&out, set, 3);
        trip(loop, bytes, out.len, strlen("+OK\r\n"));
    }
    pn_resp_put_command(&loop->request, argv, keys + 1);
    loop->reply_len = keys * (strlen("$100\r\n\r\n") + LOOP_VALUE);
    if (keys > 1) {
        loop->reply_len += (size_t)snprintf(bytes, sizeof bytes, "*%u\r\n", keys);
    }
}

/* ---- memcached: set of each key, then one get of all ---- */

static void
prepare_memcached(struct loop *loop, unsigned keys)
{
    char key[LOOP_KEY + 1];
    char bytes[512] = "";
    struct pn_out *out = &loop->request;

    out->len += (size_t)snprintf(out->ptr, LOOP_ROOM, "get");
    for (unsigned i = 0; i < keys; i++) {
        size_t len;

        loop_key(key, i);
        len = (size_t)snprintf(bytes, sizeof bytes, "set %s 0 0 %d\r\n", key,
                               LOOP_VALUE);
        memset(bytes + len, 'v', LOOP_VALUE);
        memcpy(bytes + len + LOOP_VALUE, "\r\n", 2);
        trip(loop, bytes, len + LOOP_VALUE + 2, strlen("STORED\r\n"));
        out->len += (size_t)snprintf(out->ptr + out->len, LOOP_ROOM - out->len, " %s",
                                     key);
    }
    out->len += (size_t)snprintf(out->ptr + out->len, LOOP_ROOM - out->len, "\r\n");
    loop->reply_len = keys * (strlen("VALUE  0 100\r\n\r\n") + LOOP_KEY + LOOP_VALUE) +
                      strlen("END\r\n");
}

/* ---- The loop ---- */

struct loop *
loop_open(unsigned port, bool is_memcached, unsigned keys)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (loop == NULL) {
        report_fail("memory", "there is none");
    }
    loop->fd = dial(port);
    loop->request = (struct pn_out){loop->bytes, sizeof loop->bytes, 0};
    (is_memcached ? prepare_memcached : prepare_resp)(loop, keys);
    return loop;
}

void
loop_close(struct loop *loop)
{
    (void)close(loop->fd);
    free(loop);
}

double
loop_trips(struct loop *const *loop, size_t n, uint64_t trips)
{
    uint64_t start = timing_now_ns();

    for (uint64_t i = 0; i < trips; i++) {
        for (size_t k = 0; k < n; k++) {
            send_all(loop[k], loop[k]->request.ptr, loop[k]->request.len);
        }
        for (size_t k = 0; k < n; k++) {
            receive_all(loop[k], loop[k]->reply_len);
        }
    }
    return (double)(timing_now_ns() - start);
}
