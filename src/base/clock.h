/*
 * clock - what time it is, for the outermost callers only
 *
 * Pure code takes time as an argument; whoever is asked by the user reads it
 * here.
 */
#ifndef PN_BASE_CLOCK_H
#define PN_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds of CLOCK_MONOTONIC: since boot, never set back. About 25 ns. */
uint64_t
pn_clock_mono_ns(void);

/* The same as of the last timer tick: some milliseconds behind, more where the host
 * of a virtual machine holds back the processor that keeps the time. About 3 ns. */
uint64_t
pn_clock_coarse_ns(void);

/* Milliseconds since 1970. */
uint64_t
pn_clock_unix_ms(void);

#endif
