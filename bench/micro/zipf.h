/*
 * zipf - generated traces, for machines that do not have the recorded ones
 *
 * Independent draws: object of rank r is asked for with a probability proportional to
 * 1 / r^skew. Same arguments, same trace, on every machine with IEEE doubles.
 */
#ifndef BENCH_ZIPF_H
#define BENCH_ZIPF_H

#include "ctr.h"

/* Draws N requests over POPULATION objects. Returns 0, or -1 when memory is short or a
 * count is 0 or over TRACE_REQUESTS_MAX (*OUT untouched). OUT->distinct counts the
 * objects that were drawn at least once. About 100 ns a request. */
int
zipf_trace(double skew, uint32_t population, uint32_t n, uint64_t seed,
           struct trace *out);

#endif
