#define _GNU_SOURCE
#include "client/forks.h"
#include "fleet_of.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void
talk(struct scripted_talk *t, void *context)
{
    (void)context;
    if (!scripted_is(t, 0, "NEVER")) {
        scripted_say(t, "+OK\r\n");
    }
}

static int
ping(struct pn_hub *hub)
{
    struct pn_request r = ask("PING\r\n", PN_REQ_READ, 20000);
    return run(hub, &r);
}

/* A server that accepts and says nothing. */
static int
be_silent(struct pn_endpoint *endpoint)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int silent = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(bind(silent, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(listen(silent, 8), 0);
    CHECK_EQ(getsockname(silent, (struct sockaddr *)&at, &len), 0);
    *endpoint = (struct pn_endpoint){.host = "127.0.0.1", .port = ntohs(at.sin_port)};
    return silent;
}

/* Did the child PID end well? */
static bool
ended_well(pid_t pid)
{
    int status = 1;
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static pid_t
fork_quietly(void)
{
    fflush(stdout);
    return fork();
}

/* The child dials for itself, and the parent's connection goes on. */
static void
test_fork(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    const struct pn_client_opts opts = {.max_hubs = 2};
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1, opts);
    struct pn_hub *idle = take(client), *taken = take(client);
    CHECK_EQ(ping(idle), 0);
    CHECK_EQ(ping(taken), 0);
    give(client, idle);
    pid_t pid = fork_quietly();
    if (pid == 0) {
        bool is_good = pn_client_pool(client).taken == 0;
        struct pn_hub *a = take(client), *b = take(client);
        is_good &= ping(a) == 0 && ping(b) == 0;
        give(client, a);
        give(client, b);
        give(client, taken); /* of the parent's caller: freed */
        is_good &= pn_client_pool(client).taken == 0;
        pn_client_free(client);
        _exit(is_good ? 0 : 1);
    }
    CHECK(ended_well(pid));
    CHECK_EQ(ping(taken), 0);
    give(client, taken);
    CHECK_EQ(scripted_connections(server), 4);
    pn_client_free(client);
    scripted_stop(server);
}

/* The child asks by itself what its parent was asking. */
static void
test_fork_in_query(void)
{
    struct pn_endpoint seed;
    int silent = be_silent(&seed);
    struct pn_client_opts opts = {
        .fleet = {.kind = PN_FLEET_CLUSTER, .seed = &seed, .n_seeds = 1}};
    struct pn_client *client = NULL;
    CHECK_EQ(pn_client_open(&opts, &client, NULL), PN_OK);
    struct pn_hub *hub = take(client);
    pn_hub_step(hub, pn_clock_mono_ns());
    CHECK_EQ(hub->task.kind, PN_TASK_SLOTS);
    pid_t pid = fork_quietly();
    if (pid == 0) {
        bool is_given_up = hub->task.kind == PN_TASK_NONE && hub->n_busy == 0 &&
                           hub->waiting.head == NULL &&
                           pn_fleet_counters(client->fleet)->refreshes_failed == 1;
        _exit(is_given_up ? 0 : 1);
    }
    CHECK(ended_well(pid));
    CHECK_EQ(hub->task.kind, PN_TASK_SLOTS);
    give(client, hub);
    pn_client_free(client);
    close(silent);
}

struct worker {
    struct pn_hub *hub;
    struct pn_request request;
    pthread_t thread;
};

static void *
wait_long(void *arg)
{
    struct worker *worker = arg;
    CHECK_EQ(run(worker->hub, &worker->request), PN_CLIENT_E_AMBIGUOUS);
    return NULL;
}

/* The hub of a thread that is at work while another forks may be in pieces: the child
 * closes its descriptors and touches nothing else. */
static void
test_fork_at_work(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    struct pn_client *client = fleet_of(PN_FLEET_SINGLE, &server, 1,
                                        (struct pn_client_opts){0});
    struct worker worker = {.hub = take(client), .request = ask("NEVER\r\n", 0, 1500)};
    CHECK_EQ(ping(worker.hub), 0);
    int fd = worker.hub->link[0]->stream.fd;
    pthread_create(&worker.thread, NULL, wait_long, &worker);
    while (!atomic_load(&worker.hub->is_entered)) {
        usleep(100);
    }
    usleep(100000); /* it waits by now; if not, all the better */
    pid_t pid = fork_quietly();
    if (pid == 0) {
        bool is_good = fcntl(fd, F_GETFD) < 0 && worker.hub->pending == 1;
        struct pn_hub *own = take(client);
        is_good &= own != worker.hub && ping(own) == 0;
        give(client, own);
        pn_client_free(client);
        _exit(is_good ? 0 : 1);
    }
    CHECK(ended_well(pid));
    pthread_join(worker.thread, NULL);
    give(client, worker.hub);
    pn_client_free(client);
    scripted_stop(server);
}

/* ---- Threads that fork and threads that do not ---------------------------------- */

/* What a host language has besides: a lock that is held over its fork, and by others
 * while they use a client. */
struct host {
    struct pn_client *client;
    pthread_mutex_t lock;
    atomic_bool is_over;
};

static void *
use(void *arg)
{
    struct host *host = arg;
    while (!atomic_load(&host->is_over)) {
        pthread_mutex_lock(&host->lock);
        struct pn_hub *hub = take(host->client);
        give(host->client, hub);
        pthread_mutex_unlock(&host->lock);
        hub = take(host->client); /* and without the lock */
        CHECK_EQ(ping(hub), 0);
        give(host->client, hub);
    }
    return NULL;
}

static void *
fork_often(void *arg)
{
    struct host *host = arg;
    for (int i = 0; i < 20; i++) {
        pthread_mutex_lock(&host->lock);
        pid_t pid = fork_quietly();
        if (pid == 0) {
            struct pn_hub *own = take(host->client);
            bool is_good = ping(own) == 0;
            give(host->client, own);
            _exit(is_good ? 0 : 1);
        }
        pthread_mutex_unlock(&host->lock);
        CHECK(ended_well(pid));
    }
    return NULL;
}

/* Two fork at once, beside others at work: every child has a client that is whole. */
static void
test_forks_at_once(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    struct host host;
    host.client = fleet_of(PN_FLEET_SINGLE, &server, 1, (struct pn_client_opts){0});
    atomic_init(&host.is_over, false);
    pthread_mutex_init(&host.lock, NULL);
    pthread_t user[2], forker[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&user[i], NULL, use, &host);
        pthread_create(&forker[i], NULL, fork_often, &host);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(forker[i], NULL);
    }
    atomic_store(&host.is_over, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(user[i], NULL);
    }
    pthread_mutex_destroy(&host.lock);
    pn_client_free(host.client);
    scripted_stop(server);
}

/* A client that is freed is told of no fork, nor is the one that was opened before it
 * or after it forgotten. */
static void
test_forgotten(void)
{
    struct scripted *server = scripted_start(talk, NULL);
    struct pn_client *client[3];
    for (int i = 0; i < 3; i++) {
        client[i] = fleet_of(PN_FLEET_SINGLE, &server, 1, (struct pn_client_opts){0});
    }
    struct pn_hub *first = take(client[0]), *last = take(client[2]);
    CHECK_EQ(ping(first), 0);
    CHECK_EQ(ping(last), 0);
    pn_client_free(client[1]);
    pid_t pid = fork_quietly();
    if (pid == 0) {
        bool is_told = first->link[0]->state == PN_LINK_CLOSED &&
                       last->link[0]->state == PN_LINK_CLOSED;
        _exit(is_told ? 0 : 1);
    }
    CHECK(ended_well(pid));
    give(client[0], first);
    give(client[2], last);
    pn_client_free(client[0]);
    pn_client_free(client[2]);
    scripted_stop(server);
}

/* The allocator of gcc 12's ASan may be locked, for ever in the child, by a thread that
 * the child has not. TSan's is not. */
#ifdef __SANITIZE_ADDRESS__
enum { ALLOCATES_IN_CHILDREN = 0 };
#else
enum { ALLOCATES_IN_CHILDREN = 1 };
#endif

int
main(void)
{
    RUN(test_fork);
    RUN(test_fork_in_query);
    RUN(test_fork_at_work);
    RUN(test_forgotten);
    if (ALLOCATES_IN_CHILDREN) {
        RUN(test_forks_at_once);
    }
    return harness_done();
}
