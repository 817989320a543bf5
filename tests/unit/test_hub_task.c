#include "client/engine.h"
#include "fleet_of.h"

#include <pthread.h>
#include <stdlib.h>

/* A server of a cluster of one that owns all slots. */
struct town {
    struct scripted *server;
    _Atomic unsigned slots_asked, gets;
    const char *slots; /* instead of the truth */
    unsigned bad_slots;
};

static void
talk(struct scripted_talk *t, void *context)
{
    struct town *town = context;
    char text[128];
    if (!scripted_is(t, 0, "CLUSTER")) {
        town->gets++;
        scripted_say(t, "+v\r\n");
        return;
    }
    if (town->slots_asked++ < town->bad_slots) {
        scripted_say(t, town->slots);
        return;
    }
    snprintf(text, sizeof text,
             "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$0\r\n\r\n:%u\r\n$1\r\na\r\n",
             scripted_port(town->server));
    scripted_say(t, text);
}

static int
get(struct pn_client *client, uint64_t ms)
{
    struct pn_hub *hub = take(client);
    struct pn_request r = ask("GET k\r\n", PN_REQ_READ, ms);
    r.slot = 7;
    int rc = run(hub, &r);
    give(client, hub);
    return rc;
}

/* The map is asked for before the first command, and once. */
static void
test_bootstrap(void)
{
    struct town town = {0};
    town.server = scripted_start(talk, &town);
    struct pn_client *client = fleet_of(PN_FLEET_CLUSTER, &town.server, 1,
                                        (struct pn_client_opts){0});
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(get(client, 2000), 0);
    }
    CHECK_EQ(town.slots_asked, 1);
    CHECK_EQ(town.gets, 20);
    pn_client_free(client);
    scripted_stop(town.server);
}

/* A server that does not know its slots, or says what is none: asked again, and no
 * request ends before its deadline for it. */
static void
test_bad_answers(void)
{
    static const char *const bad[] = {
        "-ERR This instance has cluster support disabled\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n",
        "*1\r\n*3\r\n:9\r\n:3\r\n*2\r\n$1\r\nh\r\n:1\r\n",
        "*0\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct town town = {.bad_slots = 1, .slots = bad[i]};
        town.server = scripted_start(talk, &town);
        struct pn_client *client = fleet_of(PN_FLEET_CLUSTER, &town.server, 1,
                                            (struct pn_client_opts){0});
        CHECK_EQ(get(client, 4000), 0);
        CHECK(town.slots_asked >= 2);
        CHECK(i == 3 || pn_fleet_counters(client->fleet)->refreshes_failed == 1);
        pn_client_free(client);
        scripted_stop(town.server);
    }
}

/* Nobody says who owns what: callers are told who was asked, and what he said. */
static void
test_in_vain(void)
{
    static const struct {
        const char *says;
        int code;
        const char *words;
    } cases[] = {
        {"-NOAUTH Authentication required.\r\n", PN_CLIENT_E_AUTH, "NOAUTH Auth"},
        {"-ERR no such thing\r\n", PN_CLIENT_E_REPLY, "ERR no such thing"},
        {":1\r\n", PN_CLIENT_E_REPLY, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct town town = {.bad_slots = 1000, .slots = cases[i].says};
        town.server = scripted_start(talk, &town);
        struct pn_client *client = fleet_of(PN_FLEET_CLUSTER, &town.server, 1,
                                            (struct pn_client_opts){0});
        struct pn_hub *hub = take(client);
        struct pn_request r = ask("GET k\r\n", PN_REQ_READ, 4000);
        struct pn_why why = {0};
        CHECK_EQ(run(hub, &r), cases[i].code);
        CHECK_EQ(pn_client_why(client, r.by, &why), cases[i].words[0] != '\0');
        CHECK(strstr(why.text, cases[i].words) != NULL);
        give(client, hub);
        pn_client_free(client);
        scripted_stop(town.server);
    }
}

/* ---- One topology for several processes ---------------------------------- */

struct board {
    pthread_mutex_t lock;
    char *bytes;
    size_t len;
    bool is_taken;
    unsigned published, refused;
    char *late; /* what is on it once somebody asks for the lock */
    size_t late_len;
};

static size_t
board_read(void *context, void *buf, size_t cap)
{
    struct board *board = context;
    pthread_mutex_lock(&board->lock);
    size_t len = board->len;
    if (len <= cap && len > 0) {
        memcpy(buf, board->bytes, len);
    }
    pthread_mutex_unlock(&board->lock);
    return len;
}

static void
board_publish(void *context, const void *buf, size_t len)
{
    struct board *board = context;
    pthread_mutex_lock(&board->lock);
    free(board->bytes);
    board->bytes = malloc(len);
    memcpy(board->bytes, buf, len);
    board->len = len;
    board->published++;
    CHECK(board->is_taken); /* only who holds the lock publishes */
    pthread_mutex_unlock(&board->lock);
}

static bool
board_lock(void *context, uint64_t hold_ns)
{
    struct board *board = context;
    pthread_mutex_lock(&board->lock);
    bool is_mine = !board->is_taken && hold_ns > 0;
    board->is_taken |= is_mine;
    board->refused += !is_mine;
    if (board->late != NULL) {
        board->bytes = board->late;
        board->len = board->late_len;
        board->late = NULL;
    }
    pthread_mutex_unlock(&board->lock);
    return is_mine;
}

static void
board_unlock(void *context)
{
    struct board *board = context;
    pthread_mutex_lock(&board->lock);
    CHECK(board->is_taken);
    board->is_taken = false;
    pthread_mutex_unlock(&board->lock);
}

static struct pn_board
face_of(struct board *board)
{
    return (struct pn_board){board, board_read, board_publish, board_lock,
                             board_unlock};
}

/* Who comes second takes the map from the board and asks nobody. */
static void
test_board(void)
{
    struct town town = {0};
    struct board board = {.lock = PTHREAD_MUTEX_INITIALIZER};
    const struct pn_board face = face_of(&board);
    town.server = scripted_start(talk, &town);
    struct pn_client *client[4];
    for (int i = 0; i < 4; i++) {
        client[i] = fleet_of(PN_FLEET_CLUSTER, &town.server, 1,
                             (struct pn_client_opts){.board = &face});
        CHECK_EQ(get(client[i], 2000), 0);
    }
    CHECK_EQ(town.slots_asked, 1);
    CHECK_EQ(board.published, 1);
    CHECK(!board.is_taken);
    for (int i = 0; i < 4; i++) {
        pn_client_free(client[i]);
    }
    scripted_stop(town.server);
    free(board.bytes);
}

/* Nor does who takes the lock just after another has published and given it back. */
static void
test_board_of_meanwhile(void)
{
    struct town town = {0};
    struct board board = {.lock = PTHREAD_MUTEX_INITIALIZER};
    const struct pn_board face = face_of(&board);
    town.server = scripted_start(talk, &town);
    for (int i = 0; i < 2; i++) {
        struct pn_client *client = fleet_of(PN_FLEET_CLUSTER, &town.server, 1,
                                            (struct pn_client_opts){.board = &face});
        CHECK_EQ(get(client, 2000), 0);
        CHECK_EQ(town.slots_asked, 1);
        CHECK_EQ(board.published, 1);
        CHECK(board.late == NULL && !board.is_taken);
        pn_client_free(client);
        board.late = board.bytes;
        board.late_len = board.len;
        board.bytes = NULL;
        board.len = 0;
    }
    scripted_stop(town.server);
    free(board.late);
}

/* What stands on the board is data: rubbish is not believed. */
static void
test_board_of_rubbish(void)
{
    struct town town = {0};
    struct board board = {.lock = PTHREAD_MUTEX_INITIALIZER};
    const struct pn_board face = face_of(&board);
    town.server = scripted_start(talk, &town);
    board.len = 5000;
    board.bytes = malloc(board.len);
    memset(board.bytes, 0x5a, board.len);
    struct pn_client *client = fleet_of(PN_FLEET_CLUSTER, &town.server, 1,
                                        (struct pn_client_opts){.board = &face});
    CHECK_EQ(get(client, 2000), 0);
    CHECK_EQ(town.slots_asked, 1);
    CHECK_EQ(board.published, 1);
    pn_client_free(client);
    scripted_stop(town.server);
    free(board.bytes);
}

/* Drives HUB's own query, and nothing else, until its reply is there. */
static void
finish_task(struct pn_hub *hub)
{
    uint64_t end = pn_clock_mono_ns() + 5 * SECOND;
    pn_hub_step(hub, pn_clock_mono_ns());
    while (hub->task_request.state != PN_REQ_FINISHED && pn_clock_mono_ns() < end) {
        for (uint32_t i = hub->n_busy; i-- > 0;) {
            pn_hub_go_on(hub, hub->busy[i], PN_IO_READ, pn_clock_mono_ns());
        }
    }
    CHECK_EQ(hub->task_request.state, PN_REQ_FINISHED);
}

/* What the query brought is learnt before the bytes of its reply go. */
static void
test_released(void)
{
    struct town town = {0};
    town.server = scripted_start(talk, &town);
    struct pn_client *client = fleet_of(PN_FLEET_CLUSTER, &town.server, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    finish_task(hub);
    pn_hub_release(hub);
    CHECK_EQ(hub->task.kind, PN_TASK_NONE);
    CHECK_EQ(pn_fleet_counters(client->fleet)->refreshes_failed, 0);
    give(client, hub);
    CHECK_EQ(get(client, 2000), 0);
    CHECK_EQ(town.slots_asked, 1);
    pn_client_free(client);
    scripted_stop(town.server);
}

/* A hub that is at a query has no time for another: it need not wake for one. */
static void
test_one_at_a_time(void)
{
    struct town town = {0};
    town.server = scripted_start(talk, &town);
    struct pn_client *client = fleet_of(PN_FLEET_CLUSTER, &town.server, 1,
                                        (struct pn_client_opts){0});
    struct pn_hub *hub = take(client);
    finish_task(hub);
    hub->task_request.state = PN_REQ_SENT; /* as if it were still to come */
    hub->wake_at = PN_NEVER;
    atomic_store(&client->fleet_wake, 1);
    CHECK_EQ(pn_hub_wake(hub), PN_NEVER);
    hub->task_request.state = PN_REQ_FINISHED;
    give(client, hub);
    pn_client_free(client);
    scripted_stop(town.server);
}

/* The query of a hub that is given back goes on, if nobody else's reply comes first;
 * one that would never end is given up. */
static void
test_given_back(void)
{
    struct town town = {.bad_slots = 9, .slots = ""};
    town.server = scripted_start(talk, &town);
    struct pn_client *client = fleet_of(PN_FLEET_CLUSTER, &town.server, 1,
                                        (struct pn_client_opts){0});
    for (int with_another = 0; with_another < 2; with_another++) {
        struct pn_hub *hub = take(client);
        uint64_t end = pn_clock_mono_ns() + 5 * SECOND;
        while (hub->task_request.state != PN_REQ_SENT && pn_clock_mono_ns() < end) {
            pn_hub_step(hub, pn_clock_mono_ns());
            for (uint32_t i = hub->n_busy; i-- > 0;) {
                pn_hub_go_on(hub, hub->busy[i], PN_IO_READ, pn_clock_mono_ns());
            }
        }
        struct pn_request r = ask("GET k\r\n", 0, 20000);
        r.node = hub->task.node;
        if (with_another) {
            pn_hub_submit(hub, &r, pn_clock_mono_ns());
            pn_hub_step(hub, pn_clock_mono_ns());
            CHECK_EQ(r.state, PN_REQ_SENT);
        }
        give(client, hub);
        CHECK_EQ(hub->task.kind, with_another ? PN_TASK_NONE : PN_TASK_SLOTS);
        CHECK_EQ(hub->link[r.node]->flight_n, with_another ? 0 : 1);
    }
    pn_client_free(client);
    scripted_stop(town.server);
}

int
main(void)
{
    RUN(test_bootstrap);
    RUN(test_bad_answers);
    RUN(test_in_vain);
    RUN(test_board);
    RUN(test_board_of_meanwhile);
    RUN(test_board_of_rubbish);
    RUN(test_released);
    RUN(test_one_at_a_time);
    RUN(test_given_back);
    return harness_done();
}
