/*
 * compiler - the compiler extensions Pinyon uses, in one place
 *
 * Everything here has a plain meaning when the extension is missing.
 */
#ifndef PN_BASE_COMPILER_H
#define PN_BASE_COMPILER_H

#if defined(__GNUC__)
#define PN_LIKELY(x) __builtin_expect(!!(x), 1)
#define PN_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define PN_PREFETCH(p) __builtin_prefetch((p), 0, 3)
#define PN_NOINLINE __attribute__((noinline))
#define PN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define PN_LIKELY(x) (x)
#define PN_UNLIKELY(x) (x)
#define PN_PREFETCH(p) ((void)(p))
#define PN_NOINLINE
#define PN_PRINTF(fmt, args)
#endif

/* ThreadSanitizer does not model fences, and the copies of a lock-free reader
 * are races it is right to see and wrong to report: they are validated after. */
#if defined(__SANITIZE_THREAD__)
#define PN_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PN_TSAN 1
#endif
#endif
#ifndef PN_TSAN
#define PN_TSAN 0
#endif

#if PN_TSAN
#define PN_NO_TSAN __attribute__((no_sanitize("thread")))
#else
#define PN_NO_TSAN
#endif

#endif
