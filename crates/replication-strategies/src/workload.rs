//! Who asks for what, and when: a stream of reads and writes.

use labkit::rng::Stream;
use rand::Rng;

use crate::config::Config;
use crate::exponential::Exponential;
use crate::zipf::Zipf;

/// Of five writes, four go to every fifth object: counters are written, pictures are read. The neighbour
/// in rank is as popular, so that popularity and writes are independent.
pub const WRITTEN_EVERY: u32 = 5;

/// The share of writes that go to those objects.
pub const WRITTEN_SHARE: f64 = 0.8;

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// When it is made, in nanoseconds.
    pub at: u64,
    /// At which node.
    pub node: u8,
    /// Whether it writes the whole object anew.
    pub write: bool,
    /// Which object it is about.
    pub object: u32,
}

/// An endless stream of requests; the same chance, the same stream.
#[derive(Clone, Debug)]
pub struct Workload {
    chance: Stream,
    zipf: Zipf,
    exponential: Exponential,
    nodes: u32,
    objects: u32,
    mean_gap_ns: f64,
    /// Shares of 2^16.
    write_share: u64,
    local_share: u64,
    written_share: u64,
    epoch_ns: u64,
    /// By how many objects the ranking moves on in an epoch.
    step: u32,
    now: u64,
    next_epoch: u64,
    /// Which object has rank 0 now.
    front: u32,
}

impl Workload {
    /// The requests that a configuration describes.
    #[must_use]
    pub fn new(config: &Config, chance: Stream) -> Self {
        let settings = config.settings();
        let objects = u32::try_from(config.catalogue().len()).expect("at most a million objects");
        Workload {
            chance,
            zipf: config.zipf().clone(),
            exponential: Exponential::new(),
            nodes: u32::try_from(config.topology().nodes()).expect("at most sixteen nodes"),
            objects,
            mean_gap_ns: 1e9 / settings.rate,
            write_share: of_2_16(settings.write_share),
            local_share: of_2_16(settings.local_taste),
            written_share: of_2_16(WRITTEN_SHARE),
            epoch_ns: nanoseconds(settings.epoch_s),
            step: settings.drift % objects,
            now: 0,
            next_epoch: nanoseconds(settings.epoch_s),
            front: 0,
        }
    }

    /// The next request.
    pub fn next_request(&mut self) -> Request {
        let gap = self.exponential.draw(self.chance.next_u64()) * self.mean_gap_ns;
        let (rank, rest) = (self.chance.next_u64(), self.chance.next_u64());
        self.now += whole(gap);
        while self.now >= self.next_epoch {
            self.next_epoch += self.epoch_ns;
            // BEGIN SOLUTION stage 2: something new takes the first rank, all others fall by `step`
            self.front = (self.front + self.objects - self.step) % self.objects;
            // END SOLUTION
        }
        // Four decisions of 16 bits each.
        let part = |at: u32| rest >> (16 * at) & 0xffff;
        let node = as_u32((part(0) * u64::from(self.nodes)) >> 16);
        let (write, own_taste) = (part(1) < self.write_share, part(2) < self.local_share);
        let to_written = part(3) < self.written_share;
        let rank = u32::try_from(self.zipf.rank(rank)).expect("at most a million ranks");
        let object = self.object(rank, node, own_taste);
        Request {
            at: self.now,
            node: u8::try_from(node).expect("at most sixteen nodes"),
            write,
            object: if write && to_written {
                object / WRITTEN_EVERY * WRITTEN_EVERY
            } else {
                object
            },
        }
    }

    /// The object that has a rank now: in the taste of all, or in a node's own.
    fn object(&self, rank: u32, node: u32, own_taste: bool) -> u32 {
        // BEGIN SOLUTION stage 2: each node's own ranking begins elsewhere, all move with the front
        let shift = if own_taste {
            u64::from(self.objects) * u64::from(node) / u64::from(self.nodes)
        } else {
            0
        };
        let place = u64::from(self.front) + u64::from(rank) + shift;
        as_u32(place % u64::from(self.objects))
        // END SOLUTION
    }
}

fn as_u32(small: u64) -> u32 {
    u32::try_from(small).expect("below a million")
}

/// A share as a number of 2^16; 1 is all of it.
fn of_2_16(share: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share is 0 to 1"
    )]
    let part = (share * 65_536.0) as u64;
    part
}

/// Seconds as nanoseconds.
#[must_use]
pub fn nanoseconds(seconds: f64) -> u64 {
    whole(seconds * 1e9)
}

/// A time without its fraction.
#[must_use]
pub fn whole(ns: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times are positive; casting a float saturates"
    )]
    let ns = ns as u64;
    ns
}
