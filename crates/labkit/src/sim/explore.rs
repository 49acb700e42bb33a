//! Tests over many seeds, each failure with the command that repeats it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use crate::rng;

/// Runs a test with `seeds` seeds, one after the other, beginning with
/// [`rng::test_seed`]. When one fails, prints the command that begins with it:
/// `cargo xtask replay NAME --seed N TEST`. `lab` is the crate's name (`env!("CARGO_PKG_NAME")`); the
/// test's own name is that of its thread, so call this from the test itself.
///
/// # Panics
/// With the panic of the run that failed.
pub fn explore(lab: &str, seeds: u64, test: impl Fn(u64)) {
    let first = rng::test_seed();
    let current = thread::current();
    let name = current.name().unwrap_or_default();
    for seed in first..first.saturating_add(seeds) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| test(seed))) {
            eprintln!("replay: {}", replay(lab, seed, name));
            resume_unwind(panic);
        }
    }
}

fn replay(lab: &str, seed: u64, test: &str) -> String {
    format!("cargo xtask replay {lab} --seed {seed} {test}")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn the_first_seed_that_fails_ends_it_and_is_in_the_command() {
        let tried = RefCell::new(Vec::new());
        let result = catch_unwind(AssertUnwindSafe(|| {
            explore("some-lab", 5, |seed| {
                tried.borrow_mut().push(seed);
                assert!(tried.borrow().len() < 3, "the third fails");
            });
        }));
        assert!(result.is_err());
        let first = rng::test_seed();
        assert_eq!(tried.into_inner(), [first, first + 1, first + 2]);
        assert_eq!(
            replay("some-lab", 7, "a::b"),
            "cargo xtask replay some-lab --seed 7 a::b"
        );
    }
}
