//! A pool of processes: jobs that share nothing with us, not even their crashes.
//!
//! Each worker process has a manager here, a thread that hands it one job at a time over a pipe and
//! waits for the answer. If the process dies of it, or is killed, another is started and the job goes
//! back to the front of the queue. So a job may be begun more than once; one that has cost
//! [`MAX_TRIES`] processes their lives is given up, or it would kill for ever.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufReader, Read, Write};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use labkit::process::Child;
use labkit::sync::{lock, wait};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{self, Error, TaskError};
use crate::frame;
use crate::ticket::{Promise, Ticket, pair};

/// So many processes a job may cost.
pub const MAX_TRIES: u32 = 3;
/// The most processes of a pool.
pub const MAX_PROCESSES: usize = 128;

/// How long a worker may take to see that its pipe is closed, and to end.
const GRACE: Duration = Duration::from_secs(2);

/// A pool of worker processes that turn `J`s into `R`s. Dropping it waits for what was submitted.
pub struct ProcessPool<J, R> {
    shared: Arc<Shared<R>>,
    managers: Vec<thread::JoinHandle<()>>,
    jobs: PhantomData<fn(J)>,
}

struct Shared<R> {
    program: PathBuf,
    arguments: Vec<String>,
    /// Guards the queue and its end, and who works.
    state: Mutex<State<R>>,
    changed: Condvar,
}

struct State<R> {
    queue: VecDeque<Entry<R>>,
    closed: bool,
    processes: Vec<Option<u32>>,
    restarts: u64,
}

/// A job on its way, encoded once.
struct Entry<R> {
    frame: Vec<u8>,
    tries: u32,
    promise: Promise<R>,
}

/// What a worker process answers.
#[derive(Debug, Deserialize, Serialize)]
enum Answer<R> {
    Done(R),
    Panicked(String),
}

impl<J, R> fmt::Debug for ProcessPool<J, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPool").finish_non_exhaustive()
    }
}

impl<J: Serialize, R: DeserializeOwned + Send + 'static> ProcessPool<J, R> {
    /// Starts so many processes of a program that calls [`serve`] when it is given the arguments.
    ///
    /// # Errors
    /// If there are to be none or too many, or one can't be started.
    pub fn new(
        processes: usize,
        program: impl Into<PathBuf>,
        arguments: &[&str],
    ) -> Result<Self, Error> {
        if processes == 0 || processes > MAX_PROCESSES {
            return Err(Error::Workers {
                what: "a process pool",
                asked: processes,
                max: MAX_PROCESSES,
            });
        }
        let shared = Arc::new(Shared {
            program: program.into(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            state: Mutex::new(State {
                queue: VecDeque::new(),
                closed: false,
                processes: vec![None; processes],
                restarts: 0,
            }),
            changed: Condvar::new(),
        });
        let mut pool = ProcessPool {
            shared,
            managers: Vec::with_capacity(processes),
            jobs: PhantomData,
        };
        for index in 0..processes {
            let worker = pool.shared.start(index)?;
            let shared = Arc::clone(&pool.shared);
            let manager = thread::Builder::new()
                .name(format!("manager-{index}"))
                .spawn(move || shared.manage(index, worker))
                .map_err(|source| Error::Spawn { index, source })?;
            pool.managers.push(manager);
        }
        Ok(pool)
    }

    /// Has a job done by the next process that is free.
    pub fn submit(&self, job: &J) -> Ticket<R> {
        let (promise, ticket) = pair();
        match frame::encode(job) {
            Err(error) => promise.fill(Err(TaskError::Message(error.to_string()))),
            Ok(frame) => {
                let tries = 0;
                lock(&self.shared.state).queue.push_back(Entry {
                    frame,
                    tries,
                    promise,
                });
                self.shared.changed.notify_one();
            }
        }
        ticket
    }

    /// The ids of the processes that are up.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        let state = lock(&self.shared.state);
        state.processes.iter().flatten().copied().collect()
    }

    /// How many processes have been replaced.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        lock(&self.shared.state).restarts
    }
}

impl<J, R> Drop for ProcessPool<J, R> {
    fn drop(&mut self) {
        lock(&self.shared.state).closed = true;
        self.shared.changed.notify_all();
        for manager in self.managers.drain(..) {
            // A manager runs no foreign code; it has nothing to say that its jobs weren't told.
            let _ = manager.join();
        }
    }
}

/// A process and our ends of its pipes. Dropping it closes them and reaps it.
struct Worker {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    child: Child,
}

impl Worker {
    /// Sends one job and waits for its answer. An error means that the process is of no use any more.
    fn ask<R: DeserializeOwned>(&mut self, job: &[u8]) -> io::Result<Answer<R>> {
        frame::write(&mut self.input, job)?;
        frame::read(&mut self.output)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// How a process of no use ended; it does now if it hadn't.
    fn autopsy(mut self) -> String {
        match self.child.stop(Duration::ZERO) {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Closes its pipe, which tells it to end.
    fn retire(self) {
        let Worker {
            input, mut child, ..
        } = self;
        drop(input);
        // One that doesn't end by itself is ended by its drop.
        let _ = child.wait_timeout(GRACE);
    }
}

impl<R> Shared<R> {
    fn start(&self, index: usize) -> Result<Worker, Error> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let unstarted = |source| Error::Process {
            program: self.program.clone(),
            source,
        };
        let mut child = Child::spawn(command).map_err(unstarted)?;
        let (input, output) = (child.take_stdin(), child.take_stdout());
        let (Some(input), Some(output)) = (input, output) else {
            return Err(unstarted(io::ErrorKind::BrokenPipe.into()));
        };
        lock(&self.state).processes[index] = Some(child.id());
        Ok(Worker {
            input,
            output: BufReader::new(output),
            child,
        })
    }

    /// The next job; none when the pool is closed and its queue empty.
    fn next(&self) -> Option<Entry<R>> {
        let mut state = lock(&self.state);
        loop {
            if let Some(entry) = state.queue.pop_front() {
                return Some(entry);
            }
            if state.closed {
                return None;
            }
            state = wait(&self.changed, &self.state, state);
        }
    }

    /// Sends a job again, or gives it up.
    fn retry(&self, mut entry: Entry<R>, last: String) {
        // BEGIN SOLUTION stage 6: first in line again; but a job that kills all workers?
        entry.tries += 1;
        if entry.tries >= MAX_TRIES {
            let tries = entry.tries;
            return entry.promise.fill(Err(TaskError::GaveUp { tries, last }));
        }
        lock(&self.state).queue.push_front(entry);
        self.changed.notify_one();
        // END SOLUTION
    }
}

impl<R: DeserializeOwned> Shared<R> {
    /// A manager's life: one job after the other, and a new process for each that is lost.
    fn manage(&self, index: usize, first: Worker) {
        let mut worker = Some(first);
        while let Some(entry) = self.next() {
            // BEGIN SOLUTION stage 6: hand it over, wait; what if the answer is the end of the pipe?
            let mut current = match worker.take().map_or_else(|| self.start(index), Ok) {
                Ok(worker) => worker,
                Err(error) => {
                    self.retry(entry, error.to_string());
                    continue;
                }
            };
            match current.ask(&entry.frame) {
                Ok(answer) => {
                    entry.promise.fill(match answer {
                        Answer::Done(result) => Ok(result),
                        Answer::Panicked(text) => Err(TaskError::Panicked(Box::new(text))),
                    });
                    worker = Some(current);
                }
                Err(_) => {
                    lock(&self.state).processes[index] = None;
                    let last = current.autopsy();
                    tracing::debug!("worker process {index} is lost: {last}");
                    lock(&self.state).restarts += 1;
                    self.retry(entry, last);
                }
            }
            // END SOLUTION
        }
        if let Some(worker) = worker {
            worker.retire();
        }
    }
}

/// A worker process's life: does what it is asked over `input` until that is closed, and answers over
/// `output`.
///
/// # Errors
/// If a pipe breaks, or what comes is no message.
pub fn serve<J: DeserializeOwned, R: Serialize>(
    mut input: impl Read,
    mut output: impl Write,
    work: impl Fn(J) -> R,
) -> io::Result<()> {
    // BEGIN SOLUTION stage 6: a panic is an answer, too
    while let Some(job) = frame::read(&mut input)? {
        let answer = match catch_unwind(AssertUnwindSafe(|| work(job))) {
            Ok(result) => Answer::Done(result),
            Err(payload) => Answer::Panicked(words(&*payload)),
        };
        frame::write(&mut output, &frame::encode(&answer)?)?;
    }
    Ok(())
    // END SOLUTION
}

fn words(payload: &(dyn Any + Send)) -> String {
    error::message(payload).to_owned()
}
