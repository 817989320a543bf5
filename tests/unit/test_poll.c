#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "net.h"

static void
test_what_is_ready(void)
{
    int a[2], b[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, b), 0);
    struct pn_poll set[] = {
        {.fd = a[0], .want = PN_IO_READ, .got = 9},
        {.fd = -1, .want = PN_IO_READ | PN_IO_WRITE, .got = 9},
        {.fd = b[0], .want = PN_IO_READ | PN_IO_WRITE, .got = 9},
    };
    CHECK_EQ(pn_poll(set, 3, 0), 1);
    CHECK_EQ(set[0].got, 0);
    CHECK_EQ(set[1].got, 0);
    CHECK_EQ(set[2].got, PN_IO_WRITE);

    CHECK(peer_send(a[1], "x", 1));
    set[2].want = PN_IO_READ;
    CHECK_EQ(pn_poll(set, 3, NET_PATIENCE_NS), 1);
    CHECK_EQ(set[0].got, PN_IO_READ);
    CHECK_EQ(set[2].got, 0);

    close(b[1]); /* it hangs up: both, though only one was wanted */
    CHECK_EQ(pn_poll(set, 3, -5), 2);
    CHECK_EQ(set[2].got, PN_IO_READ | PN_IO_WRITE);
    close(a[0]), close(a[1]), close(b[0]);
}

static void
test_nothing(void)
{
    CHECK_EQ(pn_poll(NULL, 0, 0), 0);
    int a[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
    struct pn_poll one = {.fd = a[0], .want = PN_IO_READ};
    CHECK_EQ(pn_poll(&one, 1, 1000000), 0);
    close(a[0]), close(a[1]);
}

static void
on_alarm(int number)
{
    (void)number;
}

static void
test_signal(void)
{
    const struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval soon = {.it_value = {.tv_usec = 20000},
                                   .it_interval = {.tv_usec = 20000}};
    const struct itimerval never = {{0}, {0}};
    sigaction(SIGALRM, &action, NULL);
    int a[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
    struct pn_poll one = {.fd = a[0], .want = PN_IO_READ, .got = 9};
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK_EQ(pn_poll(&one, 1, INT64_C(3600000000000)), 0); /* or this test times out */
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK_EQ(one.got, 0);
    close(a[0]), close(a[1]);
}

static void
let_open(rlim_t files)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = files < limit.rlim_max ? files : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* On both sides of what takes little stack, and as many as there may be. */
static void
test_many(void)
{
    static const size_t sizes[] = {64, 65, PN_POLL_MAX};
    int a[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
    struct pn_poll *set = calloc(PN_POLL_MAX, sizeof *set);
    let_open(PN_POLL_MAX);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        size_t n = sizes[k];
        for (size_t i = 0; i < n; i++) {
            set[i] = (struct pn_poll){.fd = -1, .got = 9};
        }
        set[n - 1] = (struct pn_poll){.fd = a[0], .want = PN_IO_WRITE};
        CHECK_EQ(pn_poll(set, n, 0), 1);
        CHECK_EQ(set[n - 1].got, PN_IO_WRITE);
        CHECK_EQ(set[0].got, 0);
    }
    let_open(32); /* the kernel refuses more places than files */
    set[0].got = 9;
    CHECK_EQ(pn_poll(set, 64, NET_PATIENCE_NS), PN_NET_E_OS);
    CHECK_EQ(set[0].got, 0);
    let_open(PN_POLL_MAX);
    free(set);
    close(a[0]), close(a[1]);
}

int
main(void)
{
    RUN(test_what_is_ready);
    RUN(test_nothing);
    RUN(test_signal);
    RUN(test_many);
    return harness_done();
}
