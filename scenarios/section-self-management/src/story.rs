//! What was seen, told as a report.

use std::error::Error;

use labkit::net::announce;
use labkit::report::{Figure, Report};
use labkit::run::Run;

use auto_repair::supervisor::Notice;

use crate::control::{Ended, SLOTS, Together};
use crate::pictures;

/// What the page shows at first: the fragment of its address.
const SHOWN: &str = "#seconds=60&series=workers.ready+web&series=workers.gossip+web&series=jobs.ready+batch\
                     &series=requests.rate+web&series=requests.mean_ms+web";

/// Runs the scenario once.
///
/// # Errors
/// What a part refused, or met.
pub(crate) fn tell(run: &Run) -> Result<Report, Box<dyn Error>> {
    let cycles = run.size(30, 14);
    let bar = run.bar("cycles", cycles as u64);
    let mut together = Together::start(run)?;
    let whole = together.crowd(cycles, || bar.add(1))?;
    bar.clear();
    let ended = together.end()?;
    if !whole {
        return Err("told to end before the crowd had gone; everything is stopped".into());
    }
    let share = 100.0 * ended.total.answered as f64 / ended.total.arrived.max(1) as f64;
    let report = Report::new("section-self-management", "Self-management, together")
        .lead(
            "A flash crowd meets a service that looks after itself. A supervisor runs its workers, an \
             autoscaler says how many, an allocator shares the machine between them and batch jobs, gossip \
             counts who is there, and a database keeps what all of them say. In the middle of the crowd a \
             worker is killed.",
        )
        .headline(Figure::new("requests answered", share, "%"));
    Ok(pictures::add(checks(report, &ended), &ended))
}

/// Runs it again and again, with its page, until it is told to end.
///
/// # Errors
/// What a part refused, or met.
pub(crate) fn live(run: &Run) -> Result<(), Box<dyn Error>> {
    let mut together = Together::start(run)?;
    announce("http", together.page())?;
    println!("the last minute: http://{}/{SHOWN}", together.page());
    while together.crowd(100, || {})? {}
    together.end()?;
    Ok(())
}

fn checks(report: Report, ended: &Ended) -> Report {
    let samples = &ended.samples;
    let most = samples.iter().map(|sample| sample.ready).max().unwrap_or(0);
    let last = samples.last().map_or(0, |sample| sample.granted);
    let counted = samples.iter().filter_map(|sample| sample.gossip).max();
    let slots = samples.iter().map(|sample| sample.granted + sample.batch);
    let fullest = slots.max().unwrap_or(0);
    let batch = || samples.iter().map(|sample| sample.batch);
    let (least, best) = (batch().min().unwrap_or(0), batch().max().unwrap_or(0));
    let kept = &ended.kept;
    report
        .check(
            "the autoscaler followed the crowd, up and down again",
            most >= 3 && last < most,
            format!("1, up to {most}, and {last} at the end"),
        )
        .check(
            "the killed worker was noticed, and is back",
            repaired(ended).is_some() && ended.failures == 1,
            repaired(ended).map_or("not seen".to_owned(), |seconds| {
                format!("ready again after {:.0} ms", 1e3 * seconds)
            }),
        )
        .check(
            "the allocator gave away no more than there is, and batch jobs made room",
            fullest <= SLOTS && least < best,
            format!("{fullest} of {SLOTS} slots at most, {least} to {best} batch jobs"),
        )
        .check(
            "the gossip counted the workers that no one told it of",
            counted >= Some(most.min(3)),
            format!("{} at most", counted.unwrap_or(0)),
        )
        .check(
            "every number that was acknowledged is in the database",
            kept.written == kept.found && kept.written > 0,
            format!("{} samples of {} series", kept.found, kept.series),
        )
        .check(
            "a killed worker costs at most the request that it had",
            ended.total.failed <= 1,
            format!("{} of {} failed", ended.total.failed, ended.total.arrived),
        )
}

/// How long it took, in seconds, from the kill until a worker in its place was ready.
pub(crate) fn repaired(ended: &Ended) -> Option<f64> {
    let (_, killed) = ended.killed.as_ref()?;
    let mut later = ended.happenings.iter().filter(|it| it.at >= *killed);
    let failed = later.find_map(|it| match it.notice {
        Notice::Failed(service, _) => Some(service),
        _ => None,
    })?;
    let ready = later.find(|it| it.notice == Notice::Ready(failed))?;
    Some((ready.at - *killed).as_secs_f64())
}
