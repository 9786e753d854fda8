/* SPDX-License-Identifier: MIT */
#ifndef FILCH_BENCH_ALGO_RAYON_H
#define FILCH_BENCH_ALGO_RAYON_H
/* The part of filch-algo that is in Rust, compare/rayon/algo.rs; RAYON_VERSION says that it is there. */
#include <cstddef>
#include <cstdint>

extern "C" {
bool bench_rayon_open(size_t workers);

double bench_rayon_sum_f64(const double *x, size_t n);
double bench_rayon_sum_f32(const float *x, size_t n);
int64_t bench_rayon_sum_i64(const int64_t *x, size_t n);
double bench_rayon_dot_f64(const double *x, const double *y, size_t n);
double bench_rayon_dot_f32(const float *x, const float *y, size_t n);
int64_t bench_rayon_dot_i64(const int64_t *x, const int64_t *y, size_t n);
size_t bench_rayon_min_f64(const double *x, size_t n);
size_t bench_rayon_min_f32(const float *x, size_t n);
size_t bench_rayon_min_i64(const int64_t *x, size_t n);
size_t bench_rayon_max_f64(const double *x, size_t n);
size_t bench_rayon_max_f32(const float *x, size_t n);
size_t bench_rayon_max_i64(const int64_t *x, size_t n);

size_t bench_rayon_count_below(const int64_t *x, size_t n, int64_t limit);
size_t bench_rayon_find(const int64_t *x, size_t n, int64_t value);
size_t bench_rayon_filter_below(const int64_t *x, size_t n, int64_t limit);

void bench_rayon_sort_i64(int64_t *x, size_t n, bool stable);
void bench_rayon_sort_f64(double *x, size_t n, bool stable);
void bench_rayon_sort_records(void *x, size_t n, bool stable);
void bench_rayon_sort_strings(void *x, size_t n, bool stable);
}

#endif
