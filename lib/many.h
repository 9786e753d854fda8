/* SPDX-License-Identifier: MIT */
#ifndef FILCH_MANY_H
#define FILCH_MANY_H
/*
 * From how many elements on algorithms are cut into parts, and into how many.  Where every access
 * is simulated so many take too long, and fewer have the same to show.
 */
#if defined(FILCH_SIMULATED)
#define MANY(elements, simulated) (simulated)
#else
#define MANY(elements, simulated) (elements)
#endif

#endif
