//! What there is to replicate: objects, their sizes, and the home of each.

use crate::error::{Error, within};
use crate::topology::as_u8;

/// The most objects of a catalogue.
pub const MOST_OBJECTS: usize = 1_000_000;

/// Objects 0 to `len - 1`. Each has a home, which always holds it and puts its writes in order.
#[derive(Clone, Debug)]
pub struct Catalogue {
    sizes: Vec<u32>,
    homes: Vec<u8>,
    nodes: usize,
}

impl Catalogue {
    /// So many objects of `mean_bytes` on average (an eighth to fifteen eighths of it), homes by hash.
    ///
    /// # Errors
    /// If there are no objects or too many, or they have no size.
    pub fn new(objects: usize, mean_bytes: f64, nodes: usize) -> Result<Self, Error> {
        if objects == 0 {
            return Err(Error::EmptyCatalogue);
        }
        const OBJECTS: &str = "1 to 1,000,000 objects";
        within(
            "--objects",
            objects as f64,
            (1.0, MOST_OBJECTS as f64),
            OBJECTS,
        )?;
        within("the size", mean_bytes, (8.0, 1e8), "8 to 100,000,000 bytes")?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most fifteen eighths of 1e8"
        )]
        let size = |object: u64| (mean_bytes * (1 + spread(object) % 15) as f64 / 8.0) as u32;
        let home = |object: u64| as_u8((((spread(object) >> 32) * nodes as u64) >> 32) as usize);
        Ok(Catalogue {
            sizes: (0..objects as u64).map(size).collect(),
            homes: (0..objects as u64).map(home).collect(),
            nodes,
        })
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// Never: a catalogue has an object at least.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// How many nodes share it.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// All objects.
    pub fn objects(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.sizes.len()).expect("at most a million objects")
    }

    /// An object's size in bytes.
    #[must_use]
    pub fn size(&self, object: u32) -> u32 {
        self.sizes[object as usize]
    }

    /// The size of all of them together, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.sizes.iter().map(|size| u64::from(*size)).sum()
    }

    /// The node that always holds an object.
    #[must_use]
    pub fn home(&self, object: u32) -> usize {
        usize::from(self.homes[object as usize])
    }
}

/// A number that looks random and belongs to another: the finalizer of `SplitMix64` (Steele, Lea and
/// Flood, 2014).
#[must_use]
pub fn spread(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
