//! Detectors: which sample doesn't look like the others?
//!
//! Each sees one value after another and says at once how unusual it is, in standard deviations of
//! what it takes for usual: for one the last two hours, for another an average that forgets, for the
//! third the same time of day on other days. None sees the future, none knows what was put in.

mod ewma;
mod rolling;
pub mod score;
mod seasonal;

pub use ewma::Ewma;
pub use rolling::RollingZ;
pub use seasonal::SeasonalMedian;

/// Says of every value how unusual it is.
pub trait Detector {
    /// How many standard deviations a value is from what is usual; 0 while too little is known.
    fn observe(&mut self, value: f64) -> f64;
}

/// Which detector, with what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Method {
    /// The mean and deviation of a window that moves along
    RollingZ,
    /// An exponentially weighted moving average, and that of its errors
    Ewma,
    /// The median and median deviation of the same time on other days
    SeasonalMedian,
}

impl Method {
    /// All of them.
    pub const ALL: [Method; 3] = [Method::RollingZ, Method::Ewma, Method::SeasonalMedian];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::RollingZ => "rolling z-score",
            Method::Ewma => "EWMA",
            Method::SeasonalMedian => "seasonal median",
        }
    }

    /// The method with this name, as the command line has it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        <Self as clap::ValueEnum>::from_str(name, true).ok()
    }

    /// Above how many deviations a value is unusual. They were chosen on seeds 1000 to 1005, where each
    /// detector had its best F1; what is reported is about other seeds.
    #[must_use]
    pub fn threshold(self) -> f64 {
        match self {
            Method::RollingZ => 4.5,
            Method::Ewma => 5.0,
            Method::SeasonalMedian => 6.0,
        }
    }

    /// A detector for values of which a day has `per_day`.
    #[must_use]
    pub fn build(self, per_day: usize) -> Box<dyn Detector> {
        match self {
            // Two hours.
            Method::RollingZ => Box::new(RollingZ::new(per_day / 12)),
            Method::Ewma => Box::new(Ewma::new(0.1)),
            Method::SeasonalMedian => Box::new(SeasonalMedian::new(per_day, 7)),
        }
    }

    /// Which of these values are unusual.
    #[must_use]
    pub fn flags(self, values: &[f64], per_day: usize) -> Vec<bool> {
        let mut detector = self.build(per_day);
        let threshold = self.threshold();
        values
            .iter()
            .map(|value| detector.observe(*value) > threshold)
            .collect()
    }
}
