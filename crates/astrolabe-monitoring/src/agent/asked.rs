//! Questions from outside, and what a node knows of the whole tree.

use std::time::Duration;

use labkit::sim::Context;

use super::Agent;
use crate::aggregate::Results;
use crate::error::Error;
use crate::message::{Action, Answer, Ask, Message, Outcome, Summary};
use crate::query::Query;
use crate::wire::Address;

impl<A: Address> Agent<A> {
    /// What this node knows of all nodes: the results of a query, computed from the root's table.
    #[must_use]
    pub fn summary(&self, query: &Query) -> Summary {
        let rows = || self.tables[0].here().map(|row| &**row);
        let results = Results::over(query, rows());
        Summary {
            nodes: rows().map(|row| row.nodes).fold(0, u64::saturating_add),
            covered: results.nodes,
            partials: results.partials,
        }
    }

    /// What the children of the root come to, each by itself: name, and results of a query.
    #[must_use]
    pub fn by_child(&self, query: &Query) -> Vec<(String, Results)> {
        let rows = self.tables[0].here();
        rows.map(|row| {
            let results = Results::over(query, std::iter::once(&**row));
            (row.name.to_string(), results)
        })
        .collect()
    }

    pub(super) fn asked(
        &mut self,
        from: A,
        ask: &Ask,
        now: Duration,
        context: &mut Context<'_, Self>,
    ) {
        let outcome = match self.obey(ask, now) {
            Ok(summary) => Outcome::Summary(summary),
            Err(Error::NotInstalled) => Outcome::NotInstalled,
            Err(error) => Outcome::Refused(error.to_string()),
        };
        let nonce = ask.nonce;
        context.send(from, Message::Answer(Answer { nonce, outcome }));
    }

    fn obey(&mut self, ask: &Ask, now: Duration) -> Result<Summary, Error> {
        let query = Query::parse(&ask.query).map_err(Error::Query)?;
        match ask.action {
            Action::Read if self.catalogue.has(&query) => {}
            Action::Read => return Err(Error::NotInstalled),
            Action::Install => self.catalogue.install(&query)?,
            Action::Remove => self.catalogue.remove(&query),
        }
        self.catalogue_changed |= ask.action != Action::Read;
        self.climb(now);
        Ok(self.summary(&query))
    }
}
