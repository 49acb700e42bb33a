//! A node as a process: the pure [`Node`] between TCP connections, standard input and standard output.
//!
//! It listens on a free port of the loopback and says which, is told its peers and what its process wants in
//! lines on standard input, and answers in lines of JSON. Every node calls every other one, so between two of
//! them there are two connections, each used in one direction: TCP keeps its order, which the algorithm
//! needs, and its end says that the peer is gone, which is how a crash is noticed. Never decides anything
//! about locks.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use labkit::net::{self, Cap};
use labkit::shutdown::Shutdown;
use serde::{Deserialize, Serialize};

use crate::edge_chasing::{Cycle, Effect, LockName, Message, Node, NodeId};
use crate::error::Error;

/// The most nodes of a cluster.
pub const MAX_NODES: u64 = 16;
/// The most connections that a node accepts: one from each peer, and some to spare.
const MAX_CONNECTIONS: usize = 32;
/// The longest line that is read: what comes from outside is bounded.
const MAX_LINE: u64 = 64 * 1024;
/// How long a peer may take to take in what it is sent before it counts as gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// What a node tells whoever started it, one to a line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// It is connected to all its peers.
    Ready,
    /// The process has all that it asked for; the holders of those listed died.
    Granted(Vec<LockName>),
    /// A cycle was found and confirmed on this node.
    Found(Cycle),
    /// The process had to give way.
    Aborted(Cycle),
    /// A lock is gone with the node that kept it.
    Lost(LockName),
    /// The command can't be carried out.
    Refused(String),
    /// How many messages the node has sent to others.
    Sent(u64),
}

/// What happens to a node.
enum Input {
    Command(String),
    Message(NodeId, Message),
    Gone(NodeId),
    End,
}

/// Runs a node until its standard input ends.
///
/// # Errors
/// [`Error::OutOfRange`] for a number that no node has, [`Error::Io`] if it can't listen or speak.
pub fn run(id: u32) -> Result<(), Error> {
    Error::within("the node's number", id as usize, (0, MAX_NODES - 1))?;
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = net::bind(here).map_err(Error::io("node"))?;
    let address = listener.local_addr().map_err(Error::io("node"))?;
    net::announce("tcp", address).map_err(Error::io("node"))?;
    let (inputs, arriving) = mpsc::channel();
    let accepted = inputs.clone();
    // It ends with the process, and with it the listener.
    thread::spawn(move || {
        let serve = |connection, permit| {
            let inputs = accepted.clone();
            thread::spawn(move || {
                listen(connection, &inputs);
                drop(permit);
            });
        };
        net::accept_loop(
            listener,
            &Cap::new(MAX_CONNECTIONS),
            &Shutdown::new(),
            serve,
            drop,
        )
    });
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            // The node is gone, and nobody is left to be told.
            let _ = inputs.send(Input::Command(line));
        }
        let _ = inputs.send(Input::End);
    });
    Driver::new(NodeId(id))
        .drive(&arriving)
        .map_err(Error::io("node"))
}

/// Reads what one peer sends, until it ends. The first line is the peer's number.
fn listen(connection: TcpStream, inputs: &mpsc::Sender<Input>) {
    let mut lines = BufReader::new(connection);
    let Some(peer) = read_line::<NodeId>(&mut lines) else {
        return;
    };
    while let Some(message) = read_line::<Message>(&mut lines) {
        if inputs.send(Input::Message(peer, message)).is_err() {
            return;
        }
    }
    let _ = inputs.send(Input::Gone(peer));
}

/// The next line, if there is one and it is what it should be.
fn read_line<T: for<'a> Deserialize<'a>>(lines: &mut impl BufRead) -> Option<T> {
    let mut line = String::new();
    let read = lines.by_ref().take(MAX_LINE).read_line(&mut line);
    if !matches!(read, Ok(length) if length > 0) {
        return None;
    }
    let parsed = serde_json::from_str(&line);
    if let Err(error) = &parsed {
        eprintln!("warning: a peer sent what isn't a message, and isn't heard any more: {error}");
    }
    parsed.ok()
}

struct Driver {
    node: Node,
    peers: BTreeMap<NodeId, TcpStream>,
    sent: u64,
}

impl Driver {
    fn new(id: NodeId) -> Self {
        Driver {
            node: Node::new(id),
            peers: BTreeMap::new(),
            sent: 0,
        }
    }

    fn drive(&mut self, inputs: &mpsc::Receiver<Input>) -> io::Result<()> {
        for input in inputs {
            let effects = match input {
                Input::Command(line) => match self.command(&line) {
                    Ok(effects) => effects,
                    Err(wrong) => {
                        tell(&News::Refused(wrong))?;
                        continue;
                    }
                },
                Input::Message(from, message) => self.node.receive(from, message),
                Input::Gone(peer) => self.node.peer_gone(peer),
                Input::End => return Ok(()),
            };
            self.carry_out(effects)?;
        }
        Ok(())
    }

    /// Carries out a line: `peers 0=ADDRESS ...`, `acquire AGE LOCK ...`, `release` or `sent`.
    fn command(&mut self, line: &str) -> Result<Vec<Effect>, String> {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("peers") => {
                for word in words {
                    self.call(word)
                        .map_err(|error| format!("{word}: {error}"))?;
                }
                tell(&News::Ready).map_err(|error| error.to_string())?;
                Ok(Vec::new())
            }
            Some("acquire") => {
                let age = words.next().and_then(|age| age.parse().ok());
                let age = age.ok_or("acquire needs an age and locks: acquire 1 0/0 2/5")?;
                let locks: Vec<LockName> = words.map(str::parse).collect::<Result<_, String>>()?;
                self.node
                    .acquire(age, &locks)
                    .map_err(|refused| refused.to_string())
            }
            Some("release") => Ok(self.node.release_all()),
            Some("sent") => {
                tell(&News::Sent(self.sent)).map_err(|error| error.to_string())?;
                Ok(Vec::new())
            }
            _ => Err("the commands are peers, acquire, release and sent".to_owned()),
        }
    }

    /// Calls a peer, written as its number and address.
    fn call(&mut self, peer: &str) -> io::Result<()> {
        let parts = peer.split_once('=');
        let parsed = parts.and_then(|(id, at)| Some((id.parse().ok()?, at.parse().ok()?)));
        let (id, address): (u32, SocketAddr) = parsed
            .filter(|(_, address): &(u32, SocketAddr)| address.ip().is_loopback())
            .ok_or_else(|| io::Error::other("a peer is written NUMBER=127.0.0.1:PORT"))?;
        let connection = TcpStream::connect(address)?;
        connection.set_nodelay(true)?;
        connection.set_write_timeout(Some(WRITE_TIMEOUT))?;
        write_line(&connection, &self.node.id())?;
        self.peers.insert(NodeId(id), connection);
        Ok(())
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> io::Result<()> {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Send(to, message) if to == self.node.id() => {
                    effects.extend(self.node.receive(to, message));
                }
                Effect::Send(to, message) => self.send(to, &message),
                Effect::Granted { abandoned } => tell(&News::Granted(abandoned))?,
                Effect::Found(cycle) => tell(&News::Found(cycle))?,
                Effect::Aborted(cycle) => tell(&News::Aborted(cycle))?,
                Effect::Lost(lock) => tell(&News::Lost(lock))?,
            }
        }
        Ok(())
    }

    /// Sends to a peer. One that doesn't take it is gone, or will be: the end of its own connection says so.
    fn send(&mut self, to: NodeId, message: &Message) {
        if let Some(connection) = self.peers.get(&to) {
            self.sent += 1;
            if write_line(connection, message).is_err() {
                self.peers.remove(&to);
            }
        }
    }
}

fn write_line(mut to: impl Write, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what).map_err(io::Error::other)?;
    line.push(b'\n');
    to.write_all(&line)
}

fn tell(news: &News) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write_line(&mut out, news)?;
    out.flush()
}
