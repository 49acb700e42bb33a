//! The z-score over a window: simple, and blind to what lasts longer than the window.

use std::collections::VecDeque;

use super::Detector;

/// Distance from the mean of the last values, in their standard deviations.
#[derive(Clone, Debug)]
pub struct RollingZ {
    size: usize,
    window: VecDeque<f64>,
    sum: f64,
    squares: f64,
}

impl RollingZ {
    /// A window of `size` values, at least 2.
    #[must_use]
    pub fn new(size: usize) -> Self {
        RollingZ {
            size: size.max(2),
            window: VecDeque::new(),
            sum: 0.0,
            squares: 0.0,
        }
    }

    fn push(&mut self, value: f64) {
        self.window.push_back(value);
        self.sum += value;
        self.squares += value * value;
        if self.window.len() > self.size {
            let old = self.window.pop_front().unwrap_or_default();
            self.sum -= old;
            self.squares -= old * old;
        }
    }
}

impl Detector for RollingZ {
    fn observe(&mut self, value: f64) -> f64 {
        // BEGIN SOLUTION stage 1: compare with the window *before* the value enters it; 0 until it is full
        let count = self.window.len() as f64;
        let mut score = 0.0;
        if self.window.len() == self.size {
            let mean = self.sum / count;
            // What is subtracted from itself may come out a little below zero.
            let variance = (self.squares / count - mean * mean).max(0.0);
            let distance = (value - mean).abs();
            if distance > 0.0 {
                score = distance / variance.sqrt().max(mean.abs() * 1e-9);
            }
        }
        self.push(value);
        score
        // END SOLUTION
    }
}
