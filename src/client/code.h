/*
 * code - how a request can fail, besides what the server says
 *
 * The numbers do not meet those of pinyon/error.h, wire/code.h and net/code.h: a failed
 * request carries one of any of them.
 */
#ifndef PN_CLIENT_CODE_H
#define PN_CLIENT_CODE_H

/*      name                      code  text */
#define PN_CLIENT_MAP(X)                                                               \
    X(PN_CLIENT_E_UNSENT, -401, "the deadline passed before the command was sent")     \
    X(PN_CLIENT_E_AMBIGUOUS, -402,                                                     \
      "the deadline passed after the command was sent: it may have been executed")     \
    X(PN_CLIENT_E_LOST, -403,                                                          \
      "the connection broke after the command was sent: it may have been executed")    \
    X(PN_CLIENT_E_DOWN, -404, "the node that owns the key is down")                    \
    X(PN_CLIENT_E_NO_OWNER, -405, "no node owns the key's slot")                       \
    X(PN_CLIENT_E_REDIRECTS, -406, "the servers send the command in circles")          \
    X(PN_CLIENT_E_AUTH, -407, "the server refused the user or password")               \
    X(PN_CLIENT_E_HELLO, -408, "the server refused the connection's settings")         \
    X(PN_CLIENT_E_ROLE, -409, "the node is not in the role it is said to have")        \
    X(PN_CLIENT_E_POOL, -410, "no connection became free before the deadline")         \
    X(PN_CLIENT_E_CLOSED, -411, "the client is closed")                                \
    X(PN_CLIENT_E_FORKED, -412, "the connection was made by the parent process")       \
    X(PN_CLIENT_E_REPLY, -413, "the server said something that is no answer to this")  \
    X(PN_CLIENT_E_PLACE, -414, "the command names no key, so that no node is its own") \
    X(PN_CLIENT_E_CROSS, -415, "the keys of one command are in several slots")         \
    X(PN_CLIENT_E_CANCELLED, -416, "the caller no longer waits for it")                \
    X(PN_CLIENT_E_TIMEOUT, -417, "the deadline passed before the reply came")          \
    X(PN_CLIENT_E_SERVICE, -418, "no sentinel knows a service of this name")           \
    X(PN_CLIENT_E_STAND_IN, -419,                                                      \
      "the node that owns the key is down, and may come back with what only its "      \
      "stand-in has deleted: delete it again then")

enum pn_client_code {
#define PN_CLIENT_ENUM(name, code, text) name = (code),
    PN_CLIENT_MAP(PN_CLIENT_ENUM)
#undef PN_CLIENT_ENUM
};

/* The sentence and the name of CODE, which may also be one of the rooms below. */
const char *
pn_client_strerror(int code);
const char *
pn_client_code_name(int code);

#endif
