/* SPDX-License-Identifier: MIT */
/* The table as functions, and again as whatever ENTRY(FUNCTION, SENTENCE, CELL) makes of a cell. */
#define WITHOUT(FUNCTION, REASON)

#define CALL(FUNCTION, OUTPUTS, ...)                                                               \
	static int good_##FUNCTION(struct bad *b, const struct filch_options *o)                   \
	{                                                                                          \
		return __VA_ARGS__;                                                                \
	}
#define CELL(FUNCTION, SENTENCE, CODE, ...)                                                        \
	static int FUNCTION##_##SENTENCE(struct bad *b)                                            \
	{                                                                                          \
		(void)b;                                                                           \
		return __VA_ARGS__;                                                                \
	}
#define STATE(FUNCTION, WRONG, CODE, ...) CELL(FUNCTION, WRONG, CODE, __VA_ARGS__)
#include "bad_input_table.h"
#undef CALL
#undef CELL
#undef STATE

#define WITH(FUNCTION, OUTPUTS, WRONG, CODE)                                                       \
	ENTRY(FUNCTION, WRONG,                                                                     \
	      {#FUNCTION, #WRONG, (CODE), (WRONG), (OUTPUTS), NULL, good_##FUNCTION})
#define CALL(FUNCTION, OUTPUTS, ...)                                                               \
	WITH(FUNCTION, OUTPUTS, CLOSING_POOL, FILCH_ECLOSED)                                       \
	WITH(FUNCTION, OUTPUTS, PARENTS_POOL, FILCH_EFORK)                                         \
	WITH(FUNCTION, OUTPUTS, NO_SIZE, FILCH_EINVAL)                                             \
	WITH(FUNCTION, OUTPUTS, ONE_BYTE, FILCH_EINVAL)                                            \
	WITH(FUNCTION, OUTPUTS, NO_REPORT_SIZE_YET, FILCH_EINVAL)                                  \
	WITH(FUNCTION, OUTPUTS, NEWER_OPTIONS, FILCH_EINVAL)                                       \
	WITH(FUNCTION, OUTPUTS, ENDLESS_OPTIONS, FILCH_EINVAL)                                     \
	WITH(FUNCTION, OUTPUTS, NEWER_REPORT, FILCH_EINVAL)                                        \
	WITH(FUNCTION, OUTPUTS, CHUNK_AND_MIN, FILCH_EINVAL)                                       \
	WITH(FUNCTION, OUTPUTS, CHUNK_AND_MAX, FILCH_EINVAL)                                       \
	WITH(FUNCTION, OUTPUTS, MIN_ABOVE_MAX, FILCH_EINVAL)                                       \
	WITH(FUNCTION, OUTPUTS, PAUSE_AND_CHUNK, FILCH_EINVAL)                                     \
	WITH(FUNCTION, OUTPUTS, COST_BELOW_0, FILCH_EINVAL)                                        \
	WITH(FUNCTION, OUTPUTS, COST_NAN, FILCH_EINVAL)                                            \
	WITH(FUNCTION, OUTPUTS, COST_INFINITE, FILCH_EINVAL)
#define OF(FUNCTION, SENTENCE, CODE, WRONG)                                                        \
	ENTRY(FUNCTION, SENTENCE,                                                                  \
	      {#FUNCTION, #SENTENCE, (CODE), (WRONG), REPORT, FUNCTION##_##SENTENCE, NULL})
#define CELL(FUNCTION, SENTENCE, CODE, ...) OF(FUNCTION, SENTENCE, CODE, OWN)
#define STATE(FUNCTION, WRONG, CODE, ...) OF(FUNCTION, WRONG, CODE, WRONG)
