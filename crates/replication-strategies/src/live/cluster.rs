//! Node processes and the links between them, started together and ended together.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use labkit::clock::RealClock;
use labkit::process::Child;
use labkit::shutdown::Shutdown;
use tempfile::TempDir;

use super::link::{self, Lane};
use super::store::content;
use super::wire::Conversation;
use crate::directory::Directory;
use crate::error::Error;
use crate::topology::Topology;

/// How long a node may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// A node's process.
#[derive(Debug)]
struct Node {
    child: Child,
    address: SocketAddr,
}

/// All nodes, with a folder each, and a link between each two.
#[derive(Debug)]
pub struct Cluster {
    topology: Topology,
    nodes: Vec<Node>,
    /// Where the link from a node to another one listens, at `from * nodes + to`.
    links: Vec<SocketAddr>,
    lanes: Vec<Arc<Lane>>,
    clock: Arc<RealClock>,
    halt: Shutdown,
    /// Deleted last, when all nodes have ended.
    folder: TempDir,
}

impl Cluster {
    /// Starts `program node --folder ...` for each node of a topology, and opens the links.
    ///
    /// # Errors
    /// If a node can't be started, or doesn't say where it listens.
    pub fn start(program: &OsStr, topology: &Topology) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("replication-strategies-")
            .tempdir()?;
        let count = topology.nodes();
        let mut nodes = Vec::with_capacity(count);
        for node in 0..count {
            let place = folder.path().join(topology.name(node)?);
            fs::create_dir(&place)?;
            let started = start_node(program, &place).map_err(|source| Error::Node {
                region: topology.name(node).unwrap_or_default().to_owned(),
                source,
            })?;
            nodes.push(started);
        }
        let lane = |from: usize, to: usize| {
            let latency = Duration::from_nanos(topology.one_way_ns(from, to));
            Arc::new(Lane::new(latency, topology.ns_per_byte()))
        };
        let pairs = || (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
        let lanes: Vec<Arc<Lane>> = pairs().map(|(from, to)| lane(from, to)).collect();
        let (clock, halt) = (Arc::new(RealClock::new()), Shutdown::new());
        let mut links = Vec::with_capacity(count * count);
        for (from, to) in pairs() {
            let both = (&lanes[from * count + to], &lanes[to * count + from]);
            let both = (Arc::clone(both.0), Arc::clone(both.1));
            let address = nodes[to].address;
            links.push(if from == to {
                address
            } else {
                link::open(address, both, &clock, &halt)?
            });
        }
        Ok(Cluster {
            topology: topology.clone(),
            nodes,
            links,
            lanes,
            clock,
            halt,
            folder,
        })
    }

    /// Gives every holder its file, past the links.
    ///
    /// # Errors
    /// If a node doesn't take it.
    pub fn fill(&self, books: &Directory) -> Result<(), Error> {
        for node in 0..self.nodes.len() {
            let mut conversation = self.converse(node)?;
            let catalogue = books.catalogue();
            for object in catalogue
                .objects()
                .filter(|object| books.holds(node, *object))
            {
                let size = catalogue.size(object);
                let body = content(object, books.version_at(node, object), size);
                let line = format!("PUT {object} {size}");
                self.at(node, conversation.ask(&line, &body))?;
            }
        }
        Ok(())
    }

    /// A conversation with a node, past the links: what its own clients have.
    ///
    /// # Errors
    /// If it isn't there.
    pub fn converse(&self, node: usize) -> Result<Conversation, Error> {
        let address = self.nodes[node].address;
        self.at(node, Conversation::with(address))
    }

    /// Says at which node something failed.
    ///
    /// # Errors
    /// If it did.
    pub fn at<T>(&self, node: usize, result: io::Result<T>) -> Result<T, Error> {
        result.map_err(|source| Error::Node {
            region: self.topology.name(node).unwrap_or_default().to_owned(),
            source,
        })
    }

    /// Where a node reaches another one.
    #[must_use]
    pub fn link(&self, from: usize, to: usize) -> SocketAddr {
        self.links[from * self.nodes.len() + to]
    }

    /// How many nodes there are.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes' process ids.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.nodes.iter().map(|node| node.child.id()).collect()
    }

    /// The clock of all links.
    #[must_use]
    pub fn clock(&self) -> &RealClock {
        &self.clock
    }

    /// Bytes sent into all lanes, and bytes that have come out.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        let counts = self.lanes.iter().map(|lane| lane.counts());
        counts.fold((0, 0), |sum, lane| (sum.0 + lane.0, sum.1 + lane.1))
    }

    /// Where the nodes keep their files, each in a folder with its region's name.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.halt.trigger();
    }
}

fn start_node(program: &OsStr, folder: &Path) -> io::Result<Node> {
    let mut command = Command::new(program);
    command
        .arg("node")
        .arg("--folder")
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = Child::spawn(command)?;
    child.set_grace(GRACE);
    let stdout = child.take_stdout().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut said = String::new();
    BufReader::new(stdout).read_line(&mut said)?;
    let address = said.trim().strip_prefix("listening on tcp://");
    let address = address.and_then(|address| address.parse().ok());
    let address =
        address.ok_or_else(|| io::Error::other(format!("it said {said:?} at its start")))?;
    Ok(Node { child, address })
}
