//! The clock that says since when a lock is held.
//!
//! It is read at every acquisition, so it has to be cheap before it has to be fine: the kernel's coarse
//! clock costs a sixth of the precise one and is at most one tick (1 to 10 ms) late. How long somebody
//! has been in a deadlock is a question of seconds.

#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "the coarse clock is a call of the C library")
)]

/// Nanoseconds since some fixed moment.
#[cfg(target_os = "linux")]
#[inline]
pub(crate) fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a timespec of our own, and the call writes nothing else. It can't fail for
    // a clock that every Linux has; if it did, the time would be zero.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut time) };
    // The two are read one by one: as a pair they would wait for the two stores just made.
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

/// Nanoseconds since the first call.
#[cfg(not(target_os = "linux"))]
pub(crate) fn now() -> u64 {
    use std::sync::OnceLock;

    use labkit::clock::Stopwatch;

    static START: OnceLock<Stopwatch> = OnceLock::new();
    let since = START.get_or_init(Stopwatch::start).elapsed();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
