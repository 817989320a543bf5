#include "codec_buf.h"

/* The store's limit is 64 MiB a value; this only keeps the arithmetic from wrapping. */
#define BUF_MAX ((size_t)1 << 40)

void
codec_buf_release(struct codec_buf *buf)
{
    if (buf->room != buf->inline_room) {
        PyMem_Free(buf->room);
    }
    Py_XDECREF(buf->lender);
    codec_buf_init(buf);
}

int
codec_buf_grow(struct codec_buf *buf, size_t more)
{
    bool is_inline = buf->room == buf->inline_room;
    size_t cap = buf->cap;
    char *room = NULL;

    if (more < BUF_MAX && buf->len + more < BUF_MAX) {
        while (cap < buf->len + more) {
            cap *= 2;
        }
        room = PyMem_Realloc(is_inline ? NULL : buf->room, cap);
    }
    if (room == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (is_inline) {
        memcpy(room, buf->inline_room, buf->len);
    }
    buf->data = buf->room = room;
    buf->cap = cap;
    return 0;
}

void
codec_buf_lend(struct codec_buf *buf, PyObject *bytes)
{
    buf->lender = Py_NewRef(bytes);
    buf->data = PyBytes_AsString(bytes);
    buf->len = (size_t)PyBytes_Size(bytes);
}
