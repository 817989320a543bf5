/*
 * Compression: zstd frames that say how large their content is, and nothing else.
 *
 * A context costs some hundred microseconds and kilobytes to make, so the codec keeps
 * one for each direction. A thread takes it by exchanging NULL for it and puts it back
 * the same way; one that finds NULL makes its own, and whoever puts back into a full
 * place frees his. So nobody waits, and in the common case there is exactly one.
 */
#include "codec_internal.h"

#include <zstd.h>

/* A block of up to 128 KiB takes at least 3 bytes of head and 1 of content (RLE): a
   frame that claims more than that is lying, and nothing is allocated for it. */
#define ZSTD_BLOCK_CONTENT ((size_t)128 << 10)
#define ZSTD_BLOCK_MIN 4

static void *
take_context(_Atomic(void *) *place)
{
    /* Acquire pairs with the release in put_context: what the last owner wrote into the
       context is seen. */
    return atomic_exchange_explicit(place, NULL, memory_order_acquire);
}

/* What was in the place meanwhile, for the caller to free. */
static void *
put_context(_Atomic(void *) *place, void *context)
{
    return atomic_exchange_explicit(place, context, memory_order_acq_rel);
}

static size_t
compress(ZSTD_CCtx *context, char *to, size_t cap, const char *from, size_t len,
         int level)
{
    if (len < CODEC_NOGIL_MIN) {
        return ZSTD_compressCCtx(context, to, cap, from, len, level);
    }
    size_t rc;
    Py_BEGIN_ALLOW_THREADS rc = ZSTD_compressCCtx(context, to, cap, from, len, level);
    Py_END_ALLOW_THREADS return rc;
}

/* `room` becomes the buffer's own; whatever it held is given back. */
static void
adopt(struct codec_buf *out, char *room, size_t len, size_t cap)
{
    codec_buf_release(out);
    out->data = out->room = room;
    out->len = len;
    out->cap = cap;
}

int
codec_deflate(struct codec *codec, struct codec_buf *out, size_t head)
{
    size_t len = out->len - head;
    /* The room is what the result may have at most: zstd gives up when it is full. */
    size_t cap = len - len / 10;
    char *room = PyMem_Malloc(head + cap);
    ZSTD_CCtx *context = take_context(&codec->zstd_out);
    if (context == NULL) {
        context = ZSTD_createCCtx();
    }
    if (room == NULL || context == NULL) {
        PyMem_Free(room);
        ZSTD_freeCCtx(context);
        PyErr_NoMemory();
        return -1;
    }
    memcpy(room, out->data, head);
    size_t size = compress(context, room + head, cap, out->data + head, len,
                           codec->zstd_level);
    ZSTD_freeCCtx(put_context(&codec->zstd_out, context));
    if (ZSTD_isError(size)) {
        PyMem_Free(room);
        return 0;
    }
    adopt(out, room, head + size, head + cap);
    return 1;
}

Py_ssize_t
codec_frame_size(struct codec *codec, const char *frame, size_t len)
{
    unsigned long long size = ZSTD_getFrameContentSize(frame, len);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) {
        codec_fail(codec->state, "damaged value: not a zstd frame of known size");
        return -1;
    }
    if (size > CODEC_VALUE_MAX ||
        size > (len / ZSTD_BLOCK_MIN + 1) * ZSTD_BLOCK_CONTENT) {
        codec_fail(codec->state,
                   "damaged value: a zstd frame of %zu bytes claims to hold %llu", len,
                   size);
        return -1;
    }
    return (Py_ssize_t)size;
}

int
codec_inflate(struct codec *codec, const char *frame, size_t len, char *to, size_t size)
{
    ZSTD_DCtx *context = take_context(&codec->zstd_in);
    if (context == NULL) {
        context = ZSTD_createDCtx();
    }
    if (context == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    size_t rc;
    if (size < CODEC_NOGIL_MIN) {
        rc = ZSTD_decompressDCtx(context, to, size, frame, len);
    } else {
        Py_BEGIN_ALLOW_THREADS rc = ZSTD_decompressDCtx(context, to, size, frame, len);
        Py_END_ALLOW_THREADS
    }
    ZSTD_freeDCtx(put_context(&codec->zstd_in, context));
    if (ZSTD_isError(rc) || rc != size) {
        codec_fail(codec->state, "damaged value: zstd says %s",
                   ZSTD_isError(rc) ? ZSTD_getErrorName(rc) : "the size is wrong");
        return -1;
    }
    return 0;
}

void
codec_zstd_release(struct codec *codec)
{
    ZSTD_freeCCtx(take_context(&codec->zstd_out));
    ZSTD_freeDCtx(take_context(&codec->zstd_in));
}
