//! The clients: all of them come at once, and each asks one question after the other.

use std::net::SocketAddr;
use std::thread;

use labkit::rng::Stream;
use tcp_server::{Client, Error};

/// How many clients come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Burst {
    pub(crate) clients: usize,
    pub(crate) questions: usize,
}

/// A question, and what was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) below: u64,
    pub(crate) said: String,
}

impl Burst {
    /// How many questions are asked in all.
    pub(crate) fn total(self) -> usize {
        self.clients * self.questions
    }

    /// Lets all clients loose on a server and collects what they were answered.
    ///
    /// # Errors
    /// The first that a client met.
    pub(crate) fn run(self, address: SocketAddr, seed: u64) -> Result<Vec<Answer>, Error> {
        thread::scope(|scope| {
            let clients: Vec<_> = (0..self.clients)
                .map(|number| scope.spawn(move || self.client(address, number, seed)))
                .collect();
            let mut answers = Vec::with_capacity(self.total());
            for client in clients {
                match client.join() {
                    Ok(given) => answers.extend(given?),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok(answers)
        })
    }

    fn client(self, address: SocketAddr, number: usize, seed: u64) -> Result<Vec<Answer>, Error> {
        let mut chance = Stream::named(seed, &format!("client {number}"));
        let mut client = Client::connect(address)?;
        let questions = (0..self.questions).map(|_| {
            // Most are small, few are large: the mix in which queues form.
            let below = 100_000 * (1 + chance.below(4) * chance.below(5));
            let said = client.ask(&format!("{number} primes below {below}"))?;
            Ok(Answer { below, said })
        });
        questions.collect()
    }
}
