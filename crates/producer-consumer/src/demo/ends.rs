//! What becomes of the items when one side goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use labkit::report::{Report, Table};
use labkit::run::Run;
use producer_consumer::channel::Channel;
use producer_consumer::{
    Disconnected, Error, Kind, Locked, Mpmc, Segmented, Semaphores, SendTimeoutError, Spsc, channel,
};

use super::ROOM;

/// An item that counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What one kind of channel did.
struct Seen {
    /// The rest came after the senders had gone, and then the end.
    rest: bool,
    /// A send without receivers gave its item back.
    back: bool,
    /// Drops of items that nobody received.
    drops: usize,
}

/// Both ends, at each kind of channel.
pub(super) fn of_both_sides(report: Report, _: &Run) -> Result<Report, Error> {
    let mut table = Table::new(["buffer", "rest received", "item handed back", "drops"]);
    let mut all = true;
    for kind in Kind::ALL {
        let seen = match kind {
            Kind::Locked => both_ends::<Locked<Counted>>(),
            Kind::Semaphores => both_ends::<Semaphores<Counted>>(),
            Kind::Spsc => both_ends::<Spsc<Counted>>(),
            Kind::Mpmc => both_ends::<Mpmc<Counted>>(),
            Kind::Segmented => both_ends::<Segmented<Counted>>(),
        }?;
        all &= seen.rest && seen.back && seen.drops == ROOM;
        let yes = |held| if held { "yes" } else { "NO" }.to_owned();
        table = table.row([
            kind.to_string(),
            yes(seen.rest),
            yes(seen.back),
            format!("{} of {ROOM}", seen.drops),
        ]);
    }
    Ok(report
        .check(
            "ends are seen, and what nobody receives is dropped once",
            all,
            format!("on {} buffers", Kind::ALL.len()),
        )
        .heading("How it ends")
        .text(
            "Without senders the rest is received, and then the answer is that nothing will come. \
             Without receivers what is left is dropped, and a send gives its item back.",
        )
        .table(table))
}

fn both_ends<C: Channel<Item = Counted>>() -> Result<Seen, Error> {
    let drops = Arc::new(AtomicUsize::new(0));
    let fill = |count: usize| -> Result<_, Error> {
        let (sender, receiver) = channel::<Counted, C>(ROOM)?;
        // A full channel would be seen by the counts below.
        let sent = (0..count).filter(|_| sender.try_send(Counted(Arc::clone(&drops))).is_ok());
        Ok((sent.count(), sender, receiver))
    };
    let (sent, sender, receiver) = fill(ROOM)?;
    drop(sender);
    let received = receiver.iter().count();
    let rest = sent == ROOM && received == sent && matches!(receiver.recv(), Err(Disconnected));

    drops.store(0, Ordering::Relaxed);
    let (_, sender, receiver) = fill(ROOM)?;
    drop(receiver);
    let unsent = sender.send_timeout(Counted(Arc::clone(&drops)), Duration::ZERO);
    let back = matches!(&unsent, Err(SendTimeoutError::Disconnected(_)));
    let drops = drops.load(Ordering::Relaxed);
    Ok(Seen { rest, back, drops })
}
