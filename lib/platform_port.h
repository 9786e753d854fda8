/* SPDX-License-Identifier: MIT */
#ifndef FILCH_PLATFORM_PORT_H
#define FILCH_PLATFORM_PORT_H
/*
 * Between platform.c, which does what POSIX can do, and the one port beside it
 * (platform_linux.c, platform_posix.c), which does the rest.  Nobody else includes it.
 */
#include "platform.h"

#include <pthread.h>

/* The system's handle of a thread of ours; of the calling one for NULL. */
pthread_t filch__thread_id(const struct platform_thread *t);

/* The port's: says where a new thread may run, whatever its creator is pinned to. */
void filch__port_attr(pthread_attr_t *attr);

#endif
