//! Forecasts by exponential smoothing: a level, a damped trend, and a season if there is one.
//!
//! Holt (1957) and Winters (1960), additive; the trend is damped as Gardner and McKenzie (1985)
//! found best. Both models run side by side, and the one that was less wrong of late is believed: on
//! traffic without a season, Winters' model would take the last day's noise for one.

use std::collections::VecDeque;

/// How quickly new values replace old ones, each between 0 (never) and 1 (at once).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smoothing {
    /// For the level.
    pub level: f64,
    /// For the trend.
    pub trend: f64,
    /// For the season.
    pub season: f64,
    /// How much of the trend is left after one step.
    pub damping: f64,
}

/// Holt's model, and Winters' if its season isn't empty.
#[derive(Clone, Debug)]
pub struct Model {
    smoothing: Smoothing,
    level: f64,
    trend: f64,
    /// By how much each place of the season lies above the level; the plain values at first.
    season: Vec<f64>,
    seen: usize,
}

impl Model {
    /// A model that knows nothing; a season of no steps means that there is none.
    #[must_use]
    pub fn new(smoothing: Smoothing, season: usize) -> Self {
        Model {
            smoothing,
            level: 0.0,
            trend: 0.0,
            season: vec![0.0; season],
            seen: 0,
        }
    }

    /// Whether it has seen enough to be asked: one value, or one whole season.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.seen >= self.season.len().max(1)
    }

    /// Takes in the next value.
    pub fn observe(&mut self, value: f64) {
        let place = self.seen.checked_rem(self.season.len());
        let first = !self.is_ready();
        // BEGIN SOLUTION stage 5: the first season is only kept; then level, trend and season follow
        match place {
            Some(place) if first => self.season[place] = value,
            None if first => self.level = value,
            _ => self.follow(value, place),
        }
        // END SOLUTION
        self.seen += 1;
        if first && self.is_ready() && !self.season.is_empty() {
            let mean = self.season.iter().sum::<f64>() / self.season.len() as f64;
            self.level = mean;
            self.season.iter_mut().for_each(|value| *value -= mean);
        }
    }

    // BEGIN SOLUTION ITEMS stage 5: the three equations of Holt and Winters
    fn follow(&mut self, value: f64, place: Option<usize>) {
        let Smoothing {
            level: alpha,
            trend: beta,
            season: gamma,
            damping,
        } = self.smoothing;
        let seasonal = place.map_or(0.0, |place| self.season[place]);
        let (before, carried) = (self.level, damping * self.trend);
        self.level = alpha * (value - seasonal) + (1.0 - alpha) * (before + carried);
        self.trend = beta * (self.level - before) + (1.0 - beta) * carried;
        if let Some(place) = place {
            self.season[place] += gamma * (value - self.level - seasonal);
        }
    }
    // END SOLUTION

    /// Puts the level where the last value was, with this trend.
    fn jump(&mut self, value: f64, trend: f64) {
        let place = (self.seen.saturating_sub(1)).checked_rem(self.season.len());
        self.level = value - place.map_or(0.0, |place| self.season[place]);
        self.trend = trend;
    }

    /// The value expected `steps` (at least one) after the last.
    #[must_use]
    pub fn ahead(&self, steps: usize) -> f64 {
        // BEGIN SOLUTION stage 5: the level, what is left of the trend, and the place in the season
        let mut trend = 0.0;
        let mut carried = self.trend;
        for _ in 0..steps {
            carried *= self.smoothing.damping;
            trend += carried;
        }
        let place = (self.seen + steps).saturating_sub(1);
        let seasonal = place.checked_rem(self.season.len());
        self.level + trend + seasonal.map_or(0.0, |place| self.season[place])
        // END SOLUTION
    }
}

/// How much of the judgement on a model its latest error makes up.
const JUDGEMENT: f64 = 0.05;

/// An error of so many times the usual one counts as no more than that: one surprise shouldn't be
/// feared for an hour.
const SURPRISE: f64 = 4.0;

/// Smaller errors than this share of the value count as this large.
const LEAST_ERROR: f64 = 1e-3;

/// A model and how wrong it has been.
#[derive(Clone, Debug)]
struct Judged {
    model: Model,
    horizon: usize,
    /// Forecasts that can't be judged yet, the oldest first.
    pending: VecDeque<f64>,
    /// The mean absolute error of late; none before the first.
    error: Option<f64>,
    /// The last value.
    last: f64,
    /// Whether the last value was a surprise, and in which direction: 1, 0 or -1.
    surprised: f64,
}

impl Judged {
    fn observe(&mut self, value: f64) {
        self.judge(value);
        let expected = self.model.is_ready().then(|| self.model.ahead(1));
        self.model.observe(value);
        if let Some(expected) = expected {
            self.mind_surprise(value, expected);
        }
        if self.model.is_ready() {
            self.pending.push_back(self.model.ahead(self.horizon));
        }
        self.last = value;
    }

    /// Compares with what was forecast for now.
    fn judge(&mut self, value: f64) {
        if self.pending.len() == self.horizon
            && let Some(forecast) = self.pending.pop_front()
        {
            let error = (value - forecast).abs();
            self.error = Some(self.error.map_or(error, |usual| {
                let error = error.min(SURPRISE * usual.max(LEAST_ERROR * value));
                usual + JUDGEMENT * (error - usual)
            }));
        }
    }

    /// What is much further off than usual is no noise: the level jumps there at once, and a second
    /// such value in a row is a trend.
    fn mind_surprise(&mut self, value: f64, expected: f64) {
        let Some(usual) = self.error else {
            return;
        };
        let off = value - expected;
        let is_surprise = off.abs() > SURPRISE * usual.max(LEAST_ERROR * value);
        let direction = if is_surprise { off.signum() } else { 0.0 };
        if is_surprise {
            let again = direction == self.surprised;
            let trend = if again { value - self.last } else { 0.0 };
            self.model.jump(value, trend);
        }
        self.surprised = direction;
    }
}

/// Holt's and Winters' models over the same series, and which of them to believe.
#[derive(Clone, Debug)]
pub struct Forecaster {
    plain: Judged,
    seasonal: Option<Judged>,
}

/// A mean absolute error is this part of a standard deviation, if errors are normal: √(2/π).
const ABSOLUTE_TO_STANDARD: f64 = 0.797_884_560_802_865_4;

impl Forecaster {
    /// Judges by forecasts `horizon` steps ahead (at least one); `season` is the length of a season
    /// in steps, if the series may have one.
    #[must_use]
    pub fn new(
        horizon: usize,
        plain: Smoothing,
        seasonal: Smoothing,
        season: Option<usize>,
    ) -> Self {
        let judged = |model| Judged {
            model,
            horizon: horizon.max(1),
            pending: VecDeque::new(),
            error: None,
            last: 0.0,
            surprised: 0.0,
        };
        Forecaster {
            plain: judged(Model::new(plain, 0)),
            seasonal: season.map(|season| judged(Model::new(seasonal, season))),
        }
    }

    /// Takes in the next value.
    pub fn observe(&mut self, value: f64) {
        self.plain.observe(value);
        if let Some(seasonal) = &mut self.seasonal {
            seasonal.observe(value);
        }
    }

    /// The value expected `steps` after the last.
    #[must_use]
    pub fn ahead(&self, steps: usize) -> f64 {
        self.believed().model.ahead(steps)
    }

    /// The standard deviation of the believed model's errors, `horizon` steps ahead.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        self.believed().error.unwrap_or(0.0) / ABSOLUTE_TO_STANDARD
    }

    fn believed(&self) -> &Judged {
        match &self.seasonal {
            Some(seasonal) if seasonal.error.is_some() && seasonal.error < self.plain.error => {
                seasonal
            }
            _ => &self.plain,
        }
    }
}
