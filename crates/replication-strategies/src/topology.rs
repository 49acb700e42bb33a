//! Where the nodes are, how far apart, and how wide the links between them.

use crate::error::Error;
use crate::placement::NodeSet;

/// The most nodes: a [`NodeSet`] has 16 bits.
pub const MOST_NODES: usize = 16;

/// The regions whose distances are known.
pub const REGIONS: [&str; 10] = [
    "dallas",
    "toronto",
    "washington",
    "frankfurt",
    "london",
    "madrid",
    "osaka",
    "sydney",
    "tokyo",
    "sao-paulo",
];

/// Mean round trips between them in milliseconds, from the row's region to the column's, as IBM Cloud
/// published them for 17 August to 15 September 2024 (documentation of Virtual Private Cloud, "Network
/// latency dashboards").
const ROUND_TRIP_MS: [[u64; 10]; 10] = [
    [0, 34, 31, 123, 113, 117, 150, 185, 143, 145],
    [34, 0, 19, 92, 82, 109, 169, 215, 161, 130],
    [32, 20, 0, 91, 76, 88, 173, 214, 166, 118],
    [123, 93, 91, 0, 13, 29, 232, 250, 228, 197],
    [113, 83, 75, 13, 0, 27, 244, 261, 242, 187],
    [121, 109, 90, 29, 27, 0, 259, 275, 256, 207],
    [151, 168, 175, 232, 244, 258, 0, 122, 9, 292],
    [186, 214, 216, 250, 261, 275, 122, 0, 115, 327],
    [143, 162, 166, 231, 242, 257, 9, 115, 0, 284],
    [146, 130, 119, 198, 187, 205, 290, 328, 285, 0],
];

/// Nodes and the links between each two of them.
#[derive(Clone, Debug)]
pub struct Topology {
    names: Vec<String>,
    /// From node `a` to node `b`, at `a * nodes + b`.
    one_way_ns: Vec<u64>,
    /// For each node all nodes, the nearest (itself) first.
    nearest: Vec<u8>,
    ns_per_byte: f64,
}

impl Topology {
    /// A node in each of the named regions, and links of `mbit` megabits per second each way.
    ///
    /// # Errors
    /// If a region isn't known, is named twice, or there is none.
    pub fn of_regions<S: AsRef<str>>(names: &[S], mbit: f64) -> Result<Self, Error> {
        let mut places: Vec<usize> = Vec::new();
        for name in names.iter().map(AsRef::as_ref) {
            let place = REGIONS.iter().position(|region| *region == name);
            let place = place.ok_or_else(|| Error::NoSuchRegion { name: name.into() })?;
            if places.contains(&place) {
                return Err(Error::Twice { name: name.into() });
            }
            places.push(place);
        }
        let names = places.iter().map(|at| REGIONS[*at].to_owned()).collect();
        let pairs = places
            .iter()
            .flat_map(|from| places.iter().map(|to| ROUND_TRIP_MS[*from][*to]));
        // Half of a round trip there, half of it back.
        Self::new(names, pairs.map(|ms| ms * 500_000).collect(), mbit)
    }

    /// Named nodes with the one-way latency of each pair, row by row, in nanoseconds.
    ///
    /// # Errors
    /// If there are no nodes or too many, or the bandwidth isn't above zero.
    ///
    /// # Panics
    /// If there isn't one latency for each pair.
    pub fn new(names: Vec<String>, one_way_ns: Vec<u64>, mbit: f64) -> Result<Self, Error> {
        let nodes = names.len();
        if !(1..=MOST_NODES).contains(&nodes) {
            return Err(Error::Nodes { given: nodes });
        }
        assert_eq!(one_way_ns.len(), nodes * nodes, "a latency for each pair");
        if !(mbit.is_finite() && mbit > 0.0) {
            return Err(Error::Number {
                name: "the bandwidth",
                given: mbit,
                range: "a number of Mbit/s above zero",
            });
        }
        let nearest = (0..nodes)
            .flat_map(|node| {
                let mut others: Vec<u8> = (0..nodes).map(as_u8).collect();
                // Stable: of two equally near ones, the lower number.
                others.sort_by_key(|other| {
                    let other = usize::from(*other);
                    (other != node, one_way_ns[node * nodes + other])
                });
                others
            })
            .collect();
        Ok(Topology {
            names,
            one_way_ns,
            nearest,
            ns_per_byte: 8_000.0 / mbit,
        })
    }

    /// How many nodes there are.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.names.len()
    }

    /// A node's name.
    ///
    /// # Errors
    /// If there is no such node.
    pub fn name(&self, node: usize) -> Result<&str, Error> {
        let name = self.names.get(node).map(String::as_str);
        name.ok_or(Error::NoSuchNode {
            node,
            nodes: self.nodes(),
        })
    }

    /// How long the first byte takes from one node to another, in nanoseconds.
    #[must_use]
    pub fn one_way_ns(&self, from: usize, to: usize) -> u64 {
        self.one_way_ns[from * self.nodes() + to]
    }

    /// How long there and back takes, in nanoseconds.
    #[must_use]
    pub fn round_trip_ns(&self, from: usize, to: usize) -> u64 {
        self.one_way_ns(from, to) + self.one_way_ns(to, from)
    }

    /// How long a link is busy with one byte, in nanoseconds.
    #[must_use]
    pub fn ns_per_byte(&self) -> f64 {
        self.ns_per_byte
    }

    /// How long a link is busy with so many bytes, in nanoseconds.
    #[must_use]
    pub fn transmission_ns(&self, bytes: u64) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time above zero, whole nanoseconds are wanted"
        )]
        let ns = (bytes as f64 * self.ns_per_byte) as u64;
        ns
    }

    /// All nodes, seen from one: itself, then by distance.
    pub fn by_distance(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let nodes = self.nodes();
        let row = &self.nearest[node * nodes..(node + 1) * nodes];
        row.iter().map(|other| usize::from(*other))
    }

    /// The nearest of a set of nodes; none of an empty one.
    #[must_use]
    pub fn nearest_of(&self, node: usize, set: NodeSet) -> Option<usize> {
        // BEGIN SOLUTION stage 1: whom would you ask first?
        self.by_distance(node).find(|other| set.has(*other))
        // END SOLUTION
    }
}

/// A node's number where it is stored.
///
/// # Panics
/// If it isn't below 256; there are at most [`MOST_NODES`].
#[must_use]
pub fn as_u8(node: usize) -> u8 {
    u8::try_from(node).expect("at most sixteen nodes")
}
