/*
 * resp - RESP2 and RESP3, from bytes to a flat stream of elements
 *
 *     +simple  -error  :42  $3 bulk  *2 array  _ null  #t boolean  ,1.5 double
 *     (12345678901234567890 big number   !21 bulk error   =7 txt:abc verbatim
 *     %1 map   ~2 set   |1 attribute   >2 push          streamed forms are refused
 *
 * Nested aggregates are not built: pn_resp_next() answers one element at a time, each
 * with the depth at which it stands, and the caller makes of it what it likes. There
 * is no recursion and no allocation, and the text of an element is a slice of the
 * caller's buffer.
 *
 *     *2 \r\n  :1 \r\n  *1 \r\n  $1 \r\n a \r\n
 *     depth 0  depth 1  depth 1  depth 2, closes 2, is_last
 *
 * An attribute is an aggregate that does not count as an element of what it stands in:
 * the value that it is about follows it. A push is a message of its own, between
 * replies; one inside of a reply is malformed.
 *
 * Two ways to read
 *   streaming  pn_resp_next() on what has arrived: elements are consumed one by one
 *   whole      pn_resp_scan() until it says how long the message is, then
 *              pn_resp_next() over it: for callers that must have all or nothing
 * Neither looks at a byte twice, apart from the few of a length that was cut in two;
 * `need` says how many bytes there must be before another call can answer more than 0.
 *
 * Threads: a reader belongs to one connection.
 */
#ifndef PN_WIRE_RESP_H
#define PN_WIRE_RESP_H

#include "wire/limits.h"
#include "wire/text.h"

/* The byte each type begins with on the wire. */
enum pn_resp_type {
    PN_RESP_SIMPLE = '+',
    PN_RESP_ERROR = '-',
    PN_RESP_INTEGER = ':',
    PN_RESP_BULK = '$',
    PN_RESP_ARRAY = '*',
    PN_RESP_NULL = '_', /* and $-1, *-1 of RESP2: see `lead` */
    PN_RESP_BOOLEAN = '#',
    PN_RESP_DOUBLE = ',',
    PN_RESP_BIG = '(',
    PN_RESP_BULK_ERROR = '!',
    PN_RESP_VERBATIM = '=',
    PN_RESP_MAP = '%',
    PN_RESP_SET = '~',
    PN_RESP_ATTRIBUTE = '|',
    PN_RESP_PUSH = '>',
};

struct pn_resp_token {
    uint8_t type;   /* enum pn_resp_type */
    uint8_t lead;   /* the byte on the wire; differs from type in the nulls of RESP2 */
    uint8_t depth;  /* how many aggregates it stands in */
    uint8_t closes; /* how many of those end with it */
    bool is_last;   /* the message ends with it */
    char format[3]; /* VERBATIM: "txt", "mkd" */
    int64_t number; /* INTEGER; BOOLEAN: 0, 1; aggregates: elements, pairs of a MAP or
                       ATTRIBUTE */
    double real;    /* DOUBLE */
    struct pn_bytes text; /* what has text; of a DOUBLE or BIG its characters */
};

/* Zero means the limit of limits.h. */
struct pn_resp_limits {
    uint32_t length; /* bytes of a bulk */
    uint32_t count;  /* elements of one aggregate; a pair is two */
    uint32_t depth;  /* at most PN_RESP_DEPTH_MAX */
};

/* {0} is a reader between two messages, with the limits of limits.h. */
struct pn_resp_reader {
    struct pn_resp_limits limits;
    size_t need; /* fewer bytes than this are not worth a call */
    size_t seen; /* of an unfinished line */
    uint32_t depth;
    bool is_annotated;   /* between messages: an attribute was read */
    uint64_t attributes; /* bit d: the aggregate at depth d is an attribute */
    uint32_t left[PN_RESP_DEPTH_MAX]; /* elements that each aggregate waits for */
};

/* The next element of BUF[0..len): > 0 bytes consumed and *token, 0 need more, < 0 a
 * code. BUF begins where the last element ended. After a code the reader is of no more
 * use. A GET's reply takes about 10 ns. */
ptrdiff_t
pn_resp_next(struct pn_resp_reader *reader, const char *buf, size_t len,
             struct pn_resp_token *token);

/* {0} is a scan at the start of a message. Set limits in reader.limits. */
struct pn_resp_scan {
    struct pn_resp_reader reader;
    size_t need;  /* fewer bytes than this are not worth a call */
    size_t at;    /* where the next element begins; beyond LEN inside a long string */
    bool in_text; /* the CRLF before `at` is yet to be seen */
    bool is_last; /* the message ends at `at` */
};

/* Is the message at BUF whole? > 0 its bytes, 0 need more, < 0 a code. BUF is the start
 * of the message at every call, whatever its address. Strings are skipped, not read.
 * A push is a message; an attribute is part of the one that follows. The scan is ready
 * for the next message when it answers > 0. */
ptrdiff_t
pn_resp_scan(struct pn_resp_scan *scan, const char *buf, size_t len);

static inline bool
pn_resp_is_aggregate(uint8_t type)
{
    return type == PN_RESP_ARRAY || type == PN_RESP_MAP || type == PN_RESP_SET ||
           type == PN_RESP_ATTRIBUTE || type == PN_RESP_PUSH;
}

/* How many elements follow the head of an aggregate: a pair is two. */
static inline int64_t
pn_resp_children(uint8_t type, int64_t number)
{
    return type == PN_RESP_MAP || type == PN_RESP_ATTRIBUTE ? number * 2 : number;
}

#endif
