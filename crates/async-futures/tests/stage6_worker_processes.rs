//! Stage 6: the same jobs on worker processes, some of which are killed.

mod support;

use std::time::Duration;

use async_futures::processes::{MAX_TRIES, ProcessPool, serve};
use async_futures::squares::{Job, WORKER_COMMAND, work};
use async_futures::ticket::as_completed;
use async_futures::{Error, TaskError, frame};
use labkit::wait::until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::{PATIENCE, in_time};

const PROGRAM: &str = env!("CARGO_BIN_EXE_async-futures");

/// ThreadSanitizer can't follow a fork in a program with threads.
fn skipped_under_tsan() -> bool {
    if cfg!(tsan) {
        labkit::skip::because("ThreadSanitizer can't follow forks");
    }
    cfg!(tsan)
}

type Squares = ProcessPool<Job, u64>;

fn pool(processes: usize) -> Squares {
    ProcessPool::new(processes, PROGRAM, &[WORKER_COMMAND]).expect("processes can be started")
}

fn square(number: u64, takes_ms: u64) -> Job {
    Job::Square { number, takes_ms }
}

/// Kills processes, and is no friend of theirs.
fn kill_all(ids: &[u32]) {
    for id in ids {
        let id = Pid::from_raw(i32::try_from(*id).expect("a process id"));
        kill(id, Signal::SIGKILL).expect("it is ours");
    }
}

/// Whether a process is there, and be it as a zombie.
fn exists(id: u32) -> bool {
    std::path::Path::new(&format!("/proc/{id}")).exists()
}

#[test]
fn messages_survive_the_way_through_a_pipe() {
    let frames: Vec<u8> = [1_u64, 2, 300]
        .iter()
        .flat_map(|number| frame::encode(number).expect("a number"))
        .collect();
    let mut pipe = &frames[..];
    let mut read = || frame::read::<u64>(&mut pipe).expect("a message");
    assert_eq!(
        [read(), read(), read(), read()],
        [Some(1), Some(2), Some(300), None]
    );
}

#[test]
fn a_worker_answers_until_its_pipe_is_closed() {
    let jobs = [square(3, 0), Job::Panic, square(4, 0)];
    let input: Vec<u8> = jobs
        .iter()
        .flat_map(|job| frame::encode(job).expect("a job"))
        .collect();
    let mut output = Vec::new();
    serve(&input[..], &mut output, work).expect("an orderly end");
    let text = String::from_utf8_lossy(&output).into_owned();
    assert!(
        text.contains(r#"{"Done":9}"#) && text.contains(r#"{"Done":16}"#),
        "{text}"
    );
    assert!(text.contains("Panicked"), "{text}");
}

#[test]
fn numbers_are_squared_elsewhere() {
    if skipped_under_tsan() {
        return;
    }
    in_time(|| {
        let pool = pool(2);
        assert_eq!(pool.processes().len(), 2);
        let tickets: Vec<_> = (0..200).map(|n| pool.submit(&square(n, 0))).collect();
        for (number, result) in as_completed(tickets) {
            assert_eq!(result.expect("it returns"), (number * number) as u64);
        }
        assert_eq!(pool.restarts(), 0);
    });
}

#[test]
fn a_job_whose_process_is_killed_is_done_by_another() {
    if skipped_under_tsan() {
        return;
    }
    in_time(|| {
        let pool = pool(2);
        let killed = pool.processes();
        // Long enough to be killed meanwhile, and then as long again.
        let tickets: Vec<_> = (0..6).map(|n| pool.submit(&square(n, 100))).collect();
        kill_all(&killed);
        for (number, result) in as_completed(tickets) {
            assert_eq!(result.expect("it is retried"), (number * number) as u64);
        }
        assert_eq!(pool.restarts(), 2);
        assert!(
            until(PATIENCE, || !killed.iter().any(|id| exists(*id))),
            "no zombies"
        );
    });
}

#[test]
fn a_job_that_kills_its_processes_is_given_up() {
    if skipped_under_tsan() {
        return;
    }
    in_time(|| {
        let pool = pool(2);
        let (poison, after) = (pool.submit(&Job::Die), pool.submit(&square(5, 0)));
        let error = poison.wait().expect_err("nobody survives it");
        assert!(
            matches!(
                error,
                TaskError::GaveUp {
                    tries: MAX_TRIES,
                    ..
                }
            ),
            "{error}"
        );
        assert!(error.to_string().contains("SIGABRT"), "{error}");
        assert_eq!(after.wait().expect("it is innocent"), 25);
        assert_eq!(pool.restarts(), u64::from(MAX_TRIES));
    });
}

#[test]
fn a_panic_in_a_process_comes_back_and_the_process_lives() {
    if skipped_under_tsan() {
        return;
    }
    in_time(|| {
        let pool = pool(1);
        let error = pool.submit(&Job::Panic).wait().expect_err("it panics");
        assert_eq!(
            error.to_string(),
            "the task panicked: the job was asked to panic"
        );
        assert_eq!(pool.submit(&square(6, 0)).wait().expect("it lives"), 36);
        assert_eq!(pool.restarts(), 0);
    });
}

#[test]
fn a_dropped_pool_has_done_everything_and_leaves_no_process() {
    if skipped_under_tsan() {
        return;
    }
    in_time(|| {
        let pool = pool(2);
        let processes = pool.processes();
        let tickets: Vec<_> = (0..10).map(|n| pool.submit(&square(n, 5))).collect();
        drop(pool);
        assert!(tickets.iter().all(async_futures::ticket::Ticket::is_done));
        assert!(!processes.iter().any(|id| exists(*id)));
        for ticket in tickets {
            ticket.wait().expect("it was done before the end");
        }
    });
}

#[test]
fn impossible_pools_are_refused() {
    if skipped_under_tsan() {
        return;
    }
    for asked in [0, 129] {
        let refused = Squares::new(asked, PROGRAM, &[WORKER_COMMAND]);
        let error = refused.expect_err("impossible");
        let said = format!("a process pool needs 1 to 128 workers, not {asked}");
        assert_eq!(error.to_string(), said);
    }
    let error = Squares::new(1, "/nowhere/at/all", &[]).expect_err("there is no such program");
    assert!(matches!(error, Error::Process { .. }), "{error}");
    in_time(|| assert_eq!(pool(1).submit(&square(2, 0)).wait().expect("possible"), 4));
}

/// What isn't one of ours and never answers: its end is an answer.
#[test]
fn a_program_that_is_no_worker_is_given_up() {
    if skipped_under_tsan() {
        return;
    }
    in_time(|| {
        let pool = Squares::new(1, "/bin/true", &[]).expect("it can be started");
        let error = pool.submit(&square(1, 0)).wait().expect_err("it only ends");
        assert!(matches!(error, TaskError::GaveUp { .. }), "{error}");
        // Time enough to be noticed, if it were still there.
        assert!(until(Duration::from_secs(60), || pool.restarts()
            >= u64::from(MAX_TRIES)));
    });
}
