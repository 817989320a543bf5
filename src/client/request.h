/*
 * request - one command on its way to a node and its reply on the way back
 *
 * The caller owns the memory, as a field of something of its own or an element of an
 * array, fills in the first part and hands it to a hub (hub.h), which links it into its
 * queues until it is finished: then `rc` says how it went and pn_hub_reply() where the
 * reply is. A request that is cancelled is finished at once for its caller; the hub
 * keeps what it needs to drop the reply.
 */
#ifndef PN_CLIENT_REQUEST_H
#define PN_CLIENT_REQUEST_H

#include "fleet/fleet.h"
#include "wire/text.h"

enum pn_request_flags {
    PN_REQ_READ = 0x01, /* changes nothing: a replica may answer */
    PN_REQ_SAFE = 0x02, /* the same result when it is executed twice */
    PN_REQ_RAW = 0x04,  /* MOVED, ASK, TRYAGAIN and the like are handed to the caller */
    PN_REQ_NOOP = 0x08, /* memcached: the reply is all up to and with MN */
    PN_REQ_PUSH = 0x10, /* pub/sub: its answers come as pushes, there is no reply */
    PN_REQ_DELETE = 0x20,   /* goes to both owners while a fleet warms up */
    PN_REQ_NO_RETRY = 0x40, /* one attempt, whatever happens */
    PN_REQ_CLASSIC = 0x80,  /* memcached: answered by one classic message (a get's: till
                               END) */
    PN_REQ_STAY = 0x100,   /* by the connection that stands now or not at all: for EXEC,
                             since a new one knows nothing of the WATCH */
    PN_REQ_QUICK = 0x200,  /* where nobody can answer now, say so now */
    PN_REQ_APART = 0x400,  /* TRYAGAIN is told after fewer tries: the caller asks for
                             each key by itself then */
    PN_REQ_STORE = 0x800,  /* a set without conditions: to both owners as well, or the
                             old one's value would be found when this one is gone */
    PN_REQ_VALUE = 0x1000, /* answered by one value or none: anything else is no answer
                              to it, and its connection is not to be trusted */
};

enum pn_request_state {
    PN_REQ_IDLE,     /* not in a hub, or finished */
    PN_REQ_WAITING,  /* for a node, a connection or a moment: nothing was sent */
    PN_REQ_SENT,     /* at least its first byte may be on the wire */
    PN_REQ_FINISHED, /* to be taken from pn_hub_finished() */
};

struct pn_request {
    /* ---- the caller's; {0} but for wire, wire_len and deadline is good ---- */
    const char *wire; /* the bytes to send; stay where they are until finished */
    size_t wire_len;
    struct pn_bytes key; /* HASH: placed by it. {NULL, 0}: any primary will do */
    uint32_t slot;       /* CLUSTER: of the key; PN_SLOT_NONE: any primary */
    uint16_t node;       /* PN_NODE_NONE: by key; else this node and no other */
    uint16_t flags;      /* enum pn_request_flags */
    uint32_t expect;     /* replies that answer it, taken as one; 0 means 1 */
    uint64_t deadline;   /* ns of the monotonic clock */
    void *owner;         /* whatever the caller wants to find again */

    /* ---- the hub's; the caller reads rc, by, attempts, is_gutter, sent_at ---- */
    int rc;           /* 0: there is a reply, which may be an error of the server's;
                            < 0: a code */
    uint16_t by;      /* the node that answered, or failed last */
    uint8_t attempts; /* times it was sent or tried to be */
    uint8_t redirects;
    uint8_t state;   /* enum pn_request_state */
    uint8_t skip;    /* replies before its own: to ASKING */
    bool is_new;     /* not routed yet */
    bool is_asking;  /* the next send is preceded by ASKING */
    bool is_gutter;  /* answered by a stand-in: short TTLs */
    uint16_t to;     /* where a redirect sends it next; PN_NODE_NONE */
    uint16_t avoid;  /* it has just failed there; PN_NODE_NONE */
    uint16_t second; /* warm-up: the old owner; PN_NODE_NONE */
    uint8_t leg;     /* warm-up, DELETE, STORE: 1 on its way to the old owner, 2 to the
                        new one */
    bool was_there;  /* leg 2: the old owner had it */
    uint64_t sent_at, due_at; /* ns; due_at: WAITING not before it */
    uint32_t link;            /* where the reply is: link and offset in its buffer */
    size_t reply_at, reply_len;
    struct pn_request *next;
};

/* A queue of them. */
struct pn_list {
    struct pn_request *head, **end;
};

static inline void
pn_list_init(struct pn_list *list)
{
    list->head = NULL;
    list->end = &list->head;
}

static inline void
pn_list_add(struct pn_list *list, struct pn_request *request)
{
    request->next = NULL;
    *list->end = request;
    list->end = &request->next;
}

/* All of them, still linked by `next`. */
static inline struct pn_request *
pn_list_take_all(struct pn_list *list)
{
    struct pn_request *head = list->head;
    list->head = NULL;
    list->end = &list->head;
    return head;
}

static inline struct pn_request *
pn_list_take(struct pn_list *list)
{
    struct pn_request *request = list->head;
    if (request != NULL) {
        list->head = request->next;
        if (list->head == NULL) {
            list->end = &list->head;
        }
    }
    return request;
}

#endif
