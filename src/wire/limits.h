/*
 * limits - how much of a stranger's bytes this room believes
 *
 * Every length, count and depth that a peer can name is compared with one of these
 * before anything is waited for. They bound what a caller must hold in memory to get
 * one message whole; the parsers themselves keep a few hundred bytes whatever they
 * read. A caller may pass smaller ones (pn_resp_limits, pn_mc_reader.value_max): a
 * node, for a client that has not authenticated.
 */
#ifndef PN_WIRE_LIMITS_H
#define PN_WIRE_LIMITS_H

enum {
    /* RESP */
    PN_RESP_DEPTH_MAX = 32,         /* aggregates in one another; servers send < 10 */
    PN_RESP_LINE_MAX = 64 << 10,    /* bytes of a simple string, error, big number */
    PN_RESP_LENGTH_MAX = 512 << 20, /* bytes of a bulk: what Redis allows by default */
    PN_RESP_COUNT_MAX = 1 << 28,    /* elements of one aggregate in a reply */
    PN_RESP_ARGS_MAX = 1 << 20,     /* arguments of one command: as Redis */
    PN_RESP_DOUBLE_MAX = 64,        /* characters of a double; %.17g writes 24 */

    /* memcached */
    PN_MC_KEY_MAX = 250,       /* bytes as sent, hence of the base64 form too */
    PN_MC_KEY_RAW_MAX = 186,   /* bytes whose base64 form still fits: 248 */
    PN_MC_OPAQUE_MAX = 32,     /* bytes of a meta command's O flag */
    PN_MC_LINE_MAX = 64 << 10, /* bytes of a command or reply line, CRLF out */
    PN_MC_VALUE_MAX = 1 << 30, /* bytes of a value: the most `-I` can set */
};

#endif
