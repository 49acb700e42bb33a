//! Programs that people talk to servers with: nc and telnet.

mod support;

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use labkit::process::Child;
use labkit::{skip, wait};
use support::{PATIENCE, each, echo};
use tcp_server::Kind;

/// Whether a program is on the path; whatever it says to this, it runs.
fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("-h").stdin(Stdio::null());
    let found = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        skip::because(&format!(
            "{program} isn't there; install {program} to try it"
        ));
    }
    found.is_ok()
}

/// Types each line when the one before was answered, and then says that this was all.
fn converse(program: &'static str, kind: Kind) {
    wait::within(PATIENCE, move || {
        let server = echo(kind);
        let address = server.local_addr();
        let mut command = Command::new(program);
        command.args([address.ip().to_string(), address.port().to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::null());
        let mut child = Child::spawn(command).expect("it starts");
        let mut input = child.take_stdin().expect("it is piped");
        let mut output = child.take_stdout().expect("it is piped");
        let mut said = String::new();
        for words in ["hello", "", "a b  c"] {
            writeln!(input, "{words}").expect("it reads");
            let answer = format!("Echo: {words}");
            while !said
                .lines()
                .any(|line| line.trim_end_matches('\r') == answer)
            {
                let mut byte = [0];
                let length = output.read(&mut byte).expect("it is piped");
                assert_eq!(length, 1, "{program} ended after {said:?}");
                said.push(char::from(byte[0]));
            }
        }
        drop(input);
        assert_eq!(server.shutdown(PATIENCE).cut, 0);
        child.wait().expect("it ends when the server has closed");
    });
}

#[test]
fn nc_talks_to_all_four() {
    if is_there("nc") {
        each(|kind| converse("nc", kind));
    }
}

#[test]
fn telnet_talks_to_all_four() {
    if is_there("telnet") {
        each(|kind| converse("telnet", kind));
    }
}
