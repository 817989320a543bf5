/*
 * scratch - a directory of its own for the regions of one test program
 *
 * On a memory file system where there is one, removed with all that is in it by
 * scratch_remove(), also when the program is told to stop (SIGINT, SIGTERM).
 * Only the process that made it removes it, so a child may exit as it likes.
 *
 * Threads: call from the main thread.
 */
#ifndef PINYON_TEST_SCRATCH_H
#define PINYON_TEST_SCRATCH_H

/* The path, or NULL (errno says why). One directory a process. */
const char *
scratch_make(void);

/* The path that was made. */
const char *
scratch_path(void);

void
scratch_remove(void);

#endif
