//! A deadlock that has not happened: contradicting orders, and a banker who refuses.

use std::thread;

use deadlock_detection::banker::{Decision, Problem};
use deadlock_detection::{Detector, Error, Event, LockError, Policy, TrackedMutex};
use labkit::report::{Report, Table};
use labkit::run::Run;

use super::empty;

/// One thread after another takes two locks in opposite orders: nothing can hang, and yet.
pub(super) fn order(report: Report, _: &Run) -> Result<Report, Error> {
    let detector = Detector::new(Policy::Youngest).watching_order();
    let events = detector.subscribe();
    let log = TrackedMutex::named(&detector, "log", ());
    let cache = TrackedMutex::named(&detector, "cache", ());
    let take = |first: &TrackedMutex<()>, second: &TrackedMutex<()>| -> Result<(), LockError> {
        let _first = first.lock()?;
        second.lock().map(drop)
    };
    take(&log, &cache)?;
    thread::scope(|scope| {
        let later = scope.spawn(|| take(&cache, &log));
        later.join().expect("it doesn't panic")
    })?;
    let warnings: Vec<String> = events
        .try_iter()
        .filter_map(|event| match event {
            Event::Order(warning) => Some(warning.names.join(", then ")),
            Event::Deadlock(_) | Event::Waited(_) => None,
        })
        .collect();
    let counts = detector.counts();
    Ok(report
        .check(
            "a run without any deadlock warns of one that may come",
            warnings.len() == 1 && counts.deadlocks == 0 && counts.waits == 0,
            format!("{} warning, {} deadlocks", warnings.len(), counts.deadlocks),
        )
        .heading("Foreseen")
        .text(format!(
            "One thread took log and then cache; a second, long after, took cache and then log. Neither ever \
             waited. The orders contradict each other all the same: {}, and round again.",
            warnings.join("; "),
        )))
}

/// The textbook's requests.
pub(super) fn textbook(report: Report, _: &Run) -> Result<Report, Error> {
    let (table, granted, refused) = decide(Problem::textbook())?;
    Ok(report
        .check(
            "the banker decides as the textbook does",
            (granted, refused) == (1, 2),
            format!("{granted} granted, {refused} have to wait"),
        )
        .heading("Avoided: the Banker's algorithm")
        .text(
            "Silberschatz's example. P1's request leaves a state in which all can end; P4 asks for more than is \
             free; P0 could have what it asks for, but then perhaps nobody could end.",
        )
        .table(table))
}

/// A banker's problem alone, as a report.
///
/// # Errors
/// If a request contradicts what its process claimed.
pub(crate) fn banker(problem: Problem) -> Result<Report, Error> {
    let safe = match problem.banker.safe_order() {
        Some(order) => format!("safe: {}", names(&problem, &order)),
        None => "unsafe: perhaps not all can end".to_owned(),
    };
    let mut state = Table::new(["process", "has", "may still need"]);
    for (place, name) in problem.banker.names().enumerate() {
        let has = vector(problem.banker.allocation(place));
        state = state.row([name.to_owned(), has, vector(&problem.banker.need(place))]);
    }
    let free = vector(problem.banker.available());
    let (table, ..) = decide(problem)?;
    Ok(empty()
        .heading("At first")
        .text(format!("Free: {free}. The state is {safe}."))
        .table(state)
        .heading("Requests, in turn")
        .table(table))
}

/// Decides all requests; returns the decisions, and how many were granted and refused.
fn decide(mut problem: Problem) -> Result<(Table, usize, usize), Error> {
    let mut table = Table::new(["process", "asks for", "answer", "free after it"]);
    let (mut granted, mut refused) = (0, 0);
    for (process, request) in std::mem::take(&mut problem.requests) {
        let decision = problem.banker.request(process, &request)?;
        let answer = match decision {
            Decision::Granted(order) => {
                granted += 1;
                format!("granted; safe order {}", names(&problem, &order))
            }
            Decision::NotFree => "waits: not enough is free".to_owned(),
            Decision::Unsafe => "waits: the state would be unsafe".to_owned(),
        };
        refused += usize::from(answer.starts_with("waits"));
        let name = problem.banker.names().nth(process).unwrap_or_default();
        let free = vector(problem.banker.available());
        table = table.row([name.to_owned(), vector(&request), answer, free]);
    }
    Ok((table, granted, refused))
}

fn names(problem: &Problem, order: &[usize]) -> String {
    let all: Vec<&str> = problem.banker.names().collect();
    let order: Vec<&str> = order.iter().map(|place| all[*place]).collect();
    order.join(" ")
}

fn vector(numbers: &[u64]) -> String {
    let words: Vec<String> = numbers.iter().map(u64::to_string).collect();
    format!("({})", words.join(", "))
}
