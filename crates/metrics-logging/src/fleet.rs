//! Services to watch: simulated, with a day's rhythm, a slow trend, noise, and anomalies that are
//! known because they were put in.
//!
//! Chance comes from a seed, so the same seed is the same fleet. The first days have no anomalies: a
//! detector may learn there what is usual.

mod smooth;

use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::ops::Range;

use labkit::rng::Stream;

use crate::config::{DAY, MINUTE};
use crate::point::SeriesKey;

pub use smooth::Smooth;

/// The measurement that all services write.
pub const MEASUREMENT: &str = "service";
/// Days without anomalies.
const QUIET_DAYS: usize = 4;
/// How much of yesterday's noise is still in today's: a service that is busy stays so for a while.
const MEMORY: f64 = 0.5;

/// How services are simulated.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many services.
    pub services: usize,
    /// For how many days.
    pub days: usize,
    /// Nanoseconds from one sample to the next.
    pub step: i64,
    /// When the first is, in nanoseconds since 1970.
    pub start: i64,
}

impl Plan {
    /// How many samples a day has.
    #[must_use]
    pub fn per_day(&self) -> usize {
        usize::try_from(DAY / self.step.max(1))
            .unwrap_or(usize::MAX)
            .max(1)
    }
}

/// What went wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Far above everything, for minutes.
    Spike,
    /// Hardly anything, for half an hour.
    Dip,
    /// A little above what is usual, for hours.
    Shift,
    /// The day's level in the night, come and gone slowly: usual values at an unusual time.
    OutOfSeason,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Spike, Kind::Dip, Kind::Shift, Kind::OutOfSeason];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Spike => "spike",
            Kind::Dip => "dip",
            Kind::Shift => "shift",
            Kind::OutOfSeason => "out of season",
        }
    }

    /// How long it lasts, in minutes.
    fn minutes(self) -> Range<u64> {
        match self {
            Kind::Spike => 3..9,
            Kind::Dip => 20..40,
            Kind::Shift => 120..240,
            Kind::OutOfSeason => 240..360,
        }
    }
}

/// An anomaly: the places of its samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// From the first to the last sample, the end excluded.
    pub samples: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// One field of one service, over time.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Who.
    pub key: SeriesKey,
    /// Which field.
    pub field: &'static str,
    /// A value for each step.
    pub values: Vec<f64>,
    /// What was put in, in order, apart from each other.
    pub anomalies: Vec<Anomaly>,
}

/// All of them.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// How it was made.
    pub plan: Plan,
    /// Two for each service: its CPU in percent, its memory in MB.
    pub traces: Vec<Trace>,
}

/// What a field's values are like.
struct Shape {
    field: &'static str,
    base: f64,
    day: f64,
    trend_per_day: f64,
    noise: f64,
    /// Values are reported in these steps.
    grain: f64,
}

const SHAPES: [Shape; 2] = [
    Shape {
        field: "cpu",
        base: 35.0,
        day: 16.0,
        trend_per_day: 0.15,
        noise: 1.5,
        grain: 0.01,
    },
    Shape {
        field: "memory",
        base: 3000.0,
        day: 500.0,
        trend_per_day: 6.0,
        noise: 40.0,
        grain: 1.0,
    },
];

const ROLES: [&str; 4] = ["web", "api", "db", "queue"];

impl Fleet {
    /// Makes services run; the same seed makes the same ones.
    #[must_use]
    pub fn simulate(plan: Plan, seed: u64) -> Self {
        let mut traces = Vec::new();
        for service in 0..plan.services {
            let role = ROLES[service % ROLES.len()];
            let host = format!("{role}-{}", service / ROLES.len() + 1);
            for shape in &SHAPES {
                let mut chance = Stream::named(seed, &format!("{host} {}", shape.field));
                traces.push(trace(plan, shape, &host, role, &mut chance));
            }
        }
        Fleet { plan, traces }
    }

    /// The time of a step.
    #[must_use]
    pub fn time(&self, step: usize) -> i64 {
        let steps = i64::try_from(step).unwrap_or(i64::MAX);
        self.plan
            .start
            .saturating_add(steps.saturating_mul(self.plan.step))
    }

    /// How many steps there are.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.traces.first().map_or(0, |trace| trace.values.len())
    }

    /// The lines that all services write at these steps.
    #[must_use]
    pub fn lines(&self, steps: Range<usize>) -> String {
        let mut lines = String::new();
        for step in steps {
            for pair in self.traces.chunks(SHAPES.len()) {
                // Writing to a string can't fail.
                let _ = write!(lines, "{} ", pair[0].key);
                for (at, trace) in pair.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    let _ = write!(lines, "{comma}{}={}", trace.field, trace.values[step]);
                }
                let _ = writeln!(lines, " {}", self.time(step));
            }
        }
        lines
    }
}

fn trace(plan: Plan, shape: &Shape, host: &str, role: &str, chance: &mut Stream) -> Trace {
    let per_day = plan.per_day();
    let phase = chance.unit() * 0.2;
    let size = 0.8 + 0.4 * chance.unit();
    let anomalies = anomalies(plan, phase, chance);
    let mut noise = 0.0;
    let mut values = Vec::with_capacity(plan.days * per_day);
    let mut due = anomalies.iter().peekable();
    for step in 0..plan.days * per_day {
        let days = step as f64 / per_day as f64;
        let season = season(days - phase);
        noise = MEMORY * noise + shape.noise * (1.0 - MEMORY * MEMORY).sqrt() * normal(chance);
        let usual = size * (shape.base + shape.day * season + shape.trend_per_day * days);
        while due.next_if(|anomaly| anomaly.samples.end <= step).is_some() {}
        let value = match due.peek().filter(|anomaly| anomaly.samples.contains(&step)) {
            None => usual + noise,
            Some(anomaly) => match anomaly.kind {
                Kind::Spike => usual + noise + size * (shape.day * 2.0 + 4.0 * shape.noise),
                Kind::Dip => usual * 0.1 + noise * 0.2,
                Kind::Shift => usual + noise + 6.0 * shape.noise,
                Kind::OutOfSeason => usual + noise + size * shape.day * 1.6 * slowly(anomaly, step),
            },
        };
        values.push((value.max(0.0) / shape.grain).round() * shape.grain);
    }
    // 0.01 has no exact float: what was rounded is rounded as its text, so that both are the same.
    for value in &mut values {
        *value = format!("{value:.2}").parse().unwrap_or(*value);
    }
    Trace {
        key: SeriesKey::new(MEASUREMENT, &[("host", host), ("role", role)]),
        field: shape.field,
        values,
        anomalies,
    }
}

/// From 0 at an anomaly's ends to 1 in its middle.
fn slowly(anomaly: &Anomaly, step: usize) -> f64 {
    let length = (anomaly.samples.end - anomaly.samples.start) as f64;
    let done = (step - anomaly.samples.start) as f64 / length;
    (done * TAU / 2.0).sin()
}

/// The day's rhythm, from -1 in the night to 1 in the afternoon.
fn season(days: f64) -> f64 {
    // The second harmonic makes the morning steeper than the evening.
    let turn = TAU * days;
    -(0.85 * turn.cos() + 0.15 * (2.0 * turn).cos())
}

/// One anomaly a day after the quiet ones, of each kind in turn, at a time by chance.
fn anomalies(plan: Plan, phase: f64, chance: &mut Stream) -> Vec<Anomaly> {
    let per_day = plan.per_day();
    let mut found = Vec::new();
    let first = chance.index(Kind::ALL.len());
    for day in QUIET_DAYS..plan.days {
        let kind = Kind::ALL[(first + day) % Kind::ALL.len()];
        let minutes = kind.minutes();
        let minutes = minutes.start + chance.below(minutes.end - minutes.start);
        let length = i64::try_from(minutes).unwrap_or(1) * MINUTE / plan.step.max(1);
        let length = usize::try_from(length).unwrap_or(1).max(1);
        // Within the day, and out of season only where the season is low: around its beginning.
        let share = match kind {
            Kind::OutOfSeason => phase + 0.02 * chance.unit(),
            _ => 0.15 + 0.6 * chance.unit(),
        };
        let start = day * per_day + part(share, per_day);
        if start + length < plan.days * per_day {
            found.push(Anomaly {
                samples: start..start + length,
                kind,
            });
        }
    }
    found
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share from 0 to 1 of a length"
)]
fn part(share: f64, length: usize) -> usize {
    (share * length as f64) as usize
}

/// A number from the standard normal distribution (Box and Muller 1958).
fn normal(chance: &mut Stream) -> f64 {
    let (radius, turn) = (1.0 - chance.unit(), chance.unit());
    (-2.0 * radius.ln()).sqrt() * (TAU * turn).cos()
}
