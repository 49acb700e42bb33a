//! The run contract, seen from outside: flags, streams, files, exit codes, signals.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use signal_hook::consts::SIGTERM;

/// The example beside this test, which cargo builds with it.
fn program() -> Command {
    let test = env::current_exe().expect("a test knows itself");
    let built: PathBuf = test.ancestors().nth(2).expect("…/debug/deps/test").into();
    Command::new(built.join("examples/contract"))
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn each_kind_of_end_has_its_exit_code_and_one_clear_line() {
    for (arguments, code, said) in [
        (&["broken"][..], 1, ""),
        (&["fail", "1"], 1, "error: it broke\n"),
        (&["fail", "2"], 2, "error: zero threads; at least 1\n"),
        (&["fail", "69"], 69, "error: no redis; apt install it\n"),
        (&[], 0, ""),
        (&["--help"], 0, ""),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(text(&output.stderr), said, "{arguments:?}");
    }
    assert_eq!(run(&["--no-such-flag"]).status.code(), Some(2));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let one = run(&["--seed", "7"]).stdout;
    assert_eq!(one, run(&["--seed", "7"]).stdout);
    assert_ne!(one, run(&["--seed", "8"]).stdout);
    assert!(text(&one).contains("--seed 7"));
}

#[test]
fn a_report_goes_where_the_flags_say() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (json, html) = (folder.path().join("r.json"), folder.path().join("r.html"));
    let (json_name, html_name) = (json.display().to_string(), html.display().to_string());
    let output = run(&["--json", &json_name, "--html", &html_name]);
    assert!(output.status.success());
    assert!(fs::read_to_string(json).expect("written").starts_with('{'));
    assert!(
        fs::read_to_string(html)
            .expect("written")
            .starts_with("<!doctype html>")
    );
    let nowhere = folder.path().join("no/such/folder").display().to_string();
    let output = run(&["--json", &nowhere]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot write"));
}

#[test]
fn help_ends_with_examples() {
    assert!(text(&run(&["--help"]).stdout).contains("contract fail 69"));
}

#[test]
fn a_reader_who_closes_the_pipe_is_no_failure() {
    let mut child = program()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
}

#[test]
#[expect(unsafe_code, reason = "a signal is sent through libc")]
fn a_signal_drains_and_ends_with_success() {
    let mut child = program()
        .arg("serve")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    out.read_line(&mut line).expect("it says that it is ready");
    let id = i32::try_from(child.id()).expect("a process id");
    // SAFETY: kill only sends a signal, to a child that hasn't been waited for yet.
    assert_eq!(unsafe { libc::kill(id, SIGTERM) }, 0);
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("it ends");
    assert_eq!(rest, "drained\n");
    assert!(child.wait().expect("it ended").success());
}
