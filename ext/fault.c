#include "fault.h"

#include "client/client.h"
#include "client/code.h"
#include "net/code.h"
#include "wire/code.h"

/* ---- Which exception -------------------------------------------------------- */

/* The exception of each code of client: one line for every line of PN_CLIENT_MAP, or
 * the switch below does not compile. */
#define EXC_PN_CLIENT_E_UNSENT st->unambiguous_timeout
#define EXC_PN_CLIENT_E_AMBIGUOUS st->ambiguous_timeout
#define EXC_PN_CLIENT_E_LOST st->connection_lost
#define EXC_PN_CLIENT_E_DOWN st->cluster_down
#define EXC_PN_CLIENT_E_NO_OWNER st->slot_not_covered
#define EXC_PN_CLIENT_E_REDIRECTS st->cluster_error
#define EXC_PN_CLIENT_E_AUTH st->authentication_error
#define EXC_PN_CLIENT_E_HELLO st->connection_failed
#define EXC_PN_CLIENT_E_ROLE st->connection_failed
#define EXC_PN_CLIENT_E_POOL st->pool_exhausted
#define EXC_PN_CLIENT_E_CLOSED st->closed_error
#define EXC_PN_CLIENT_E_FORKED st->connection_failed
#define EXC_PN_CLIENT_E_REPLY st->protocol_error
#define EXC_PN_CLIENT_E_PLACE st->argument_error
#define EXC_PN_CLIENT_E_CROSS st->cross_slot
#define EXC_PN_CLIENT_E_CANCELLED st->connection_failed
#define EXC_PN_CLIENT_E_TIMEOUT st->timeout_error
#define EXC_PN_CLIENT_E_SERVICE st->connection_failed
#define EXC_PN_CLIENT_E_STAND_IN st->cluster_down

static PyObject *
type_of_code(const struct core_state *st, int code)
{
    switch (code) {
#define EXC_CASE(name, number, text) \
    case name:                       \
        return EXC_##name;
        PN_CLIENT_MAP(EXC_CASE)
#undef EXC_CASE
    case PN_E_NOMEM:
        return PyExc_MemoryError;
    case PN_E_INVALID:
        return st->config_error;
    case PN_NET_E_TIMEOUT: /* of a dial: nothing was sent */
        return st->unambiguous_timeout;
    case PN_NET_E_FILES:
        return st->config_error;
    case PN_WIRE_E_KEY_SIZE:
        return st->key_too_long;
    case PN_WIRE_E_FLAG:
    case PN_WIRE_E_FLAG_TWICE:
        return st->argument_error;
    default: /* what is left of net is about reaching a node, of wire about bytes */
        return code <= PN_WIRE_E_TYPE && code >= PN_WIRE_E_REPLY
                   ? st->protocol_error
                   : st->connection_failed;
    }
}

static PyObject *
type_of_word(const struct core_state *st, struct pn_bytes word)
{
    const struct {
        struct pn_bytes word;
        PyObject *type;
    } table[] = {
        {PN_BYTES("WRONGTYPE"), st->wrong_type},
        {PN_BYTES("NOSCRIPT"), st->no_script},
        {PN_BYTES("OOM"), st->server_oom},
        {PN_BYTES("READONLY"), st->read_only},
        {PN_BYTES("LOADING"), st->loading},
        {PN_BYTES("EXECABORT"), st->exec_aborted},
        {PN_BYTES("NOAUTH"), st->authentication_error},
        {PN_BYTES("WRONGPASS"), st->authentication_error},
        {PN_BYTES("NOPERM"), st->no_permission},
        {PN_BYTES("CROSSSLOT"), st->cross_slot},
        {PN_BYTES("CLUSTERDOWN"), st->cluster_down},
        {PN_BYTES("MASTERDOWN"), st->cluster_down},
        {PN_BYTES("MOVED"), st->cluster_error},
        {PN_BYTES("ASK"), st->cluster_error},
        {PN_BYTES("TRYAGAIN"), st->cluster_error},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (pn_bytes_equal(table[i].word, word)) {
            return table[i].type;
        }
    }
    return st->server_error;
}

/* ---- Where ------------------------------------------------------------------ */

struct naming {
    uint16_t node;
    bool is_known;
    uint16_t port;
    char host[PN_FLEET_HOST_MAX + 1];
};

static void
copy_endpoint(struct pn_fleet *fleet, void *context)
{
    struct naming *naming = context;
    const struct pn_node *node = pn_fleet_node(fleet, naming->node);
    naming->is_known = node != NULL;
    if (node != NULL) {
        naming->port = node->endpoint.port;
        PyOS_snprintf(naming->host, sizeof naming->host, "%s", node->endpoint.host);
    }
}

PyObject *
fault_node_name(struct pn_client *client, uint16_t node)
{
    struct naming naming = {.node = node, .is_known = false};
    if (client != NULL && node != PN_NODE_NONE) {
        pn_client_fleet(client, copy_endpoint, &naming);
    }
    if (!naming.is_known) {
        Py_RETURN_NONE;
    }
    const char *host = naming.host;
    if (naming.port == 0) {
        return PyUnicode_FromString(host);
    }
    bool is_v6 = strchr(host, ':') != NULL;
    return PyUnicode_FromFormat(is_v6 ? "[%s]:%d" : "%s:%d", host, (int)naming.port);
}

/* The name of a command as text; None when there is none. */
static PyObject *
command_name(struct pn_bytes command)
{
    if (command.len == 0) {
        Py_RETURN_NONE;
    }
    size_t len = command.len < 64 ? command.len : 64;
    return PyUnicode_DecodeUTF8(command.ptr, (Py_ssize_t)len, "replace");
}

/* ---- Making ----------------------------------------------------------------- */

static int
set_attributes(PyObject *exc, PyObject *kind, PyObject *node, PyObject *command)
{
    if (kind == NULL || PyObject_SetAttrString(exc, "kind", kind) < 0) {
        return -1;
    }
    if (node != Py_None && PyObject_SetAttrString(exc, "node", node) < 0) {
        return -1;
    }
    return command == Py_None ? 0 : PyObject_SetAttrString(exc, "command", command);
}

/* "GET at 127.0.0.1:6379: SENTENCE", as far as it is known where. */
static PyObject *
full_sentence(PyObject *sentence, PyObject *node, PyObject *command)
{
    if (node != Py_None && command != Py_None) {
        return PyUnicode_FromFormat("%U at %U: %U", command, node, sentence);
    }
    if (node == Py_None && command == Py_None) {
        return Py_NewRef(sentence);
    }
    return PyUnicode_FromFormat("%U: %U", node == Py_None ? command : node, sentence);
}

/* An exception of TYPE; SENTENCE and KIND are stolen. */
static PyObject *
make_fault(PyObject *type, PyObject *sentence, PyObject *kind,
           const struct fault_place *place)
{
    PyObject *node = fault_node_name(place->client, place->node);
    PyObject *command = command_name(place->command);
    PyObject *message = NULL, *exc = NULL;
    if (node != NULL && command != NULL && sentence != NULL) {
        message = full_sentence(sentence, node, command);
    }
    if (message != NULL) {
        exc = PyObject_CallFunctionObjArgs(type, message, NULL);
    }
    if (exc != NULL && set_attributes(exc, kind, node, command) < 0) {
        Py_CLEAR(exc);
    }
    Py_XDECREF(node);
    Py_XDECREF(command);
    Py_XDECREF(message);
    Py_XDECREF(sentence);
    Py_XDECREF(kind);
    return exc;
}

/* "10.0.0.1:6379: Connection refused": what stands behind the node, which is told
 * already. */
static struct pn_bytes
without_node(const char *why)
{
    const char *colon = strstr(why, ": ");
    const char *space = strchr(why, ' ');
    bool has_node = colon != NULL && space == colon + 1 &&
                    memchr(why, ':', (size_t)(colon - why)) != NULL;
    why = has_node ? colon + 2 : why;
    return (struct pn_bytes){why, strlen(why)};
}

PyObject *
fault_of_code(struct core_state *st, int code, const struct fault_place *place)
{
    struct pn_why why = {.code = 0};
    const char *text = pn_client_strerror(code);
    bool has_why = place->client != NULL && place->node != PN_NODE_NONE &&
                   pn_client_why(place->client, place->node, &why) &&
                   why.text[0] != '\0';
    /* What the node was last unreachable for explains waits in vain, too. */
    bool is_why = has_why && code != PN_CLIENT_E_POOL && code != PN_CLIENT_E_CLOSED &&
                  code != PN_CLIENT_E_AMBIGUOUS && code != PN_CLIENT_E_TIMEOUT;
    struct pn_bytes detail = without_node(why.text);
    PyObject *words = PyUnicode_DecodeUTF8(detail.ptr, (Py_ssize_t)detail.len,
                                           "replace");
    if (words == NULL) {
        return NULL;
    }
    bool is_more = strncmp(detail.ptr, text, strlen(text)) == 0; /* says it, and more */
    PyObject *sentence = !is_why   ? PyUnicode_FromString(text)
                         : is_more ? Py_NewRef(words)
                                   : PyUnicode_FromFormat("%s (%U)", text, words);
    Py_DECREF(words);
    return make_fault(type_of_code(st, code), sentence,
                      PyUnicode_FromString(pn_client_code_name(code)), place);
}

/* "ERR unknown command 'x', with args beginning with: 'secret'": all behind the name.
 * */
static struct pn_bytes
without_arguments(struct pn_bytes text)
{
    static const char mark[] = ", with args beginning with";
    for (size_t i = 0; i + sizeof mark - 1 <= text.len; i++) {
        if (memcmp(text.ptr + i, mark, sizeof mark - 1) == 0) {
            return (struct pn_bytes){text.ptr, i};
        }
    }
    return text;
}

PyObject *
fault_of_text(struct core_state *st, struct pn_bytes text,
              const struct fault_place *place)
{
    struct pn_bytes rest = text, word;
    if (!pn_word_next(&rest, &word)) {
        word = PN_BYTES("ERR");
    }
    text = without_arguments(text);
    return make_fault(type_of_word(st, word),
                      PyUnicode_DecodeUTF8(text.ptr, (Py_ssize_t)text.len, "replace"),
                      PyUnicode_DecodeUTF8(word.ptr, (Py_ssize_t)word.len, "replace"),
                      place);
}

PyObject *
fault_of_type(PyObject *type, const char *kind, const char *text,
              const struct fault_place *place)
{
    return make_fault(type, PyUnicode_FromString(text), PyUnicode_FromString(kind),
                      place);
}

PyObject *
fault_raise(PyObject *fault)
{
    if (fault != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(fault), fault);
        Py_DECREF(fault);
    }
    return NULL;
}

PyObject *
fault_shape(struct core_state *st, PyObject *shape, PyObject *reply)
{
    PyObject *shaped = PyObject_CallFunctionObjArgs(shape, reply, NULL);
    Py_DECREF(reply);
    bool is_ours = shaped != NULL || PyErr_ExceptionMatches(st->cache_error);
    bool is_shape = !is_ours && (PyErr_ExceptionMatches(PyExc_TypeError) ||
                                 PyErr_ExceptionMatches(PyExc_ValueError) ||
                                 PyErr_ExceptionMatches(PyExc_LookupError) ||
                                 PyErr_ExceptionMatches(PyExc_AttributeError));
    if (is_shape) {
        struct fault_place place = {.node = PN_NODE_NONE};
        PyErr_Clear();
        fault_raise(fault_of_code(st, PN_CLIENT_E_REPLY, &place));
    }
    return shaped;
}
