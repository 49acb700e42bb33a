//! Finding, starting, and leaving nothing behind, with a service that every system has: a shell.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::*;
use crate::wait;

const RECIPE: Recipe = Recipe {
    name: "nothing",
    variable: "LAB_TEST_NOTHING",
    programs: &["sh"],
    how: "it comes with the system",
    command: |place| {
        let mut command = Command::new(place.program);
        command.args(["-c", "echo no such luck; exit 3"]);
        Ok(command)
    },
    answers: |_| false,
};

#[test]
fn a_program_that_isnt_there_is_said_with_how_to_get_it() {
    let recipe = Recipe {
        programs: &["no-such-program-anywhere"],
        ..RECIPE
    };
    let error = find_or_start(&recipe).expect_err("there is none");
    assert_eq!(
        error.to_string(),
        "nothing isn't available: there is no program no-such-program-anywhere; it comes with the system"
    );
}

#[test]
fn a_program_that_ends_is_quoted() {
    let error = find_or_start(&RECIPE).expect_err("it ends");
    assert!(error.why.contains("no such luck"), "{error}");
    assert!(error.why.contains("exit status: 3"), "{error}");
}

#[test]
fn an_address_at_which_nothing_answers_is_refused() {
    let error = find(&RECIPE, "nowhere").expect_err("no address");
    assert!(error.why.contains("LAB_TEST_NOTHING=nowhere"), "{error}");
}

#[test]
fn a_private_instance_goes_with_its_folder() {
    // A shell that sleeps is asked whether it has begun by the file that it makes.
    let recipe = Recipe {
        command: |place| {
            let mut command = Command::new(place.program);
            command.args(["-c", "touch begun; exec sleep 1000"]);
            Ok(command)
        },
        answers: |_| true,
        ..RECIPE
    };
    let mut running = find_or_start(&recipe).expect("a shell is there");
    assert!(running.is_private());
    let folder = running.folder().expect("its own").to_owned();
    let pid = running.child().expect("its own").id();
    assert!(wait::until(PATIENCE, || folder.join("begun").exists()));
    drop(running);
    assert!(!folder.exists(), "{}", folder.display());
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn a_folder_goes_when_the_sweepers_pipe_closes() {
    let mut folder = Folder::new("swept").expect("there is room");
    let path = folder.path().to_owned();
    fs::write(path.join("file"), "x").expect("it is ours");
    // What the end of this process would do.
    drop(folder.sweeper.stdin.take());
    assert!(
        wait::until(PATIENCE, || !path.exists()),
        "{}",
        path.display()
    );
}

#[test]
fn influxdb_takes_a_point_and_gives_it_back() {
    let running = match influxdb() {
        Ok(running) => running,
        Err(unavailable) => return crate::skip::because(&unavailable.to_string()),
    };
    let address = running.address();
    let create = http::post(
        address,
        "/query?q=CREATE+DATABASE+labkit",
        "text/plain",
        b"",
    );
    assert!(create.expect("it answers").is_success());
    let write = http::post(address, "/write?db=labkit", "text/plain", b"m v=42 1000");
    assert_eq!(write.expect("it answers").status, 204);
    let read = http::get(address, "/query?db=labkit&q=SELECT+v+FROM+m");
    let read = read.expect("it answers").text();
    assert!(read.contains("42"), "{read}");
}

#[test]
fn a_request_goes_out_whole() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("bound");
    let server = thread::spawn(move || {
        let (mut stream, _): (TcpStream, _) = listener.accept().expect("somebody comes");
        let mut seen = Vec::new();
        while !seen.ends_with(b"body") {
            let mut some = [0; 512];
            let count = stream.read(&mut some).expect("it is open");
            seen.extend_from_slice(&some[..count]);
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\n\r\nanswer")
            .expect("it is open");
        String::from_utf8(seen).expect("text")
    });
    let answer = http::post(address, "/path", "text/plain", b"body").expect("it answers");
    assert_eq!(answer.text(), "answer");
    let seen = server.join().expect("it served");
    assert!(seen.starts_with("POST /path HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("Content-Length: 4\r\n"), "{seen}");
}
