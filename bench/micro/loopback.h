/*
 * loopback - the floor: a request and its reply over one socket, and nothing else
 *
 * What a client of memcached or Redis cannot be faster than, unless it does not sleep:
 * send() of a request that was composed before, recv() until the length of the reply
 * has come. No parser, no deadline, no poll. Ends the program, with a sentence, where
 * the server is not there or hangs up.
 */
#ifndef BENCH_LOOPBACK_H
#define BENCH_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOOP_KEY = 16, LOOP_VALUE = 100, LOOP_KEYS_MAX = 1000 };

struct loop;

/* The NUMBERth key, as the benches in Python name it; terminated. */
void
loop_key(char key[LOOP_KEY + 1], unsigned number);

/* Connects to PORT of 127.0.0.1 and stores the first KEYS keys; what will be timed is a
 * get of all of them in one request: GET or MGET, or memcached's classic get. */
struct loop *
loop_open(unsigned port, bool is_memcached, unsigned keys);
void
loop_close(struct loop *loop);

/* TRIPS times sends the requests of all N loops, then receives their replies; how many
 * ns that took, on the wall. */
double
loop_trips(struct loop *const *loop, size_t n, uint64_t trips);

#endif
