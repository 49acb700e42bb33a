//! The clairvoyant: the cheapest schedule of one who knows the traffic, by dynamic programming.
//!
//! A state is the number of ready servers and the backlog. One more server in cycle t was ordered
//! start-up cycles before and has cost since; one fewer is free. Of two ways to the same number of
//! servers, one that is dearer *and* leaves more waiting can never turn out better: a longer line
//! makes every later cycle slower, never cheaper. What remains is a small front of cost and backlog
//! for each number.
//!
//! It may do a little more than a controller can: give up a ready server while another starts. So it
//! is a lower bound of what any controller pays.

use crate::config::Config;
use crate::error::Error;

/// The most states (cycles × servers) that a schedule is sought in.
pub const MAX_STATES: usize = 20_000_000;

/// The cheapest schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum {
    /// What it costs, in server-hours at the configured price.
    pub cost: f64,
    /// How many servers are ready in each cycle.
    pub servers: Vec<usize>,
}

/// A way to be in a state.
#[derive(Clone, Copy, Debug)]
struct Way {
    cost: f64,
    backlog: f64,
    /// Its place among all ways of the schedule, for the way back.
    node: u32,
}

/// Where a way came from, and with how many servers it arrived.
#[derive(Clone, Copy, Debug)]
struct Node {
    before: u32,
    servers: u32,
}

/// Finds the cheapest schedule for traffic that is known beforehand.
///
/// The first cycle has the configured servers; the first decision is made after it, as a
/// controller's is.
///
/// # Errors
/// If cycles times servers exceed [`MAX_STATES`].
pub fn schedule(config: &Config, rates: &[f64]) -> Result<Optimum, Error> {
    let (min, max) = (config.limits.min(), config.limits.max());
    if rates.len().saturating_mul(max) > MAX_STATES {
        return Err(Error::TooLarge {
            cycles: rates.len(),
            max,
        });
    }
    let mut search = Search {
        config,
        nodes: Vec::new(),
    };
    let nowhere = vec![Vec::new(); max - min + 1];
    let mut ways = nowhere.clone();
    ways[config.initial - min].push(Way {
        cost: 0.0,
        backlog: 0.0,
        node: u32::MAX,
    });
    for (cycle, rate) in rates.iter().enumerate() {
        let mut reached = match cycle {
            0 => ways,
            // The first order works start-up cycles after the first cycle's end.
            _ => search.moved(&ways, cycle > config.start_up),
        };
        for (at, front) in reached.iter_mut().enumerate() {
            *front = search.passed(front, min + at, *rate);
        }
        ways = reached;
    }
    Ok(search.cheapest(&ways, rates.len()))
}

struct Search<'a> {
    config: &'a Config,
    nodes: Vec<Node>,
}

impl Search<'_> {
    /// The fronts after a decision: fewer servers for nothing, more for what they cost at start-up.
    fn moved(&self, ways: &[Vec<Way>], may_grow: bool) -> Vec<Vec<Way>> {
        // BEGIN SOLUTION stage 5: from the top down for nothing, from the bottom up at a price
        let mut moved = ways.to_vec();
        let mut above: Vec<Way> = Vec::new();
        for front in moved.iter_mut().rev() {
            above.extend_from_slice(front);
            thin(&mut above);
            front.clone_from(&above);
        }
        if may_grow {
            let cycle_h = self.config.queue.cycle_s / 3600.0;
            let start = self.config.start_up as f64 * cycle_h;
            let mut below: Vec<Way> = Vec::new();
            for (front, own) in moved.iter_mut().zip(ways) {
                below.iter_mut().for_each(|way| way.cost += start);
                front.extend_from_slice(&below);
                thin(front);
                below.extend_from_slice(own);
                thin(&mut below);
            }
        }
        moved
        // END SOLUTION
    }

    /// A front after a cycle with so many servers.
    fn passed(&mut self, front: &[Way], servers: usize, rate: f64) -> Vec<Way> {
        // BEGIN SOLUTION stage 5: pass the cycle, pay for it, remember where it came from
        let queue = self.config.queue;
        let mut passed: Vec<Way> = front
            .iter()
            .map(|way| {
                let cycle = queue.pass(rate, servers, way.backlog);
                let over = queue.is_over(rate, &cycle);
                let price = self.config.price;
                Way {
                    cost: way.cost + price.of(servers, over, cycle.dropped, queue.cycle_s),
                    backlog: cycle.backlog,
                    node: way.node,
                }
            })
            .collect();
        thin(&mut passed);
        for way in &mut passed {
            way.node = self.remember(way.node, servers);
        }
        passed
        // END SOLUTION
    }

    fn remember(&mut self, before: u32, servers: usize) -> u32 {
        let small = |number: usize| u32::try_from(number).expect("bounded by MAX_STATES");
        self.nodes.push(Node {
            before,
            servers: small(servers),
        });
        small(self.nodes.len() - 1)
    }

    /// The cheapest of the last ways, followed back to the first cycle.
    fn cheapest(&self, ways: &[Vec<Way>], cycles: usize) -> Optimum {
        let all = ways.iter().flatten();
        let best = all.min_by(|a, b| a.cost.total_cmp(&b.cost));
        let mut servers = Vec::with_capacity(cycles);
        let mut at = best.map(|way| way.node);
        while let Some(node) = at.and_then(|at| self.nodes.get(at as usize)) {
            servers.push(node.servers as usize);
            at = Some(node.before);
        }
        servers.reverse();
        Optimum {
            cost: best.map_or(0.0, |way| way.cost),
            servers,
        }
    }
}

/// Keeps of a front only what no other way beats in both cost and backlog, the cheapest first.
fn thin(front: &mut Vec<Way>) {
    front.sort_by(|a, b| {
        let by_cost = a.cost.total_cmp(&b.cost);
        by_cost.then(a.backlog.total_cmp(&b.backlog))
    });
    let mut least = f64::INFINITY;
    front.retain(|way| {
        let keeps = way.backlog < least;
        least = least.min(way.backlog);
        keeps
    });
}
