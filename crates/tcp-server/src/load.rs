//! Many clients at once: what a server is measured with.
//!
//! A closed loop: each connection sends a batch of lines, waits for all its answers, compares them
//! byte for byte with what is right, and sends the next. A few threads with an `epoll` each play all
//! clients, so that ten thousand of them cost little beside the server.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use labkit::clock::{Deadline, Stopwatch};
use labkit::stats::Histogram;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::{Echo, Error};

/// The longest line that is sent, in bytes.
pub const MAX_SIZE: usize = 4 * 1024;
/// The most lines that are sent without waiting.
pub const MAX_PIPELINE: usize = 1_024;
/// The shortest line: the connection's number has to fit.
const MIN_SIZE: usize = 8;
/// How much is read at once.
const CHUNK: usize = 64 * 1024;
/// How many events are taken with one call.
const EVENTS: usize = 1_024;
/// How long answers are waited for when nothing at all arrives.
const PATIENCE: Duration = Duration::from_secs(30);
/// Descriptors that a process needs beside its connections.
const SPARE_FILES: usize = 64;

/// How the clients behave.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many clients, each with a connection of its own.
    pub connections: usize,
    /// How many lines each sends before it waits for answers.
    pub pipeline: usize,
    /// How long a line is, in bytes, without its end.
    pub size: usize,
    /// How many threads play the clients.
    pub threads: usize,
}

impl Default for Load {
    /// A hundred clients, one line of 32 bytes at a time, played by one thread.
    fn default() -> Self {
        Load {
            connections: 100,
            pipeline: 1,
            size: 32,
            threads: 1,
        }
    }
}

/// When the clients stop sending.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After a time.
    Elapsed(Duration),
    /// When each has sent so many batches.
    Batches(u64),
}

/// What the clients saw.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Lines answered rightly.
    pub messages: u64,
    /// Answers that were wrong, or connections that ended before their answers came.
    pub failures: u64,
    /// How long it took, in seconds, from the first send to the last answer.
    pub seconds: f64,
    /// Nanoseconds from sending a batch to its last answer, once for each batch.
    pub latency: Histogram,
}

impl Outcome {
    /// Lines answered per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.messages as f64 / self.seconds
    }
}

/// Clients, connected.
#[derive(Debug)]
pub struct Crowd {
    parts: Vec<Part>,
}

/// The clients of one thread.
#[derive(Debug)]
struct Part {
    epoll: Epoll,
    clients: Vec<Client>,
    pipeline: usize,
}

#[derive(Debug)]
struct Client {
    socket: TcpStream,
    /// One line, with its end; no two clients send the same.
    line: Vec<u8>,
    answer: Vec<u8>,
    /// Bytes of the batch that are still to be sent, and of its answers still to come.
    unsent: usize,
    expected: usize,
    sent_at: Duration,
    batches: u64,
    is_broken: bool,
}

impl Load {
    /// Checks the sizes.
    ///
    /// # Errors
    /// The first that is out of its range.
    pub fn check(&self) -> Result<(), Error> {
        for (what, value, least, most) in [
            ("connections", self.connections, 1, 1_000_000),
            ("lines sent at once", self.pipeline, 1, MAX_PIPELINE),
            ("bytes in a line", self.size, MIN_SIZE, MAX_SIZE),
            ("threads", self.threads, 1, crate::config::MAX_THREADS),
        ] {
            if !(least..=most).contains(&value) {
                return Err(Error::Config {
                    what,
                    value,
                    least,
                    most,
                });
            }
        }
        let allowed = allow_open_files();
        if self.connections + SPARE_FILES > allowed {
            return Err(Error::OpenFiles {
                asked: self.connections,
                allowed,
            });
        }
        Ok(())
    }
}

/// Raises the limit of open files of this process to what it may be raised to; says how many that
/// are.
pub fn allow_open_files() -> usize {
    let limit = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        if soft < hard {
            setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        }
        Ok(hard)
    });
    // A limit that can't be read or raised leaves what every system allows.
    usize::try_from(limit.unwrap_or(1_024)).unwrap_or(usize::MAX)
}

/// How many connections a process can have with so many open files.
#[must_use]
pub fn connections_with(open_files: usize) -> usize {
    open_files.saturating_sub(SPARE_FILES)
}

impl Crowd {
    /// Connects all clients.
    ///
    /// # Errors
    /// If a size is out of its range, this process may not open as many files, or a client can't
    /// connect.
    pub fn connect(address: SocketAddr, load: &Load) -> Result<Self, Error> {
        load.check()?;
        let threads = load.threads.min(load.connections);
        let mut parts = (0..threads)
            .map(|_| Part::new(load.pipeline))
            .collect::<io::Result<Vec<Part>>>()?;
        for number in 0..load.connections {
            parts[number % threads]
                .connect(address, number, load.size)
                .map_err(|source| Error::Connect { address, source })?;
        }
        Ok(Crowd { parts })
    }

    /// Lets all clients send and compare, and waits for every answer.
    ///
    /// # Errors
    /// If the poller fails; what goes wrong with a connection is counted instead.
    pub fn run(&mut self, until: Until) -> io::Result<Outcome> {
        let clock = Stopwatch::start();
        let outcomes: Vec<io::Result<Outcome>> = thread::scope(|scope| {
            let threads: Vec<_> = self
                .parts
                .iter_mut()
                .map(|part| scope.spawn(move || part.run(until, clock)))
                .collect();
            let ended = threads.into_iter().map(|thread| thread.join());
            ended
                .map(|outcome| outcome.expect("a part doesn't panic"))
                .collect()
        });
        let mut total = Outcome::default();
        for outcome in outcomes {
            let outcome = outcome?;
            total.messages += outcome.messages;
            total.failures += outcome.failures;
            total.seconds = total.seconds.max(outcome.seconds);
            total.latency.merge(&outcome.latency);
        }
        Ok(total)
    }
}

impl Part {
    fn new(pipeline: usize) -> io::Result<Self> {
        Ok(Part {
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            clients: Vec::new(),
            pipeline,
        })
    }

    fn connect(&mut self, address: SocketAddr, number: usize, size: usize) -> io::Result<()> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let token = self.clients.len() as u64;
        let event = EpollEvent::new(EpollFlags::EPOLLIN, token);
        self.epoll.add(&socket, event)?;
        let line = format!("{number:0size$}\n").into_bytes();
        self.clients.push(Client {
            answer: [Echo::PREFIX.as_bytes(), &line].concat(),
            line,
            socket,
            unsent: 0,
            expected: 0,
            sent_at: Duration::ZERO,
            batches: 0,
            is_broken: false,
        });
        Ok(())
    }

    fn run(&mut self, until: Until, clock: Stopwatch) -> io::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut waiting = 0;
        for at in 0..self.clients.len() {
            self.clients[at].batches = 0;
            waiting += usize::from(self.next_batch(at, until, clock));
        }
        let mut events = vec![EpollEvent::empty(); EVENTS];
        let mut chunk = vec![0; CHUNK];
        let mut patience = Deadline::after(PATIENCE);
        while waiting > 0 && !patience.expired() {
            let ready = match self.epoll.wait(&mut events, EpollTimeout::from(250_u8)) {
                Ok(ready) => ready,
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            };
            if ready > 0 {
                patience = Deadline::after(PATIENCE);
            }
            for event in &events[..ready] {
                let at = usize::try_from(event.data()).expect("it was made of one");
                if self.advance(at, event.events(), &mut chunk)? {
                    self.finish_batch(at, clock, &mut outcome);
                    waiting -= usize::from(!self.next_batch(at, until, clock));
                }
            }
        }
        outcome.seconds = clock.seconds();
        outcome.failures += waiting as u64;
        Ok(outcome)
    }

    /// Sends and reads what is possible; says whether the batch has come to its end, good or bad.
    fn advance(&mut self, at: usize, ready: EpollFlags, chunk: &mut [u8]) -> io::Result<bool> {
        let client = &mut self.clients[at];
        if ready.contains(EpollFlags::EPOLLOUT) {
            client.send(self.pipeline);
            if client.unsent == 0 {
                let mut event = EpollEvent::new(EpollFlags::EPOLLIN, at as u64);
                self.epoll.modify(&client.socket, &mut event)?;
            }
        }
        let client = &mut self.clients[at];
        let was_waiting = client.expected > 0 && !client.is_broken;
        client.read(chunk, self.pipeline);
        if client.is_broken {
            // A closed socket is always ready; nobody wants to hear of it again.
            self.epoll.delete(&client.socket)?;
        }
        Ok(was_waiting && (client.is_broken || client.expected == 0))
    }

    fn finish_batch(&mut self, at: usize, clock: Stopwatch, outcome: &mut Outcome) {
        let client = &self.clients[at];
        if client.is_broken {
            outcome.failures += 1;
        } else {
            outcome.messages += self.pipeline as u64;
            let time = clock.elapsed().saturating_sub(client.sent_at);
            outcome.latency.record_duration(time);
        }
    }

    /// Sends the next batch, unless this client has done its part; says whether it waits now.
    fn next_batch(&mut self, at: usize, until: Until, clock: Stopwatch) -> bool {
        let client = &mut self.clients[at];
        let now = clock.elapsed();
        let is_done = match until {
            // Even the shortest time is enough for one batch each.
            Until::Elapsed(time) => now >= time && client.batches > 0,
            Until::Batches(most) => client.batches >= most,
        };
        if is_done || client.is_broken {
            return false;
        }
        client.batches += 1;
        client.sent_at = now;
        client.unsent = self.pipeline * client.line.len();
        client.expected = self.pipeline * client.answer.len();
        client.send(self.pipeline);
        if client.unsent > 0 {
            let both = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT;
            let mut event = EpollEvent::new(both, at as u64);
            client.is_broken |= self.epoll.modify(&client.socket, &mut event).is_err();
        }
        true
    }
}

impl Client {
    /// Sends what is left of the batch, as far as the kernel takes it.
    fn send(&mut self, pipeline: usize) {
        if pipeline == 1 && self.unsent == self.line.len() {
            let line = &self.line;
            return sent((&self.socket).write(line), &mut self.unsent);
        }
        let whole = self.line.repeat(pipeline);
        while self.unsent > 0 {
            let before = self.unsent;
            let from = whole.len() - self.unsent;
            sent((&self.socket).write(&whole[from..]), &mut self.unsent);
            if self.unsent == before {
                break;
            }
        }
    }

    /// Reads once, and compares with what should come.
    fn read(&mut self, chunk: &mut [u8], pipeline: usize) {
        let length = match self.socket.read(chunk) {
            Ok(0) => {
                self.is_broken = true;
                return;
            }
            Ok(length) => length,
            Err(error) => {
                self.is_broken |= !is_not_now(&error);
                return;
            }
        };
        let total = pipeline * self.answer.len();
        let mut from = total - self.expected;
        let mut bytes = &chunk[..length];
        while !bytes.is_empty() {
            let place = from % self.answer.len();
            let piece = bytes.len().min(self.answer.len() - place);
            let is_right = from < total && bytes[..piece] == self.answer[place..place + piece];
            if !is_right {
                self.is_broken = true;
                return;
            }
            from += piece;
            bytes = &bytes[piece..];
        }
        self.expected = total - from;
    }
}

/// Takes off what was sent. What went wrong will show when the answers are read.
fn sent(result: io::Result<usize>, unsent: &mut usize) {
    if let Ok(bytes) = result {
        *unsent -= bytes;
    }
}

fn is_not_now(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
