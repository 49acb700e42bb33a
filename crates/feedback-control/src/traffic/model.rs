//! Traffic that is made up: four shapes that a controller meets, all with a little noise.

use labkit::rng::Stream;

use super::{MAX_CYCLES, Trace, check_rate};
use crate::error::Error;

/// How many cycles a day of the diurnal model has; an hour stands for a day.
pub const DAY: usize = 240;

/// Noise on every cycle's rate: its standard deviation, as a share.
const NOISE: f64 = 0.02;

/// How far a cycle of the random model moves, in logarithms, and how strongly it is drawn back.
const WANDER: (f64, f64) = (0.02, 0.003);

/// How long a level of the step model lasts at least, in cycles, and by how much it may last longer.
const PLATEAU: (u64, u64) = (120, 120);

/// How often flash crowds come at most, in cycles, and how many cycles one takes to arrive.
const CROWD: (u64, usize) = (600, 8);

/// After so many cycles half of a flash crowd has gone.
const CROWD_HALF_LIFE: f64 = 20.0;

/// A shape of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Model {
    /// A random walk that is drawn back to its mean
    Random,
    /// A day and a night, every day a little different
    Diurnal,
    /// Quiet, then up to five times as much within two minutes
    FlashCrowd,
    /// Levels that last, and jumps between them
    Step,
}

impl Model {
    /// All of them.
    pub const ALL: [Model; 4] = [
        Model::Random,
        Model::Diurnal,
        Model::FlashCrowd,
        Model::Step,
    ];

    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Model::Random => "random",
            Model::Diurnal => "diurnal",
            Model::FlashCrowd => "flash crowd",
            Model::Step => "step",
        }
    }

    /// A trace of this shape around `base` requests per second.
    ///
    /// # Errors
    /// If there are no cycles or too many, or the base isn't a rate.
    pub fn generate(self, cycles: usize, base: f64, chance: &mut Stream) -> Result<Trace, Error> {
        check_rate(base)?;
        if !(1..=MAX_CYCLES).contains(&cycles) {
            return Err(Error::Cycles { given: cycles });
        }
        let (shape, steps) = match self {
            Model::Random => (random(cycles, chance), Vec::new()),
            Model::Diurnal => (diurnal(cycles, chance), Vec::new()),
            Model::FlashCrowd => (flash_crowd(cycles, chance), Vec::new()),
            Model::Step => step(cycles, chance),
        };
        let rates = shape
            .into_iter()
            .map(|level| base * level * (1.0 + NOISE * normal(chance)).max(0.0))
            .collect();
        let mut trace = Trace::new(self.name(), rates)?;
        trace.steps = steps;
        Ok(trace)
    }
}

/// A draw from the standard normal distribution, without its rare far tails: the sum of twelve
/// uniform draws. It needs no function whose last digit depends on the platform.
fn normal(chance: &mut Stream) -> f64 {
    (0..12).map(|_| chance.unit()).sum::<f64>() - 6.0
}

/// An Ornstein-Uhlenbeck process in the logarithm of the level.
fn random(cycles: usize, chance: &mut Stream) -> Vec<f64> {
    let mut log = 0.0;
    (0..cycles)
        .map(|_| {
            log += WANDER.0 * normal(chance) - WANDER.1 * log;
            f64::exp(log)
        })
        .collect()
}

/// A sine with a second harmonic (the evening's peak), whose height differs from day to day.
fn diurnal(cycles: usize, chance: &mut Stream) -> Vec<f64> {
    let mut height = 1.0;
    (0..cycles)
        .map(|cycle| {
            if cycle % DAY == 0 {
                height = 1.0 + 0.1 * (2.0 * chance.unit() - 1.0);
            }
            let turn = std::f64::consts::TAU * (cycle % DAY) as f64 / DAY as f64;
            height * (1.0 - 0.6 * turn.cos() - 0.15 * (2.0 * turn).sin())
        })
        .collect()
}

/// A quiet level, and now and then a crowd that comes within two minutes and loses interest slowly.
fn flash_crowd(cycles: usize, chance: &mut Stream) -> Vec<f64> {
    let half_life = 0.5_f64.powf(1.0 / CROWD_HALF_LIFE);
    let mut next = CROWD.0 / 4 + chance.below(CROWD.0 / 4);
    let (mut crowd, mut coming, mut cycles_to_come) = (0.0, 0.0, 0);
    (0..cycles as u64)
        .map(|cycle| {
            if cycle == next {
                coming = 1.5 + 2.5 * chance.unit();
                cycles_to_come = CROWD.1;
                next += CROWD.0 + chance.below(CROWD.0 / 2);
            }
            if cycles_to_come > 0 {
                crowd += coming / CROWD.1 as f64;
                cycles_to_come -= 1;
            } else {
                crowd *= half_life;
            }
            1.0 + crowd
        })
        .collect()
}

/// Levels between a half and twice the base, and where each of them begins.
fn step(cycles: usize, chance: &mut Stream) -> (Vec<f64>, Vec<usize>) {
    let (mut shape, mut steps) = (Vec::with_capacity(cycles), Vec::new());
    let mut level = 1.0;
    let mut left = PLATEAU.0;
    for cycle in 0..cycles {
        if left == 0 {
            steps.push(cycle);
            // A jump that is one: a third up or down at least.
            let factor = 1.33 + 0.67 * chance.unit();
            let up = if level < 0.75 {
                true
            } else {
                level < 1.5 && chance.below(2) == 0
            };
            level *= if up { factor } else { 1.0 / factor };
            left = PLATEAU.0 + chance.below(PLATEAU.1);
        }
        left -= 1;
        shape.push(level);
    }
    (shape, steps)
}
