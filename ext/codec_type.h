/*
 * codec_type - the codec as a Python type
 *
 * The Python face of the codec, for tests and for those who want the bytes themselves.
 *
 *     codec = _core.Codec(codec="msgpack", *, secret=None, compress_min=1024,
 *                         compress_level=1)
 *     data, bits = codec.encode(value)
 *     value = codec.decode(data, bits)
 *     _core.register(cls, name, encode, decode); _core.is_registered(cls)
 */
#ifndef PINYON_EXT_CODEC_TYPE_H
#define PINYON_EXT_CODEC_TYPE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Adds `Codec` and `register` to the module. codec_state_of(module) must be
   initialised. 0, or -1 with an exception set. */
int
codec_type_add(PyObject *module);

#endif
