//! From a killed child to one that serves again: ours, supervisord, and a restart after 100 ms.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use auto_repair::injection::serving;
use auto_repair::live::find_program;
use labkit::clock::Stopwatch;
use labkit::process::Child;
use labkit::rng::Stream;
use labkit::shutdown::Shutdown;
use labkit::versus::{Suite, Target, Work};
use labkit::wait;

const PROGRAM: &str = env!("CARGO_BIN_EXE_auto-repair");

/// Far more than any restart takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a child runs before it is killed: all of them take it for well started by then (supervisord
/// after its default of one second).
const WELL: Duration = Duration::from_millis(1500);

/// supervisord looks once a second: kills are spread over more than that, so that its luck is average.
const SPREAD: f64 = 1.1;

/// systemd's default of RestartSec.
const RESTART_SEC: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let mut suite = Suite::from_args(labkit::about!(""));
    let folder = tempfile::tempdir().expect("a folder");
    let mut ours = Contender::ours(folder.path());
    let mut systemd = SystemdLike::start();
    let supervisord = find_program("supervisord", Path::new(""));
    let mut theirs = supervisord
        .as_ref()
        .map(|program| Contender::supervisord(program, folder.path()));
    let contest = suite
        .contest("kill to serving again", Work::items(1.0, "repairs"))
        .ours("auto-repair run", || ours.kill_and_wait());
    let contest = match &mut theirs {
        Some(theirs) => {
            let name = format!("supervisord {}", theirs.version);
            contest.peer(name, Target::AtLeast(5.0), || theirs.kill_and_wait())
        }
        None => contest.missing(
            "supervisord",
            Target::AtLeast(5.0),
            "cargo xtask setup supervisord",
        ),
    };
    contest
        .peer("like systemd: 100 ms after the exit", Target::None, || {
            systemd.child.kill_and_wait()
        })
        .run();
    suite.note(
        "At least 5 times as fast is at most 0.2 times the time. All three restart the same child, a \
         small HTTP server that takes a millisecond or two to start.",
    );
    suite.finish()
}

/// A supervisor whose one child listens at a known address.
struct Contender {
    /// Ends with the bench.
    _supervisor: Option<Child>,
    address: String,
    version: String,
    chance: Stream,
    since: Stopwatch,
}

impl Contender {
    fn new(supervisor: Option<Child>, port: u16, version: String) -> Self {
        let address = format!("127.0.0.1:{port}");
        let chance = Stream::named(0, &version);
        let is_up = wait::until(PATIENCE, || serving(&address).is_some());
        assert!(is_up, "{version}: the child doesn't serve");
        Contender {
            _supervisor: supervisor,
            address,
            version,
            chance,
            since: Stopwatch::start(),
        }
    }

    fn ours(folder: &Path) -> Self {
        let port = free_port();
        let file = folder.join("services.toml");
        // A child that ran for a second is well, as for supervisord.
        let toml = format!(
            "[supervisor]\nbackoff = {{ stable = \"1s\" }}\n[service.child]\n\
             command = [{PROGRAM:?}, \"child\", \"serve\", \"--port\", \"{port}\"]\n\
             ready = {{ line = \"listening on\" }}\n"
        );
        fs::write(&file, toml).expect("a file");
        let mut command = Command::new(PROGRAM);
        command
            .arg("run")
            .arg(&file)
            .arg("--socket")
            .arg(folder.join("s.sock"));
        Contender::new(Some(spawn(command)), port, "ours".to_owned())
    }

    fn supervisord(program: &PathBuf, folder: &Path) -> Self {
        let version = Command::new(program)
            .arg("--version")
            .output()
            .expect("it runs");
        let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
        let port = free_port();
        let file = folder.join("supervisord.conf");
        let at = folder.display();
        let conf = format!(
            "[supervisord]\nnodaemon=true\nlogfile={at}/supervisord.log\npidfile={at}/supervisord.pid\n\
             childlogdir={at}\n[program:child]\ncommand={PROGRAM} child serve --port {port}\n\
             autorestart=true\n"
        );
        fs::write(&file, conf).expect("a file");
        let mut command = Command::new(program);
        command.arg("-c").arg(&file);
        Contender::new(Some(spawn(command)), port, version)
    }

    /// Kills the child once it is well, and waits until another one answers; how long that took.
    fn kill_and_wait(&mut self) -> Duration {
        let moment = WELL + Duration::from_secs_f64(SPREAD * self.chance.unit());
        let _ = Shutdown::new().wait_timeout(moment.saturating_sub(self.since.elapsed()));
        let killed = serving(&self.address).expect("it serves");
        let watch = Stopwatch::start();
        kill(killed);
        let is_back = || serving(&self.address).is_some_and(|pid| pid != killed);
        assert!(
            wait::until(PATIENCE, is_back),
            "{}: it isn't back",
            self.version
        );
        let took = watch.elapsed();
        self.since = Stopwatch::start();
        took
    }
}

/// Waits for its child's end, then 100 ms, then starts it again: `Restart=always`.
struct SystemdLike {
    child: Contender,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SystemdLike {
    fn start() -> Self {
        let (port, ends) = (free_port(), Arc::new(AtomicBool::new(false)));
        let is_over = Arc::clone(&ends);
        let thread = thread::spawn(move || {
            while !is_over.load(SeqCst) {
                let mut command = Command::new(PROGRAM);
                command.args(["child", "serve", "--port", &port.to_string()]);
                let mut child = spawn(command);
                child.wait().expect("it is ours");
                let _ = Shutdown::new().wait_timeout(RESTART_SEC);
            }
        });
        SystemdLike {
            child: Contender::new(None, port, "like systemd".to_owned()),
            ends,
            thread: Some(thread),
        }
    }
}

impl Drop for SystemdLike {
    fn drop(&mut self) {
        self.ends.store(true, SeqCst);
        if let Some(pid) = serving(&self.child.address) {
            kill(pid);
        }
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it ends with its child");
        }
    }
}

fn spawn(mut command: Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Child::spawn(command).expect("it starts")
}

fn kill(pid: u32) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).expect("a process id"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("it runs");
}

/// A port that was free just now; the children must come back to the same one.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it is bound").port()
}
