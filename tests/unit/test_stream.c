#define _GNU_SOURCE
#include "net/stream.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"

#define LARGE (1 << 20)

static struct pn_stream
open_to(const struct peer *peer, const struct pn_stream_opts *opts)
{
    struct pn_stream stream;
    struct pn_why why = {0};
    CHECK_EQ(net_open(&stream, &peer->addr, opts, &why), 0);
    CHECK(stream.is_ready);
    CHECK_EQ(stream.want, PN_IO_READ);
    return stream;
}

/* ---- What peers do ------------------------------------------------------------- */

/* Sends back whatever comes, until the other end stops. */
static void
echo(int fd, void *context)
{
    (void)context;
    char buf[4096];
    ssize_t n;
    while ((n = recv(fd, buf, sizeof buf, 0)) > 0 && peer_send(fd, buf, (size_t)n)) {
    }
}

static void
say_byte_by_byte(int fd, void *context)
{
    for (const char *at = context; *at != '\0'; at++) {
        peer_send(fd, at, 1);
        usleep(1000);
    }
}

/* Reads LARGE bytes, slowly at first, and answers with one. */
static void
swallow(int fd, void *context)
{
    bool *is_whole = context;
    unsigned char *buf = malloc(LARGE);
    usleep(50000);
    *is_whole = peer_receive(fd, buf, LARGE);
    for (size_t i = 0; i < LARGE && *is_whole; i++) {
        *is_whole = buf[i] == (unsigned char)(i * 7 >> 3);
    }
    free(buf);
    peer_send(fd, "!", 1);
}

static void
reset_after_a_word(int fd, void *context)
{
    char go;
    (void)context;
    peer_send(fd, "half", 4);
    peer_receive(fd, &go, 1);
    peer_will_reset(fd);
}

/* Says what CONTEXT points to and ends its half, then waits for the other's end. */
static void
say_and_half_close(int fd, void *context)
{
    char *heard = context;
    peer_send(fd, "last", 4);
    shutdown(fd, SHUT_WR);
    peer_receive(fd, heard, 4);
}

/* Says nothing until the other end has gone, and notes how: 0 in order. */
static void
wait_for_end(int fd, void *context)
{
    char byte;
    *(ssize_t *)context = recv(fd, &byte, 1, 0);
}

static void
run_on(int processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    CHECK_EQ(sched_setaffinity(0, sizeof set, &set), 0);
}

/* Is told a processor by each byte, and answers from there. */
static void
answer_from(int fd, void *context)
{
    unsigned char processor;
    (void)context;
    while (recv(fd, &processor, 1, 0) == 1) {
        run_on(processor);
        peer_send(fd, &processor, 1);
    }
}

/* ---- Tests --------------------------------------------------------------------- */

static void
test_round(void)
{
    struct peer peer;
    CHECK(peer_start(&peer, echo, NULL));
    struct pn_stream stream = open_to(&peer, NULL);
    char buf[16];
    CHECK_EQ(pn_stream_read(&stream, buf, sizeof buf), 0);
    CHECK_EQ(stream.want, PN_IO_READ);
    CHECK(pn_stream_is_quiet(&stream));
    CHECK_EQ(pn_stream_write(&stream, "PING\r\n", 6), 6);
    CHECK(net_wait(&stream));
    CHECK(!pn_stream_is_quiet(&stream)); /* which took nothing: */
    CHECK_EQ(pn_stream_read(&stream, buf, sizeof buf), 6);
    CHECK_MEM(buf, "PING\r\n", 6);
    pn_stream_close(&stream);
    CHECK_EQ(stream.fd, -1);
    pn_stream_close(&stream);
    peer_join(&peer);
}

static void
test_byte_by_byte(void)
{
    struct peer peer;
    char text[] = "$11\r\nhello world\r\n", got[sizeof text] = "";
    CHECK(peer_start(&peer, say_byte_by_byte, text));
    struct pn_stream stream = open_to(&peer, NULL);
    int code;
    CHECK_EQ(net_read(&stream, got, sizeof text - 1, &code), sizeof text - 1);
    CHECK(strcmp(got, text) == 0);
    CHECK_EQ(pn_stream_read_within(&stream, got, 1, NET_PATIENCE_NS), PN_NET_E_CLOSED);
    CHECK(!pn_stream_is_quiet(&stream));
    pn_stream_close(&stream);
    peer_join(&peer);
}

/* A small buffer takes a large message in parts, and says when it is full. */
static void
test_partial_writes(void)
{
    struct peer peer;
    bool is_whole = false;
    CHECK(peer_start(&peer, swallow, &is_whole));
    struct pn_stream stream = open_to(&peer,
                                      &(struct pn_stream_opts){.send_buffer = 4096});
    unsigned char *data = malloc(LARGE);
    for (size_t i = 0; i < LARGE; i++) {
        data[i] = (unsigned char)(i * 7 >> 3);
    }
    size_t sent = 0, parts = 0, pauses = 0;
    while (sent < LARGE) {
        ptrdiff_t n = pn_stream_write(&stream, data + sent, LARGE - sent);
        if (!CHECK(n >= 0)) {
            break;
        }
        sent += (size_t)n;
        parts += n > 0;
        pauses += n == 0;
        if (n == 0) {
            CHECK_EQ(stream.want, PN_IO_WRITE);
            CHECK(net_wait(&stream));
        }
    }
    CHECK(parts > 1);
    CHECK(pauses > 0);
    char byte;
    CHECK_EQ(pn_stream_read_within(&stream, &byte, 1, NET_PATIENCE_NS), 1);
    free(data);
    pn_stream_close(&stream);
    peer_join(&peer);
    CHECK(is_whole);
}

static void
test_half_close(void)
{
    struct peer peer;
    char heard[5] = "", buf[8];
    CHECK(peer_start(&peer, say_and_half_close, heard));
    struct pn_stream stream = open_to(&peer, NULL);
    int code;
    CHECK_EQ(net_read(&stream, buf, sizeof buf, &code), 4);
    CHECK_EQ(code, PN_NET_E_CLOSED);
    CHECK_EQ(pn_stream_write(&stream, "over", 4), 4); /* the other way still stands */
    pn_stream_close(&stream);
    peer_join(&peer);
    CHECK_MEM(heard, "over", 4);
}

/* What came before a reset is lost or not as the kernel likes; the end is a code. A
 * write to it raises no signal: SIGPIPE would end this program. */
static void
test_reset(void)
{
    struct peer peer;
    CHECK(peer_start(&peer, reset_after_a_word, NULL));
    struct pn_stream stream = open_to(&peer, NULL);
    int code;
    char buf[8];
    CHECK_EQ(net_read(&stream, buf, 4, &code), 4);
    CHECK(net_write(&stream, "x", 1));
    peer_join(&peer);
    CHECK_EQ(pn_stream_read_within(&stream, buf, 4, NET_PATIENCE_NS), PN_NET_E_RESET);
    CHECK_EQ(pn_stream_write(&stream, "x", 1), PN_NET_E_RESET);
    struct pn_why why;
    CHECK_EQ(pn_stream_why(&stream, PN_NET_E_RESET, &why), PN_NET_E_RESET);
    CHECK(strcmp(why.text, "the connection was broken off") == 0);
    pn_stream_close(&stream);
}

static void
test_refused(void)
{
    struct peer peer;
    struct pn_addr addr;
    pn_addr_literal("127.0.0.1", 0, &addr);
    CHECK(peer_listen(&peer, &addr));
    close(peer.listener);
    struct pn_stream stream;
    struct pn_why why = {0};
    CHECK_EQ(net_open(&stream, &peer.addr, NULL, &why), PN_NET_E_REFUSED);
    CHECK(strcmp(why.text, "Connection refused") == 0);
    pn_stream_close(&stream);
}

/* Waits of all lengths end with 0, and set the socket's limit only when they differ. */
static void
test_waits(void)
{
    struct peer peer;
    ssize_t end;
    CHECK(peer_start(&peer, wait_for_end, &end));
    struct pn_stream stream = open_to(&peer, NULL);
    char byte;
    CHECK_EQ(pn_stream_read_within(&stream, &byte, 1, -1), 0);
    CHECK_EQ(pn_stream_read_within(&stream, &byte, 1, 1000000), 0);
    CHECK_EQ(stream.wait_ns, 0);
    CHECK_EQ(pn_stream_read_within(&stream, &byte, 1, 80000000), 0);
    CHECK_EQ(stream.wait_ns, 70000000);
    CHECK_EQ(pn_stream_read_within(&stream, &byte, 1, 79000000), 0); /* not set anew */
    CHECK_EQ(stream.wait_ns, 70000000);
    CHECK_EQ(pn_stream_read_within(&stream, &byte, 1, 160000000), 0);
    CHECK_EQ(stream.wait_ns, 140000000);
    CHECK_EQ(pn_stream_read_within(&stream, &byte, 1, 80000000), 0);
    CHECK_EQ(stream.wait_ns, 70000000);
    struct timeval limit;
    socklen_t len = sizeof limit;
    CHECK_EQ(getsockopt(stream.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &len), 0);
    CHECK(limit.tv_sec == 0 && limit.tv_usec >= 70000 && limit.tv_usec <= 80000);
    CHECK_EQ(pn_stream_read(&stream, &byte, 1), 0); /* which does not wait for it */
    pn_stream_close(&stream);
    peer_join(&peer);
    CHECK_EQ(end, 0);
}

/* Sends one signal to the main thread as soon as that sleeps. */
static void *
disturb(void *thread)
{
    char path[64], state = 'R';
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)getpid());
    while (state != 'S') {
        FILE *stat = fopen(path, "r");
        if (stat == NULL || fscanf(stat, "%*d %*s %c", &state) != 1) {
            state = 'S'; /* no /proc: the signal may come too soon */
        }
        if (stat != NULL) {
            fclose(stat);
        }
    }
    pthread_kill(*(pthread_t *)thread, SIGUSR1);
    return NULL;
}

static void
on_signal(int number)
{
    (void)number;
}

/* Ctrl-C must not have to wait for a server: one signal ends the whole wait, or this
 * test times out. */
static void
test_signal(void)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    struct peer peer;
    ssize_t end;
    CHECK(peer_start(&peer, wait_for_end, &end));
    struct pn_stream stream = open_to(&peer, NULL);
    pthread_t self = pthread_self(), other;
    CHECK_EQ(pthread_create(&other, NULL, disturb, &self), 0);
    char byte;
    CHECK_EQ(pn_stream_read_within(&stream, &byte, 1, INT64_C(3600000000000)), 0);
    pthread_join(other, NULL);
    pn_stream_close(&stream);
    peer_join(&peer);
}

/* The child's end is not the connection's: the parent goes on. */
static void
test_abandon(void)
{
    struct peer peer;
    CHECK(peer_start(&peer, echo, NULL));
    struct pn_stream stream = open_to(&peer, NULL);
    pid_t child = fork();
    if (child == 0) {
        pn_stream_abandon(&stream);
        _exit(stream.fd == -1 ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK_EQ(status, 0);
    char buf[4];
    int code;
    CHECK(net_write(&stream, "ping", 4));
    CHECK_EQ(net_read(&stream, buf, 4, &code), 4);
    pn_stream_close(&stream);
    peer_join(&peer);
}

/* Two processors this process may run on; false: there is one. */
static bool
two_of(const cpu_set_t *set, int processor[2])
{
    int n = 0;
    for (int i = 0; i < 256 && n < 2; i++) {
        if (CPU_ISSET(i, set)) {
            processor[n++] = i;
        }
    }
    return n == 2;
}

/* Where the peer was when it last said something, as the kernel saw it. */
static void
test_shares_cpu(void)
{
    cpu_set_t all;
    int processor[2];
    CHECK_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    if (!two_of(&all, processor)) {
        return;
    }
    struct peer peer;
    CHECK(peer_start(&peer, answer_from, NULL));
    struct pn_stream stream = open_to(&peer, NULL);
    for (int turn = 0; turn < 8; turn++) {
        int mine = processor[turn / 2 % 2], theirs = processor[turn % 2];
        char byte = (char)theirs, back;
        run_on(mine);
        CHECK_EQ(pn_stream_write(&stream, &byte, 1), 1);
        CHECK(net_wait(&stream));
        CHECK_EQ(pn_stream_read(&stream, &back, 1), 1);
        CHECK_EQ(back, byte);
        CHECK_EQ(pn_stream_shares_cpu(&stream), mine == theirs);
    }
    pn_stream_close(&stream);
    CHECK(!pn_stream_shares_cpu(&stream));
    peer_join(&peer);
    CHECK_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}

int
main(void)
{
    RUN(test_round);
    RUN(test_byte_by_byte);
    RUN(test_partial_writes);
    RUN(test_half_close);
    RUN(test_reset);
    RUN(test_refused);
    RUN(test_waits);
    RUN(test_signal);
    RUN(test_abandon);
    RUN(test_shares_cpu);
    return harness_done();
}
