#define _GNU_SOURCE
#include "scripted.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/resp_command.h"

enum { CONNECTIONS = 64, ROOM = 1 << 16 };

struct connection {
    int fd;
    unsigned number;
    size_t len;
    char in[ROOM];
};

struct scripted {
    int listener;
    uint16_t port;
    scripted_fn fn;
    void *context;
    pthread_t thread;
    atomic_bool is_ending, is_hanging_up;
    atomic_uint n_ever, n_open;
    unsigned turn;
    struct connection connection[CONNECTIONS];
    char out[ROOM];
};

bool
scripted_is(const struct scripted_talk *talk, size_t i, const char *text)
{
    struct pn_bytes want = {text, strlen(text)};
    return i < talk->argc && pn_bytes_equal(talk->argv[i], want);
}

void
scripted_say(struct scripted_talk *talk, const char *text)
{
    pn_out_put(&talk->out, text, strlen(text));
}

static bool
is_formality(struct scripted_talk *talk)
{
    if (scripted_is(talk, 0, "HELLO")) {
        scripted_say(talk,
                     "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n");
    } else if (scripted_is(talk, 0, "CLIENT")) {
        scripted_say(talk, "+OK\r\n");
    } else if (scripted_is(talk, 0, "version")) {
        scripted_say(talk, "VERSION 1.6.18\r\n");
    } else {
        return false;
    }
    return true;
}

static void
hang_up(struct scripted *server, struct connection *connection)
{
    close(connection->fd);
    connection->fd = -1;
    atomic_fetch_sub(&server->n_open, 1);
}

/* Answers the commands that are whole. */
static void
answer(struct scripted *server, struct connection *connection)
{
    size_t at = 0;
    struct scripted_talk talk = {.connection = connection->number};
    talk.out = (struct pn_out){.ptr = server->out, .cap = ROOM};
    while (at < connection->len && !talk.hangs_up) {
        struct pn_resp_command command = {0};
        ptrdiff_t n = pn_resp_command(&command, connection->in + at,
                                      connection->len - at, talk.argv, 8, &talk.argc);
        if (n <= 0) {
            break;
        }
        if (!is_formality(&talk)) {
            talk.turn = server->turn++;
            server->fn(&talk, server->context);
        }
        at += (size_t)n;
    }
    memmove(connection->in, connection->in + at, connection->len - at);
    connection->len -= at;
    if (talk.out.len > 0) {
        send(connection->fd, talk.out.ptr, talk.out.len, MSG_NOSIGNAL);
    }
    if (talk.hangs_up) {
        hang_up(server, connection);
    }
}

static void
hear(struct scripted *server, struct connection *connection)
{
    ssize_t n = recv(connection->fd, connection->in + connection->len,
                     ROOM - connection->len, MSG_DONTWAIT);
    if (n <= 0) {
        hang_up(server, connection);
        return;
    }
    connection->len += (size_t)n;
    answer(server, connection);
}

static void
welcome(struct scripted *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
    for (int i = 0; fd >= 0 && i < CONNECTIONS; i++) {
        struct connection *connection = &server->connection[i];
        if (connection->fd < 0) {
            connection->fd = fd;
            connection->len = 0;
            connection->number = atomic_fetch_add(&server->n_ever, 1);
            atomic_fetch_add(&server->n_open, 1);
            return;
        }
    }
    close(fd);
}

static void *
serve(void *arg)
{
    struct scripted *server = arg;
    while (!atomic_load(&server->is_ending)) {
        struct pollfd set[CONNECTIONS + 1];
        set[CONNECTIONS] = (struct pollfd){.fd = server->listener, .events = POLLIN};
        for (int i = 0; i < CONNECTIONS; i++) {
            set[i] = (struct pollfd){.fd = server->connection[i].fd, .events = POLLIN};
        }
        poll(set, CONNECTIONS + 1, 2);
        bool is_over = atomic_exchange(&server->is_hanging_up, false);
        for (int i = 0; i < CONNECTIONS; i++) {
            struct connection *connection = &server->connection[i];
            if (connection->fd >= 0 && is_over) {
                hang_up(server, connection);
            } else if (connection->fd >= 0 && set[i].revents != 0) {
                hear(server, connection);
            }
        }
        if (set[CONNECTIONS].revents != 0) {
            welcome(server);
        }
    }
    return NULL;
}

struct scripted *
scripted_start(scripted_fn fn, void *context)
{
    struct scripted *server = calloc(1, sizeof *server);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    if (server == NULL) {
        abort();
    }
    server->fn = fn;
    server->context = context;
    for (int i = 0; i < CONNECTIONS; i++) {
        server->connection[i].fd = -1;
    }
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(server->listener, CONNECTIONS) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&at, &len) != 0 ||
        pthread_create(&server->thread, NULL, serve, server) != 0) {
        perror("scripted");
        abort();
    }
    server->port = ntohs(at.sin_port);
    return server;
}

uint16_t
scripted_port(const struct scripted *server)
{
    return server->port;
}

unsigned
scripted_connections(const struct scripted *server)
{
    return atomic_load(&server->n_ever);
}

unsigned
scripted_open(const struct scripted *server)
{
    return atomic_load(&server->n_open);
}

void
scripted_hang_up(struct scripted *server)
{
    atomic_store(&server->is_hanging_up, true);
    for (int i = 0; i < 2000 && atomic_load(&server->n_open) > 0; i++) {
        usleep(1000);
    }
}

void
scripted_stop(struct scripted *server)
{
    atomic_store(&server->is_ending, true);
    pthread_join(server->thread, NULL);
    for (int i = 0; i < CONNECTIONS; i++) {
        if (server->connection[i].fd >= 0) {
            close(server->connection[i].fd);
        }
    }
    close(server->listener);
    free(server);
}
