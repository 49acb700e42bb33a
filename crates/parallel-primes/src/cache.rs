//! How large this machine's data caches are, which decides how large a segment may be.

use std::fs;
use std::path::Path;

/// Where Linux describes the first processor's caches.
const SYSFS: &str = "/sys/devices/system/cpu/cpu0/cache";

/// Sizes of one core's data caches, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caches {
    /// First level, data.
    pub l1: usize,
    /// Second level.
    pub l2: usize,
}

impl Caches {
    /// What every x86-64 and ARM server of the last decade has at least; used where the system
    /// doesn't say.
    pub const FALLBACK: Caches = Caches {
        l1: 32 << 10,
        l2: 256 << 10,
    };

    /// Reads the sizes from the system, each replaced by its fallback where it isn't told.
    #[must_use]
    pub fn detect() -> Self {
        Self::read(Path::new(SYSFS))
    }

    /// Reads a folder laid out as Linux does: `index0/level`, `index0/type`, `index0/size`, ….
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        let mut caches = Self::FALLBACK;
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let field = |name| fs::read_to_string(entry.path().join(name)).unwrap_or_default();
            let size = parse_size(field("size").trim());
            match (field("level").trim(), field("type").trim(), size) {
                ("1", "Data" | "Unified", Some(size)) => caches.l1 = size,
                ("2", "Data" | "Unified", Some(size)) => caches.l2 = size,
                _ => {}
            }
        }
        caches
    }
}

/// `48K` or `2M` in bytes; nothing of zero, which some virtual machines report.
fn parse_size(text: &str) -> Option<usize> {
    let (digits, unit) = match text.strip_suffix(['K', 'M']) {
        Some(digits) if text.ends_with('M') => (digits, 1 << 20),
        Some(digits) => (digits, 1 << 10),
        None => (text, 1),
    };
    let size = digits.parse::<usize>().ok()?.checked_mul(unit)?;
    (size > 0).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_linux_writes_them() {
        assert_eq!(parse_size("48K"), Some(48 << 10));
        assert_eq!(parse_size("2M"), Some(2 << 20));
        assert_eq!(parse_size("512"), Some(512));
        assert_eq!(parse_size("0K"), None);
        assert_eq!(parse_size("many"), None);
        assert_eq!(parse_size("99999999999999999999K"), None);
    }

    #[test]
    fn a_machine_that_says_nothing_gets_the_fallback() {
        assert_eq!(Caches::read(Path::new("/nowhere")), Caches::FALLBACK);
    }
}
