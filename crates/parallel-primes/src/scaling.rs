//! What a measured speed-up says about the part of the work that doesn't run in parallel.
//!
//! Amdahl (1967) asks how much faster the same work gets with p processors, Gustafson (1988) how much
//! more work gets done in the same time; Karp and Flatt (1990) turn a measured speed-up round into
//! the serial fraction that would explain it. If that grows with p, it isn't serial work that limits
//! but overhead: starting, waiting, or a shared memory bus.

/// A measured speed-up, or scaled speed-up, on a number of processors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// How many processors.
    pub processors: f64,
    /// How many times as fast as one.
    pub speedup: f64,
}

/// The speed-up of a fixed piece of work of which `serial` (0 to 1) can't be shared.
#[must_use]
pub fn amdahl(serial: f64, processors: f64) -> f64 {
    // BEGIN SOLUTION stage 5: the time on one processor is 1; what is it on p?
    1.0 / (serial + (1.0 - serial) / processors)
    // END SOLUTION
}

/// The scaled speed-up of work that grows with the processors, whose run spends `serial` (0 to 1) of
/// its time alone.
#[must_use]
pub fn gustafson(serial: f64, processors: f64) -> f64 {
    // BEGIN SOLUTION stage 5: the time on p processors is 1; how long would one take?
    processors - serial * (processors - 1.0)
    // END SOLUTION
}

/// The experimentally determined serial fraction of Karp and Flatt; none for one processor. Below
/// zero means a speed-up beyond the number of processors, which caches can give.
#[must_use]
pub fn karp_flatt(point: Point) -> Option<f64> {
    // BEGIN SOLUTION stage 5: solve Amdahl's law for the serial fraction
    let share = 1.0 / point.processors;
    (point.processors > 1.0).then(|| (1.0 / point.speedup - share) / (1.0 - share))
    // END SOLUTION
}

/// The serial fraction with which [`amdahl`] fits the points best (least squares of the relative
/// time, in which the law is linear), held within 0 to 1; zero if no point has several processors.
#[must_use]
pub fn fit_amdahl(points: &[Point]) -> f64 {
    // 1/S - 1/p = f (1 - 1/p)
    fit(points.iter().map(|point| {
        let share = 1.0 / point.processors;
        (1.0 - share, 1.0 / point.speedup - share)
    }))
}

/// The serial fraction with which [`gustafson`] fits the scaled speed-ups best (least squares), held
/// within 0 to 1; zero if no point has several processors.
#[must_use]
pub fn fit_gustafson(points: &[Point]) -> f64 {
    // p - S = f (p - 1)
    fit(points
        .iter()
        .map(|point| (point.processors - 1.0, point.processors - point.speedup)))
}

/// The slope of the line through the origin that fits the points (x, y) best.
fn fit(points: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (xy, xx) = points.fold((0.0, 0.0), |(xy, xx), (x, y)| (xy + x * y, xx + x * x));
    if xx == 0.0 {
        0.0
    } else {
        (xy / xx).clamp(0.0, 1.0)
    }
}
