//! What is paid, in dollars: for waiting, for bytes between regions, for bytes kept.

/// Seconds of the month that storage is billed by: 30 days.
const MONTH_S: f64 = 30.0 * 24.0 * 3600.0;

/// A gigabyte, as it is billed.
const GIGABYTE: f64 = 1e9;

/// Three prices. With them read gain and write cost can be weighed against each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// For an hour of a user's waiting.
    pub waiting_hour: f64,
    /// For a gigabyte from region to region.
    pub transfer_gb: f64,
    /// For a gigabyte kept for a month.
    pub storage_gb_month: f64,
}

impl Default for Price {
    /// Bytes cost what Amazon lists for S3 standard storage and for traffic between regions of the
    /// United States. What waiting costs is an opinion: ten cents make the mean round trip of the
    /// comparison about as dear as its mean object.
    fn default() -> Self {
        Price {
            waiting_hour: 0.10,
            transfer_gb: 0.02,
            storage_gb_month: 0.023,
        }
    }
}

impl Price {
    /// For waiting so many seconds.
    #[must_use]
    pub fn waiting(&self, seconds: f64) -> f64 {
        seconds * self.waiting_hour / 3600.0
    }

    /// For bringing so many bytes into another region.
    #[must_use]
    pub fn transfer(&self, bytes: f64) -> f64 {
        bytes * self.transfer_gb / GIGABYTE
    }

    /// For keeping so many bytes for so many seconds.
    #[must_use]
    pub fn storage(&self, bytes: f64, seconds: f64) -> f64 {
        bytes * seconds * self.storage_gb_month / GIGABYTE / MONTH_S
    }
}
