/*
 * socket - opening a socket and connecting it; private to this room
 *
 * The descriptor is in blocking mode once connect() was called: every call that must
 * not wait says so by MSG_DONTWAIT, and the one that may is a single recv(). What the
 * caller shares with a fork is the descriptor; nothing else is kept here.
 */
#ifndef PN_NET_SOCKET_H
#define PN_NET_SOCKET_H

#include "net/stream.h"

/* Opens a socket as stream.h describes it and begins to connect it to ADDR. 0: it is
 * connected, 1: in progress, < 0 a code; *FD is written unless < 0. */
int
pn_socket_dial(const struct pn_addr *addr, const struct pn_stream_opts *opts, int *fd,
               struct pn_why *why);

/* Does the connection of FD stand? 0 yes, 1 not yet, < 0 a code. */
int
pn_socket_connected(int fd, struct pn_why *why);

/* Writes the code and the sentence for OS_ERROR. Returns the code. */
int
pn_socket_why(struct pn_why *why, int os_error);

#endif
