//! From values to positions, and the round numbers at which an axis is marked.

/// About as many marks as an axis can carry without crowding.
const MARKS: f64 = 6.0;

/// Maps values onto positions along one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
    /// Only whole numbers lie on it: workers, nodes, rounds. There is nothing at one and a half.
    whole: bool,
}

impl Scale {
    /// A scale on which all `values` lie between the positions `from` and `to`. A linear scale of
    /// bars (`zero`) starts at zero, since a bar's length is its value.
    pub(super) fn over(
        values: impl Iterator<Item = f64>,
        (from, to): (f64, f64),
        log: bool,
        zero: bool,
    ) -> Self {
        let usable = values.filter(|value| value.is_finite() && (!log || *value > 0.0));
        let mut whole = true;
        let (mut low, mut high) = usable
            .inspect(|value| whole &= value.fract() == 0.0)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |range, value| {
                (range.0.min(value), range.1.max(value))
            });
        if low > high {
            (low, high) = (1.0, 10.0);
        }
        if zero && !log {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        if low == high {
            (low, high) = if log {
                (low / 2.0, high * 2.0)
            } else {
                (low, high + low.abs().max(1.0))
            };
        }
        Scale {
            low,
            high,
            from,
            to,
            log,
            whole,
        }
    }

    /// The position of a value.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(f64::MIN_POSITIVE).ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + share * (self.to - self.from)
    }

    /// The values to mark: powers of ten on a logarithmic scale (1-2-5 within few decades), else
    /// multiples of a round step.
    pub(super) fn marks(&self) -> Vec<f64> {
        if self.log {
            return self.decades();
        }
        let least = if self.whole { 1.0 } else { 0.0 };
        let raw = ((self.high - self.low) / MARKS).max(least);
        let power = 10_f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .map(|factor| factor * power)
            .into_iter()
            .find(|step| *step >= raw * 0.999)
            .unwrap_or(power * 10.0);
        let mut marks = Vec::new();
        let mut at = (self.low / step).ceil() * step;
        while at <= self.high + step * 1e-9 {
            // A zero that rounding made into 1e-17 is a zero.
            marks.push(if at.abs() < step * 1e-9 { 0.0 } else { at });
            at += step;
        }
        marks
    }

    fn decades(&self) -> Vec<f64> {
        let wide = (self.high / self.low).log10() > 3.0;
        let factors: &[f64] = if wide { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let mut power = 10_f64.powf(self.low.log10().floor());
        let mut marks = Vec::new();
        while power <= self.high * 1.001 {
            marks.extend(
                factors
                    .iter()
                    .map(|factor| factor * power)
                    .filter(|mark| *mark >= self.low * 0.999 && *mark <= self.high * 1.001),
            );
            power *= 10.0;
        }
        // More decades than marks fit: every second, third ... one.
        let every = marks.len().div_ceil(10).max(1);
        marks.into_iter().step_by(every).collect()
    }
}

/// A number as a person would write it at an axis: 1.5M, 20k, 0.25.
pub(crate) fn label(value: f64) -> String {
    let (scaled, suffix) = match value.abs() {
        size if size >= 1e15 => return format!("{value:.0e}"),
        size if size >= 1e12 => (value / 1e12, "T"),
        size if size >= 1e9 => (value / 1e9, "G"),
        size if size >= 1e6 => (value / 1e6, "M"),
        size if size >= 1e4 => (value / 1e3, "k"),
        size if size > 0.0 && size < 1e-3 => return format!("{value:.0e}"),
        _ => (value, ""),
    };
    let digits = match scaled.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{scaled:.digits$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text}{suffix}")
}
