#define _GNU_SOURCE
#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../support/scratch.h"
#include "net.h"

static const struct pn_stream_opts defaults = {0};

static int
option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    getsockopt(fd, level, name, &value, &len);
    return value;
}

static struct peer
listen_on(const char *host)
{
    struct peer peer;
    struct pn_addr addr;
    CHECK_EQ(pn_addr_literal(host, 0, &addr), PN_OK);
    CHECK(peer_listen(&peer, &addr));
    return peer;
}

/* Dials and waits until the connection stands; the descriptor or a code. */
static int
dial(const struct pn_addr *addr, const struct pn_stream_opts *opts, struct pn_why *why)
{
    int fd = -1;
    int rc = pn_socket_dial(addr, opts, &fd, why);
    while (rc == 1) {
        struct pn_poll one = {.fd = fd, .want = PN_IO_WRITE};
        CHECK_EQ(pn_poll(&one, 1, NET_PATIENCE_NS), 1);
        rc = pn_socket_connected(fd, why);
        if (rc < 0) {
            close(fd);
        }
    }
    return rc == 0 ? fd : rc;
}

static void
test_options(void)
{
    struct peer peer = listen_on("127.0.0.1");
    int fd = dial(&peer.addr, &defaults, NULL);
    CHECK(fd >= 0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    CHECK_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 30);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 5);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 45000);
    close(fd);

    const struct pn_stream_opts own = {.keep_idle_s = 7,
                                       .keep_interval_s = 2,
                                       .keep_count = 4,
                                       .receive_buffer = 20000,
                                       .send_buffer = 30000};
    fd = dial(&peer.addr, &own, NULL);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 7);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 15000);
    CHECK_EQ(option(fd, SOL_SOCKET, SO_RCVBUF), 40000); /* Linux counts twice */
    CHECK_EQ(option(fd, SOL_SOCKET, SO_SNDBUF), 60000);
    close(fd);

    fd = dial(&peer.addr, &(struct pn_stream_opts){.no_keepalive = true}, NULL);
    CHECK_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
    close(fd);
    close(peer.listener);
}

static void
test_ipv6(void)
{
    struct peer peer;
    struct pn_addr addr;
    pn_addr_literal("::1", 0, &addr);
    if (peer_listen(&peer, &addr)) { /* not every host has it */
        int fd = dial(&peer.addr, &defaults, NULL);
        CHECK(fd >= 0);
        close(fd);
        close(peer.listener);
    }
}

static void
test_unix(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/unix", scratch_path());
    struct peer peer = listen_on(path);
    int fd = dial(&peer.addr, &defaults, NULL);
    CHECK(fd >= 0);
    close(fd);
    close(peer.listener);
    struct pn_why why = {0};
    CHECK_EQ(dial(&peer.addr, &defaults, &why), PN_NET_E_REFUSED); /* nobody there */
    unlink(path);
    CHECK_EQ(dial(&peer.addr, &defaults, &why), PN_NET_E_REFUSED); /* no file */
    CHECK(strstr(why.text, "No such file") != NULL);
}

/* A unix socket whose backlog is full answers at once and never becomes ready. */
static void
test_unix_full(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/full", scratch_path());
    struct peer peer = listen_on(path);
    int fds[64], n = 0, rc = 0;
    struct pn_why why = {0};
    while (n < 64 && (rc = dial(&peer.addr, &defaults, &why)) >= 0) {
        fds[n++] = rc;
    }
    CHECK_EQ(rc, PN_NET_E_REFUSED);
    CHECK(strstr(why.text, "full") != NULL);
    while (n > 0) {
        close(fds[--n]);
    }
    close(peer.listener);
    unlink(path);
}

static void
test_refused(void)
{
    struct peer peer = listen_on("127.0.0.1");
    close(peer.listener);
    struct pn_why why = {0};
    CHECK_EQ(dial(&peer.addr, &defaults, &why), PN_NET_E_REFUSED);
    CHECK_EQ(why.code, PN_NET_E_REFUSED);
    CHECK_EQ(why.os_error, ECONNREFUSED);
    CHECK(strcmp(why.text, "Connection refused") == 0);
}

/* A listener whose queue is full lets SYNs fall: as with a host that is gone, there is
 * no news. It never waits, and says that it is in progress as often as it is asked. */
static void
test_black_hole(void)
{
    struct peer peer = listen_on("127.0.0.1");
    listen(peer.listener, 0);
    int fds[16], n = 0, rc = 0;
    while (n < 16) {
        rc = pn_socket_dial(&peer.addr, &defaults, &fds[n], NULL);
        struct pn_poll one = {.fd = fds[n++], .want = PN_IO_WRITE};
        if (rc < 0 || (rc == 1 && pn_poll(&one, 1, 200000000) == 0)) {
            break;
        }
    }
    CHECK_EQ(rc, 1);
    CHECK_EQ(pn_socket_connected(fds[n - 1], NULL), 1);
    CHECK_EQ(pn_socket_connected(fds[n - 1], NULL), 1);
    while (n > 0) {
        close(fds[--n]);
    }
    close(peer.listener);
}

/* TCP lets a socket that is bound to the port it dials connect to itself. */
static void
test_self(void)
{
    struct peer peer = listen_on("127.0.0.1");
    close(peer.listener);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(bind(fd, &peer.addr.at.any, peer.addr.len), 0);
    CHECK_EQ(connect(fd, &peer.addr.at.any, peer.addr.len), 0);
    CHECK_EQ(pn_socket_connected(fd, NULL), PN_NET_E_REFUSED);
    close(fd);
}

static void
test_no_descriptor(void)
{
    int free_fd = dup(0);
    close(free_fd);
    struct peer peer = listen_on("127.0.0.1");
    struct rlimit old, none;
    getrlimit(RLIMIT_NOFILE, &old);
    none = old;
    none.rlim_cur = (rlim_t)peer.listener + 1;
    setrlimit(RLIMIT_NOFILE, &none);
    struct pn_why why = {0};
    CHECK_EQ(dial(&peer.addr, &defaults, &why), PN_NET_E_LIMIT);
    setrlimit(RLIMIT_NOFILE, &old);
    close(peer.listener);
}

static void
test_odd_address(void)
{
    CHECK_EQ(dial(&(struct pn_addr){.len = 2}, &defaults, NULL), PN_NET_E_UNREACHABLE);
}

int
main(void)
{
    scratch_make();
    RUN(test_options);
    RUN(test_ipv6);
    RUN(test_unix);
    RUN(test_unix_full);
    RUN(test_refused);
    RUN(test_black_hole);
    RUN(test_self);
    RUN(test_no_descriptor);
    RUN(test_odd_address);
    scratch_remove();
    return harness_done();
}
