/*
 * saved - one topology for the processes of a host, as bytes
 *
 *     head   magic, version, checksum of what follows; identity, learnt_at, failed_at,
 *            how many nodes, how many runs, the kind, failed              56 bytes
 *     node   lengths of host and zone, role, health, port, its primary by place in
 *            this list, changed_at, probe_at; then the two texts          24 + texts
 *     run    how many slots in a row, their owner by place in this list   4
 *
 * Numbers of nodes are a process's own, so nodes are told by their endpoints. Whoever
 * can write here can lead clients astray, as whoever answers CLUSTER SLOTS can; what he
 * cannot do is to make them touch memory that is not theirs.
 */
#ifndef PN_FLEET_SAVED_H
#define PN_FLEET_SAVED_H

#include <stdint.h>

enum {
    SAVED_VERSION = 2,
    SAVED_HEAD = 56,
    SAVED_HEAD_CHECKED = 16,
    SAVED_NODE = 24,
    SAVED_RUN = 4
};

#define SAVED_MAGIC UINT32_C(0x746c6670) /* "pflt" */

static inline uint16_t
saved_load16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline void
saved_store16(unsigned char *p, uint16_t v)
{
    p[0] = (unsigned char)v;
    p[1] = (unsigned char)(v >> 8);
}

#endif
