/*
 * full - an address where nobody answers
 */
#ifndef PINYON_TEST_FULL_H
#define PINYON_TEST_FULL_H

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

/* A listener whose queue is full: a dial is under way until the listener closes, and is
 * refused then. */
struct full {
    int listener, first;
    uint16_t port;
};

static inline struct full
fill_up(void)
{
    struct full full;
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    full.listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(bind(full.listener, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(listen(full.listener, 0), 0);
    CHECK_EQ(getsockname(full.listener, (struct sockaddr *)&at, &len), 0);
    full.first = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(connect(full.first, (struct sockaddr *)&at, sizeof at), 0);
    full.port = ntohs(at.sin_port);
    return full;
}

static inline void
empty(const struct full *full)
{
    close(full->listener);
    close(full->first);
}

#endif
