//! For real: three processes on this machine; one is killed, and brought back.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use labkit::chart::Chart;
use labkit::clock::{Deadline, Stopwatch};
use labkit::process::Child;
use labkit::report::{Report, Table};
use labkit::rng::Stream;

use astrolabe_monitoring::Error;
use astrolabe_monitoring::aggregate::Partial;
use astrolabe_monitoring::detector::Detector;
use astrolabe_monitoring::live::Client;
use astrolabe_monitoring::message::{Action, Summary};
use astrolabe_monitoring::query::Query;
use astrolabe_monitoring::wire::Seal;

/// The nodes; the last one is killed.
const NODES: [&str; 3] = ["/rome/r1/n1", "/paris/r1/n2", "/paris/r1/n3"];

/// How long the demo waits for anything before it says that it failed. A machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often the first node is asked.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// What was seen.
pub(super) struct Seen {
    round: Duration,
    query: Query,
    /// The answers with all three, with two, and with three again: when, and what.
    answers: Vec<(f64, &'static str, Summary)>,
    /// How many nodes were counted, by seconds.
    counted: Vec<(f64, f64)>,
    killed: f64,
    restarted: f64,
    /// Answers without the dead node, from how many of the nodes.
    asked: usize,
}

/// Starts three nodes, asks, kills one, waits until the others don't count it, and brings it back.
pub(super) fn play(seed: u64, quick: bool) -> Result<Seen, Error> {
    let round = Duration::from_millis(if quick { 50 } else { 100 });
    let mut stage = Stage::new(seed, round);
    let first = stage.start(NODES[0], &[])?;
    let second = stage.start(NODES[1], &[first])?;
    stage.start(NODES[2], &[first])?;
    let mut seen = Seen {
        round,
        query: Query::standing(),
        answers: Vec::new(),
        counted: Vec::new(),
        killed: 0.0,
        restarted: 0.0,
        asked: 0,
    };
    stage.until(&mut seen, first, 3, "all three are there")?;
    stage.nodes.truncate(2);
    seen.killed = stage.watch.seconds();
    stage.until(&mut seen, first, 2, "one was killed")?;
    for node in [first, second] {
        stage.count(node, 2)?;
        seen.asked += 1;
    }
    seen.restarted = stage.watch.seconds();
    stage.start(NODES[2], &[second])?;
    stage.until(&mut seen, first, 3, "it is back")?;
    Ok(seen)
}

/// The processes, and who asks them.
struct Stage {
    nodes: Vec<Child>,
    key: [u8; 32],
    round: Duration,
    client: Client,
    watch: Stopwatch,
}

impl Stage {
    fn new(seed: u64, round: Duration) -> Self {
        let mut chance = Stream::named(seed, "live");
        let mut key = [0; 32];
        key.fill_with(|| u8::try_from(chance.below(256)).unwrap_or(0));
        Stage {
            nodes: Vec::new(),
            key,
            round,
            client: Client::new(Seal::new(&key), chance),
            watch: Stopwatch::start(),
        }
    }

    /// Starts a node, and returns where it listens.
    fn start(&mut self, path: &str, join: &[SocketAddr]) -> Result<SocketAddr, Error> {
        let failed = |why: String| Error::Node {
            node: path.to_owned(),
            why,
        };
        let mut command = Command::new(env::current_exe()?);
        command
            .args(["node", "--path", path, "--key-file", "-"])
            .args(["--round", &self.round.as_millis().to_string()])
            .args(
                join.iter()
                    .flat_map(|it| ["--join".to_owned(), it.to_string()]),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = Child::spawn(command)?;
        // No file holds the key, so none is left behind.
        if let Some(mut stdin) = child.take_stdin() {
            stdin.write_all(&self.key)?;
        }
        let stdout = child
            .take_stdout()
            .ok_or_else(|| failed("has no output".to_owned()))?;
        let mut said = String::new();
        BufReader::new(stdout).read_line(&mut said)?;
        let address = said.trim().strip_prefix("listening on udp://");
        let address = address.and_then(|address| address.parse().ok());
        self.nodes.push(child);
        address.ok_or_else(|| failed(format!("said {said:?} at its start")))
    }

    /// Asks a node until it counts so many, and notes what it says.
    fn until(
        &mut self,
        seen: &mut Seen,
        node: SocketAddr,
        count: u64,
        when: &'static str,
    ) -> Result<(), Error> {
        let deadline = Deadline::after(PATIENCE);
        while !deadline.expired() {
            let answer = self.client.ask(node, Action::Read, &seen.query, PATIENCE)?;
            if let Some(summary) = answer {
                let now = self.watch.seconds();
                seen.counted.push((now, summary.covered as f64));
                if summary.covered == count && summary.is_complete() && measured(&summary, count) {
                    seen.answers.push((now, when, summary));
                    return Ok(());
                }
            }
            // Nothing tells an outsider when the next round is over.
            std::thread::park_timeout(ASK_EVERY);
        }
        Err(Error::Node {
            node: node.to_string(),
            why: format!("didn't count {count} nodes within {PATIENCE:?}"),
        })
    }

    /// Asks a node until it counts so many.
    fn count(&mut self, node: SocketAddr, count: u64) -> Result<(), Error> {
        let query = Query::standing();
        let deadline = Deadline::after(PATIENCE);
        while !deadline.expired() {
            let answer = self.client.ask(node, Action::Read, &query, PATIENCE)?;
            if answer.is_some_and(|summary| summary.covered == count) {
                return Ok(());
            }
            std::thread::park_timeout(ASK_EVERY);
        }
        Err(Error::Node {
            node: node.to_string(),
            why: format!("didn't count {count} nodes within {PATIENCE:?}"),
        })
    }
}

/// Whether the CPU of all is in it: a node that has just begun hasn't measured anything yet.
fn measured(summary: &Summary, count: u64) -> bool {
    let top = summary.partials.last();
    top.is_some_and(|top| matches!(top, Partial::Top(all) if all.len() as u64 == count))
}

pub(super) fn section(report: Report, seen: &Seen) -> Report {
    let mut head = vec!["second".to_owned(), "when".to_owned()];
    head.extend(seen.query.aggregates().iter().map(ToString::to_string));
    let mut table = Table::new(head);
    for (at, when, summary) in &seen.answers {
        let cells = summary.partials.iter().map(ToString::to_string);
        table = table.row(
            [format!("{at:.1}"), (*when).to_owned()]
                .into_iter()
                .chain(cells),
        );
    }
    let at = |place: usize| seen.answers.get(place).map_or(f64::NAN, |answer| answer.0);
    let (gone, back) = (at(1) - seen.killed, at(2) - seen.restarted);
    let detector = Detector::every(seen.round);
    let bound = |mean| detector.bound(mean).as_secs_f64();
    report
        .heading("For real: three processes, one killed")
        .check(
            "a killed process left the answers of both others, and came back into them",
            seen.answers.len() == 3 && seen.asked == 2,
            format!("gone after {gone:.2} s, back after {back:.2} s"),
        )
        .text(format!(
            "Three processes gossip over UDP with rounds of {} ms and sign what they say. The first node \
             is asked throughout; the third is killed at {:.1} s. Silence is suspected after {:.1} to \
             {:.1} s, depending on how regularly news came before. What they measure is this machine.",
            seen.round.as_millis(),
            seen.killed,
            bound(detector.least),
            bound(detector.most),
        ))
        .table(table)
        .chart(
            Chart::lines("Nodes that the first one counts")
                .x("seconds")
                .y("nodes")
                .series("counted", steps(&seen.counted))
                .reference("killed", vec![(seen.killed, 0.0), (seen.killed, 3.0)])
                .reference("restarted", vec![(seen.restarted, 0.0), (seen.restarted, 3.0)]),
        )
}

/// A line that changes at once, not on the way to the next point.
fn steps(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let pairs = points
        .windows(2)
        .flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)]);
    pairs.chain(points.last().copied()).collect()
}
