//! What clients and homes do in a live run: ask the director, have the nodes carry it out, count.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use labkit::clock::Clock;
use labkit::shutdown::Shutdown;

use super::cluster::Cluster;
use super::store::{content, version_of};
use super::wire::Conversation;
use crate::config::Config;
use crate::director::{Director, Route};
use crate::error::Error;
use crate::outcome::Outcome;
use crate::workload::{Request, nanoseconds, whole};

/// What a home has to carry to another node.
#[derive(Clone, Copy, Debug)]
pub(super) enum Job {
    /// A new version, committed then.
    Update(u32, Duration),
    /// Word of a new version, committed then.
    Invalidate(u32, u32, Duration),
    /// A copy that was ordered.
    Copy(u32),
}

/// What the links out of each home have to carry, at `from * nodes + to`.
pub(super) type Jobs = Vec<Sender<Job>>;

/// What a run counts.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) outcome: Outcome,
    /// Windows so far, and the copied bytes at the end of each, summed up.
    pub(super) samples: (u64, f64),
    /// Files that weren't what they should be.
    pub(super) wrong: u64,
}

/// What all threads of a run share. Locks are taken in this order: a home, the director, the ledger.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    cluster: &'a Cluster,
    config: &'a Config,
    /// One write at a time at each home: whoever holds it knows the next version.
    homes: Vec<Mutex<()>>,
    director: Mutex<Director>,
    ledger: Mutex<Ledger>,
    requests: AtomicU64,
    window_requests: u64,
    /// When the last window ended, in nanoseconds.
    window_began: AtomicU64,
    stop: &'a Shutdown,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        cluster: &'a Cluster,
        config: &'a Config,
        director: Director,
        stop: &'a Shutdown,
    ) -> Self {
        let settings = config.settings();
        Desk {
            cluster,
            config,
            homes: (0..cluster.nodes()).map(|_| Mutex::new(())).collect(),
            director: Mutex::new(director),
            ledger: Mutex::default(),
            requests: AtomicU64::new(0),
            window_requests: whole(settings.rate * settings.window_s).max(1),
            window_began: AtomicU64::new(nanoseconds(cluster.clock().now().as_secs_f64())),
            stop,
        }
    }

    pub(super) fn into_ledger(self) -> Ledger {
        let mut ledger = self
            .ledger
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let now = lock(&self.director).directory().copied_bytes() as f64;
        let (windows, bytes) = ledger.samples;
        ledger.outcome.copied_bytes = if windows > 0 {
            bytes / windows as f64
        } else {
            now
        };
        ledger
    }

    /// A region's client makes its requests, one after the other.
    pub(super) fn request_all(
        &self,
        node: usize,
        requests: &[Request],
        jobs: &Jobs,
    ) -> Result<(), Error> {
        let mut own = self.cluster.converse(node)?;
        for request in requests {
            if self.stop.is_triggered() {
                return Err(Error::Stopped);
            }
            let start = self.cluster.clock().now();
            if request.write {
                self.write(node, request.object, &mut own, jobs)?;
            } else {
                self.read(node, request.object, &mut own, jobs)?;
            }
            let took = self.cluster.clock().now() - start;
            let took = nanoseconds(took.as_secs_f64());
            lock(&self.ledger).outcome.respond(request.write, took);
            self.look_back(jobs)?;
        }
        Ok(())
    }

    fn read(
        &self,
        node: usize,
        object: u32,
        own: &mut Conversation,
        jobs: &Jobs,
    ) -> Result<(), Error> {
        let mut director = lock(&self.director);
        let newest = director.directory().newest(object);
        let home = director.directory().catalogue().home(object);
        let route = director.read(node, object);
        self.follow_up(director, jobs)?;
        let (mut found, keep) = match route {
            Route::Local => {
                let found = own.ask(&format!("GET {object}"), &[]);
                (self.cluster.at(node, found)?, false)
            }
            Route::Remote { from, keep } => (self.fetch(node, from, object, keep, own)?, keep),
        };
        let local = route == Route::Local && found.is_some();
        if found.is_none() {
            // The copy went while the request was under way. The home's never does.
            found = self.fetch(node, home, object, keep, own)?;
        }
        let found = found.unwrap_or_default();
        let version = version_of(&found).unwrap_or(0);
        if keep {
            let mut director = lock(&self.director);
            director.arrived(node, object, version);
            self.follow_up(director, jobs)?;
        }
        let size = self.config.catalogue().size(object);
        let mut ledger = lock(&self.ledger);
        ledger.wrong += u64::from(found != content(object, version, size));
        ledger.outcome.local += u64::from(local);
        ledger.outcome.stale += u64::from(version < newest);
        Ok(())
    }

    /// A node gets a file over its link to another one.
    fn fetch(
        &self,
        node: usize,
        from: usize,
        object: u32,
        keep: bool,
        own: &mut Conversation,
    ) -> Result<Option<Vec<u8>>, Error> {
        let (manner, link) = (
            if keep { "keep" } else { "pass" },
            self.cluster.link(node, from),
        );
        let line = format!("FETCH {object} {manner} {link}");
        self.cluster.at(node, own.ask(&line, &[]))
    }

    fn write(
        &self,
        node: usize,
        object: u32,
        own: &mut Conversation,
        jobs: &Jobs,
    ) -> Result<(), Error> {
        let catalogue = self.config.catalogue();
        let (home, size) = (catalogue.home(object), catalogue.size(object));
        let turn = lock(&self.homes[home]);
        let version = lock(&self.director).directory().newest(object) + 1;
        let line = if home == node {
            format!("PUT {object} {size}")
        } else {
            format!("SEND {object} {size} {}", self.cluster.link(node, home))
        };
        let answer = own.ask(&line, &content(object, version, size));
        self.cluster.at(node, answer)?;
        let mut director = lock(&self.director);
        let commit = director.commit(node, object);
        drop(turn);
        let now = self.cluster.clock().now();
        let of = |to: usize| &jobs[home * self.cluster.nodes() + to];
        for to in commit.updated.iter() {
            // A carrier is gone only when it has failed, and then the run has, too.
            let _ = of(to).send(Job::Update(object, now));
        }
        for to in commit.invalidated.iter() {
            // As above.
            let _ = of(to).send(Job::Invalidate(object, commit.version, now));
        }
        self.follow_up(director, jobs)
    }

    /// After so many requests the strategy looks back.
    fn look_back(&self, jobs: &Jobs) -> Result<(), Error> {
        let made = self.requests.fetch_add(1, SeqCst) + 1;
        if !made.is_multiple_of(self.window_requests) {
            return Ok(());
        }
        let now = nanoseconds(self.cluster.clock().now().as_secs_f64());
        let began = self.window_began.swap(now, SeqCst);
        let mut director = lock(&self.director);
        director.window(now.saturating_sub(began) as f64 / 1e9);
        let copied = director.directory().copied_bytes() as f64;
        self.follow_up(director, jobs)?;
        let mut ledger = lock(&self.ledger);
        ledger.samples.0 += 1;
        ledger.samples.1 += copied;
        Ok(())
    }

    /// Carries out what the director's last call ordered: homes ship, nodes delete.
    fn follow_up(&self, mut director: MutexGuard<'_, Director>, jobs: &Jobs) -> Result<(), Error> {
        while let Some((to, object)) = director.next_shipment() {
            let home = director.directory().catalogue().home(object);
            // A carrier is gone only when it has failed, and then the run has, too.
            let _ = jobs[home * self.cluster.nodes() + to].send(Job::Copy(object));
        }
        let drops: Vec<(usize, u32)> = std::iter::from_fn(|| director.next_drop()).collect();
        drop(director);
        self.delete(&drops)
    }

    fn delete(&self, drops: &[(usize, u32)]) -> Result<(), Error> {
        for (node, object) in drops {
            let answer = self
                .cluster
                .converse(*node)?
                .ask(&format!("DROP {object}"), &[]);
            self.cluster.at(*node, answer)?;
        }
        Ok(())
    }

    /// Carries a home's jobs to one other node until nobody can have more. Several carriers share a link,
    /// so one file may overtake another; versions decide which of them stays.
    pub(super) fn carry(
        &self,
        from: usize,
        to: usize,
        jobs: &Mutex<Receiver<Job>>,
    ) -> Result<(), Error> {
        let link = self.cluster.link(from, to);
        let mut home: Option<Conversation> = None;
        // The lock is held while waiting: of idle carriers one waits for a job, the others for it.
        let next = || lock(jobs).recv();
        while let Ok(job) = next() {
            if self.stop.is_triggered() {
                return Err(Error::Stopped);
            }
            let mut open = match home.take() {
                Some(open) => open,
                None => self.cluster.converse(from)?,
            };
            let line = match job {
                Job::Update(object, _) | Job::Copy(object) => format!("PUSH {object} {link}"),
                Job::Invalidate(object, version, _) => format!("TELL {object} {version} {link}"),
            };
            let answer = self.cluster.at(from, open.ask(&line, &[]))?;
            home = Some(open);
            let mut director = lock(&self.director);
            match job {
                Job::Update(object, _) | Job::Copy(object) => {
                    let version = answer.and_then(|answer| version_of(&answer)).unwrap_or(0);
                    director.arrived(to, object, version);
                }
                Job::Invalidate(object, version, _) => director.invalidated(to, object, version),
            }
            let drops: Vec<(usize, u32)> = std::iter::from_fn(|| director.next_drop()).collect();
            drop(director);
            self.delete(&drops)?;
            if let Job::Update(_, since) | Job::Invalidate(_, _, since) = job {
                let lag = self.cluster.clock().now().saturating_sub(since);
                let lag = nanoseconds(lag.as_secs_f64()) / 1_000;
                lock(&self.ledger).outcome.lags.record(lag);
            }
        }
        Ok(())
    }
}
