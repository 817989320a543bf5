#include "client/buffer.h"
#include "harness.h"

static void
put(struct pn_buffer *buffer, const char *text)
{
    size_t len = strlen(text);
    if (CHECK(pn_buffer_reserve(buffer, len))) {
        memcpy(buffer->ptr + buffer->end, text, len);
        buffer->end += len;
    }
}

/* What is in it survives its growing; positions stay. */
static void
test_grows(void)
{
    struct pn_buffer buffer = {0};
    put(&buffer, "beginning");
    buffer.start = 5;
    size_t cap = buffer.cap;
    CHECK_EQ(cap, PN_BUFFER_MIN);
    CHECK(pn_buffer_reserve(&buffer, cap * 3));
    CHECK(buffer.cap >= cap * 3 + 9);
    CHECK_EQ(buffer.start, 5);
    CHECK_EQ(buffer.end, 9);
    CHECK_MEM(buffer.ptr, "beginning", 9);
    pn_buffer_free(&buffer);
    CHECK_EQ(buffer.cap, 0);
}

static void
test_drops_from_the_front(void)
{
    struct pn_buffer buffer = {0};
    put(&buffer, "done|left");
    buffer.start = 6;
    pn_buffer_drop(&buffer, 5);
    CHECK_EQ(buffer.start, 1);
    CHECK_EQ(buffer.end, 4);
    CHECK_MEM(buffer.ptr, "left", 4);
    pn_buffer_drop(&buffer, 2);
    CHECK_EQ(buffer.start, 0);
    CHECK_MEM(buffer.ptr, "ft", 2);
    pn_buffer_drop(&buffer, buffer.end);
    CHECK_EQ(buffer.end, 0);
    CHECK_EQ(buffer.cap, PN_BUFFER_MIN);
    pn_buffer_free(&buffer);
}

/* One large reply does not keep its memory for ever. */
static void
test_shrinks_when_empty(void)
{
    struct pn_buffer buffer = {0};
    CHECK(pn_buffer_reserve(&buffer, PN_BUFFER_KEEP + 1));
    buffer.end = PN_BUFFER_KEEP + 1;
    pn_buffer_drop(&buffer, 1);
    CHECK(buffer.cap > PN_BUFFER_KEEP);
    pn_buffer_drop(&buffer, buffer.end);
    CHECK_EQ(buffer.cap, 0);
    CHECK(buffer.ptr == NULL);
    pn_buffer_free(&buffer);
}

static void
test_refuses_the_absurd(void)
{
    struct pn_buffer buffer = {0};
    put(&buffer, "x");
    CHECK(!pn_buffer_reserve(&buffer, SIZE_MAX - 1));
    CHECK_EQ(buffer.end, 1);
    CHECK_MEM(buffer.ptr, "x", 1);
    pn_buffer_free(&buffer);
}

int
main(void)
{
    RUN(test_grows);
    RUN(test_drops_from_the_front);
    RUN(test_shrinks_when_empty);
    RUN(test_refuses_the_absurd);
    return harness_done();
}
