//! The process pool against Python's.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use async_futures::processes::ProcessPool;
use async_futures::squares::{Job, WORKER_COMMAND};
use async_futures::ticket;
use labkit::versus::{Suite, Target, Work};

const JOBS: u64 = 2_000;

/// What a job costs that does nothing, there and back.
pub(crate) fn contest(suite: &mut Suite) {
    let program = env!("CARGO_BIN_EXE_async-futures");
    let pool: ProcessPool<Job, u64> =
        ProcessPool::new(super::WORKERS, program, &[WORKER_COMMAND]).expect("two processes");
    let contest = suite
        .contest("process pool", Work::items(JOBS as f64, "jobs"))
        .ours("ours, two processes", || {
            super::timed(|| {
                let jobs = (0..JOBS).map(|number| Job::Square {
                    number,
                    takes_ms: 0,
                });
                let tickets = jobs.map(|job| pool.submit(&job)).collect();
                let squares = ticket::as_completed(tickets).map(|(_, square)| square);
                let sum: u64 = squares.map(|square| square.expect("it returns")).sum();
                assert_eq!(sum, sum_of_squares());
            })
        });
    let name = "Python's ProcessPoolExecutor";
    match Python::start() {
        Ok(mut python) => contest.peer(name, Target::AtLeast(1.0), move || python.round()),
        Err(why) => contest.missing(name, Target::AtLeast(1.0), &why),
    }
    .run();
}

fn sum_of_squares() -> u64 {
    (0..JOBS).map(|number| number * number).sum()
}

/// Does the same with the same number of processes, whenever it gets a line.
const SCRIPT: &str = "\
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed

def square(number):
    return number * number

if __name__ == '__main__':
    with ProcessPoolExecutor(2) as pool:
        for line in sys.stdin:
            futures = [pool.submit(square, number) for number in range(int(line))]
            print(sum(future.result() for future in as_completed(futures)), flush=True)
";

/// A Python with a pool that is up.
struct Python {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    _script: tempfile::TempDir,
}

impl Python {
    fn start() -> Result<Self, String> {
        // A file, because the pool's processes may have to import it.
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let script = folder.path().join("squares.py");
        fs::write(&script, SCRIPT).map_err(|error| error.to_string())?;
        let mut process = Command::new("python3")
            .arg(&script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("python3 can't be started: {error}"))?;
        let output = process.stdout.take().ok_or("no pipe from python3")?;
        Ok(Python {
            input: process.stdin.take(),
            output: BufReader::new(output),
            process,
            _script: folder,
        })
    }

    fn round(&mut self) -> Duration {
        super::timed(|| {
            let input = self.input.as_mut().expect("it is open until the end");
            writeln!(input, "{JOBS}").expect("it reads");
            let mut sum = String::new();
            self.output.read_line(&mut sum).expect("it answers");
            assert_eq!(sum.trim(), sum_of_squares().to_string());
        })
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // The end of its input is the end of its loop, and of its pool.
        drop(self.input.take());
        // A peer's exit code is nothing to us.
        let _ = self.process.wait();
    }
}
