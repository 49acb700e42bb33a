//! Which party of a cycle gives way, and why nobody gives way for ever.
//!
//! A party that was aborted keeps its age when it tries again, as in wound-wait (Rosenkrantz, Stearns
//! and Lewis, 1978). By age alone that is enough: nobody is older than the oldest, which is never chosen,
//! so it ends, and someone else becomes the oldest. The other policies could choose the same party again
//! and again; so whoever was aborted [`MOST_ABORTS`] times is *spared*: it is chosen only among its like,
//! and there by age. The oldest of the spared is never chosen, and the argument holds again.

use crate::graph::Party;

/// After so many aborts a party is spared. Few, so that it soon matters; more than the policies' own
/// preference usually needs.
pub const MOST_ABORTS: u32 = 8;

/// What a party brings forward when it is to be aborted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// When it began: the ticket that it drew at its first attempt. Smaller is older.
    pub ticket: u64,
    /// How important it is; more is more important.
    pub priority: i32,
    /// How much would be lost: locks held, and units of work that it counted itself.
    pub work: u64,
    /// How often it was aborted since it began.
    pub aborts: u32,
}

impl Claim {
    fn spared(&self) -> bool {
        self.aborts >= MOST_ABORTS
    }
}

/// Who of a cycle gives way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The one that began last.
    #[default]
    Youngest,
    /// The least important; of several the youngest.
    LowestPriority,
    /// The one that loses least; of several the youngest.
    LeastWork,
    /// The one whose wait closed the cycle: it is awake and needs no waking.
    Requester,
}

/// Chooses from the parties of a cycle, of which the first closed it.
///
/// # Panics
/// If the cycle is empty.
#[must_use]
pub fn choose(policy: Policy, cycle: &[(Party, Claim)]) -> Party {
    if policy == Policy::Requester && cycle.iter().all(|(_, claim)| claim.aborts == 0) {
        return cycle[0].0;
    }
    // BEGIN SOLUTION stage 3: who gives way? and what keeps it from being the same one for ever?
    let requester = cycle[0].0;
    let all_spared = cycle.iter().all(|(_, claim)| claim.spared());
    // The largest key gives way; the ticket decides between equals, and it is nobody else's.
    let key = |party: Party, claim: &Claim| {
        let preference = match policy {
            _ if all_spared => (false, 0, 0),
            Policy::Youngest => (false, 0, 0),
            Policy::LowestPriority => (false, -i64::from(claim.priority), 0),
            Policy::LeastWork => (false, 0, u64::MAX - claim.work),
            Policy::Requester => (party == requester, 0, 0),
        };
        (!claim.spared(), preference, claim.ticket)
    };
    let chosen = cycle.iter().max_by_key(|(party, claim)| key(*party, claim));
    chosen.expect("a cycle has members").0
    // END SOLUTION
}
