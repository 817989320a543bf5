/*
 * resolver - a resolver that hangs when a test wants it to
 *
 * The system's cannot be made to. These functions of the program come before those of
 * the C library: all names are 127.0.0.1, at the ports a test says.
 */
#ifndef PINYON_TEST_RESOLVER_H
#define PINYON_TEST_RESOLVER_H

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_hung;
    unsigned port[4], n; /* what it finds */
    unsigned asked, under_way;
} resolver = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static inline void
resolver_answers(const unsigned *port, unsigned n)
{
    pthread_mutex_lock(&resolver.lock);
    for (unsigned i = 0; i < n; i++) {
        resolver.port[i] = port[i];
    }
    resolver.n = n;
    resolver.asked = 0;
    pthread_mutex_unlock(&resolver.lock);
}

static inline void
resolver_hangs(void)
{
    pthread_mutex_lock(&resolver.lock);
    resolver.is_hung = true;
    pthread_mutex_unlock(&resolver.lock);
}

static inline void
resolver_goes_on(void)
{
    pthread_mutex_lock(&resolver.lock);
    resolver.is_hung = false;
    pthread_cond_broadcast(&resolver.changed);
    pthread_mutex_unlock(&resolver.lock);
}

static inline unsigned
resolver_asked(void)
{
    pthread_mutex_lock(&resolver.lock);
    unsigned asked = resolver.asked;
    pthread_mutex_unlock(&resolver.lock);
    return asked;
}

/* Is nobody in it, within seconds? */
static inline bool
resolver_is_idle(void)
{
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&resolver.lock);
        bool is_idle = resolver.under_way == 0;
        pthread_mutex_unlock(&resolver.lock);
        if (is_idle) {
            return true;
        }
        usleep(5000);
    }
    return false;
}

struct found {
    struct addrinfo info;
    struct sockaddr_in at;
};

int
getaddrinfo(const char *restrict node, const char *restrict service,
            const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
    (void)node, (void)service, (void)hints;
    pthread_mutex_lock(&resolver.lock);
    resolver.asked++;
    resolver.under_way++;
    while (resolver.is_hung) {
        pthread_cond_wait(&resolver.changed, &resolver.lock);
    }
    struct found *found = calloc(resolver.n + 1, sizeof *found);
    for (unsigned i = 0; i < resolver.n; i++) {
        found[i].at.sin_family = AF_INET;
        found[i].at.sin_port = htons((uint16_t)resolver.port[i]);
        found[i].at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        found[i].info.ai_addr = (struct sockaddr *)(void *)&found[i].at;
        found[i].info.ai_addrlen = sizeof found[i].at;
        found[i].info.ai_next = i + 1 < resolver.n ? &found[i + 1].info : NULL;
    }
    *list = resolver.n > 0 ? &found->info : NULL;
    int rc = resolver.n > 0 ? 0 : EAI_NONAME;
    if (rc != 0) {
        free(found);
    }
    resolver.under_way--;
    pthread_mutex_unlock(&resolver.lock);
    return rc;
}

void
freeaddrinfo(struct addrinfo *list)
{
    free(list);
}

#endif
