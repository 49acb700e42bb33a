//! What a run is made of. Everything is checked once, here.

use crate::catalogue::Catalogue;
use crate::error::{Error, within};
use crate::price::Price;
use crate::topology::{REGIONS, Topology};
use crate::zipf::Zipf;

/// What can be chosen. The defaults are the comparison's.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Regions with a node each.
    pub regions: Vec<String>,
    /// Bandwidth of each link in each direction, in Mbit/s.
    pub mbit: f64,
    /// How many objects there are.
    pub objects: usize,
    /// Their mean size in bytes.
    pub mean_bytes: f64,
    /// Requests per second, of all nodes together.
    pub rate: f64,
    /// How many requests are made.
    pub requests: u64,
    /// The share of them that aren't counted, because copies are still finding their places, 0 to 0.9.
    pub warm_share: f64,
    /// The share of writes, 0 to 1.
    pub write_share: f64,
    /// The exponent of Zipf's law, 0 for none.
    pub skew: f64,
    /// The share of requests in a region's own taste, 0 to 1.
    pub local_taste: f64,
    /// How often the ranking moves on, in seconds.
    pub epoch_s: f64,
    /// By how many objects it then moves.
    pub drift: u32,
    /// The mean time that a node works on a request, in seconds; exponentially distributed.
    pub service_s: f64,
    /// How often strategies look back, in seconds.
    pub window_s: f64,
    /// Copies of each object under consistent hashing.
    pub replicas: usize,
    /// The share of the catalogue that a node may copy under random, demand-driven and LRU replication.
    pub budget: f64,
    /// What is paid.
    pub price: Price,
}

impl Default for Settings {
    /// Ten regions, 1,000 objects of 256 KiB, 2,000 requests a second.
    fn default() -> Self {
        Settings {
            regions: REGIONS.map(str::to_owned).to_vec(),
            mbit: 1_000.0,
            objects: 1_000,
            mean_bytes: 262_144.0,
            rate: 2_000.0,
            requests: 200_000,
            warm_share: 0.4,
            write_share: 0.05,
            skew: 0.9,
            local_taste: 0.5,
            epoch_s: 10.0,
            drift: 3,
            service_s: 0.000_5,
            window_s: 5.0,
            replicas: 3,
            budget: 0.2,
            price: Price::default(),
        }
    }
}

/// Settings that were checked, and what they stand for.
#[derive(Clone, Debug)]
pub struct Config {
    settings: Settings,
    topology: Topology,
    catalogue: Catalogue,
    zipf: Zipf,
}

impl Config {
    /// Checks settings, in regions whose distances are known.
    ///
    /// # Errors
    /// The first setting that can't be.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let topology = Topology::of_regions(&settings.regions, settings.mbit)?;
        Self::over(topology, settings)
    }

    /// Checks settings, over a topology of one's own.
    ///
    /// # Errors
    /// The first setting that can't be.
    pub fn over(topology: Topology, settings: Settings) -> Result<Self, Error> {
        let nodes = topology.nodes();
        let catalogue = Catalogue::new(settings.objects, settings.mean_bytes, nodes)?;
        let zipf = Zipf::new(settings.objects, settings.skew)?;
        let share = |name, given| within(name, given, (0.0, 1.0), "a share from 0 to 1");
        share("--writes", settings.write_share)?;
        share("--local-taste", settings.local_taste)?;
        share("--budget", settings.budget)?;
        within("the warm-up", settings.warm_share, (0.0, 0.9), "0 to 0.9")?;
        const RATES: &str = "0.001 to 1,000,000 requests per second";
        within("--rate", settings.rate, (1e-3, 1e6), RATES)?;
        const REQUESTS: &str = "1 to 1,000,000,000 requests";
        within("--requests", settings.requests as f64, (1.0, 1e9), REQUESTS)?;
        for (name, given) in [
            ("the service time", settings.service_s),
            ("the window", settings.window_s),
            ("the epoch", settings.epoch_s),
        ] {
            within(name, given, (1e-9, 1e6), "seconds, above zero")?;
        }
        if !(1..=nodes).contains(&settings.replicas) {
            return Err(Error::Replicas {
                replicas: settings.replicas,
                nodes,
            });
        }
        Ok(Config {
            settings,
            topology,
            catalogue,
            zipf,
        })
    }

    /// What was chosen.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where the nodes are.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// What there is to replicate.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// How popular each rank is.
    #[must_use]
    pub fn zipf(&self) -> &Zipf {
        &self.zipf
    }

    /// The bytes that a node may copy under a budget.
    #[must_use]
    pub fn budget_bytes(&self) -> u64 {
        let bytes = self.catalogue.bytes() as f64 * self.settings.budget;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of the catalogue's bytes"
        )]
        let bytes = bytes as u64;
        bytes
    }

    /// The objects that a node may copy under a budget.
    #[must_use]
    pub fn budget_objects(&self) -> usize {
        let objects = self.catalogue.len() as f64 * self.settings.budget;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of the catalogue's objects"
        )]
        let objects = objects as usize;
        objects
    }
}
