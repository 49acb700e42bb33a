//! What was injected, what was noticed, what was repaired, and how much service was lost.
//!
//! The ledger is told the truth by whoever injects faults and knows when a service really serves; and
//! it is told the supervisor's notices. Neither side sees it.

use std::time::Duration;

use crate::plan::ServiceId;
use crate::supervisor::Notice;

/// In which way a service is made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Its process ends.
    Crash,
    /// Its process stays and does nothing any more.
    Hang,
    /// Its process takes more and more memory, and serves until it is stopped.
    Leak,
    /// It crashes, and so do its next starts.
    Poison,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 4] = [Fault::Crash, Fault::Hang, Fault::Leak, Fault::Poison];

    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fault::Crash => "crash",
            Fault::Hang => "hang",
            Fault::Leak => "leak",
            Fault::Poison => "poisoned start",
        }
    }
}

/// One injected fault and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Whose.
    pub service: ServiceId,
    /// Which.
    pub fault: Fault,
    /// When.
    pub injected: Duration,
    /// When the supervisor noticed; never, if a restart for another's sake came first.
    pub detected: Option<Duration>,
    /// When the service was ready again.
    pub repaired: Option<Duration>,
}

/// A stretch of time in which a service served, or didn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// From when on.
    pub from: Duration,
    /// Until when.
    pub to: Duration,
    /// Whether it served.
    pub serves: bool,
}

#[derive(Clone, Debug, Default)]
struct Account {
    /// The place of the incident that isn't repaired yet.
    open: Option<usize>,
    /// Since when it serves, or doesn't; none before it did so for the first time.
    since: Option<(Duration, bool)>,
    stretches: Vec<Stretch>,
}

/// The books.
#[derive(Clone, Debug)]
pub struct Ledger {
    accounts: Vec<Account>,
    /// All incidents, in the order of their injection.
    pub incidents: Vec<Incident>,
}

impl Ledger {
    /// Empty books of so many services.
    #[must_use]
    pub fn new(services: usize) -> Self {
        Ledger {
            accounts: vec![Account::default(); services],
            incidents: Vec::new(),
        }
    }

    /// Whether a service has an incident that isn't repaired yet.
    #[must_use]
    pub fn is_open(&self, service: ServiceId) -> bool {
        self.accounts[service].open.is_some()
    }

    /// A fault was injected into a service that had none.
    pub fn inject(&mut self, at: Duration, service: ServiceId, fault: Fault) {
        self.accounts[service].open = Some(self.incidents.len());
        self.incidents.push(Incident {
            service,
            fault,
            injected: at,
            detected: None,
            repaired: None,
        });
    }

    /// Whether a service serves, from now on.
    pub fn serves(&mut self, at: Duration, service: ServiceId, serves: bool) {
        let account = &mut self.accounts[service];
        match account.since {
            // What happens before it served for the first time isn't an outage.
            None if !serves => {}
            None => account.since = Some((at, true)),
            Some((_, before)) if before == serves => {}
            Some((from, before)) => {
                account.stretches.push(Stretch {
                    from,
                    to: at,
                    serves: before,
                });
                account.since = Some((at, serves));
            }
        }
    }

    /// The supervisor said something.
    pub fn told(&mut self, at: Duration, notice: &Notice) {
        let (service, is_ready) = match notice {
            Notice::Failed(service, _) => (*service, false),
            Notice::Ready(service) => (*service, true),
            _ => return,
        };
        let Some(place) = self.accounts[service].open else {
            return;
        };
        let incident = &mut self.incidents[place];
        if is_ready {
            incident.repaired = Some(at);
            self.accounts[service].open = None;
        } else {
            incident.detected.get_or_insert(at);
        }
    }

    /// Closes the books: what lasts, lasts until now.
    pub fn close(&mut self, at: Duration) {
        for account in &mut self.accounts {
            if let Some((from, serves)) = account.since.take() {
                account.stretches.push(Stretch {
                    from,
                    to: at,
                    serves,
                });
            }
        }
    }

    /// When a service served and when it didn't, from the first time that it did; call it after
    /// [`close`](Self::close).
    #[must_use]
    pub fn stretches(&self, service: ServiceId) -> &[Stretch] {
        &self.accounts[service].stretches
    }

    /// The share of time that a service served; NaN if it never did.
    #[must_use]
    pub fn availability(&self, service: ServiceId) -> f64 {
        let (up, down) = (self.total(service, true), self.total(service, false));
        up / (up + down)
    }

    /// The mean time from the loss of service to its return, in seconds; NaN if it was never lost.
    #[must_use]
    pub fn mean_outage(&self, service: ServiceId) -> f64 {
        self.total(service, false) / self.outages(service) as f64
    }

    /// How often service was lost.
    #[must_use]
    pub fn outages(&self, service: ServiceId) -> usize {
        self.stretches(service).iter().filter(|s| !s.serves).count()
    }

    fn total(&self, service: ServiceId, serves: bool) -> f64 {
        let stretches = self.stretches(service).iter();
        let of_kind = stretches.filter(|stretch| stretch.serves == serves);
        of_kind
            .map(|s| (s.to.saturating_sub(s.from)).as_secs_f64())
            .sum()
    }

    /// Seconds from injection to detection, of one kind or of all.
    #[must_use]
    pub fn times_to_detect(&self, fault: Option<Fault>) -> Vec<f64> {
        self.times(fault, |incident| {
            Some((incident.injected, incident.detected?))
        })
    }

    /// Seconds from detection to being ready again, of one kind or of all.
    #[must_use]
    pub fn times_to_repair(&self, fault: Option<Fault>) -> Vec<f64> {
        self.times(fault, |incident| {
            Some((incident.detected?, incident.repaired?))
        })
    }

    fn times(
        &self,
        fault: Option<Fault>,
        ends: impl Fn(&Incident) -> Option<(Duration, Duration)>,
    ) -> Vec<f64> {
        let of_kind = |incident: &&Incident| fault.is_none_or(|fault| fault == incident.fault);
        let ends = self.incidents.iter().filter(of_kind).filter_map(ends);
        ends.map(|(from, to)| to.saturating_sub(from).as_secs_f64())
            .collect()
    }
}

/// Availability after the textbook: 1 − MTTR/(MTBF + MTTR), with the mean time to repair counted from
/// the loss of service, and the mean time between failures from its return to the next loss.
#[must_use]
pub fn textbook(mtbf: f64, mttr: f64) -> f64 {
    1.0 - mttr / (mtbf + mttr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::Cause;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_incident_is_followed_from_injection_to_repair() {
        let mut ledger = Ledger::new(1);
        ledger.serves(seconds(0), 0, false);
        ledger.serves(seconds(10), 0, true);
        ledger.inject(seconds(100), 0, Fault::Hang);
        ledger.serves(seconds(100), 0, false);
        ledger.told(seconds(103), &Notice::Failed(0, Cause::Hung));
        ledger.told(seconds(104), &Notice::Failed(0, Cause::NeverReady));
        ledger.told(seconds(110), &Notice::Ready(0));
        ledger.serves(seconds(110), 0, true);
        ledger.close(seconds(210));
        assert!(!ledger.is_open(0));
        assert_eq!(ledger.times_to_detect(None), [3.0]);
        assert_eq!(ledger.times_to_repair(Some(Fault::Hang)), [7.0]);
        assert_eq!(ledger.times_to_repair(Some(Fault::Leak)), [0.0; 0]);
        assert_eq!((ledger.outages(0), ledger.mean_outage(0)), (1, 10.0));
        assert_eq!(ledger.availability(0), 0.95);
        assert!((textbook(190.0, 10.0) - 0.95).abs() < 1e-12);
    }
}
