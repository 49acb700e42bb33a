//! One connection's side of the protocol, without the connection: bytes in, answers out.
//!
//! Never reads, writes, waits or looks at a clock. The four servers differ in how they find out that
//! a socket is ready; what they do with it is this.

use crate::Service;
use crate::framer::{Frame, Framer};

/// What a session may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest line, in bytes.
    pub max_line: usize,
    /// From how many unsent bytes on nothing more is answered.
    pub max_output: usize,
}

/// Why nothing more is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer closed its writing half, and may still read: it gets all its answers.
    Closed,
    /// The server stops: what has arrived as whole lines is answered.
    Stopping,
    /// Nothing has moved for too long: the peer is told so.
    Idle,
    /// The connection is broken, or the service is: nobody is left to be answered.
    Broken,
}

/// What a session has done since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines answered.
    pub lines: u64,
    /// Lines refused for their length.
    pub too_long: u64,
}

/// The state of one connection.
#[derive(Debug)]
pub struct Session {
    limits: Limits,
    framer: Framer,
    /// What arrived and isn't used up: the beginning of a line, or lines that wait for room in
    /// `output`. Empty, and without memory, for a peer that sends whole lines and reads.
    input: Vec<u8>,
    output: Vec<u8>,
    /// How much of `output` has been sent.
    sent: usize,
    end: Option<End>,
    counts: Counts,
}

impl Session {
    /// A session at its beginning.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Session {
            limits,
            framer: Framer::new(limits.max_line),
            input: Vec::new(),
            output: Vec::new(),
            sent: 0,
            end: None,
            counts: Counts::default(),
        }
    }

    /// Takes bytes as they arrived, and answers every line that they complete, as long as there is
    /// room for answers; the rest is kept.
    pub fn receive(&mut self, bytes: &[u8], service: &(impl Service + ?Sized)) {
        // BEGIN SOLUTION stage 1: what if the beginning of the line came earlier?
        if self.input.is_empty() {
            let used = self.digest(bytes, service);
            self.input.extend_from_slice(&bytes[used..]);
        } else {
            self.input.extend_from_slice(bytes);
            self.go_on(service);
        }
        // END SOLUTION
    }

    /// Nothing more will arrive. Only the first reason counts.
    pub fn end(&mut self, end: End, service: &(impl Service + ?Sized)) {
        if end == End::Broken {
            self.input = Vec::new();
            self.forget_output();
            self.end = Some(end);
        } else if self.end.is_none() {
            self.end = Some(end);
            self.go_on(service);
        }
    }

    /// What is to be sent.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        &self.output[self.sent..]
    }

    /// So many bytes of the output were sent. If there is room again, kept lines are answered.
    pub fn sent(&mut self, bytes: usize, service: &(impl Service + ?Sized)) {
        self.sent += bytes;
        if self.sent >= self.output.len() {
            // An idle connection holds no buffers; ten thousand of them are mostly idle.
            self.forget_output();
        }
        if !self.input.is_empty() && self.has_room() {
            self.go_on(service);
        }
    }

    /// Whether more is to be read: not at the end, and not while the peer leaves its answers
    /// unread. It will notice, since then the kernel's buffers fill up and its own writes stop.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.end.is_none() && self.has_room()
    }

    /// Whether all is said and sent.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.end.is_some() && self.output.is_empty() && self.input.is_empty()
    }

    /// What was done since the last call.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Bytes of memory in its buffers.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.input.capacity() + self.output.capacity()
    }

    fn has_room(&self) -> bool {
        self.output.len() - self.sent < self.limits.max_output
    }

    fn forget_output(&mut self) {
        self.output = Vec::new();
        self.sent = 0;
    }

    /// Answers the frames in `bytes` while there is room; says how many bytes are used up.
    fn digest(&mut self, bytes: &[u8], service: &(impl Service + ?Sized)) -> usize {
        if self.output.capacity() == 0 {
            // An answer is about as long as its line; growing step by step would copy it often.
            self.output.reserve(bytes.len() + bytes.len() / 4);
        }
        let mut used = 0;
        while self.has_room() {
            let found = self.framer.next(&bytes[used..]);
            used += found.used;
            match found.frame {
                Some(frame) => self.answer(frame, service),
                None => break,
            }
        }
        if self.output.is_empty() {
            self.forget_output();
        }
        used
    }

    /// Answers what is kept, as far as there is room for it.
    fn go_on(&mut self, service: &(impl Service + ?Sized)) {
        let mut input = std::mem::take(&mut self.input);
        let used = self.digest(&input, service);
        input.drain(..used);
        let is_rest = self.has_room();
        match self.end {
            Some(end) if is_rest => self.last_words(&input, end, service),
            // Not at the end, or there are whole lines left that wait for room.
            _ if input.is_empty() => {}
            _ => self.input = input,
        }
    }

    /// Nothing but `rest`, which holds no line end, stands between this session and its end.
    fn last_words(&mut self, rest: &[u8], end: End, service: &(impl Service + ?Sized)) {
        let is_silent = match end {
            End::Closed => rest.is_empty(),
            End::Idle => false,
            End::Stopping | End::Broken => true,
        };
        if is_silent {
            return;
        }
        // BEGIN SOLUTION stage 2: who gets an answer to a line without an end, and who gets a reason?
        if end == End::Idle {
            let words = b"error: nothing was sent or read for too long; closing\n";
            self.output.extend_from_slice(words);
        } else if let Some(frame) = self.framer.last(rest) {
            self.answer(frame, service);
        }
        // END SOLUTION
    }

    fn answer(&mut self, frame: Frame<'_>, service: &(impl Service + ?Sized)) {
        match frame {
            Frame::Line { text, crlf } => {
                self.counts.lines += 1;
                // Whatever the bytes are, they are a message; what isn't text becomes U+FFFD.
                match str::from_utf8(text) {
                    Ok(line) => service.answer(line, &mut self.output),
                    Err(_) => service.answer(&String::from_utf8_lossy(text), &mut self.output),
                }
                let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
                self.output.extend_from_slice(end);
            }
            Frame::TooLong => {
                self.counts.too_long += 1;
                let limit = self.limits.max_line;
                let words = format!("error: line longer than {limit} bytes; it was skipped\n");
                self.output.extend_from_slice(words.as_bytes());
            }
        }
    }
}
