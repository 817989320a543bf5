#include "board.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <pinyon/store.h>

#include "base/alloc.h"

/* What nobody renews is of no use to those who come later. */
#define TTL_MS (60u * 60 * 1000)

#define KEY_HEAD "\1pinyon topology " /* no text that a cache would take for a key */

struct board {
    struct pn_store *store;
    char key[96], lock_key[96];
    size_t klen, lock_klen;
    pthread_mutex_t mutex; /* of what follows; held for a moment */
    bool is_held;
    struct pn_lease lease;
};

/* ---- Opening ---------------------------------------------------------------- */

/* Attaches; where there is no such region, makes one of the least size. */
static int
open_region(const char *name, struct pn_store **store, struct pn_why *why)
{
    int rc = PN_E_ABSENT;
    for (int turn = 0; turn < 2 && rc == PN_E_ABSENT;
         turn++) { /* others make one too */
        struct pn_store_opts attach = {.flags = PN_STORE_EXISTING};
        rc = pn_store_open_shared(name, &attach, store, why);
        if (rc == PN_E_ABSENT) {
            struct pn_store_opts make = {.size = PN_STORE_SIZE_MIN};
            rc = pn_store_open_shared(name, &make, store, why);
        }
    }
    return rc;
}

int
board_open(const char *name, const char *fleet, struct board **out, struct pn_why *why)
{
    struct board *board = pn_alloc(sizeof *board);
    if (board == NULL) {
        return PN_E_NOMEM;
    }
    memset(board, 0, sizeof *board);
    int rc = open_region(name, &board->store, why);
    if (rc < 0) {
        pn_free(board);
        return rc;
    }
    board->klen = (size_t)snprintf(board->key, sizeof board->key, KEY_HEAD "%.64s",
                                   fleet);
    board->lock_klen = (size_t)snprintf(board->lock_key, sizeof board->lock_key, "%s/",
                                        board->key);
    pthread_mutex_init(&board->mutex, NULL);
    *out = board;
    return PN_OK;
}

void
board_close(struct board *board)
{
    if (board != NULL) {
        pn_store_close(board->store);
        pthread_mutex_destroy(&board->mutex);
        pn_free(board);
    }
}

void
board_after_fork(struct board *board)
{
    if (board != NULL) {
        (void)pn_store_after_fork(board->store);
        pthread_mutex_init(&board->mutex, NULL);
        board->is_held = false; /* the parent's lease is the parent's */
    }
}

/* ---- Using it --------------------------------------------------------------- */

static size_t
read_item(void *context, void *buf, size_t cap)
{
    struct board *board = context;
    struct pn_item item;
    int rc = pn_store_get(board->store, pn_store_now(board->store), board->key,
                          board->klen, buf, cap, &item);
    return rc == PN_OK || rc == PN_SMALL ? item.vlen : 0;
}

/* A topology that is too large for the region stays every process's own. */
static void
publish_item(void *context, const void *buf, size_t len)
{
    struct board *board = context;
    if (len <= PN_VALUE_MAX) {
        struct pn_put put = {.key = board->key,
                             .klen = board->klen,
                             .val = buf,
                             .vlen = len,
                             .ttl_ms = TTL_MS};
        (void)pn_store_put(board->store, pn_store_now(board->store), &put, NULL);
    }
}

static bool
take_lock(void *context, uint64_t hold_ns)
{
    struct board *board = context;
    uint64_t now_ms = pn_store_now(board->store);
    pthread_mutex_lock(&board->mutex);
    bool is_ours = board->is_held && now_ms < board->lease.deadline_ms;
    bool is_taken = !is_ours && pn_store_lease(board->store, now_ms, board->lock_key,
                                               board->lock_klen, hold_ns / 1000000 + 1,
                                               &board->lease) == PN_OK;
    board->is_held = is_ours || is_taken;
    pthread_mutex_unlock(&board->mutex);
    return is_taken;
}

static void
give_lock(void *context)
{
    struct board *board = context;
    pthread_mutex_lock(&board->mutex);
    if (board->is_held) {
        board->is_held = false;
        (void)pn_store_lease_end(board->store, &board->lease);
    }
    pthread_mutex_unlock(&board->mutex);
}

struct pn_board
board_ops(struct board *board)
{
    return (struct pn_board){.context = board,
                             .read = read_item,
                             .publish = publish_item,
                             .lock = take_lock,
                             .unlock = give_lock};
}
