/* SPDX-License-Identifier: MIT */
#ifndef FILCH_CALL_H
#define FILCH_CALL_H
/* filch_for() for all verbs that are loops. */
#include "filch.h"

/* The call, with `function` as what its cost is remembered under; body is not NULL. */
int filch__call(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                const struct filch_options *options, uintptr_t function);

/* A call of one item, as a worker of the pool whatever is known of it. */
int filch__call_inside(filch_pool *pool, filch_body *body, void *ctx,
                       const struct filch_options *options, uintptr_t function);

#endif
