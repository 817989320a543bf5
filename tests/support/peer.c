#define _GNU_SOURCE
#include "peer.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

bool
peer_listen(struct peer *peer, const struct pn_addr *addr)
{
    *peer = (struct peer){.addr = *addr};
    peer->listener = socket(addr->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (peer->listener < 0 ||
        bind(peer->listener, &peer->addr.at.any, peer->addr.len) != 0 ||
        listen(peer->listener, 8) != 0) {
        close(peer->listener);
        peer->listener = -1;
        return false;
    }
    peer->addr.len = sizeof peer->addr.at;
    getsockname(peer->listener, &peer->addr.at.any, &peer->addr.len);
    return true;
}

static void *
run(void *argument)
{
    struct peer *peer = argument;
    int fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        peer->talk(fd, peer->context);
        close(fd);
    }
    return NULL;
}

bool
peer_start(struct peer *peer, void (*talk)(int fd, void *context), void *context)
{
    struct pn_addr addr;
    if (pn_addr_literal("127.0.0.1", 0, &addr) != 0 || !peer_listen(peer, &addr)) {
        return false;
    }
    peer->talk = talk;
    peer->context = context;
    return pthread_create(&peer->thread, NULL, run, peer) == 0;
}

void
peer_join(struct peer *peer)
{
    shutdown(peer->listener, SHUT_RD); /* nobody came: the thread's accept() ends */
    pthread_join(peer->thread, NULL);
    close(peer->listener);
}

int
peer_connect(const struct pn_addr *addr)
{
    int fd = socket(addr->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, &addr->at.any, addr->len) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool
peer_send(int fd, const void *buf, size_t len)
{
    const char *at = buf;
    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

bool
peer_receive(int fd, void *buf, size_t len)
{
    return len == 0 || recv(fd, buf, len, MSG_WAITALL) == (ssize_t)len;
}

void
peer_will_reset(int fd)
{
    const struct linger hard = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}
