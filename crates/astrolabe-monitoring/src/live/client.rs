//! Asking a node.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use labkit::clock::Deadline;
use labkit::rng::Stream;

use crate::error::Error;
use crate::message::{Action, Answer, Ask, Message, Outcome, Summary};
use crate::query::Query;
use crate::wire::{self, LONGEST, Seal};

/// A datagram may be lost: after so long it is sent again.
const AGAIN: Duration = Duration::from_millis(100);

/// Someone outside the tree, with its key.
#[derive(Debug)]
pub struct Client {
    seal: Seal,
    chance: Stream,
}

impl Client {
    /// One who asks with this key; the numbers that tell answers apart are drawn from `chance`.
    #[must_use]
    pub fn new(seal: Seal, chance: Stream) -> Self {
        Client { seal, chance }
    }

    /// Asks one node once, as often as it takes to get an answer; none if there is no such query.
    ///
    /// # Errors
    /// If it refuses, or there is no answer within `within`.
    pub fn ask(
        &mut self,
        node: SocketAddr,
        action: Action,
        query: &Query,
        within: Duration,
    ) -> Result<Option<Summary>, Error> {
        let nonce = self.chance.below(u64::MAX);
        let ask = Message::<SocketAddr>::Ask(Ask {
            nonce,
            action,
            query: query.text().clone(),
        });
        // A question is far shorter than the longest datagram.
        let datagram = wire::encode(&ask, &self.seal).unwrap_or_default();
        let any = match node.ip() {
            IpAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
        };
        let socket = UdpSocket::bind((any, 0))?;
        let deadline = Deadline::after(within);
        while !deadline.expired() {
            socket.send_to(&datagram, node)?;
            match self.answer(&socket, node, nonce)? {
                None => {}
                Some(Outcome::Summary(summary)) => return Ok(Some(summary)),
                Some(Outcome::NotInstalled) => return Ok(None),
                Some(Outcome::Refused(why)) => return Err(Error::Refused { node, why }),
            }
        }
        Err(Error::NoAnswer { node, within })
    }

    /// The answer, if it comes before it is time to ask again. What isn't from the node, not signed, or
    /// not the answer to this question is passed over.
    fn answer(
        &self,
        socket: &UdpSocket,
        node: SocketAddr,
        nonce: u64,
    ) -> Result<Option<Outcome>, Error> {
        let again = Deadline::after(AGAIN);
        let mut buffer = [0; LONGEST + 1];
        while !again.expired() {
            let patience = again.remaining().max(Duration::from_micros(1));
            socket.set_read_timeout(Some(patience))?;
            let Ok((len, from)) = socket.recv_from(&mut buffer) else {
                continue;
            };
            let decoded = wire::decode::<SocketAddr>(&buffer[..len], &self.seal);
            if let Ok(Message::Answer(Answer { nonce: of, outcome })) =
                decoded.map(|decoded| decoded.message)
                && (from, of) == (node, nonce)
            {
                return Ok(Some(outcome));
            }
        }
        Ok(None)
    }

    /// What all nodes come to: if nobody computes the query yet, it is installed, awaited until every node
    /// is in its results, and removed again unless it is to be kept.
    ///
    /// # Errors
    /// If the node refuses, doesn't answer, or some nodes aren't in the results within `within`.
    pub fn query(
        &mut self,
        node: SocketAddr,
        query: &Query,
        within: Duration,
        keep: bool,
    ) -> Result<Summary, Error> {
        let known = self.ask(node, Action::Read, query, within)?;
        let action = match known {
            Some(_) => Action::Read,
            None => Action::Install,
        };
        let answer = self.complete(node, action, query, within);
        if known.is_none() && !keep {
            self.ask(node, Action::Remove, query, within)?;
        }
        answer
    }

    fn complete(
        &mut self,
        node: SocketAddr,
        action: Action,
        query: &Query,
        within: Duration,
    ) -> Result<Summary, Error> {
        let deadline = Deadline::after(within);
        let (mut covered, mut nodes) = (0, 0);
        while !deadline.expired() {
            if let Some(summary) = self.ask(node, action, query, deadline.remaining())? {
                if summary.is_complete() {
                    return Ok(summary);
                }
                (covered, nodes) = (summary.covered, summary.nodes);
            }
            // Each round brings more; nothing tells us when one is over.
            std::thread::park_timeout(AGAIN.min(deadline.remaining()));
        }
        Err(Error::Incomplete {
            covered,
            nodes,
            within,
        })
    }
}
