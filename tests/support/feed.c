#include "feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "wire/resp_put.h"

enum { ARGS_MAX = 1024 };

/* What was composed to nowhere, to learn its length, is composed again into room for
 * it: OUT is made for the second time. */
static struct pn_out
room_for(struct feed_said *said, const struct pn_out *counted)
{
    return (struct pn_out){trace_room(&said->again, counted->len), counted->len, 0};
}

static void
again_token(struct feed_said *said, const struct pn_resp_token *token)
{
    struct pn_out out = {0};
    pn_resp_put(&out, 3, token);
    out = room_for(said, &out);
    pn_resp_put(&out, 3, token);
}

ptrdiff_t
feed_resp(union feed_state *state, const char *buf, size_t len, struct feed_said *said)
{
    struct pn_resp_token token = {0};
    ptrdiff_t n = pn_resp_next(&state->reader, buf, len, &token);
    if (n > 0) {
        trace_token(&said->events, &token);
        again_token(said, &token);
    }
    return n;
}

ptrdiff_t
feed_resp_whole(union feed_state *state, const char *buf, size_t len,
                struct feed_said *said)
{
    ptrdiff_t whole = pn_resp_scan(&state->scan, buf, len);
    struct pn_resp_reader reader = {.limits = state->scan.reader.limits};
    struct pn_resp_token token = {0};
    for (ptrdiff_t at = 0; at < whole;) {
        ptrdiff_t n = pn_resp_next(&reader, buf + at, (size_t)(whole - at), &token);
        if (n <= 0) {
            if (n != PN_WIRE_E_VERBATIM) {
                abort(); /* all else the scan has seen */
            }
            return n;
        }
        trace_token(&said->events, &token);
        again_token(said, &token);
        at += n;
        if (token.is_last != (at == whole)) {
            abort();
        }
    }
    return whole;
}

ptrdiff_t
feed_resp_command(union feed_state *state, const char *buf, size_t len,
                  struct feed_said *said)
{
    static struct pn_bytes argv[ARGS_MAX];
    size_t argc;
    ptrdiff_t n = pn_resp_command(&state->command, buf, len, argv, ARGS_MAX, &argc);
    if (n > 0) {
        struct pn_out out = {0};
        trace_command(&said->events, argv, argc);
        pn_resp_put_command(&out, argv, argc);
        out = room_for(said, &out);
        pn_resp_put_command(&out, argv, argc);
    }
    return n;
}

ptrdiff_t
feed_classic_request(union feed_state *state, const char *buf, size_t len,
                     struct feed_said *said)
{
    struct pn_classic_request request;
    ptrdiff_t n = pn_classic_request(&state->mc, buf, len, &request);
    if (n > 0) {
        struct pn_out out = {0};
        trace_classic_request(&said->events, &request);
        if (pn_classic_put_request(&out, &request) == 0) {
            out = room_for(said, &out);
            (void)pn_classic_put_request(&out, &request);
        }
    }
    return n;
}

ptrdiff_t
feed_classic_reply(union feed_state *state, const char *buf, size_t len,
                   struct feed_said *said)
{
    struct pn_classic_reply reply;
    ptrdiff_t n = pn_classic_reply(&state->mc, buf, len, &reply);
    if (n > 0) {
        struct pn_out out = {0};
        trace_classic_reply(&said->events, &reply);
        pn_classic_put_reply(&out, &reply);
        out = room_for(said, &out);
        pn_classic_put_reply(&out, &reply);
    }
    return n;
}

ptrdiff_t
feed_meta_request(union feed_state *state, const char *buf, size_t len,
                  struct feed_said *said)
{
    struct pn_meta_request request;
    char room[PN_MC_KEY_MAX];
    ptrdiff_t n = pn_meta_request(&state->mc, buf, len, &request);
    if (n > 0) {
        struct pn_out out = {0};
        trace_meta_request(&said->events, &request);
        if (pn_meta_key(request.key, request.has, room, &request.key) == 0 &&
            pn_meta_put_request(&out, &request) == 0) {
            out = room_for(said, &out);
            (void)pn_meta_put_request(&out, &request);
        }
    }
    return n;
}

ptrdiff_t
feed_meta_reply(union feed_state *state, const char *buf, size_t len,
                struct feed_said *said)
{
    struct pn_meta_reply reply;
    ptrdiff_t n = pn_meta_reply(&state->mc, buf, len, &reply);
    if (n > 0) {
        /* The order in which a request would have asked is that of the reply. */
        struct pn_meta_request asked = {.flags = reply.flags};
        struct pn_out out = {0};
        trace_meta_reply(&said->events, &reply);
        pn_meta_put_reply(&out, &reply, &asked);
        out = room_for(said, &out);
        pn_meta_put_reply(&out, &reply, &asked);
    }
    return n;
}

/* What has arrived up to END, from *start on. False when it was malformed. */
static bool
feed_piece(feed_fn parser, union feed_state *state, struct guard *guard,
           const char *input, size_t *start, size_t end, struct feed_said *said)
{
    while (*start < end) {
        const char *copy = guard_copy(guard, input + *start, end - *start);
        ptrdiff_t n = parser(state, copy, end - *start, said);
        if (n < 0) {
            trace_add(&said->events, "malformed %s\n", pn_wire_code_name((int)n));
            said->code = (int)n;
            return false;
        }
        if (n == 0) {
            break;
        }
        if ((size_t)n > end - *start) {
            abort(); /* consumed what it was not given */
        }
        *start += (size_t)n;
    }
    return true;
}

void
feed_run(feed_fn parser, const union feed_state *start_state, const void *input,
         size_t len, size_t cut, bool each, struct feed_said *said)
{
    union feed_state state;
    struct guard guard;
    size_t start = 0;
    bool is_well = true;
    memset(&state, 0, sizeof state);
    if (start_state != NULL) {
        state = *start_state;
    }
    guard_open(&guard, len);
    if (each) {
        for (size_t end = 1; end <= len && is_well; end++) {
            is_well = feed_piece(parser, &state, &guard, input, &start, end, said);
        }
    } else {
        is_well = feed_piece(parser, &state, &guard, input, &start, cut, said) &&
                  feed_piece(parser, &state, &guard, input, &start, len, said);
    }
    said->left = len - start;
    if (is_well && start < len) {
        trace_add(&said->events, "%zu left\n", len - start);
    }
    trace_bytes(&said->events, "", 0);
    trace_bytes(&said->again, "", 0);
    guard_close(&guard);
}

void
feed_free(struct feed_said *said)
{
    trace_free(&said->events);
    trace_free(&said->again);
}

bool
feed_all(feed_fn parser, const union feed_state *start, const void *input, size_t len,
         struct feed_said *said)
{
    feed_run(parser, start, input, len, len, false, said);
    for (size_t cut = 0; cut < len; cut++) { /* 0 stands for byte by byte */
        struct feed_said other = {.code = 0};
        feed_run(parser, start, input, len, cut, cut == 0, &other);
        bool is_same = strcmp(other.events.text, said->events.text) == 0 &&
                       other.again.len == said->again.len &&
                       memcmp(other.again.text, said->again.text, other.again.len) == 0;
        if (!is_same) {
            printf("# cut at %zu (0: everywhere) it said\n%s# and at once\n%s", cut,
                   other.events.text, said->events.text);
        }
        feed_free(&other);
        if (!is_same) {
            return false;
        }
    }
    return true;
}
