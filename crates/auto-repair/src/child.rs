//! Processes to try a supervisor on: they serve, and fail when they are asked to.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use labkit::net::{Cap, accept_loop, announce, bind};
use labkit::shutdown::Shutdown;

use crate::plan::{Ready, Service};

/// How a process behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Behaviour {
    /// It serves; `GET /crash`, `/hang` and `/leak` make it fail.
    Serve,
    /// It ends at once, with exit code 1: a poisoned start.
    Crash,
    /// It starts, and never becomes ready.
    Hang,
    /// It serves, and takes more and more memory.
    Leak,
}

/// What a process is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// How it behaves.
    pub behaviour: Behaviour,
    /// Where it listens; 0 takes a free port.
    pub port: u16,
    /// The number of the pipe for heartbeats, if it is to send any.
    pub heartbeat: Option<u32>,
    /// How often.
    pub every: Duration,
    /// How long it takes to start.
    pub boot: Duration,
    /// Whether it ignores a request to end.
    pub stubborn: bool,
}

/// A service that runs such a process; `program` is this lab's own. It is ready when it answers, and has
/// no watch but its process's end; set [`Service::liveness`] for more.
#[must_use]
pub fn service(name: &str, program: &Path, behaviour: Behaviour) -> Service {
    let behaviour = match behaviour {
        Behaviour::Serve => "serve",
        Behaviour::Crash => "crash",
        Behaviour::Hang => "hang",
        Behaviour::Leak => "leak",
    };
    let program = program.display().to_string();
    Service {
        ready: Ready::Line("listening on".to_owned()),
        ..Service::new(name, [program.as_str(), "child", behaviour])
    }
}

/// How much a leaking process takes at once, and how often.
const LEAK: (usize, Duration) = (4 << 20, Duration::from_millis(20));

/// A leak that nobody stops ends here, in bytes: a lab must not take the whole machine.
const LEAK_END: usize = 512 << 20;

/// How long a request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(2);

/// What its threads know of each other.
#[derive(Debug, Default)]
struct Health {
    hangs: AtomicBool,
    leaks: AtomicBool,
    leaked: AtomicU64,
}

/// Runs until told to end.
///
/// # Errors
/// If it can't listen, or is to crash.
pub fn run(config: &Config, shutdown: &Shutdown) -> io::Result<()> {
    eprintln!("process {} begins", process::id());
    if shutdown.wait_timeout(config.boot) {
        return Ok(());
    }
    let health = Arc::new(Health::default());
    match config.behaviour {
        Behaviour::Crash => return Err(io::Error::other("poisoned: this start was to fail")),
        Behaviour::Hang => {
            shutdown.wait();
            return Ok(());
        }
        Behaviour::Serve => {}
        Behaviour::Leak => health.leaks.store(true, SeqCst),
    }
    spawn_leak(Arc::clone(&health));
    let listener = bind((Ipv4Addr::LOCALHOST, config.port).into())?;
    if let Some(pipe) = config.heartbeat {
        spawn_heart(pipe, config.every, Arc::clone(&health))?;
    }
    announce("http", listener.local_addr()?)?;
    let ends = if config.stubborn {
        Shutdown::new()
    } else {
        shutdown.clone()
    };
    accept_loop(
        listener,
        &Cap::new(64),
        &ends,
        |stream, permit| {
            let health = Arc::clone(&health);
            thread::spawn(move || {
                if let Err(error) = converse(stream, &health) {
                    tracing::debug!("a connection broke: {error}");
                }
                drop(permit);
            });
        },
        drop,
    )
}

/// Beats until it hangs, or nobody listens any more.
fn spawn_heart(pipe: u32, every: Duration, health: Arc<Health>) -> io::Result<()> {
    // Opened anew by its number, which any language can do.
    let path = Path::new("/dev/fd").join(pipe.to_string());
    let mut pipe = OpenOptions::new().write(true).open(path)?;
    let beat = move || {
        while !health.hangs.load(SeqCst) && pipe.write_all(&[1]).is_ok() {
            thread::park_timeout(every);
        }
    };
    thread::spawn(beat);
    Ok(())
}

/// Takes memory for as long as it is to leak, and touches it, so that it is really taken.
fn spawn_leak(health: Arc<Health>) {
    thread::spawn(move || {
        let mut taken: Vec<Vec<u8>> = Vec::new();
        while taken.len() * LEAK.0 < LEAK_END {
            if health.leaks.load(SeqCst) {
                taken.push(vec![1; LEAK.0]);
                health.leaked.fetch_add(LEAK.0 as u64, SeqCst);
            }
            thread::park_timeout(LEAK.1);
        }
    });
}

/// Answers one request. Whoever is asked to hang doesn't answer any more.
fn converse(mut stream: TcpStream, health: &Health) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = read_head(&mut stream)?;
    let path = head.split(' ').nth(1).unwrap_or("");
    if health.hangs.load(SeqCst) {
        loop {
            thread::park();
        }
    }
    let (status, body) = match path {
        "/health" => ("200 OK", process::id().to_string()),
        "/crash" => crash(),
        "/hang" => {
            health.hangs.store(true, SeqCst);
            ("200 OK", "hangs".to_owned())
        }
        "/leak" => {
            health.leaks.store(true, SeqCst);
            ("200 OK", "leaks".to_owned())
        }
        _ => (
            "404 Not Found",
            "/health, /crash, /hang or /leak".to_owned(),
        ),
    };
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes())
}

/// What comes before an empty line, within 1 KiB.
fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while head.len() < chunk.len() && !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut chunk)? {
            0 => break,
            read => head.extend_from_slice(&chunk[..read]),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Ends without a word, as a bug would.
#[expect(clippy::exit, reason = "a crash doesn't return through its callers")]
fn crash() -> ! {
    process::exit(70)
}
