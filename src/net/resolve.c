#define _POSIX_C_SOURCE 200809L
#include "net/resolve.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"

#define ADDRESSES 8

enum { ASKING, DONE, FORSAKEN };

struct pn_resolve {
    _Atomic int state; /* who sees that the other was first frees it */
    int fd;
    uint16_t port;
    int rc; /* this and below: written before DONE, read behind it */
    struct pn_addr addr[ADDRESSES];
    struct pn_why why;
    char host[];
};

void
pn_resolve_abandon(struct pn_resolve *resolve)
{
    if (resolve != NULL) {
        if (resolve->fd >= 0) {
            close(resolve->fd);
        }
        pn_free(resolve);
    }
}

static void
ask(struct pn_resolve *resolve)
{
    resolve->why = (struct pn_why){0};
    resolve->rc = pn_addr_resolve(resolve->host, resolve->port, resolve->addr,
                                  ADDRESSES, &resolve->why);
}

/* Wakes before it says DONE: behind that the memory may be gone. Who is woken too early
 * finds the descriptor readable once more. */
static void *
ask_in_thread(void *arg)
{
    struct pn_resolve *resolve = arg;
    const uint64_t one = 1;
    ask(resolve);
    ssize_t written = write(resolve->fd, &one, sizeof one);
    (void)written; /* a counter of 0 has room for 1 */
    if (atomic_exchange(&resolve->state, DONE) == FORSAKEN) {
        pn_resolve_abandon(resolve);
    }
    return NULL;
}

/* Signals are for the program's threads, not for one it knows nothing of. */
static bool
start(struct pn_resolve *resolve)
{
    pthread_t thread;
    pthread_attr_t attr;
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_attr_init(&attr) != 0) {
        return false;
    }
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&thread, &attr, ask_in_thread, resolve);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return rc == 0;
}

int
pn_resolve_new(const char *host, uint16_t port, struct pn_resolve **out)
{
    size_t len = strlen(host) + 1;
    struct pn_resolve *resolve = pn_alloc(sizeof *resolve + len);
    if (resolve == NULL) {
        return PN_E_NOMEM;
    }
    memcpy(resolve->host, host, len);
    resolve->port = port;
    atomic_init(&resolve->state, ASKING);
    resolve->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (resolve->fd < 0 || !start(resolve)) {
        ask(resolve);
        atomic_store(&resolve->state, DONE);
        if (resolve->fd >= 0) {
            close(resolve->fd);
            resolve->fd = -1;
        }
    }
    *out = resolve;
    return PN_OK;
}

int
pn_resolve_fd(const struct pn_resolve *resolve)
{
    return resolve->fd;
}

int
pn_resolve_take(const struct pn_resolve *resolve, struct pn_addr *addr, int cap,
                struct pn_why *why)
{
    if (atomic_load(&resolve->state) != DONE) {
        return 0;
    }
    if (resolve->rc < 0) {
        *why = resolve->why;
        return resolve->rc;
    }
    int n = resolve->rc < cap ? resolve->rc : cap;
    memcpy(addr, resolve->addr, (size_t)n * sizeof *addr);
    return n;
}

bool
pn_resolve_is_for(const struct pn_resolve *resolve, const char *host, uint16_t port)
{
    return resolve->port == port && strcmp(resolve->host, host) == 0;
}

void
pn_resolve_free(struct pn_resolve *resolve)
{
    if (resolve != NULL && atomic_exchange(&resolve->state, FORSAKEN) == DONE) {
        pn_resolve_abandon(resolve);
    }
}
