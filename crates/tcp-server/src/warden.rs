//! The one clock for all silent connections: a thread that looks at them now and then.
//!
//! A timer for each connection would have to be moved with every byte. Here a byte leaves the time of
//! its coming, and the warden, which has all the time in the world, compares.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use labkit::clock::Clock;
use labkit::shutdown::Shutdown;

use crate::connection::Shared;

/// A silent connection is noticed at most this share of its time too late.
const LOOKS_PER_TIMEOUT: u32 = 8;
/// But never looked for more often than this.
const SHORTEST_ROUND: Duration = Duration::from_millis(10);

/// Starts the warden; it ends when `off_duty` fires.
pub(crate) fn start(shared: &Arc<Shared>, off_duty: &Shutdown) -> io::Result<JoinHandle<()>> {
    let (shared, off_duty) = (Arc::clone(shared), off_duty.clone());
    let timeout = shared.config.idle_timeout;
    let round = (timeout / LOOKS_PER_TIMEOUT).max(SHORTEST_ROUND);
    thread::Builder::new()
        .name("warden".to_owned())
        .spawn(move || {
            while !off_duty.wait_timeout(round) {
                shared.roster.end_idle(shared.clock.now(), timeout);
            }
        })
}
