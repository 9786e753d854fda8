/* SPDX-License-Identifier: MIT */
#ifndef FILCH_CALL_H
#define FILCH_CALL_H
/* What a verb asks of for.c that is not public. */
#include "filch.h"

/* A call of one item, as a worker of the pool whatever is known of it, its cost remembered as that of `function`. */
int filch__call_inside(filch_pool *pool, filch_body *body, void *ctx,
                       const struct filch_options *options, uintptr_t function);

#endif
