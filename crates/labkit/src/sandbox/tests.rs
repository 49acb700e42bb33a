//! With real programs, as whoever runs the tests: what needs a wall is asked only where it stands,
//! and which walls stand is printed.

use std::env;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::wait::until;

/// Far more than any of this takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn limits() -> Limits {
    Limits {
        wall: PATIENCE,
        output: 10_000,
        ..Limits::default()
    }
}

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn run(limits: Limits, script: &str) -> Run {
    Sandbox::new(limits).run(sh(script)).expect("sh starts")
}

fn code(run: &Run) -> Option<i32> {
    match run.end {
        End::Exited(status) => status.code(),
        _ => None,
    }
}

#[test]
fn an_honest_program_runs_and_its_walls_are_told() {
    let run = run(limits(), "echo out; echo err >&2; exit 3");
    assert_eq!(code(&run), Some(3), "{run:?}");
    assert_eq!(
        (run.stdout.text().as_str(), run.stderr.text().as_str()),
        ("out\n", "err\n")
    );
    for gap in run.walls.gaps() {
        println!("{gap}");
    }
}

#[test]
fn a_signal_is_told_as_such() {
    let run = run(limits(), "kill -SEGV $$");
    assert!(
        matches!(run.end, End::Exited(status) if status.signal() == Some(11)),
        "{run:?}"
    );
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let error = Sandbox::new(limits()).run(Command::new("/no/such/program"));
    assert_eq!(
        error.expect_err("nothing to run").kind(),
        io::ErrorKind::NotFound
    );
}

#[test]
fn endless_waiting_ends_at_the_time_limit() {
    let mut limits = limits();
    limits.wall = Duration::from_millis(200);
    assert_eq!(run(limits, "sleep 1000").end, End::WallTime);
}

#[test]
fn endless_computing_ends_at_the_cpu_limit() {
    let mut limits = limits();
    limits.cpu = Duration::from_secs(1);
    assert_eq!(run(limits, "while :; do :; done").end, End::CpuTime);
}

#[test]
fn a_flood_ends_at_the_output_limit() {
    assert_eq!(run(limits(), "yes").end, End::Output);
}

#[test]
fn forks_without_end_end_at_the_process_limit() {
    let mut limits = limits();
    limits.processes = 64;
    let run = run(limits, "(while :; do sleep 1000 & done); sleep 1000");
    assert_eq!(run.end, End::Processes, "{run:?}");
}

#[test]
fn memory_without_end_ends_at_the_limit() {
    let mut limits = limits();
    limits.memory = 64 << 20;
    // One process that hoards is refused by the kernel; many are seen and killed together.
    let hoard = "x=0123456789abcdef; while [ ${#x} -lt LENGTH ]; do x=$x$x; done";
    let one = run(limits.clone(), &hoard.replace("LENGTH", "999999999"));
    assert!(code(&one).is_none_or(|code| code != 0), "{one:?}");
    let some = hoard.replace("LENGTH", "8000000");
    // The last command keeps the shell from becoming `sleep`, which would free its memory.
    let many = format!("for p in 1 2 3 4 5 6 7 8; do ({some}; sleep 1000; :) & done; wait");
    assert_eq!(run(limits, &many).end, End::Memory);
}

#[test]
fn a_file_without_end_ends_at_the_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut limits = limits();
    limits.file = 1 << 20;
    let script = format!(
        "exec head -c 9999999 /dev/zero > {}/f",
        folder.path().display()
    );
    let run = Sandbox::new(limits)
        .scratch(folder.path())
        .run(sh(&script))
        .expect("sh starts");
    assert_eq!(run.end, End::FileSize, "{run:?}");
}

#[test]
fn scratch_is_all_that_can_be_written_and_vanishes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (scratch, other) = (folder.path().join("scratch"), folder.path().join("other"));
    for folder in [&scratch, &other] {
        fs::create_dir(folder).expect("a folder");
    }
    let script = format!(
        "echo a > {0}/a && cat {0}/a; echo b > {1}/b; cat {1}/b",
        scratch.display(),
        other.display()
    );
    let run = Sandbox::new(limits())
        .scratch(&scratch)
        .run(sh(&script))
        .expect("sh starts");
    assert!(run.stdout.text().starts_with("a\n"), "{run:?}");
    if !matches!(run.walls.files, Wall::Missing(_)) {
        assert_eq!(run.stdout.text(), "a\n", "{run:?}");
        assert!(!other.join("b").exists());
    }
}

#[test]
fn a_writable_folder_keeps_what_is_written_and_a_hidden_one_looks_empty() {
    let folder = tempfile::tempdir().expect("a folder");
    let (writable, hidden) = (folder.path().join("writable"), folder.path().join("hidden"));
    for folder in [&writable, &hidden] {
        fs::create_dir(folder).expect("a folder");
    }
    fs::write(hidden.join("secret"), "answer").expect("written");
    let secret = folder.path().join("secret");
    fs::write(&secret, "answer").expect("written");
    let script = format!(
        "echo kept > {}/a; cat {}/secret {}",
        writable.display(),
        hidden.display(),
        secret.display()
    );
    let run = Sandbox::new(limits())
        .writable(&writable)
        .hidden(&hidden)
        .hidden(hidden.join("secret"))
        .hidden(&secret)
        .keep_user()
        .run(sh(&script))
        .expect("sh starts");
    let kept = fs::read_to_string(writable.join("a")).expect("it was written");
    assert_eq!(kept, "kept\n", "{run:?}");
    if run.walls.files.is_up() {
        assert_eq!(run.stdout.text(), "", "{run:?}");
    }
}

#[test]
fn a_hidden_folder_cannot_contain_the_scratch() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = Sandbox::new(limits())
        .hidden(folder.path())
        .scratch(folder.path())
        .run(sh(":"));
    let error = refused.expect_err("a contradiction");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

/// Whether a process with this word in its command line runs.
fn runs(word: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("Linux has it").flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .any(|line| {
            line.split(|byte| *byte == 0)
                .any(|part| part == word.as_bytes())
        })
}

/// A script whose child leaves its session before the script tells its own number; the child has
/// this word in its command line.
fn escape(word: &str, up: &Path) -> Command {
    let up = up.display();
    sh(&format!(
        "setsid sh -c 'echo > {up}; exec sleep {word}' & while [ ! -e {up} ]; do :; done; echo $$; $END"
    ))
}

fn wall_of_processes() -> bool {
    let wall = run(limits(), ":").walls.processes;
    if !wall.is_up() {
        println!("not tried: the wall of processes is {wall}");
    }
    wall.is_up()
}

#[test]
fn all_processes_end_with_the_program_also_those_that_left_its_session() {
    if !wall_of_processes() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let word = format!("1000.{}", std::process::id());
    let run = Sandbox::new(limits())
        .scratch(folder.path())
        .run(escape(&word, &folder.path().join("up")))
        .expect("sh starts");
    assert_eq!(run.stdout.text(), "2\n", "numbered apart: {run:?}");
    assert!(until(PATIENCE, || !runs(&word)));
}

/// The role of the next test's caller: names in the environment what it is to run.
#[test]
#[ignore = "a role for another test"]
fn caller_that_is_killed() {
    let (Ok(word), Ok(folder)) = (env::var("WORD"), env::var("FOLDER")) else {
        return;
    };
    let mut command = escape(&word, &Path::new(&folder).join("up"));
    command.env("END", "sleep 1000");
    Sandbox::new(limits())
        .writable(folder)
        .run(command)
        .expect("it is killed before");
}

#[test]
fn a_killed_caller_takes_the_sandbox_along() {
    if !wall_of_processes() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("it is ours");
    let word = format!("1001.{}", std::process::id());
    let mut caller = Command::new(env::current_exe().expect("this binary has a path"))
        .args([
            "--ignored",
            "--exact",
            "sandbox::tests::caller_that_is_killed",
        ])
        .env("WORD", &word)
        .env("FOLDER", folder.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("the caller starts");
    assert!(until(PATIENCE, || runs(&word)), "it runs");
    caller.kill().expect("it can be killed");
    caller.wait().expect("it can be reaped");
    assert!(until(PATIENCE, || !runs(&word)));
}

#[test]
fn the_network_is_loopback_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let script = format!(
        "cat /proc/net/dev | grep -c ':'; exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected"
    );
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]);
    let run = Sandbox::new(limits()).run(bash).expect("bash starts");
    if run.walls.network.is_up() {
        assert_eq!(run.stdout.text(), "1\n", "{run:?}");
        assert!(
            run.stderr.text().contains("refused"),
            "loopback is up: {run:?}"
        );
    }
}
