/*
 * members - another list of servers for a fleet whose keys the client places
 */
#include "base/clock.h"
#include "client_opts.h"
#include "client_type.h"
#include "errors.h"

struct change {
    const struct pn_fleet_opts *to;
    uint64_t warm_ns;
    int rc;
    struct pn_why why;
};

static void
learn(struct pn_fleet *fleet, void *context)
{
    struct change *change = context;
    change->rc = pn_fleet_learn_members(fleet, change->to->seed, change->to->names,
                                        change->to->weights, change->to->n_seeds,
                                        change->warm_ns, pn_clock_mono_ns(),
                                        &change->why);
}

/* _set_members(options, warm): `seeds`, `names` and `weights` of OPTIONS; reads that
 * miss look at the old owner for WARM seconds. */
PyObject *
client_set_members(PyObject *object, PyObject *args)
{
    struct client_object *self = (struct client_object *)object;
    PyObject *options;
    double warm;
    if (!PyArg_ParseTuple(args, "O!d:_set_members", &PyDict_Type, &options, &warm) ||
        client_check(self) < 0) {
        return NULL;
    }
    struct client_settings settings;
    struct change change = {.rc = PN_OK, .why = {.code = PN_OK}};
    int rc = client_opts_read(self->st, options, &settings);
    if (rc == 0) {
        change.to = &settings.opts.fleet;
        change.warm_ns = warm > 0 && warm < 1e9 ? (uint64_t)(warm * 1e9) : 0;
        Py_BEGIN_ALLOW_THREADS /* a ring is built */
            pn_client_fleet(self->share->client, learn, &change);
        Py_END_ALLOW_THREADS
    }
    client_opts_free(&settings);
    if (rc == 0 && change.rc < 0) {
        change.why.code = change.rc;
        errors_raise_why(self->st, &change.why);
        rc = -1;
    }
    return rc < 0 ? NULL : Py_NewRef(Py_None);
}
