/*
 * peer - the other end of a connection, played by a thread
 *
 * A listening socket on a free port of the loopback, and a thread that accepts one
 * connection and plays a script on it.
 */
#ifndef PINYON_TEST_PEER_H
#define PINYON_TEST_PEER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/addr.h"

struct peer {
    int listener; /* < 0: none */
    struct pn_addr addr;
    pthread_t thread;
    void (*talk)(int fd, void *context);
    void *context;
};

/* Listens on ADDR, whose port 0 is replaced by a free one. */
bool
peer_listen(struct peer *peer, const struct pn_addr *addr);

/* Listens on 127.0.0.1 and lets a thread accept and run TALK(fd, CONTEXT), after which
 * fd is closed. */
bool
peer_start(struct peer *peer, void (*talk)(int fd, void *context), void *context);

/* Waits for the thread, closes. */
void
peer_join(struct peer *peer);

/* A socket connected to ADDR, blocking; < 0: none. */
int
peer_connect(const struct pn_addr *addr);

/* Whole LEN bytes, or false. Neither raises SIGPIPE. */
bool
peer_send(int fd, const void *buf, size_t len);
bool
peer_receive(int fd, void *buf, size_t len);

/* From now on close() breaks the connection off with a reset. */
void
peer_will_reset(int fd);

#endif
