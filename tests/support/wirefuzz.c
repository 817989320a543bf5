#include "wirefuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EACH_MAX = 256 };

static void
expect_same(const struct trace *a, const struct trace *b, const char *how)
{
    if (a->len != b->len || memcmp(a->text, b->text, a->len) != 0) {
        fprintf(stderr, "# %s it said\n%s# and at once\n%s", how, b->text, a->text);
        abort();
    }
}

static void
hold_piecewise(feed_fn parser, const union feed_state *start, const uint8_t *data,
               size_t size, size_t cut, bool each, const struct feed_said *whole)
{
    struct feed_said said = {.code = 0};
    feed_run(parser, start, data, size, cut, each, &said);
    expect_same(&whole->events, &said.events, each ? "byte by byte" : "in two");
    expect_same(&whole->again, &said.again, "composed again");
    feed_free(&said);
}

void
wirefuzz_hold(feed_fn parser, const union feed_state *start, const uint8_t *data,
              size_t size, size_t cut)
{
    struct feed_said whole = {.code = 0};
    struct feed_said again = {.code = 0};
    feed_run(parser, start, data, size, size, false, &whole);
    hold_piecewise(parser, start, data, size, cut, false, &whole);
    if (size <= EACH_MAX) {
        hold_piecewise(parser, start, data, size, 0, true, &whole);
    }
    if (whole.code == 0 && whole.left == 0) {
        feed_run(parser, start, whole.again.text, whole.again.len, whole.again.len,
                 false, &again);
        expect_same(&whole.events, &again.events, "composed and read again");
    }
    feed_free(&whole);
    feed_free(&again);
}
