//! What goes wrong around the supervisor: its own death, and every fault of every service.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use auto_repair::injection::{get, inject, serving};
use auto_repair::ledger::Fault;
use auto_repair::live::control;
use auto_repair::plan::{Group, Limit, Liveness, Plan, Service, Strategy};
use labkit::rng::{Stream, test_seed};
use labkit::wait::{until, within};
use support::real::{Live, PATIENCE, PROGRAM, is_gone, serve, zombies};
use tempfile::TempDir;

/// A supervisor in a process of its own, with two services, and what it says.
struct Process {
    folder: TempDir,
    child: Child,
    said: BufReader<ChildStderr>,
}

impl Process {
    fn start(toml: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Process::start_in(folder, toml)
    }

    fn start_in(folder: TempDir, toml: &str) -> Self {
        let file = folder.path().join("services.toml");
        fs::write(&file, toml.replace("PROGRAM", PROGRAM)).expect("a file");
        let mut child = Command::new(PROGRAM)
            .arg("run")
            .arg(&file)
            .arg("--socket")
            .arg(folder.path().join("s.sock"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let said = BufReader::new(child.stderr.take().expect("it is piped"));
        Process {
            folder,
            child,
            said,
        }
    }

    fn ask(&self, request: &str) -> Result<String, auto_repair::Error> {
        control::ask(&self.folder.path().join("s.sock"), request)
    }

    /// The process ids of its services, once so many serve.
    fn serving(&self, count: usize) -> Vec<u32> {
        let is_there = || {
            let said = self.ask("tree").unwrap_or_default();
            said.matches("ready for").count() == count
        };
        assert!(until(PATIENCE, is_there), "{:?}", self.ask("status"));
        let tree = self.ask("tree").expect("it answers");
        let pids = tree.split("pid ").skip(1);
        let number = |rest: &str| {
            rest.chars()
                .take_while(char::is_ascii_digit)
                .collect::<String>()
        };
        pids.map(|rest| number(rest).parse().expect("a number"))
            .collect()
    }

    /// Reads until it says something.
    fn says(&mut self, part: &str) -> bool {
        let mut line = String::new();
        while self.said.read_line(&mut line).expect("it is text") > 0 {
            if line.contains(part) {
                return true;
            }
            line.clear();
        }
        false
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .arg(signal)
            .arg(self.child.id().to_string())
            .status();
        assert!(status.expect("kill runs").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended, which is what most tests are about.
        let _ = self.child.kill();
        let _ = self.child.wait(); // As above.
    }
}

const TWO: &str = r#"
[service.store]
command = ["PROGRAM", "child", "serve"]
heartbeat = { within = "5s" }

[service.web]
command = ["PROGRAM", "child", "serve"]
probe = { http = "/health", every = "100ms", within = "5s" }
needs = ["store"]
"#;

#[test]
fn a_killed_supervisor_leaves_no_orphan_and_can_be_started_again() {
    within(2 * PATIENCE, || {
        let mut first = Process::start(TWO);
        let pids = first.serving(2);
        assert_eq!(pids.len(), 2);
        first.child.kill().expect("it runs");
        first.child.wait().expect("it is ours");
        assert!(
            until(PATIENCE, || pids.iter().all(|pid| is_gone(*pid))),
            "orphans: {pids:?}"
        );
        // Its socket is still there, and nobody's.
        let folder = std::mem::replace(&mut first.folder, tempfile::tempdir().expect("a folder"));
        assert!(folder.path().join("s.sock").exists());
        let second = Process::start_in(folder, TWO);
        assert_eq!(second.serving(2).len(), 2);
    });
}

#[test]
fn sigterm_stops_everything_in_order_and_leaves_nothing() {
    within(2 * PATIENCE, || {
        let mut process = Process::start(TWO);
        let pids = process.serving(2);
        process.signal("-TERM");
        assert!(process.says("web has stopped"));
        assert!(process.says("store has stopped"));
        let status = process.child.wait().expect("it is ours");
        assert_eq!(status.code(), Some(0));
        assert!(pids.into_iter().all(is_gone));
        assert!(!process.folder.path().join("s.sock").exists());
    });
}

#[test]
fn a_supervisor_that_was_frozen_finds_its_children_well() {
    within(2 * PATIENCE, || {
        let process = Process::start(TWO);
        let before = process.serving(2);
        process.signal("-STOP");
        // Longer than it takes to notice the silence of a service that it doesn't hear.
        let web = process.folder.path().join("s.sock");
        assert!(!until(Duration::from_millis(5500), || !web.exists()));
        process.signal("-CONT");
        assert_eq!(
            process.serving(2),
            before,
            "it has beats to read, and asked nothing"
        );
    });
}

#[test]
fn when_all_have_failed_it_says_so_and_ends() {
    within(2 * PATIENCE, || {
        let mut process = Process::start(
            "[service.a]\ncommand = [\"PROGRAM\", \"child\", \"hang\"]\nready_within = \"50ms\"\n\
             ready = \"alive\"\nheartbeat = { within = \"1s\" }\n",
        );
        assert!(process.says("a failed: not ready in time"));
        assert!(process.says("a failed too often and is given up"));
        assert!(process.says("error: given up: a"));
        assert_eq!(process.child.wait().expect("it is ours").code(), Some(1));
    });
}

#[test]
fn an_escalating_root_ends_everything() {
    within(2 * PATIENCE, || {
        let mut process = Process::start(
            "[supervisor]\nwhen_exceeded = \"escalate\"\nrestarts = 1\nperiod = \"60s\"\n\
             [service.good]\ncommand = [\"PROGRAM\", \"child\", \"serve\"]\n\
             [service.bad]\ncommand = [\"PROGRAM\", \"child\", \"crash\"]\n",
        );
        assert!(process.says("group root had too many restarts"));
        assert!(process.says("good has stopped"));
        assert!(process.says("error: the root had more restarts"));
        assert_eq!(process.child.wait().expect("it is ours").code(), Some(1));
    });
}

#[test]
fn every_service_survives_every_fault() {
    within(4 * PATIENCE, || {
        let generous = |group: Group| Group {
            limit: Some(Limit {
                restarts: 1000,
                period: Duration::from_secs(1),
            }),
            ..group
        };
        let groups = vec![
            generous(Group::new("root", Strategy::OneForOne)).with(["a", "rest", "all"]),
            generous(Group::new("rest", Strategy::RestForOne)).with(["b", "c"]),
            generous(Group::new("all", Strategy::OneForAll)).with(["d", "e"]),
        ];
        let services = ["a", "b", "c", "d", "e"].map(|name| Service {
            memory: Some(40 << 20),
            ..serve(name)
        });
        let mut services = services.to_vec();
        services[2].liveness = Some(Liveness::Http {
            target: "/health".to_owned(),
            every: Duration::from_millis(100),
            within: Duration::from_millis(1500),
        });
        let mut live = Live::of(Plan::new(groups, services).expect("a plan"));
        let names = ["a", "b", "c", "d", "e"];
        for fault in [Fault::Crash, Fault::Hang, Fault::Leak] {
            // All at once: the order of what is noticed is anybody's.
            let before = names.map(|name| live.serving(name));
            let mut order = names.to_vec();
            let mut chance = Stream::named(test_seed(), fault.name());
            while !order.is_empty() {
                let name = order.remove(chance.index(order.len()));
                // It may be down for another's sake just now.
                let _ = inject(&live.row(name), fault);
            }
            for (name, pid) in names.into_iter().zip(before) {
                live.replaced(name, pid);
            }
        }
        assert!(until(PATIENCE, || zombies().is_empty()), "{:?}", zombies());
        let said = live.said();
        for cause in ["signal 9", "no sign of life", "MiB of memory"] {
            assert!(
                said.iter().any(|text| text.contains(cause)),
                "{cause}: {said:?}"
            );
        }
    });
}

#[test]
fn a_waiting_supervisor_costs_next_to_nothing() {
    within(2 * PATIENCE, || {
        let process = Process::start(
            "[service.good]\ncommand = [\"PROGRAM\", \"child\", \"serve\"]\n\
             [service.bad]\ncommand = [\"PROGRAM\", \"child\", \"crash\"]\nready = \"alive\"\n\
             heartbeat = { within = \"1s\" }\n",
        );
        let is_given_up = || {
            process
                .ask("status")
                .is_ok_and(|said| said.contains("failed "))
        };
        assert!(until(PATIENCE, is_given_up));
        let stat = Path::new("/proc")
            .join(process.child.id().to_string())
            .join("stat");
        let ticks = || -> u64 {
            let stat = fs::read_to_string(&stat).expect("it runs");
            let fields: Vec<&str> = stat
                .rsplit(") ")
                .next()
                .expect("fields")
                .split(' ')
                .collect();
            fields[11..13]
                .iter()
                .map(|ticks| ticks.parse::<u64>().expect("a number"))
                .sum()
        };
        let before = ticks();
        assert!(!until(Duration::from_secs(2), || false));
        // A busy loop takes 200 ticks in two seconds; looking whether it is over takes a few.
        let spent = ticks() - before;
        assert!(spent < 40, "{spent} ticks of 10 ms in two seconds");
    });
}

#[test]
fn a_child_survives_bad_clients() {
    within(PATIENCE, || {
        let live = Live::start(Group::root(), vec![serve("a")]);
        let pid = live.serving("a");
        let address = live.address("a");
        assert!(
            get(&address, "/nothing")
                .expect("an answer")
                .contains("/health")
        );
        for request in ["", "nonsense\r\n\r\n", &"x".repeat(5000)] {
            let mut stream = std::net::TcpStream::connect(&address).expect("it listens");
            stream.set_read_timeout(Some(PATIENCE)).expect("a time");
            // It may have closed already, which the answer tells.
            let _ = stream.write_all(request.as_bytes());
            let _ = stream.shutdown(std::net::Shutdown::Write); // As above.
            let _ = stream.read_to_string(&mut String::new()); // A reset is as good as an end.
        }
        assert_eq!(serving(&address), Some(pid));
    });
}
