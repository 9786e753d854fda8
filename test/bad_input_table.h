/* SPDX-License-Identifier: MIT */
/*
 * Each public function with each kind of bad argument that it can be given, and what must come of
 * it.  Nothing runs, nothing is written but what is documented, nothing leaks, and the pool is as good as
 * before.  tools/check-names sees to it that no function is missing.
 *
 * CALL(FUNCTION, OUTPUTS, CALL): a good call of b->n items with options `o`; it is made with all bad
 * options, on a pool that is being destroyed and on one from before a fork().
 * CELL(FUNCTION, SENTENCE, CODE, CALL): a bad call.
 * WITHOUT(FUNCTION, REASON): one that has no cells.
 */

#define P b->pool
#define BIG (SIZE_MAX / 2 + 1)

/* ---- pools ------------------------------------------------------------------------------------ */

CELL(filch_pool_create, without_out, FILCH_EINVAL, filch_pool_create(NULL, NULL))
CELL(filch_pool_create, too_wide, FILCH_EINVAL,
     filch_pool_create(&b->created, FILCH_POOL(.workers = FILCH_MAX_WORKERS + 1)))
CELL(filch_pool_create, widest, FILCH_EINVAL,
     filch_pool_create(&b->created, FILCH_POOL(.workers = UINT_MAX)))
CELL(filch_pool_create, options_of_no_size, FILCH_EINVAL, create_sized(b, 0))
CELL(filch_pool_create, options_of_one_byte, FILCH_EINVAL, create_sized(b, 1))
CELL(filch_pool_create, newer_options, FILCH_EINVAL,
     create_sized(b, sizeof(struct filch_pool_options) + 1))
CELL(filch_pool_create, endless_options, FILCH_EINVAL, create_sized(b, SIZE_MAX))
CELL(filch_pool_destroy, of_none, FILCH_OK, filch_pool_destroy(NULL))
CELL(filch_pool_destroy, from_inside, FILCH_EDEADLK,
     P ? filch_for(P, 1, destroy_inside, b, NULL) : FILCH_EDEADLK)
STATE(filch_pool_destroy, PARENTS_POOL, FILCH_EFORK, filch_pool_destroy(P))
STATE(filch_pool_width, PARENTS_POOL, FILCH_OK, ANSWERS(filch_pool_width(P) == 0))
STATE(filch_pool_width, CLOSING_POOL, FILCH_OK, ANSWERS(filch_pool_width(P) == 1))

/* ---- inside a body ---------------------------------------------------------------------------- */

CELL(filch_fail, beyond_the_range, 7, fails_at(b, fail_beyond))
CELL(filch_fail, before_the_range, 7, fails_at(b, fail_before))
CELL(filch_scratch, without_end, FILCH_OK, filch_for(P, 1, scratch_without_end, b, NULL))
CELL(filch_scratch_back, of_none, FILCH_OK, filch_for(P, 1, scratch_without_end, b, NULL))
CELL(filch_join_many, of_none, FILCH_OK, filch_for(P, 1, join_none, b, NULL))

/* ---- loops and maps ---------------------------------------------------------------------------- */

CALL(filch_for, ALL, filch_for(P, b->n, body, b, o))
CELL(filch_for, without_body, FILCH_EINVAL, filch_for(P, b->n, NULL, b, NULL))
CELL(filch_for, without_body_but_options, FILCH_EINVAL, filch_for(P, b->n, NULL, b, FILCH(0)))
CELL(filch_for, more_statuses_than_memory, FILCH_EINVAL,
     filch_for(P, BIG, body, b, FILCH(.status = b->status)))
CALL(filch_for_as, ALL, filch_for_as(P, b->n, body, b, o, 1))
CELL(filch_for_as, without_body, FILCH_EINVAL, filch_for_as(P, b->n, NULL, b, NULL, 1))
CALL(filch_map_sized, ALL, filch_map_sized(P, &b->in, 8, b->n, &b->out, 8, map_one, b, o))
CELL(filch_map_sized, without_function, FILCH_EINVAL,
     filch_map_sized(P, &b->in, 8, b->n, &b->out, 8, NULL, b, NULL))
CELL(filch_map_sized, without_items, FILCH_EINVAL,
     filch_map_sized(P, NULL, 8, N, &b->out, 8, map_one, b, NULL))
CELL(filch_map_sized, without_results, FILCH_EINVAL,
     filch_map_sized(P, &b->in, 8, N, NULL, 8, map_one, b, NULL))
CELL(filch_map_sized, more_items_than_memory, FILCH_EINVAL,
     filch_map_sized(P, &b->in, 2, BIG, &b->out, 0, map_one, b, NULL))
CELL(filch_map_sized, more_results_than_memory, FILCH_EINVAL,
     filch_map_sized(P, &b->in, 0, BIG, &b->out, 2, map_one, b, NULL))
CELL(filch_map_sized, endless_item, FILCH_EINVAL,
     filch_map_sized(P, &b->in, SIZE_MAX, 2, &b->out, 0, map_one, b, NULL))

CALL(filch_for2, REPORT, filch_for2(P, b->n, 2, NULL, body2, b, o))
CELL(filch_for2, without_body, FILCH_EINVAL, filch_for2(P, b->n, 2, NULL, NULL, b, NULL))
CELL(filch_for2, more_cells_than_numbers, FILCH_EINVAL, filch_for2(P, BIG, 2, NULL, body2, b, NULL))
CELL(filch_for2, status_without_tile, FILCH_EINVAL,
     filch_for2(P, N, 2, NULL, body2, b, FILCH(.status = b->status)))
CELL(filch_for2, first_error_with_half_a_tile, FILCH_EINVAL,
     filch_for2(P, N, 2, rows_alone, body2, b, FILCH(.first_error = &b->first_error)))
CALL(filch_for3, REPORT, filch_for3(P, b->n, 2, 2, NULL, body3, b, o))
CELL(filch_for3, without_body, FILCH_EINVAL, filch_for3(P, b->n, 2, 2, NULL, NULL, b, NULL))
CELL(filch_for3, more_cells_than_numbers, FILCH_EINVAL,
     filch_for3(P, BIG / 2, 2, 2, NULL, body3, b, NULL))
CELL(filch_for3, status_without_tile, FILCH_EINVAL,
     filch_for3(P, N, 2, 2, NULL, body3, b, FILCH(.status = b->status)))

/* ---- tasks --------------------------------------------------------------------------------------- */

CALL(filch_run, ALL, filch_run(P, task, b, o))
CELL(filch_run, without_function, FILCH_EINVAL, filch_run(P, NULL, b, NULL))
CALL(filch_invoke, ALL, filch_invoke(P, b->n, tasks, NULL, o))
CELL(filch_invoke, without_functions, FILCH_EINVAL, filch_invoke(P, N, NULL, NULL, NULL))
CELL(filch_invoke, without_one_of_them, FILCH_EINVAL, filch_invoke(P, N, tasks_but_one, NULL, NULL))
CALL(filch_for_each_sized, REPORT, filch_for_each_sized(P, &b->in, 8, b->n, each, b, o))
CELL(filch_for_each_sized, without_function, FILCH_EINVAL,
     filch_for_each_sized(P, &b->in, 8, b->n, NULL, b, NULL))
CELL(filch_for_each_sized, without_items, FILCH_EINVAL,
     filch_for_each_sized(P, NULL, 8, N, each, b, NULL))
CELL(filch_for_each_sized, items_without_size, FILCH_EINVAL,
     filch_for_each_sized(P, &b->in, 0, b->n, each, b, NULL))
CELL(filch_for_each_sized, more_items_than_memory, FILCH_EINVAL,
     filch_for_each_sized(P, &b->in, 2, BIG, each, b, NULL))
CELL(filch_for_each_sized, item_too_large_for_a_block, FILCH_EINVAL,
     filch_for_each_sized(P, &b->in, SIZE_MAX / 4, 1, each, b, NULL))
CELL(filch_for_each_sized, status, FILCH_EINVAL,
     filch_for_each_sized(P, &b->in, 8, b->n, each, b, FILCH(.status = b->status)))
CELL(filch_for_each_sized, first_error, FILCH_EINVAL,
     filch_for_each_sized(P, &b->in, 8, b->n, each, b, FILCH(.first_error = &b->first_error)))
CELL(filch_combinable_create, without_place, FILCH_EINVAL,
     filch_combinable_create(NULL, P, 8, make, b))
CELL(filch_combinable_create, without_size, FILCH_EINVAL,
     filch_combinable_create(&b->combinable, P, 0, make, b))
CELL(filch_combinable_create, endless, FILCH_EINVAL,
     filch_combinable_create(&b->combinable, P, SIZE_MAX, make, b))
CELL(filch_combinable_create, more_than_memory, FILCH_EINVAL,
     filch_combinable_create(&b->combinable, P, SIZE_MAX / FILCH_MAX_WORKERS, make, b))
STATE(filch_combinable_create, PARENTS_POOL, FILCH_EFORK,
      filch_combinable_create(&b->combinable, P, 8, make, b))
CELL(filch_combinable_join, after_an_error, FILCH_EINVAL,
     stop_nothing(&b->combinable, filch_combinable_create(&b->combinable, P, 0, make, b)))
CELL(filch_combinable_destroy, after_an_error, FILCH_EINVAL,
     stop_nothing(&b->combinable, filch_combinable_create(&b->combinable, P, 0, make, b)))

/* ---- picking -------------------------------------------------------------------------------------- */

CALL(filch_filter_sized, ALL, filch_filter_sized(P, &b->in, 8, b->n, &b->out, &b->none, mark, b, o))
CELL(filch_filter_sized, without_function, FILCH_EINVAL,
     filch_filter_sized(P, &b->in, 8, b->n, &b->out, &b->none, NULL, b, NULL))
CELL(filch_filter_sized, without_items, FILCH_EINVAL,
     filch_filter_sized(P, NULL, 8, N, &b->out, &b->none, mark, b, NULL))
CELL(filch_filter_sized, without_out, FILCH_EINVAL,
     filch_filter_sized(P, &b->in, 8, N, NULL, NULL, mark, b, NULL))
CELL(filch_filter_sized, items_without_size, FILCH_EINVAL,
     filch_filter_sized(P, &b->in, 0, b->n, &b->out, &b->none, mark, b, NULL))
CELL(filch_filter_sized, more_items_than_memory, FILCH_EINVAL,
     filch_filter_sized(P, &b->in, 2, BIG, &b->out, &b->none, mark, b, NULL))
CELL(filch_filter_sized, keep_going, FILCH_EINVAL,
     filch_filter_sized(P, &b->in, 8, b->n, &b->out, NULL, mark, b, FILCH(.keep_going = true)))
CALL(filch_partition_sized, ALL, filch_partition_sized(P, &b->in, 8, b->n, &b->none, mark, b, o))
CELL(filch_partition_sized, without_function, FILCH_EINVAL,
     filch_partition_sized(P, &b->in, 8, b->n, &b->none, NULL, b, NULL))
CELL(filch_partition_sized, without_items, FILCH_EINVAL,
     filch_partition_sized(P, NULL, 8, N, &b->none, mark, b, NULL))
CELL(filch_partition_sized, items_without_size, FILCH_EINVAL,
     filch_partition_sized(P, &b->in, 0, b->n, &b->none, mark, b, NULL))
CELL(filch_partition_sized, more_items_than_memory, FILCH_EINVAL,
     filch_partition_sized(P, &b->in, 2, BIG, &b->none, mark, b, NULL))
CELL(filch_partition_sized, keep_going, FILCH_EINVAL,
     filch_partition_sized(P, &b->in, 8, b->n, NULL, mark, b, FILCH(.keep_going = true)))
CALL(filch_find, ALL, filch_find(P, b->n, find, b, &b->index, o))
CELL(filch_find, without_function, FILCH_EINVAL, filch_find(P, b->n, NULL, b, &b->index, NULL))
CELL(filch_find, without_index, FILCH_EINVAL, filch_find(P, b->n, find, b, NULL, NULL))
CELL(filch_find, keep_going, FILCH_EINVAL,
     filch_find(P, b->n, find, b, &b->index, FILCH(.keep_going = true)))
CALL(filch_count, ALL, filch_count(P, b->n, find, b, &b->none, o))
CELL(filch_count, without_function, FILCH_EINVAL, filch_count(P, b->n, NULL, b, &b->none, NULL))
CELL(filch_count, without_count, FILCH_EINVAL, filch_count(P, b->n, find, b, NULL, NULL))
CELL(filch_count, keep_going, FILCH_EINVAL,
     filch_count(P, b->n, find, b, &b->none, FILCH(.keep_going = true)))
CALL(filch_histogram, ALL, filch_histogram(P, b->n, key, b, 1, b->counts, o))
CELL(filch_histogram, without_function, FILCH_EINVAL,
     filch_histogram(P, b->n, NULL, b, 1, b->counts, NULL))
CELL(filch_histogram, without_counts, FILCH_EINVAL, filch_histogram(P, b->n, key, b, 1, NULL, NULL))
CELL(filch_histogram, more_bins_than_keys, FILCH_EINVAL,
     filch_histogram(P, b->n, key, b, (size_t)UINT32_MAX + 1, b->counts, NULL))
CELL(filch_histogram, keep_going, FILCH_EINVAL,
     filch_histogram(P, b->n, key, b, 1, b->counts, FILCH(.keep_going = true)))

/* ---- reductions --------------------------------------------------------------------------------------- */

CALL(filch_reduce, REPORT, filch_reduce(P, b->n, &reducer, b, &b->out, o))
CELL(filch_reduce, without_out, FILCH_EINVAL, filch_reduce(P, b->n, &reducer, b, NULL, NULL))
CELL(filch_reduce, without_reducer, FILCH_EINVAL, filch_reduce(P, b->n, NULL, b, &b->out, NULL))
CELL(filch_reduce, without_size, FILCH_EINVAL,
     filch_reduce(P, b->n, REDUCER(.body = add, .join = join), b, &b->out, NULL))
CELL(filch_reduce, without_body, FILCH_EINVAL,
     filch_reduce(P, b->n, REDUCER(.size = 8, .join = join), b, &b->out, NULL))
CELL(filch_reduce, without_join, FILCH_EINVAL,
     filch_reduce(P, b->n, REDUCER(.size = 8, .body = add), b, &b->out, NULL))
CELL(filch_reduce, keep_going, FILCH_EINVAL,
     filch_reduce(P, b->n, &reducer, b, &b->out, FILCH(.keep_going = true)))
CELL(filch_reduce, status, FILCH_EINVAL,
     filch_reduce(P, b->n, &reducer, b, &b->out, FILCH(.status = b->status)))

#define ARRAY(F, T, ...)                                                                           \
	CALL(F, REPORT, F(P, b->in.T, b->n, __VA_ARGS__, o))                                       \
	CELL(F, without_array, FILCH_EINVAL, F(P, NULL, N, __VA_ARGS__, NULL))                     \
	CELL(F, array_larger_than_memory, FILCH_EINVAL, F(P, b->in.T, BIG, __VA_ARGS__, NULL))
#define SUM(F, T, OUT)                                                                             \
	ARRAY(F, T, b->out.OUT)                                                                    \
	CELL(F, without_out, FILCH_EINVAL, F(P, b->in.T, b->n, NULL, NULL))
#define DOT(F, T, OUT)                                                                             \
	CALL(F, REPORT, F(P, b->in.T, b->in.T, b->n, b->out.OUT, o))                               \
	CELL(F, without_x, FILCH_EINVAL, F(P, NULL, b->in.T, N, b->out.OUT, NULL))                 \
	CELL(F, without_y, FILCH_EINVAL, F(P, b->in.T, NULL, N, b->out.OUT, NULL))                 \
	CELL(F, without_out, FILCH_EINVAL, F(P, b->in.T, b->in.T, b->n, NULL, NULL))               \
	CELL(F, arrays_larger_than_memory, FILCH_EINVAL,                                           \
	     F(P, b->in.T, b->in.T, BIG, b->out.OUT, NULL))

SUM(filch_sum_f64, f64, f64)
SUM(filch_sum_f32, f32, f64)
SUM(filch_sum_i64, i64, i64)
DOT(filch_dot_f64, f64, f64)
DOT(filch_dot_f32, f32, f64)
DOT(filch_dot_i64, i64, i64)
ARRAY(filch_min_f64, f64, b->out.f64, &b->first_error)
ARRAY(filch_min_f32, f32, b->out.f32, &b->first_error)
ARRAY(filch_min_i64, i64, b->out.i64, &b->first_error)
ARRAY(filch_max_f64, f64, b->out.f64, &b->first_error)
ARRAY(filch_max_f32, f32, b->out.f32, &b->first_error)
ARRAY(filch_max_i64, i64, b->out.i64, &b->first_error)

/* ---- scans ------------------------------------------------------------------------------------------------ */

#define SCAN(F, T, ...)                                                                            \
	CALL(F, REPORT, F(P, b->in.T, b->n, b->out.T, __VA_ARGS__, o))                             \
	CELL(F, without_in, FILCH_EINVAL, F(P, NULL, N, b->out.T, __VA_ARGS__, NULL))              \
	CELL(F, without_out, FILCH_EINVAL, F(P, b->in.T, N, NULL, __VA_ARGS__, NULL))              \
	CELL(F, arrays_larger_than_memory, FILCH_EINVAL,                                           \
	     F(P, b->in.T, BIG, b->out.T, __VA_ARGS__, NULL))                                      \
	CELL(F, keep_going, FILCH_EINVAL,                                                          \
	     F(P, b->in.T, b->n, b->out.T, __VA_ARGS__, FILCH(.keep_going = true)))                \
	CELL(F, status, FILCH_EINVAL,                                                              \
	     F(P, b->in.T, b->n, b->out.T, __VA_ARGS__, FILCH(.status = b->status)))               \
	CELL(F, cost, FILCH_EINVAL, F(P, b->in.T, b->n, b->out.T, __VA_ARGS__, FILCH(.cost_ns = 1)))

SCAN(filch_scan, u64, &scanner, b)
SCAN(filch_scan_f64, f64, false)
SCAN(filch_scan_i64, i64, true)
CELL(filch_scan, without_scanner, FILCH_EINVAL, filch_scan(P, &b->in, b->n, &b->out, NULL, b, NULL))
CELL(filch_scan, without_size, FILCH_EINVAL,
     filch_scan(P, &b->in, b->n, &b->out, SCANNER(.join = join), b, NULL))
CELL(filch_scan, without_join, FILCH_EINVAL,
     filch_scan(P, &b->in, b->n, &b->out, SCANNER(.size = 8), b, NULL))
CELL(filch_scan, endless_element, FILCH_EINVAL,
     filch_scan(P, &b->in, 1, &b->out, SCANNER(.size = SIZE_MAX / 2, .join = join), b, NULL))

/* ---- sorting ------------------------------------------------------------------------------------------------ */

#define SORT(F, T)                                                                                 \
	CALL(F, ALL, F(P, b->out.T, b->n, o))                                                      \
	CELL(F, without_array, FILCH_EINVAL, F(P, NULL, N, NULL))                                  \
	CELL(F, array_larger_than_memory, FILCH_EINVAL, F(P, b->out.T, BIG, NULL))

SORT(filch_sort_i64, i64)
SORT(filch_sort_u64, u64)
SORT(filch_sort_i32, i32)
SORT(filch_sort_u32, u32)
SORT(filch_sort_f64, f64)
SORT(filch_sort_f32, f32)
SORT(filch_sort_strings, text)
CALL(filch_sort, ALL, filch_sort(P, &b->out, b->n, 8, compare, b, o))
CELL(filch_sort, without_compare, FILCH_EINVAL, filch_sort(P, &b->out, b->n, 8, NULL, b, NULL))
CELL(filch_sort, without_array, FILCH_EINVAL, filch_sort(P, NULL, N, 8, compare, b, NULL))
CELL(filch_sort, array_larger_than_memory, FILCH_EINVAL,
     filch_sort(P, &b->out, BIG, 2, compare, b, NULL))
CALL(filch_merge, ALL, filch_merge(P, &b->in, b->n, &b->in, b->n / 2, &b->out, 4, compare, b, o))
CELL(filch_merge, without_compare, FILCH_EINVAL,
     filch_merge(P, &b->in, b->n, &b->in, 1, &b->out, 4, NULL, b, NULL))
CELL(filch_merge, without_a, FILCH_EINVAL,
     filch_merge(P, NULL, N, &b->in, 1, &b->out, 4, compare, b, NULL))
CELL(filch_merge, without_b, FILCH_EINVAL,
     filch_merge(P, &b->in, N, NULL, 1, &b->out, 4, compare, b, NULL))
CELL(filch_merge, without_out, FILCH_EINVAL,
     filch_merge(P, &b->in, N, &b->in, 1, NULL, 4, compare, b, NULL))
CELL(filch_merge, array_larger_than_memory, FILCH_EINVAL,
     filch_merge(P, &b->in, BIG, &b->in, 1, &b->out, 4, compare, b, NULL))
CELL(filch_merge, both_larger_than_memory, FILCH_EINVAL,
     filch_merge(P, &b->in, BIG - 1, &b->in, BIG - 1, &b->out, 1, compare, b, NULL))

/* ---- words --------------------------------------------------------------------------------------------------- */

CELL(filch_strerror, of_no_code, FILCH_OK,
     ANSWERS(*filch_strerror(INT_MIN) && *filch_strerror(INT_MAX)))
CELL(filch_explain, to_nowhere, FILCH_OK, (filch_explain(NULL), FILCH_OK))

WITHOUT(filch_version, "takes nothing")
WITHOUT(filch_worker_id, "takes the worker that a body is handed, which is never NULL")
WITHOUT(filch_stopping, "takes the worker that a body is handed, which is never NULL")
WITHOUT(filch_combinable_mine, "takes what a body has at hand")
WITHOUT(filch_cancel_now, "takes a token of the caller's, in any state")
WITHOUT(filch_is_cancelled, "takes a token of the caller's, in any state")
WITHOUT(filch_feed, "takes the feeder and an item of the size that the call is for")
WITHOUT(filch_progress_bar, "takes any numbers: test/progress.c")
WITHOUT(filch_fork_asked_, "is called by filch_fork() alone")
WITHOUT(filch_join_asked_, "is called by filch_join() alone")
WITHOUT(filch_misused_, "is called when FILCH_DEBUG finds a mistake: test/forkjoin_debug.c")

#undef P
#undef BIG
#undef ARRAY
#undef SUM
#undef DOT
#undef SCAN
#undef SORT
