//! The collector, as it is built first: every node reports to one, and that one sums up.
//!
//! It works, and shows what the rest of the lab does without: one node that hears from all others, and
//! without which nobody knows anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use labkit::sim::{Context, Digest, Event, Node, NodeId, Payload};

use crate::aggregate::Partial;
use crate::query::Query;
use crate::row::{Attributes, Leaf};

/// How often a node reports, and how often the collector sums up.
pub const REPORT_EVERY: Duration = Duration::from_secs(1);
/// See [`REPORT_EVERY`].
pub const SUMMARISE_EVERY: Duration = Duration::from_secs(2);

/// A node's report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Who reports.
    pub path: Arc<str>,
    /// What it measured.
    pub attributes: Attributes,
}

impl Payload for Report {
    fn digest(&self, digest: &mut Digest) {
        digest.word(self.attributes.len() as u64);
        let values = self.attributes.iter();
        values.for_each(|it| digest.word(it.1.thousandths().cast_unsigned()));
    }

    fn size(&self) -> usize {
        self.path.len()
            + self
                .attributes
                .iter()
                .map(|it| it.0.name.len() + 8)
                .sum::<usize>()
    }

    fn label(&self) -> String {
        "report".to_owned()
    }
}

/// A summary of all reports so far: one partial for each aggregate of the query.
pub type Summary = Vec<Partial>;

/// One participant: a reporter, or the collector, which is node 0.
#[derive(Debug)]
pub enum Member {
    /// Reports what it measures.
    Reporter(Report),
    /// Takes reports and sums up.
    Collector {
        /// What is asked of the reports.
        query: Query,
        /// The last report of each node, by path.
        reports: BTreeMap<Arc<str>, Leaf>,
    },
}

impl Member {
    /// The collector of a query.
    #[must_use]
    pub fn collector(query: Query) -> Self {
        Member::Collector {
            query,
            reports: BTreeMap::new(),
        }
    }
}

impl Node for Member {
    type Address = NodeId;
    type Message = Report;
    type Timer = ();
    type Output = Summary;

    fn handle(&mut self, event: Event<'_, Self>, context: &mut Context<'_, Self>) {
        match (self, event) {
            (Member::Reporter(report), _) => {
                context.send(NodeId(0), report.clone());
                context.set((), REPORT_EVERY);
            }
            (Member::Collector { reports, .. }, Event::Message { message, .. }) => {
                // BEGIN SOLUTION stage 1: what is kept of each node?
                let leaf = Leaf {
                    path: Arc::clone(&message.path),
                    instance: 0,
                    uptime: 0,
                    attributes: message.attributes,
                };
                reports.insert(message.path, leaf);
                // END SOLUTION
            }
            (Member::Collector { query, reports }, event) => {
                if let Event::Timer(()) = event {
                    context.output(summarise(query, reports.values()));
                }
                context.set((), SUMMARISE_EVERY);
            }
        }
    }
}

/// One partial for each aggregate, over all nodes that reported.
fn summarise<'a>(query: &Query, leaves: impl Iterator<Item = &'a Leaf> + Clone) -> Summary {
    // BEGIN SOLUTION stage 1: begin with nothing, take each node in
    let of_all = query.aggregates().iter().map(|aggregate| {
        let mut partial = Partial::nothing(aggregate);
        leaves
            .clone()
            .for_each(|leaf| partial.take(aggregate, leaf));
        partial
    });
    of_all.collect()
    // END SOLUTION
}
