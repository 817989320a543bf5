/*
 * assert - for bugs of ours, never for data
 *
 * PN_ASSERT is on in every build unless PN_NO_ASSERT is defined. Bytes from a
 * network or from shared memory are data: they are checked and answered with an
 * error, not asserted.
 */
#ifndef PN_BASE_ASSERT_H
#define PN_BASE_ASSERT_H

#ifdef PN_NO_ASSERT
#define PN_ASSERT(cond) ((void)0)
#else
#define PN_ASSERT(cond) ((cond) ? (void)0 : pn_assert_failed(#cond, __FILE__, __LINE__))
#endif

/* Writes one line to standard error and aborts. */
_Noreturn void
pn_assert_failed(const char *cond, const char *file, int line);

#endif
