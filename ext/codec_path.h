/*
 * codec_path - where in a value the packer is, and refusals that say so
 *
 * Each container that is being packed has a frame on the C stack, linked to that of the
 * container around it. The chain bounds the depth, finds a container within itself, and
 * spells the path of an offender: value["users"][3].x.
 */
#ifndef PINYON_EXT_CODEC_PATH_H
#define PINYON_EXT_CODEC_PATH_H

#include "codec_internal.h"

enum frame_kind {
    FRAME_LIST, /* and tuple: [index] */
    FRAME_DICT, /* [key] */
    FRAME_KEYS, /* a key of a dict, itself a container */
    FRAME_SET,
    FRAME_REGISTERED,
};

struct frame {
    struct frame *up;
    PyObject *container; /* borrowed: the caller holds it */
    PyObject *key;       /* borrowed likewise */
    Py_ssize_t index;
    enum frame_kind kind;
};

struct packer {
    struct codec_state *state;
    struct codec_buf *out;
    struct frame *top;
    int depth;
};

/* Each raises SerializationError "value[...]: why" and returns -1. */
int
codec_refuse(const struct packer *p, const char *why);
/* The same with the pending exception as its cause. */
int
codec_refuse_from(const struct packer *p, const char *why);
/* The class of `value` is neither standard nor registered. */
int
codec_refuse_type(const struct packer *p, PyObject *value);
/* ValueTooLarge. */
int
codec_refuse_size(const struct packer *p);

#endif
