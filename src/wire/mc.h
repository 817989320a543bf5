/*
 * mc - what the two text protocols of memcached share: keys, lifetimes, lines
 *
 * classic.h has the commands of 2003 (get, set, VALUE, STORED), meta.h those of 2020
 * (mg, ms, HD, VA). Both are a line of words, which for a value says how many bytes
 * follow, those bytes, and a CRLF.
 */
#ifndef PN_WIRE_MC_H
#define PN_WIRE_MC_H

#include "wire/limits.h"
#include "wire/out.h"

/* One direction of one connection. {0} is a reader between two messages, which
 * refuses values over PN_MC_VALUE_MAX. */
struct pn_mc_reader {
    uint32_t value_max; /* set to the server's item size; 0: PN_MC_VALUE_MAX */
    size_t need;        /* fewer bytes than this are not worth a call */
    size_t seen;        /* of an unfinished line */
    size_t skip; /* behind a malformed request: how many bytes from its start, some
                           perhaps to come, a server drops to stand at the next one. 0:
                           nothing behind it can be trusted, close the connection */
};

/* ---- Keys ---- */

/* May KEY be sent as it is? 0, PN_WIRE_E_KEY_SIZE or PN_WIRE_E_KEY_BYTE. A key that is
 * sent all the same makes the server read the value behind it as a command. */
int
pn_mc_key_check(struct pn_bytes key);

/* How many bytes at P, of LEN, may stand in a key: up to the first that may not, and at
 * most PN_MC_KEY_MAX. */
size_t
pn_mc_key_span(const char *p, size_t len);

/* ---- Lifetimes. `exptime` is a signed number of seconds: 0 for ever, negative has
 * passed, up to 30 days from now, beyond that a date in seconds since 1970. ---- */

#define PN_MC_RELATIVE_MAX_S (30 * 24 * 3600)
#define PN_MC_NO_TTL UINT64_MAX /* the same number as PN_NO_TTL of the store */

/* The exptime of what shall live TTL_MS from NOW_UNIX_MS: rounded up to a second, for
 * a rounded-down 0 would be for ever; a date beyond 30 days; at most INT32_MAX, which
 * servers keep it in. A TTL of 0 is -1, passed; PN_MC_NO_TTL is 0. */
int64_t
pn_mc_exptime(uint64_t ttl_ms, uint64_t now_unix_ms);

/* The other way, for a server: PN_MC_NO_TTL, 0 (has passed), or milliseconds. */
uint64_t
pn_mc_ttl_ms(int64_t exptime, uint64_t now_unix_ms);

/* ---- For classic.c and meta.c ---- */

/* The line at BUF, without its end: > 0 bytes with it, 0 need more, < 0 a code. What
 * servers say ends in CRLF; from clients LF alone is taken, as memcached takes it. */
ptrdiff_t
pn_mc_line(struct pn_mc_reader *reader, bool is_reply, const char *buf, size_t len,
           struct pn_bytes *line);

/* The SIZE bytes of a value behind a head of HEAD bytes: > 0 bytes of both with the
 * CRLF, 0 need more, PN_WIRE_E_VALUE_SIZE or PN_WIRE_E_CRLF (then reader->skip). */
ptrdiff_t
pn_mc_value(struct pn_mc_reader *reader, const char *buf, size_t len, size_t head,
            uint64_t size, struct pn_bytes *value);

/* The words of LINE, at most MAX of them: how many, or PN_WIRE_E_WORDS for more. */
int
pn_mc_words(struct pn_bytes line, struct pn_bytes *word, int max);

/* What a server answers to a request that its parser refused: "ERROR\r\n",
 * "CLIENT_ERROR bad command line format\r\n", ... */
void
pn_mc_put_refusal(struct pn_out *out, int code);

#endif
