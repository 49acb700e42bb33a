//! A cluster of node processes on this machine, started, told what to want, and killed.
//!
//! Whoever holds a [`Cluster`] sees what the nodes say and nothing else; no one looks at the graph for them.
//! Dropping it ends all of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::process::Child;

use crate::edge_chasing::{Cycle, LockName, NodeId};
use crate::error::Error;
use crate::node::{MAX_NODES, News};

/// How long a node may take to answer, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest line of a node.
const MAX_LINE: u64 = 64 * 1024;

/// Running nodes, connected each to each.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    commands: ChildStdin,
    lines: mpsc::Receiver<String>,
}

impl Cluster {
    /// Starts so many nodes: `program` with the arguments `node NUMBER`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], or a node that can't be started or doesn't get ready.
    pub fn start(program: &Path, size: usize) -> Result<Self, Error> {
        let size = Error::within("the number of nodes", size, (2, MAX_NODES))?;
        let mut cluster = Cluster { nodes: Vec::new() };
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for node in 0..size {
            cluster.nodes.push(spawn(program, node)?);
            let said = cluster.line(node)?;
            let address = said
                .rsplit("//")
                .next()
                .and_then(|address| address.parse().ok());
            addresses.push(
                address
                    .ok_or_else(|| wrong(node, format!("said `{said}` instead of its address")))?,
            );
        }
        for node in 0..size {
            let peers = addresses
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != node);
            let peers: Vec<String> = peers.map(|(other, at)| format!("{other}={at}")).collect();
            cluster.tell(node, &format!("peers {}", peers.join(" ")))?;
            let news = cluster.hear(node)?;
            if news != News::Ready {
                return Err(wrong(node, format!("said {news:?} instead of being ready")));
            }
        }
        Ok(cluster)
    }

    /// How many nodes were started.
    #[must_use]
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// Has a node's process ask for locks.
    ///
    /// # Errors
    /// If the node is gone.
    pub fn acquire(&mut self, node: usize, age: u64, locks: &[LockName]) -> Result<(), Error> {
        let locks: Vec<String> = locks.iter().map(LockName::to_string).collect();
        self.tell(node, &format!("acquire {age} {}", locks.join(" ")))
    }

    /// Has a node's process give back all that it has.
    ///
    /// # Errors
    /// If the node is gone.
    pub fn release(&mut self, node: usize) -> Result<(), Error> {
        self.tell(node, "release")
    }

    /// How many messages all nodes together have sent each other.
    ///
    /// # Errors
    /// If a node is gone, or has other news first.
    pub fn messages(&mut self) -> Result<u64, Error> {
        let mut sum = 0;
        for node in 0..self.size() {
            self.tell(node, "sent")?;
            match self.hear_of_process(node)? {
                News::Sent(count) => sum += count,
                other => return Err(wrong(node, format!("said {other:?} instead of a count"))),
            }
        }
        Ok(sum)
    }

    /// Gives a node a line of its own language; see [`node`](crate::node).
    ///
    /// # Errors
    /// If the node is gone.
    pub fn tell(&mut self, node: usize, line: &str) -> Result<(), Error> {
        let commands = &mut self.nodes[node].commands;
        let written = writeln!(commands, "{line}").and_then(|()| commands.flush());
        written.map_err(Error::io(format!("telling node {node} to {line}")))
    }

    /// The next that a node has to say.
    ///
    /// # Errors
    /// If it says nothing for a minute, or what isn't news.
    pub fn hear(&mut self, node: usize) -> Result<News, Error> {
        let line = self.line(node)?;
        serde_json::from_str(&line).map_err(|error| wrong(node, format!("said `{line}`: {error}")))
    }

    /// The next that a node has to say of its process. Any node of a cycle may find it, and at any time; that
    /// is left out.
    fn hear_of_process(&mut self, node: usize) -> Result<News, Error> {
        loop {
            match self.hear(node)? {
                News::Found(_) => {}
                news => return Ok(news),
            }
        }
    }

    /// Kills a node as a crash would: SIGKILL, no time to say anything.
    ///
    /// # Errors
    /// If it can't be waited for.
    pub fn kill(&mut self, node: usize) -> Result<(), Error> {
        let killed = self.nodes[node].child.kill();
        killed
            .map(drop)
            .map_err(Error::io(format!("killing node {node}")))
    }

    fn line(&mut self, node: usize) -> Result<String, Error> {
        let line = self.nodes[node].lines.recv_timeout(PATIENCE);
        line.map_err(|gone| wrong(node, format!("says nothing any more ({gone})")))
    }
}

fn wrong(node: usize, wrong: String) -> Error {
    Error::Node { node, wrong }
}

fn spawn(program: &Path, node: usize) -> Result<Running, Error> {
    let failed = || format!("starting node {node}");
    let mut command = Command::new(program);
    command.args(["node", &node.to_string()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = Child::spawn(command).map_err(Error::io(failed()))?;
    let pipes = child.take_stdin().zip(child.take_stdout());
    let (commands, said) = pipes.ok_or_else(|| wrong(node, "has no pipes".to_owned()))?;
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut said = BufReader::new(said);
        let mut line = String::new();
        while matches!(said.by_ref().take(MAX_LINE).read_line(&mut line), Ok(length) if length > 0)
        {
            if sender.send(line.trim_end().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    Ok(Running {
        child,
        commands,
        lines,
    })
}

/// What became of a ring of nodes that all waited for each other.
#[derive(Clone, Debug)]
pub struct Ring {
    /// The cycle, as the victim was told of it.
    pub cycle: Cycle,
    /// Who gave way.
    pub victim: usize,
    /// From the request that closed the cycle to the victim's answer.
    pub took: Duration,
    /// Nodes that got all their locks in the end.
    pub done: usize,
    /// Messages between the nodes, all in all.
    pub messages: u64,
}

/// The lock of this number that a node keeps.
#[must_use]
pub fn lock(node: usize, number: u32) -> LockName {
    LockName {
        home: NodeId(u32::try_from(node).unwrap_or(u32::MAX)),
        number,
    }
}

/// Has every node take its own lock, and then want the next one's: a ring. The victim gives way, begins
/// again, and in the end everybody was served.
///
/// # Errors
/// If a node does something else than it should.
pub fn ring(cluster: &mut Cluster) -> Result<Ring, Error> {
    let size = cluster.size();
    for node in 0..size {
        cluster.acquire(node, node as u64, &[lock(node, 0)])?;
        granted(cluster, node)?;
    }
    for node in 0..size - 1 {
        cluster.acquire(node, node as u64, &[lock(node + 1, 0)])?;
    }
    let watch = Stopwatch::start();
    let youngest = size - 1;
    cluster.acquire(youngest, youngest as u64, &[lock(0, 0)])?;
    let cycle = aborted(cluster, youngest)?;
    let took = watch.elapsed();
    let mut done = 0;
    // What the victim gave back lets the one before it in, and so on down to the first.
    for node in (0..youngest).rev() {
        granted(cluster, node)?;
        cluster.release(node)?;
        done += 1;
    }
    for wanted in [lock(youngest, 0), lock(0, 0)] {
        cluster.acquire(youngest, youngest as u64, &[wanted])?;
        granted(cluster, youngest)?;
    }
    cluster.release(youngest)?;
    Ok(Ring {
        cycle,
        victim: youngest,
        took,
        done: done + 1,
        messages: cluster.messages()?,
    })
}

/// What became of the others when a node was killed.
#[derive(Clone, Debug)]
pub struct Crash {
    /// The lock that the dead node held elsewhere, as its next holder was told: abandoned.
    pub abandoned: Vec<LockName>,
    /// The lock that the dead node kept, as its waiter was told: lost.
    pub lost: LockName,
    /// From the kill to the later of the two.
    pub took: Duration,
}

/// Kills node 1 while it holds a lock of node 0, for which node 0 waits, and keeps one of its own, for which
/// node 2 waits.
///
/// # Errors
/// If a node does something else than it should.
pub fn crash(cluster: &mut Cluster) -> Result<Crash, Error> {
    Error::within("the number of nodes", cluster.size(), (3, MAX_NODES))?;
    cluster.acquire(1, 11, &[lock(0, 5), lock(1, 5)])?;
    granted(cluster, 1)?;
    cluster.acquire(0, 10, &[lock(0, 5)])?;
    cluster.acquire(2, 12, &[lock(1, 5)])?;
    // Who has answered this has sent its request before.
    cluster.messages()?;
    let watch = Stopwatch::start();
    cluster.kill(1)?;
    let abandoned = granted(cluster, 0)?;
    let lost = match cluster.hear_of_process(2)? {
        News::Lost(lock) => lock,
        other => return Err(wrong(2, format!("said {other:?} instead of a loss"))),
    };
    Ok(Crash {
        abandoned,
        lost,
        took: watch.elapsed(),
    })
}

/// Waits until a node has what it asked for.
fn granted(cluster: &mut Cluster, node: usize) -> Result<Vec<LockName>, Error> {
    match cluster.hear_of_process(node)? {
        News::Granted(abandoned) => Ok(abandoned),
        other => Err(wrong(node, format!("said {other:?} instead of a grant"))),
    }
}

/// Waits until a node has given way.
fn aborted(cluster: &mut Cluster, node: usize) -> Result<Cycle, Error> {
    match cluster.hear_of_process(node)? {
        News::Aborted(cycle) => Ok(cycle),
        other => Err(wrong(node, format!("said {other:?} instead of giving way"))),
    }
}
