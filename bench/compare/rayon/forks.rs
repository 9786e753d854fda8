// SPDX-License-Identifier: MIT
//! The programs of fork and join, for ../../forks/rayon.c: what a call computes is that of
//! ../../programs/calls.h.  A program runs in the pool from its first call on.

use std::os::raw::{c_int, c_long, c_uint, c_void};

fn fib(n: c_int) -> c_long {
    if n < 2 {
        return n as c_long;
    }
    let (a, b) = rayon::join(|| fib(n - 1), || fib(n - 2));
    a + b
}

#[no_mangle]
pub extern "C" fn bench_rayon_fib(n: c_int) -> f64 {
    rayon::scope(|_| fib(n)) as f64
}

#[repr(C)]
pub struct Node {
    left: *const Node,
    right: *const Node,
    value: c_long,
}

// SAFETY: nobody writes to the tree while it is read.
unsafe impl Sync for Node {}

fn tree(n: Option<&Node>) -> c_long {
    match n {
        None => 0,
        Some(n) => {
            // SAFETY: they are null, or nodes of the tree, which lives on.
            let (left, right) = unsafe { (n.left.as_ref(), n.right.as_ref()) };
            let (a, b) = rayon::join(|| tree(left), || tree(right));
            n.value + a + b
        }
    }
}

#[no_mangle]
pub extern "C" fn bench_rayon_tree(root: Option<&Node>) -> f64 {
    rayon::scope(|_| tree(root)) as f64
}

/// The placements in a row that are left: this one, and all others.
fn place(n: c_int, left: u32, columns: u32, down: u32, up: u32) -> c_long {
    if left == 0 {
        return 0;
    }
    let here = left & left.wrapping_neg();
    let next = || queens(n, columns | here, (down | here) << 1, (up | here) >> 1);
    let others = left & (left - 1);

    if others == 0 {
        return next();
    }
    let (a, b) = rayon::join(next, || place(n, others, columns, down, up));
    a + b
}

fn queens(n: c_int, columns: u32, down: u32, up: u32) -> c_long {
    let all = (1 << n) - 1;

    if columns == all {
        return 1;
    }
    place(n, !(columns | down | up) & all, columns, down, up)
}

#[no_mangle]
pub extern "C" fn bench_rayon_queens(n: c_int) -> f64 {
    rayon::scope(|_| queens(n, 0, 0, 0)) as f64
}

fn curve(x: f64) -> f64 {
    (x * x + 1.0) * x
}

fn quad(x1: f64, y1: f64, x2: f64, y2: f64, area: f64) -> f64 {
    let half = (x2 - x1) / 2.0;
    let x = x1 + half;
    let y = curve(x);
    let left = (y1 + y) / 2.0 * half;
    let right = (y + y2) / 2.0 * half;

    if (left + right - area).abs() < 1e-9 {
        return left + right;
    }
    let (a, b) = rayon::join(|| quad(x1, y1, x, y, left), || quad(x, y, x2, y2, right));
    a + b
}

#[no_mangle]
pub extern "C" fn bench_rayon_quad(to: c_int) -> f64 {
    let to = to as f64;

    rayon::scope(|_| quad(0.0, curve(0.0), to, curve(to), 0.0))
}

type Function = extern "C" fn(*mut c_void);

/// An argument that is for many at once, as its owner says.
#[derive(Clone, Copy)]
struct Shared(*mut c_void);

// SAFETY: the functions that get it may be called by several threads at once.
unsafe impl Send for Shared {}
unsafe impl Sync for Shared {}

impl Shared {
    fn call(self, f: Function) {
        f(self.0)
    }
}

#[no_mangle]
pub extern "C" fn bench_rayon_pair(f: Function, argument: *mut c_void) {
    let argument = Shared(argument);

    rayon::join(|| argument.call(f), || argument.call(f));
}

#[no_mangle]
pub extern "C" fn bench_rayon_row(count: c_uint, f: Function, argument: *mut c_void) {
    let argument = Shared(argument);

    rayon::scope(|s| {
        for _ in 0..count {
            s.spawn(move |_| argument.call(f));
        }
    });
}
