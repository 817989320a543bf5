/*
 * driver - the connections of one event loop, written and read on its own readiness
 *
 *     aget() ...        the first of a tick asks the loop to call _flush() soon
 *     _flush()          all requests of the tick leave in one write a node
 *     _ready(link, io)  the loop saw a descriptor ready: replies are parsed and their
 *                       futures get their results; no Python frame a reply
 *     _wake()           a deadline, a pause or a topology query is due
 *
 * Found by the identity of the running loop, so that one client serves several loops,
 * one after another or in several threads. It keeps no loop alive: a weak reference
 * tells when it dies. When it is closed, or the client is, requests under way end.
 *
 * Callbacks of the loop run in an empty context, not in that of whoever called first.
 *
 * A future that is cancelled stays where it is until its reply comes, which is dropped
 * then: the order of replies never depends on who still waits. But a command that waits
 * has a connection for itself, which is closed: what it would take is another's.
 *
 * Threads: that of its loop, but for driver_drop_all().
 */
#ifndef PINYON_EXT_DRIVER_H
#define PINYON_EXT_DRIVER_H

#include "call.h"

struct driver;

/* A call on a loop. Its room follows it. */
struct aio_call {
    struct call call;             /* .client is held */
    struct driver *driver, *home; /* of a command that blocks: held, whose spare DRIVER
                                     becomes when it is done; else home is NULL */
    PyObject *future, *shape;     /* shape may be NULL */
    PyObject *owner;              /* held; whatever `result` wants to find; or NULL */
    PyObject *(*result)(struct call *call);
    size_t left; /* parts of this round that are not finished */
    struct aio_call *previous, *next;
};

/* What the loop was asked to watch for a link. */
struct watch {
    int fd; /* -1: nothing */
    uint8_t want;
};

struct driver {
    PyObject_HEAD
    struct core_state *st;
    struct fleet_share *share;
    struct client_object *client; /* in whose dict it is; NULL: in none */
    struct pn_hub *hub;           /* NULL once closed */
    PyObject *loop_ref;           /* a weak reference */
    PyObject *run;                /* till the next _flush(): driver_find.c; or NULL */
    const void *key;      /* in the dict: its loop; of one that is not shared, itself */
    PyObject *in_context; /* {"context": an empty one} */
    PyObject *resolving;  /* dict: future of addresses -> link */
    PyObject *pushes;     /* list of messages that nobody has taken; NULL: dropped */
    PyObject *waiters;    /* list of futures of messages */
    PyObject *limits;     /* list of their timers */
    struct driver *spare; /* of a shared one: for the next command that blocks */
    struct aio_call *first, *last;
    struct watch *watch;
    uint32_t n_watch;
    uint64_t timer_at; /* when the loop will call _wake(); PN_NEVER: not */
    uint64_t later_at; /* when it will besides, of a timer set before; PN_NEVER */
    bool is_flush_due, is_working, is_closing;
};

/* ---- Finding (driver_find.c) ------------------------------------------------- */

/* The driver of CLIENT for the running loop; a new reference, or NULL with an exception
 * set. */
struct driver *
driver_of_running(struct client_object *client);

/* One for LOOP alone that nobody else finds. */
struct driver *
driver_make(struct client_object *client, PyObject *loop);

/* A driver for one command that blocks: a spare one of SHARED, or a new one. */
struct driver *
driver_lend(struct client_object *client, struct driver *shared);

/* Now and then drops those of loops that were closed with calls under way, whose
 * futures keep the loop: a command that waits would go on waiting. No exception may be
 * set. */
void
driver_sweep(struct client_object *client, uint64_t now);

/* Closes all drivers of CLIENT, each in its own thread. */
void
driver_drop_all(struct client_object *client);
/* In the child of a fork: forgets them, touching nothing that is the parent's. */
void
driver_forget_all(struct client_object *client);

/* The loop, held for the caller; NULL when it is gone or closed. */
PyObject *
driver_loop(struct driver *self);
/* The same, borrowed, without asking whether it is closed, which costs a call: for who
 * has just seen it run. */
PyObject *
driver_loop_known(struct driver *self);

/* ---- Life (driver.c) --------------------------------------------------------- */

/* On the loop's thread: ends what is under way with ClosedError, and closes. */
void
driver_close(struct driver *self);
/* The loop is gone: drops everything. */
void
driver_abandon(struct driver *self);

int
driver_type_add(PyObject *module);

/* ---- Work (driver_work.c) ---------------------------------------------------- */

/* A future of the loop. */
PyObject *
driver_future(struct driver *self, PyObject *loop);

/* Sends a call, which is taken over. Its future, or NULL with an exception set. */
PyObject *
driver_submit(struct driver *self, struct aio_call *call);
/* The same of one that may wait at its server, and must not when its future has been
 * cancelled: BLPOP would take an element and drop it. The connection is closed then. */
PyObject *
driver_submit_waiting(struct driver *self, struct aio_call *call);
/* FUTURE, of such a call, is done. */
PyObject *
driver_settled(struct driver *self, PyObject *future);

/* Sees to what came of the hub: finished requests, changes, the next timer. */
void
driver_work(struct driver *self);

/* Asks the loop to call _flush() soon. */
int
driver_schedule(struct driver *self);

/* Sets the result of FUTURE, or what is raised; nothing when it is done already. VALUE
 * is stolen; NULL: the exception that is set. */
void
driver_resolve(struct driver *self, PyObject *future, PyObject *value);

/* A new call without commands, with CAP bytes of room; NULL with MemoryError set. */
struct aio_call *
aio_call_new(struct client_object *client, size_t cap);
void
aio_call_free(struct aio_call *call);

/* Messages that nobody asked for are kept from now on. */
int
driver_keep_pushes(struct driver *self);
/* Gives out those that have come. */
void
driver_take_pushes(struct driver *self);
/* Those who wait for one are told that there will be none. */
void
driver_fail_waiters(struct driver *self);
/* A future of the next one, or of None after SECONDS. */
PyObject *
driver_next_push(struct driver *self, double seconds);

/* Callbacks of the loop. */
PyObject *
driver_flush(struct driver *self, PyObject *unused);
PyObject *
driver_ready(struct driver *self, PyObject *const *args, Py_ssize_t nargs);
PyObject *
driver_wake(struct driver *self, PyObject *unused);
/* A future of a message: its time is over. */
PyObject *
driver_expire(struct driver *self, PyObject *future);
/* Of a name: its addresses came (driver_loop.c). */
PyObject *
driver_resolved(struct driver *self, PyObject *future);

/* Does what the hub wants of the loop; sets the timer (driver_loop.c). */
void
driver_apply_changes(struct driver *self, PyObject *loop);
void
driver_set_timer(struct driver *self, PyObject *loop);
void
driver_unwatch_all(struct driver *self, PyObject *loop);

#endif
