//! Exponentially distributed numbers: the gaps of a Poisson process, the work of an M/M/1 server.
//!
//! A simulated request needs two or three of them, and a library's logarithm was a seventh of its time.

use std::f64::consts::LN_2;

/// Bits of the significand that choose a place of the table.
const PLACE_BITS: u32 = 8;

/// Draws by minus the logarithm of a uniform number, from a table and a short series.
#[derive(Clone, Debug)]
pub struct Exponential {
    /// For the middle of each stretch between 1 and 2: its inverse, its logarithm.
    table: Vec<(f64, f64)>,
}

impl Exponential {
    /// Fills the table.
    #[must_use]
    pub fn new() -> Self {
        let places = 1 << PLACE_BITS;
        let middle = |place: u32| 1.0 + (f64::from(place) + 0.5) / f64::from(places);
        let entry = |place: u32| (1.0 / middle(place), middle(place).ln());
        Exponential {
            table: (0..places).map(entry).collect(),
        }
    }

    /// The number, of mean 1, that 64 random bits stand for.
    #[must_use]
    pub fn draw(&self, bits: u64) -> f64 {
        // 53 bits are what an f64 holds exactly. Never 0, whose logarithm nobody wants.
        let unit = ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        // BEGIN SOLUTION stage 2: minus the logarithm; `unit.ln()` will do, a table is faster
        let raw = unit.to_bits();
        let halvings = (1023 - (raw >> 52)) as f64;
        let significand = f64::from_bits(raw & ((1 << 52) - 1) | 1023 << 52);
        let place = (raw >> (52 - PLACE_BITS)) & ((1 << PLACE_BITS) - 1);
        let (inverse, ln) = self.table[place as usize];
        // ln(significand) = ln(middle) + ln(1 + r), and r is below 2^-9: five terms are enough.
        let r = significand * inverse - 1.0;
        let series =
            r * (1.0 - r * (1.0 / 2.0 - r * (1.0 / 3.0 - r * (1.0 / 4.0 - r * (1.0 / 5.0)))));
        halvings * LN_2 - ln - series
        // END SOLUTION
    }
}

impl Default for Exponential {
    fn default() -> Self {
        Self::new()
    }
}
