// SPDX-License-Identifier: MIT
//! What Rayon has beside the algorithms, for ../../algo_rayon.h: it has sums, searches, filters and
//! sorts, and neither a scan nor a merge.  Called from outside of the pool, as from main().

use rayon::prelude::*;
use std::cmp::Ordering;
use std::os::raw::{c_char, c_int};
use std::slice;

macro_rules! numbers {
    ($type:ty, $sum:ty, $order:expr, $sum_name:ident, $dot_name:ident, $min:ident, $max:ident) => {
        /// # Safety
        /// It has n items.
        #[no_mangle]
        pub unsafe extern "C" fn $sum_name(x: *const $type, n: usize) -> $sum {
            let x = slice::from_raw_parts(x, n);

            x.par_iter().map(|x| *x as $sum).sum()
        }

        /// # Safety
        /// Both have n items.
        #[no_mangle]
        pub unsafe extern "C" fn $dot_name(x: *const $type, y: *const $type, n: usize) -> $sum {
            let x = slice::from_raw_parts(x, n);
            let y = slice::from_raw_parts(y, n);

            x.par_iter()
                .zip(y)
                .map(|(x, y)| *x as $sum * *y as $sum)
                .sum()
        }

        /// # Safety
        /// It has n items.
        #[no_mangle]
        pub unsafe extern "C" fn $min(x: *const $type, n: usize) -> usize {
            let x = slice::from_raw_parts(x, n);
            let least = x.par_iter().enumerate().min_by(|a, b| $order(a.1, b.1));

            least.map_or(n, |(i, _)| i)
        }

        /// # Safety
        /// It has n items.  Of several, max_by() takes the last: so the least by the order turned round.
        #[no_mangle]
        pub unsafe extern "C" fn $max(x: *const $type, n: usize) -> usize {
            let x = slice::from_raw_parts(x, n);
            let least = x.par_iter().enumerate().min_by(|a, b| $order(b.1, a.1));

            least.map_or(n, |(i, _)| i)
        }
    };
}

numbers!(
    f64,
    f64,
    f64::total_cmp,
    bench_rayon_sum_f64,
    bench_rayon_dot_f64,
    bench_rayon_min_f64,
    bench_rayon_max_f64
);
numbers!(
    f32,
    f64,
    f32::total_cmp,
    bench_rayon_sum_f32,
    bench_rayon_dot_f32,
    bench_rayon_min_f32,
    bench_rayon_max_f32
);
numbers!(
    i64,
    i64,
    i64::cmp,
    bench_rayon_sum_i64,
    bench_rayon_dot_i64,
    bench_rayon_min_i64,
    bench_rayon_max_i64
);

/// # Safety
/// It has n items.
#[no_mangle]
pub unsafe extern "C" fn bench_rayon_count_below(x: *const i64, n: usize, limit: i64) -> usize {
    let x = slice::from_raw_parts(x, n);

    x.par_iter().filter(|x| **x < limit).count()
}

/// # Safety
/// It has n items.
#[no_mangle]
pub unsafe extern "C" fn bench_rayon_find(x: *const i64, n: usize, value: i64) -> usize {
    let x = slice::from_raw_parts(x, n);

    x.par_iter().position_first(|x| *x == value).unwrap_or(n)
}

/// Into a vector of its own, as Rayon does it.
///
/// # Safety
/// It has n items.
#[no_mangle]
pub unsafe extern "C" fn bench_rayon_filter_below(x: *const i64, n: usize, limit: i64) -> usize {
    let x = slice::from_raw_parts(x, n);
    let kept: Vec<i64> = x.par_iter().copied().filter(|x| *x < limit).collect();

    kept.len()
}

fn sort<T: Send>(x: &mut [T], stable: bool, order: impl Fn(&T, &T) -> Ordering + Sync) {
    if stable {
        x.par_sort_by(order)
    } else {
        x.par_sort_unstable_by(order)
    }
}

/// # Safety
/// It has n items, which nobody else looks at.
#[no_mangle]
pub unsafe extern "C" fn bench_rayon_sort_i64(x: *mut i64, n: usize, stable: bool) {
    let x = slice::from_raw_parts_mut(x, n);

    if stable {
        x.par_sort()
    } else {
        x.par_sort_unstable()
    }
}

/// # Safety
/// It has n items, which nobody else looks at.
#[no_mangle]
pub unsafe extern "C" fn bench_rayon_sort_f64(x: *mut f64, n: usize, stable: bool) {
    sort(slice::from_raw_parts_mut(x, n), stable, f64::total_cmp)
}

#[repr(C)]
pub struct Record {
    key: i64,
    _rest: [u8; 24],
}

/// # Safety
/// It has n items, which nobody else looks at.
#[no_mangle]
pub unsafe extern "C" fn bench_rayon_sort_records(x: *mut Record, n: usize, stable: bool) {
    sort(slice::from_raw_parts_mut(x, n), stable, |a, b| {
        a.key.cmp(&b.key)
    })
}

extern "C" {
    fn strcmp(a: *const c_char, b: *const c_char) -> c_int;
}

#[repr(transparent)]
pub struct Text(*const c_char);

// SAFETY: nobody writes to the strings.
unsafe impl Send for Text {}
unsafe impl Sync for Text {}

fn by_characters(a: &Text, b: &Text) -> Ordering {
    // SAFETY: they end in 0.
    unsafe { strcmp(a.0, b.0) }.cmp(&0)
}

/// # Safety
/// It has n items, which nobody else looks at: pointers to strings that end in 0.
#[no_mangle]
pub unsafe extern "C" fn bench_rayon_sort_strings(x: *mut Text, n: usize, stable: bool) {
    sort(slice::from_raw_parts_mut(x, n), stable, by_characters)
}
