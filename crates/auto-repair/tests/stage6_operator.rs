//! Stage 6: an operator asks over a Unix socket, and sees the tree.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use auto_repair::error::Error;
use auto_repair::live::{Options, Supervisor, control};
use auto_repair::plan::{Group, Plan, Strategy};
use auto_repair::supervisor::tree;
use labkit::wait::{until, within};
use support::real::{PATIENCE, is_gone, serve};
use support::services;
use tempfile::TempDir;

#[test]
fn a_tree_is_drawn_with_its_branches() {
    let root = Group::root().with(["store", "front"]);
    let front = Group::new("front", Strategy::RestForOne).with(["cache", "pair", "web"]);
    let pair = Group::new("pair", Strategy::OneForAll).with(["l", "r"]);
    let plan = Plan::new(vec![root, front, pair], services("store cache web l r")).expect("a plan");
    let picture = tree(&plan, |service| format!("<{service}>"));
    let expected = "\
root (one-for-one, 5 restarts in 10s, then gives the one up)
├─ store  <0>
└─ front (rest-for-one, 5 restarts in 10s, then fails as a whole)
   ├─ cache  <1>
   ├─ pair (one-for-all, 5 restarts in 10s, then fails as a whole)
   │  ├─ l  <3>
   │  └─ r  <4>
   └─ web    <2>
";
    assert_eq!(picture, expected);
}

fn start(socket: &Path) -> Result<Supervisor, Error> {
    let root = Group::root().with(["a", "b"]);
    let plan = Plan::new(vec![root], vec![serve("a"), serve("b")]).expect("a plan");
    let options = Options {
        socket: Some(socket.to_owned()),
        ..Options::default()
    };
    Supervisor::start(plan, options)
}

/// A running supervisor whose services serve, and its socket.
fn running() -> (TempDir, PathBuf, Supervisor) {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("s.sock");
    let supervisor = start(&socket).expect("it starts");
    let all =
        || control::ask(&socket, "status").is_ok_and(|said| said.matches("ready for").count() == 2);
    assert!(until(PATIENCE, all));
    (folder, socket, supervisor)
}

#[test]
fn an_operator_asks_restarts_and_stops() {
    within(PATIENCE, || {
        let (_folder, socket, supervisor) = running();
        let pids = |supervisor: &Supervisor| -> Vec<Option<u32>> {
            supervisor
                .status()
                .expect("it runs")
                .iter()
                .map(|row| row.pid)
                .collect()
        };
        let before = pids(&supervisor);
        let status = control::ask(&socket, "status").expect("it answers");
        assert!(
            status.contains(&before[0].expect("it runs").to_string()),
            "{status}"
        );
        assert!(
            control::ask(&socket, "tree")
                .expect("it answers")
                .contains("├─ a")
        );
        assert!(
            control::ask(&socket, "logs a")
                .expect("it answers")
                .contains("listening on")
        );
        control::ask(&socket, "restart a").expect("it does");
        assert!(until(PATIENCE, || pids(&supervisor)[0]
            .is_some_and(|pid| Some(pid) != before[0])));
        assert_eq!(pids(&supervisor)[1], before[1]);
        control::ask(&socket, "stop b").expect("it does");
        assert!(until(PATIENCE, || pids(&supervisor)[1].is_none()));
        let last = pids(&supervisor)[0].expect("it runs");
        control::ask(&socket, "stop").expect("it answers when all has ended");
        assert!(is_gone(last), "all had ended when the answer was complete");
        assert!(until(PATIENCE, || supervisor.has_ended() && !socket.exists()));
    });
}

#[test]
fn what_is_no_request_is_refused() {
    within(PATIENCE, || {
        let (_folder, socket, _supervisor) = running();
        for request in [
            "",
            "reboot",
            "restart",
            "status now",
            "logs a b",
            "stop a b",
        ] {
            let refused = control::ask(&socket, request)
                .expect_err(request)
                .to_string();
            assert!(refused.contains("say status"), "{request}: {refused}");
        }
        let refused = control::ask(&socket, "restart c")
            .expect_err("unknown")
            .to_string();
        assert!(refused.contains("there are: a, b"), "{refused}");
        let endless = "x".repeat(10_000);
        assert!(control::ask(&socket, &endless).is_err());
        let mode = fs::metadata(&socket)
            .expect("a socket")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else may ask");
    });
}

#[test]
fn operators_who_say_nothing_hold_nobody_up() {
    within(2 * PATIENCE, || {
        let (_folder, socket, supervisor) = running();
        // More than may be connected at once; they are let go after a while.
        let silent: Vec<UnixStream> = (0..20)
            .map(|_| UnixStream::connect(&socket).expect("it listens"))
            .collect();
        assert_eq!(supervisor.status().expect("it runs").len(), 2);
        let mut half = &silent[0];
        half.write_all(b"stat").expect("it is connected");
        control::ask(&socket, "status").expect("their time is over");
        half.set_read_timeout(Some(PATIENCE)).expect("a time");
        // Reset or closed, but over.
        let over = half.read(&mut [0; 1]);
        assert!(!over.is_ok_and(|read| read > 0));
    });
}

#[test]
fn a_second_supervisor_is_refused_and_a_left_socket_is_replaced() {
    within(PATIENCE, || {
        let (folder, socket, supervisor) = running();
        let refused = start(&socket).expect_err("it is taken");
        assert!(matches!(refused, Error::InUse { .. }), "{refused}");
        control::ask(&socket, "status").expect("the first one still answers");
        supervisor.shutdown().expect("it ends");
        let left = folder.path().join("left.sock");
        drop(UnixListener::bind(&left).expect("a free path"));
        assert!(left.exists(), "as after a kill -9");
        let supervisor = start(&left).expect("nobody listens there");
        control::ask(&left, "status").expect("it answers");
        supervisor.shutdown().expect("it ends");
        let nobody = control::ask(&left, "status").expect_err("gone");
        assert!(matches!(nobody, Error::NoSupervisor { .. }), "{nobody}");
        // A file that is no socket is nobody's to remove.
        let file = folder.path().join("file");
        fs::write(&file, "precious").expect("a file");
        start(&file).expect_err("it is in the way");
        assert_eq!(fs::read_to_string(&file).expect("still there"), "precious");
        let nowhere = folder.path().join("no/such/folder.sock");
        let error = start(&nowhere).expect_err("there is no folder").to_string();
        assert!(error.contains("socket"), "{error}");
    });
}
