// SPDX-License-Identifier: MIT
//! Rayon behind a few functions in C, for ../rayon.c, which declares them as it sees them.
//! The loops are written as users of Rayon write them, over items; the doubling, the chain and
//! the triad are those of ../../bodies.h.

mod algo;
mod forks;

use rayon::prelude::*;
use std::arch::asm;
use std::os::raw::{c_int, c_void};
use std::slice;

/// What the bodies work on, of which nothing is known here.
#[repr(C)]
pub struct Items {
    _opaque: [u8; 0],
}

/// What the measuring core hands to itself, of which nothing is known either.
#[repr(C)]
pub struct Argument {
    _opaque: [u8; 0],
}

type Range = extern "C" fn(&Items, usize, usize, *const c_void) -> c_int;

/// Nothing after it starts before v is known: body_fence().
#[inline]
fn fence(mut v: u64) -> u64 {
    // SAFETY: neither of the instructions does anything but wait.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("lfence /* {} */", inout(reg) v, options(nostack))
    };
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("isb /* {} */", inout(reg) v, options(nostack))
    };
    v
}

/// body_chain()
#[inline]
fn chain(seed: i64, steps: u32) -> i64 {
    let mut v = seed as u64 | 1;

    for _ in 0..steps {
        v ^= v << 13;
        v ^= v >> 7;
        v ^= v << 17;
    }
    fence(v) as i64
}

/// The pool that all loops of the process use, with so many threads.
#[no_mangle]
pub extern "C" fn bench_rayon_open(workers: usize) -> bool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(workers)
        .build_global()
        .is_ok()
}

/// # Safety
/// Both have n items, and nobody else writes to either.
#[no_mangle]
pub unsafe extern "C" fn bench_rayon_double(n: usize, from: *const i64, to: *mut i64) {
    let from = slice::from_raw_parts(from, n);
    let to = slice::from_raw_parts_mut(to, n);

    to.par_iter_mut().zip(from).for_each(|(y, x)| *y = 2 * x);
}

/// # Safety
/// Both have n items, and nobody else writes to either.
#[no_mangle]
pub unsafe extern "C" fn bench_rayon_chain(n: usize, from: *const i64, to: *mut i64, steps: u32) {
    let from = slice::from_raw_parts(from, n);
    let to = slice::from_raw_parts_mut(to, n);

    to.par_iter_mut()
        .zip(from)
        .for_each(|(y, x)| *y = chain(*x, steps));
}

/// # Safety
/// All have n items, and nobody else writes to any.
#[no_mangle]
pub unsafe extern "C" fn bench_rayon_triad(
    n: usize,
    from: *const i64,
    from2: *const i64,
    to: *mut i64,
) {
    let from = slice::from_raw_parts(from, n);
    let from2 = slice::from_raw_parts(from2, n);
    let to = slice::from_raw_parts_mut(to, n);

    to.par_iter_mut()
        .zip(from)
        .zip(from2)
        .for_each(|((z, x), y)| *z = x + 3 * y);
}

/// # Safety
/// There are n numbers.
#[no_mangle]
pub unsafe extern "C" fn bench_rayon_sum(n: usize, numbers: *const f64) -> f64 {
    slice::from_raw_parts(numbers, n).par_iter().sum()
}

/// A body of which only the range function is known.
#[no_mangle]
pub extern "C" fn bench_rayon_each(n: usize, range: Range, items: &Items) {
    (0..n).into_par_iter().for_each(|i| {
        range(items, i, i + 1, std::ptr::null());
    });
}

/// Calls f on a thread of the pool, and waits for it.
#[no_mangle]
pub extern "C" fn bench_rayon_enter(f: extern "C" fn(&mut Argument), argument: &mut Argument) {
    rayon::scope(|_| f(argument));
}
