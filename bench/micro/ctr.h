/*
 * ctr - request traces, and the reader of the CTR1 file format
 *
 * A trace is a stream of requests for objects that are numbered densely from 0 in
 * the order of their first appearance. All requests are reads.
 *
 * CTR1, little endian, the whole file compressed with zstd:
 *
 *     char magic[4] = "CTR1"; u32 flags; u64 n; u64 distinct;
 *     u32 key[n]                    zig-zag of (id[i] - id[i-1]), id[-1] = 0
 *     flags & 1: u32 dtime[n]       time since the previous request
 *     flags & 2: u32 size[n]        bytes
 *     flags & 4: u32 ttl[n]         seconds, 0 = none
 *
 * A file is data: every count is bounded, every id is checked to be below `distinct`
 * and to be either known or the next new one, and bytes after the last column are an
 * error. A file that passes can be indexed by id without further checks.
 *
 * Ownership: trace_free() releases what trace_read() or zipf_trace() allocated.
 * Threads:   a filled trace is never changed; any number of readers.
 */
#ifndef BENCH_CTR_H
#define BENCH_CTR_H

#include <stddef.h>
#include <stdint.h>

/* 2^28 requests: a column of 1 GiB. Larger files are refused. */
#define TRACE_REQUESTS_MAX (UINT64_C(1) << 28)

struct trace {
    uint32_t n;        /* requests, at least 1 */
    uint32_t distinct; /* ids are 0 .. distinct-1, all of them appear */
    uint32_t *id;      /* [n] */
    uint32_t *dtime;   /* [n] or NULL */
    uint32_t *size;    /* [n] or NULL */
    uint32_t *ttl;     /* [n] or NULL */
};

/* Reads the trace at PATH. Returns 0, or -1 with *WHY set to a constant sentence and
 * *OUT untouched. Takes about 20 ns a request. */
int
trace_read(const char *path, struct trace *out, const char **why);

void
trace_free(struct trace *trace); /* an all-zero trace is fine */

#endif
