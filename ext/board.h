/*
 * board - one topology for all processes of a host, kept in a region of shared memory
 *
 * The region of topology=shm://NAME, opened once more for the client, or made small
 * when there is none yet. What is known of one fleet is one item of it; whoever asks
 * the servers holds a lease, so that one process asks and the others read what it
 * learnt. A process that dies with the lease loses it.
 *
 * Threads: any, with or without the GIL. Forks: board_after_fork() in the child.
 */
#ifndef PINYON_EXT_BOARD_H
#define PINYON_EXT_BOARD_H

#include <pinyon/error.h>

#include "client/client.h"

struct board;

/* NAME is the region's; FLEET tells fleets of one region apart, at most 64 characters.
 * PN_OK, or a code with a sentence. */
int
board_open(const char *name, const char *fleet, struct board **out, struct pn_why *why);
/* Nobody may be inside. NULL is fine. */
void
board_close(struct board *board);

/* How a client uses it. */
struct pn_board
board_ops(struct board *board);

void
board_after_fork(struct board *board); /* NULL is fine */

#endif
