/* SPDX-License-Identifier: MIT */
#ifndef FILCH_PLATFORM_PORT_H
#define FILCH_PLATFORM_PORT_H
/*
 * Between platform.c, which does what POSIX can do, and the one port beside it
 * (platform_linux.c, platform_posix.c), which does the rest.  Nobody else includes it.
 */
#include "platform.h"

#include <pthread.h>

/* A pthread_t and the word that stands for it outside. */
pthread_t filch__thread_id(uintptr_t handle);

/* The port's: says where a new thread may run, whatever its creator is pinned to. */
void filch__port_attr(pthread_attr_t *attr);

#endif
