//! The clients that one thread plays.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use labkit::clock::{Deadline, Stopwatch};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::{Outcome, Until};
use crate::Echo;

/// How much is read at once.
const CHUNK: usize = 64 * 1024;
/// How many events are taken with one call.
const EVENTS: usize = 1_024;
/// How long answers are waited for when nothing at all arrives.
const PATIENCE: Duration = Duration::from_secs(30);

/// The clients of one thread.
#[derive(Debug)]
pub(super) struct Part {
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

impl Part {
    pub(super) fn new(pipeline: usize) -> io::Result<Self> {
        Ok(Part {
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            clients: Vec::new(),
            pipeline,
        })
    }

    pub(super) fn connect(
        &mut self,
        address: SocketAddr,
        number: usize,
        size: usize,
    ) -> io::Result<()> {
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

    pub(super) fn run(&mut self, until: Until, clock: Stopwatch) -> io::Result<Outcome> {
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
