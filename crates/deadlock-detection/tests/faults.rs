//! What goes wrong in real life: threads that panic under a lock, wishes that can't be, peers that talk
//! nonsense, nodes that die.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use deadlock_detection::cluster::{self, Cluster};
use deadlock_detection::node::News;
use deadlock_detection::scenario::bank::{self, Plan};
use deadlock_detection::scenario::philosophers::{self, Manners};
use deadlock_detection::scenario::ring;
use deadlock_detection::{Detector, Error, LockError, Policy, TrackedMutex};
use support::{in_time, named, wait_for_waiters};

const PROGRAM: &str = env!("CARGO_BIN_EXE_deadlock-detection");

fn cluster(size: usize) -> Cluster {
    Cluster::start(Path::new(PROGRAM), size).expect("the nodes start")
}

#[test]
fn a_thread_that_panics_under_a_lock_lets_its_waiters_go() {
    in_time(|| {
        let detector = Detector::new(Policy::Youngest);
        let mutex = TrackedMutex::named(&detector, "fragile", ());
        thread::scope(|scope| {
            let held = mutex.lock().unwrap();
            let breaks = named(scope, "breaks", || {
                let _guard = mutex.lock().unwrap();
                wait_for_waiters(&detector, 1);
                std::panic::resume_unwind(Box::new("under the lock"));
            });
            wait_for_waiters(&detector, 1);
            let waits = named(scope, "waits", || mutex.lock().map(drop));
            wait_for_waiters(&detector, 2);
            drop(held);
            assert!(breaks.join().is_err());
            assert!(matches!(
                waits.join().unwrap(),
                Err(LockError::Poisoned { .. })
            ));
        });
        mutex.clear_poison();
        assert!(mutex.lock().is_ok());
    });
}

#[test]
fn a_subscriber_who_left_disturbs_nobody() {
    in_time(|| {
        let detector = Detector::new(Policy::Requester).watching_order();
        drop(detector.subscribe());
        let (a, b) = (
            TrackedMutex::named(&detector, "a", ()),
            TrackedMutex::named(&detector, "b", ()),
        );
        for (first, second) in [(&a, &b), (&b, &a)] {
            let _first = first.lock().unwrap();
            assert!(second.lock().is_ok());
        }
        assert_eq!(detector.counts().order_warnings, 1);
    });
}

#[test]
fn a_thousand_threads_in_a_ring_of_a_thousand_locks() {
    let size = if std::env::var_os("LAB_SANITIZED").is_some() {
        50
    } else {
        ring::MOST
    };
    assert_eq!(in_time(move || ring::close(size)).members, size);
}

#[test]
fn impossible_scenarios_are_refused_in_words() {
    let said = |error: Error| error.to_string();
    let dinner = |seated, meals| {
        said(philosophers::dine(seated, meals, Manners::Detect, Policy::Youngest).unwrap_err())
    };
    assert_eq!(
        dinner(1, 1),
        "the number of philosophers must be 2 to 500, not 1"
    );
    assert_eq!(
        dinner(501, 1),
        "the number of philosophers must be 2 to 500, not 501"
    );
    assert_eq!(
        dinner(2, 0),
        "the number of meals must be 1 to 1000000, not 0"
    );
    let plan = Plan {
        rows: 1,
        tellers: 1,
        transfers: 1,
        policy: Policy::Youngest,
        seed: 1,
    };
    assert_eq!(
        said(bank::open(plan).unwrap_err()),
        "the number of rows must be 2 to 100000, not 1"
    );
    let lonely = Cluster::start(Path::new(PROGRAM), 1).unwrap_err();
    assert_eq!(said(lonely), "the number of nodes must be 2 to 16, not 1");
}

#[test]
fn a_node_refuses_nonsense_and_goes_on() {
    in_time(|| {
        let mut cluster = cluster(2);
        for (line, said) in [
            ("dance", "the commands are"),
            ("acquire", "acquire needs an age"),
            ("acquire 1 somewhere", "`somewhere` is no lock"),
            ("acquire 1", "1 to 64 locks"),
            ("acquire 1 0/0 0/0", "wait for itself"),
            ("peers 1=203.0.113.1:9", "NUMBER=127.0.0.1:PORT"),
        ] {
            cluster.tell(0, line).unwrap();
            match cluster.hear(0).unwrap() {
                News::Refused(because) => assert!(because.contains(said), "{line}: {because}"),
                other => panic!("{line}: {other:?}"),
            }
        }
        cluster.acquire(0, 1, &[cluster::lock(1, 0)]).unwrap();
        assert_eq!(cluster.hear(0).unwrap(), News::Granted(vec![]));
    });
}

#[test]
fn a_peer_that_talks_nonsense_is_not_heard_any_more() {
    in_time(|| {
        let mut command = std::process::Command::new(PROGRAM);
        command.args(["node", "0"]);
        command
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::null());
        let mut child = labkit::process::Child::spawn(command).unwrap();
        let mut stdin = child.take_stdin().unwrap();
        let mut lines =
            std::io::BufRead::lines(std::io::BufReader::new(child.take_stdout().unwrap()));
        let announced = lines.next().unwrap().unwrap();
        let address = announced.rsplit("//").next().unwrap();
        let long = vec![b'['; 70_000];
        for nonsense in [
            &b"hello\n"[..],
            b"7\n{\"abort\":[]}\n",
            b"7\n{\"Chase\":{}}\n",
            &long,
        ] {
            let mut peer = TcpStream::connect(address).unwrap();
            peer.set_read_timeout(Some(Duration::from_secs(60)))
                .unwrap();
            // The node may close it before all of it is written.
            let _ = peer.write_all(nonsense);
            // An end or a reset; what it isn't is an answer.
            assert!(!matches!(peer.read(&mut [0; 8]), Ok(bytes) if bytes > 0));
        }
        writeln!(stdin, "acquire 1 0/0").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), r#"{"granted":[]}"#);
        drop(stdin);
        assert!(child.wait().unwrap().success());
    });
}

#[test]
fn two_nodes_of_four_die_one_after_the_other() {
    in_time(|| {
        let mut cluster = cluster(4);
        let lock = cluster::lock;
        // 3 waits for 2, which holds a lock of 0 and waits for 1, which holds one of its own.
        for (node, wanted) in [(1, lock(1, 0)), (2, lock(0, 0))] {
            cluster.acquire(node, node as u64, &[wanted]).unwrap();
            assert_eq!(cluster.hear(node).unwrap(), News::Granted(vec![]));
        }
        cluster.acquire(2, 2, &[lock(1, 0)]).unwrap();
        cluster.acquire(3, 3, &[lock(0, 0)]).unwrap();
        cluster.messages().unwrap();
        cluster.kill(1).unwrap();
        assert_eq!(cluster.hear(2).unwrap(), News::Lost(lock(1, 0)));
        cluster.kill(2).unwrap();
        assert_eq!(cluster.hear(3).unwrap(), News::Granted(vec![lock(0, 0)]));
        cluster.acquire(0, 9, &[lock(1, 7)]).unwrap();
        assert!(
            matches!(cluster.hear(0).unwrap(), News::Refused(because) if because.contains("gone"))
        );
    });
}

#[test]
fn a_program_that_is_no_node_is_said_to_be_none() {
    let failed = in_time(|| {
        Cluster::start(Path::new("/bin/true"), 2)
            .map(drop)
            .unwrap_err()
    });
    assert!(
        failed
            .to_string()
            .starts_with("node 0: says nothing any more"),
        "{failed}"
    );
    let missing = in_time(|| {
        Cluster::start(Path::new("no/such/program"), 2)
            .map(drop)
            .unwrap_err()
    });
    assert!(
        missing.to_string().starts_with("starting node 0"),
        "{missing}"
    );
}
