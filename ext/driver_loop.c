/*
 * driver_loop - what a hub wants of its loop: watchers, addresses, a timer
 */
#include "base/clock.h"
#include "driver.h"

/* ---- Watching ----------------------------------------------------------------- */

/* The entry of LINK; NULL with MemoryError set. */
static struct watch *
watch_of(struct driver *self, uint32_t link)
{
    if (link >= self->n_watch) {
        uint32_t n = link + 8;
        struct watch *longer = PyMem_Realloc(self->watch, n * sizeof *longer);
        if (longer == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        self->watch = longer;
        while (self->n_watch < n) {
            self->watch[self->n_watch++] = (struct watch){.fd = -1};
        }
    }
    return &self->watch[link];
}

/* add_reader(fd, self._ready, link, io), or add_writer(). */
static int
add_watcher(struct driver *self, PyObject *loop, const char *method, int fd,
            uint32_t link, uint8_t io)
{
    PyObject *ready = PyObject_GetAttrString((PyObject *)self, "_ready");
    PyObject *handle = ready == NULL
                           ? NULL
                           : PyObject_CallMethod(loop, method, "iOIi", fd, ready,
                                                 (unsigned int)link, (int)io);
    Py_XDECREF(ready);
    Py_XDECREF(handle);
    return handle == NULL ? -1 : 0;
}

static int
remove_watcher(PyObject *loop, const char *method, int fd)
{
    PyObject *removed = PyObject_CallMethod(loop, method, "i", fd);
    Py_XDECREF(removed);
    return removed == NULL ? -1 : 0;
}

static int
set_watch(struct driver *self, PyObject *loop, struct watch *watch, uint32_t link,
          int fd, uint8_t want)
{
    static const struct {
        uint8_t io;
        const char *add, *remove;
    } kinds[] = {
        {PN_IO_READ, "add_reader", "remove_reader"},
        {PN_IO_WRITE, "add_writer", "remove_writer"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        uint8_t io = kinds[i].io;
        int rc = 0;
        if ((want & io) != 0 && (watch->want & io) == 0) {
            rc = add_watcher(self, loop, kinds[i].add, fd, link, io);
        } else if ((want & io) == 0 && (watch->want & io) != 0) {
            rc = remove_watcher(loop, kinds[i].remove, fd);
        }
        if (rc < 0) {
            return -1;
        }
    }
    *watch = (struct watch){.fd = want == 0 ? -1 : fd, .want = want};
    return 0;
}

/* A descriptor that is watched for another link's sake was closed and opened anew: what
 * the loop knew of it is gone. */
static int
watch_link(struct driver *self, PyObject *loop, const struct pn_change *change)
{
    struct watch *watch = watch_of(self, change->link);
    if (watch == NULL) {
        return -1;
    }
    if (watch->fd >= 0 && watch->fd != change->fd &&
        set_watch(self, loop, watch, change->link, watch->fd, 0) < 0) {
        return -1;
    }
    return set_watch(self, loop, watch, change->link, change->fd, change->want);
}

static int
unwatch_link(struct driver *self, PyObject *loop, const struct pn_change *change)
{
    struct watch *watch = watch_of(self, change->link);
    int rc = watch == NULL ? -1 : 0;
    if (rc == 0 && watch->fd == change->fd) {
        rc = set_watch(self, loop, watch, change->link, change->fd, 0);
    }
    pn_hub_unwatched(self->hub, change->link);
    return rc;
}

void
driver_unwatch_all(struct driver *self, PyObject *loop)
{
    for (uint32_t i = 0; i < self->n_watch; i++) {
        struct watch *watch = &self->watch[i];
        if (watch->fd >= 0 && set_watch(self, loop, watch, i, watch->fd, 0) < 0) {
            PyErr_Clear();
        }
    }
}

/* ---- Names -------------------------------------------------------------------- */

/* The loop's executor asks the system's resolver: run_in_executor() gives a future,
 * which unlike the task that loop.getaddrinfo() wants is missed by nobody when the loop
 * ends. */
static int
resolve(struct driver *self, PyObject *loop, const struct pn_change *change)
{
    if (self->resolving == NULL && (self->resolving = PyDict_New()) == NULL) {
        return -1;
    }
    PyObject *future = PyObject_CallMethod(loop, "run_in_executor", "OOsiii", Py_None,
                                           self->st->getaddrinfo, change->host,
                                           (int)change->port, 0, (int)SOCK_STREAM);
    PyObject *link = PyLong_FromUnsignedLong(change->link);
    PyObject *callback = PyObject_GetAttrString((PyObject *)self, "_resolved");
    PyObject *added = NULL;
    if (future != NULL && link != NULL && callback != NULL &&
        PyDict_SetItem(self->resolving, future, link) == 0) {
        added = PyObject_CallMethod(future, "add_done_callback", "O", callback);
    }
    Py_XDECREF(future);
    Py_XDECREF(link);
    Py_XDECREF(callback);
    Py_XDECREF(added);
    return added == NULL ? -1 : 0;
}

/* One of getaddrinfo()'s: (family, type, protocol, name, (host, port, ...)). */
static bool
read_address(PyObject *info, struct pn_addr *addr)
{
    PyObject *at = PyTuple_Check(info) && PyTuple_Size(info) == 5
                       ? PyTuple_GetItem(info, 4)
                       : NULL;
    if (at == NULL || !PyTuple_Check(at) || PyTuple_Size(at) < 2) {
        return false;
    }
    PyObject *text = PyTuple_GetItem(at, 0);
    const char *host = PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, NULL)
                                             : NULL;
    long port = PyLong_AsLong(PyTuple_GetItem(at, 1));
    bool is_read = host != NULL && port > 0 && port <= UINT16_MAX &&
                   pn_addr_literal(host, (uint16_t)port, addr) == PN_OK;
    PyErr_Clear();
    return is_read;
}

PyObject *
driver_resolved(struct driver *self, PyObject *future)
{
    PyObject *number = self->resolving == NULL
                           ? NULL
                           : PyDict_GetItemWithError(self->resolving, future);
    if (number == NULL || self->hub == NULL) {
        Py_RETURN_NONE;
    }
    uint32_t link = (uint32_t)PyLong_AsUnsignedLong(number);
    PyDict_DelItem(self->resolving, future);
    struct pn_addr addr[8];
    size_t n = 0;
    PyObject *found = PyObject_CallMethod(future, "result", NULL);
    Py_ssize_t count = found == NULL || !PyList_Check(found) ? 0 : PyList_Size(found);
    for (Py_ssize_t i = 0; i < count && n < sizeof addr / sizeof addr[0]; i++) {
        n += read_address(PyList_GetItem(found, i), &addr[n]);
    }
    Py_XDECREF(found);
    PyErr_Clear(); /* a name that does not resolve: the hub says so */
    pn_hub_resolved(self->hub, link, addr, n, pn_clock_mono_ns());
    driver_work(self);
    Py_RETURN_NONE;
}

/* ---- All of it ---------------------------------------------------------------- */

static int
apply(struct driver *self, PyObject *loop, const struct pn_change *change)
{
    switch (change->kind) {
    case PN_CHANGE_WATCH:
        return watch_link(self, loop, change);
    case PN_CHANGE_GONE:
        return unwatch_link(self, loop, change);
    default:
        return resolve(self, loop, change);
    }
}

void
driver_apply_changes(struct driver *self, PyObject *loop)
{
    struct pn_change change;
    while (pn_hub_change(self->hub, &change)) {
        if (apply(self, loop, &change) < 0) { /* a loop that cannot: calls time out */
            PyErr_WriteUnraisable((PyObject *)self);
        }
    }
}

/* Only ever earlier: a timer that comes too early finds nothing due and is set anew,
 * once in a while, instead of one being cancelled and made for every call. Its handle
 * is not kept, since that would keep the loop: driver_wake() knows one that was
 * overtaken. */
void
driver_set_timer(struct driver *self, PyObject *loop)
{
    uint64_t at = pn_hub_wake(self->hub);
    if (at >= self->timer_at) {
        return;
    }
    uint64_t now = pn_clock_mono_ns();
    double delay = at > now ? (double)(at - now) / 1e9 : 0.0;
    PyObject *wake = PyObject_GetAttrString((PyObject *)self, "_wake");
    PyObject *call_later = PyObject_GetAttrString(loop, "call_later");
    PyObject *args = wake == NULL ? NULL : Py_BuildValue("(dO)", delay, wake);
    PyObject *handle = NULL;
    if (call_later != NULL && args != NULL) {
        handle = PyObject_Call(call_later, args, self->in_context);
    }
    if (handle == NULL) {
        PyErr_WriteUnraisable((PyObject *)self);
    } else {
        self->later_at = self->timer_at;
        self->timer_at = at;
    }
    Py_XDECREF(wake);
    Py_XDECREF(call_later);
    Py_XDECREF(args);
    Py_XDECREF(handle);
}
