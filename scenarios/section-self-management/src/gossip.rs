//! The gossip: this program's own node, and what it is asked.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use astrolabe_monitoring::live::{Client, Server, Settings, Traffic};
use astrolabe_monitoring::message::Action;
use astrolabe_monitoring::query::Query;
use astrolabe_monitoring::wire::Seal;
use labkit::run::Run;
use labkit::shutdown::Shutdown;

/// How long a round lasts.
pub(crate) const ROUND: Duration = Duration::from_millis(50);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_millis(200);
/// Whoever has this program has this key; it keeps other gossip on this machine out, nothing else.
const KEY: &[u8] = b"section-self-management, together";

/// The key that all nodes share.
pub(crate) fn seal() -> Seal {
    Seal::new(KEY)
}

/// The node of this process, which knows as much as any other.
pub(crate) struct Console {
    address: SocketAddr,
    client: Client,
    query: Query,
    shutdown: Shutdown,
    node: JoinHandle<Result<Traffic, astrolabe_monitoring::Error>>,
}

impl Console {
    /// Starts it.
    ///
    /// # Errors
    /// If it can't listen.
    pub(crate) fn start(run: &Run) -> Result<Self, Box<dyn Error>> {
        let server = Server::bind(Settings {
            path: "/lab/desk/console".parse()?,
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            join: Vec::new(),
            round: ROUND,
            seal: seal(),
            seed: run.seed,
        })?;
        let shutdown = Shutdown::new();
        let told = shutdown.clone();
        Ok(Console {
            address: server.address(),
            client: Client::new(seal(), run.rng("console")),
            query: Query::standing(),
            node: thread::spawn(move || server.run(&told)),
            shutdown,
        })
    }

    /// Where others find it.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many workers the gossip knows of; none if the node was too busy to answer.
    pub(crate) fn workers(&mut self) -> Option<usize> {
        let asked = self
            .client
            .ask(self.address, Action::Read, &self.query, PATIENCE);
        let summary = asked.ok().flatten()?;
        // The console counts itself.
        usize::try_from(summary.nodes.saturating_sub(1)).ok()
    }

    /// Ends it.
    ///
    /// # Errors
    /// If the node had failed.
    pub(crate) fn end(self) -> Result<Traffic, Box<dyn Error>> {
        self.shutdown.trigger();
        Ok(self.node.join().map_err(|_| "the gossip has panicked")??)
    }
}
