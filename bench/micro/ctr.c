#include "ctr.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "columns are read as they lie in the file");

enum { COLUMN_TIME = 1, COLUMN_SIZE = 2, COLUMN_TTL = 4, COLUMN_ALL = 7 };

struct header {
    char magic[4];
    uint32_t flags;
    uint64_t n;
    uint64_t distinct;
};
_Static_assert(sizeof(struct header) == 24, "the header is read as it lies");

/* A compressed file as a stream of plain bytes: columns go straight to their arrays,
 * so that no second copy of a 100 MB trace is ever held. */
struct source {
    FILE *file;
    ZSTD_DStream *zstd;
    ZSTD_inBuffer in;
    char room[1 << 16];
};

/* Writes up to LEN plain bytes to DST and returns how many; fewer than LEN only at the
 * end of the data or at damage. */
static size_t
source_take(struct source *source, void *dst, size_t len)
{
    ZSTD_outBuffer out = {dst, len, 0};

    while (out.pos < out.size) {
        size_t before = out.pos;
        size_t rc = ZSTD_decompressStream(source->zstd, &out, &source->in);

        if (ZSTD_isError(rc)) {
            break;
        }
        /* Input may be used up while plain bytes still wait inside the stream: only a
         * call that brought nothing is a reason to read on. */
        if (out.pos == before && source->in.pos == source->in.size) {
            source->in.size = fread(source->room, 1, sizeof source->room, source->file);
            source->in.pos = 0;
            if (source->in.size == 0) {
                break;
            }
        }
    }
    return out.pos;
}

static bool
source_take_column(struct source *source, uint64_t n, uint32_t **out)
{
    size_t len = (size_t)n * sizeof **out;
    uint32_t *column = malloc(len);

    if (column == NULL || source_take(source, column, len) != len) {
        free(column);
        return false;
    }
    *out = column;
    return true;
}

/* Turns zig-zag differences into ids in place. */
static bool
decode_ids(uint32_t *id, uint32_t n, uint32_t distinct)
{
    int64_t at = 0;
    uint32_t known = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t zigzag = id[i];

        at += (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
        if (at < 0 || at > known || at >= distinct) {
            return false;
        }
        known += at == known;
        id[i] = (uint32_t)at;
    }
    return known == distinct;
}

/* Returns NULL when OUT is filled, else what is wrong with the file. */
static const char *
read_columns(struct source *source, struct trace *out)
{
    struct header header;
    char surplus;

    if (source_take(source, &header, sizeof header) != sizeof header ||
        memcmp(header.magic, "CTR1", sizeof header.magic) != 0) {
        return "is not a zstd-compressed CTR1 trace";
    }
    if ((header.flags & ~(uint32_t)COLUMN_ALL) != 0) {
        return "has columns this reader does not know";
    }
    if (header.n == 0 || header.n > TRACE_REQUESTS_MAX || header.distinct == 0 ||
        header.distinct > header.n) {
        return "claims a number of requests or keys out of bounds";
    }
    out->n = (uint32_t)header.n;
    out->distinct = (uint32_t)header.distinct;
    if (!source_take_column(source, header.n, &out->id) ||
        ((header.flags & COLUMN_TIME) != 0 &&
         !source_take_column(source, header.n, &out->dtime)) ||
        ((header.flags & COLUMN_SIZE) != 0 &&
         !source_take_column(source, header.n, &out->size)) ||
        ((header.flags & COLUMN_TTL) != 0 &&
         !source_take_column(source, header.n, &out->ttl))) {
        return "is shorter than its header says, damaged, or too large for memory";
    }
    if (source_take(source, &surplus, 1) != 0) {
        return "is longer than its header says";
    }
    if (!decode_ids(out->id, out->n, out->distinct)) {
        return "holds a key number that is out of order";
    }
    return NULL;
}

int
trace_read(const char *path, struct trace *out, const char **why)
{
    struct trace trace = {0};
    struct source *source = calloc(1, sizeof *source);

    *why = "cannot be read: out of memory";
    if (source == NULL) {
        return -1;
    }
    source->in.src = source->room;
    source->zstd = ZSTD_createDStream();
    if (source->zstd != NULL) {
        source->file = fopen(path, "rb");
        *why = source->file == NULL ? "cannot be opened" : read_columns(source, &trace);
    }
    if (source->file != NULL) {
        (void)fclose(source->file);
    }
    (void)ZSTD_freeDStream(source->zstd);
    free(source);
    if (*why != NULL) {
        trace_free(&trace);
        return -1;
    }
    *out = trace;
    return 0;
}

void
trace_free(struct trace *trace)
{
    free(trace->id);
    free(trace->dtime);
    free(trace->size);
    free(trace->ttl);
    *trace = (struct trace){0};
}
