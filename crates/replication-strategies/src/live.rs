//! The live form: node processes that keep real files, and links that take as long as distance does.
//!
//! Every node is this program again, a small server on the loopback with a folder of its own. Between
//! each two of them stands a link: a relay that holds every byte back until it may have arrived. The
//! [`Director`](crate::director::Director) is the simulator's; clients ask it, nodes do the work.

mod client;
pub mod cluster;
pub mod link;
pub mod node;
pub mod store;
pub mod trial;
pub mod wire;

use std::time::Duration;

use crate::config::{Config, Settings};
use crate::error::Error;
use crate::topology::Topology;

/// The regions of the live form.
pub const LIVE_REGIONS: [&str; 4] = ["washington", "london", "tokyo", "sydney"];

/// By how much distances are shortened, so that a comparison takes seconds.
pub const SHORTENED: u64 = 4;

/// How long a node may take for one answer before it counts as failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What the live form runs, and the simulator beside it: four regions at a quarter of their distance,
/// links of 50 Mbit/s, sixty files of 16 KiB, everything counted from the first request on.
///
/// # Errors
/// If a setting can't be.
pub fn config(requests: u64, write_share: f64) -> Result<Config, Error> {
    const MBIT: f64 = 50.0;
    let real = Topology::of_regions(&LIVE_REGIONS, MBIT)?;
    let nodes = real.nodes();
    let pairs = (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to)));
    let latencies = pairs.map(|(from, to)| real.one_way_ns(from, to) / SHORTENED);
    let names = LIVE_REGIONS.map(str::to_owned).to_vec();
    let topology = Topology::new(names, latencies.collect(), MBIT)?;
    Config::over(
        topology,
        Settings {
            objects: 60,
            mean_bytes: 16_384.0,
            rate: 100.0,
            requests,
            warm_share: 0.0,
            write_share,
            epoch_s: 2.0,
            drift: 1,
            window_s: 0.5,
            replicas: 2,
            budget: 0.3,
            ..Settings::default()
        },
    )
}
