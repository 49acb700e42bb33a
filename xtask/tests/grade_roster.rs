//! `cargo xtask grade`: a roster of honest and hostile submissions gets the grades that it deserves,
//! in every format, and nothing of it is left behind.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use walkdir::WalkDir;

/// What each deserves. Stage 1 has two tests for 40 points; stage 2 has three and a hidden one for
/// 60.
const DESERVED: &str = "\
student,score,of,stage 1,stage 2,pass,fail,unknown,timeout,problem
ann-honest,100,100,40,60,6,0,0,0,
ben-half,70,100,40,30,4,2,0,0,
cleo-broken,0,100,0,0,0,6,0,0,doesn't compile: error[E0425]: cannot find value `one` in this scope
dan-loops,85,100,40,45,5,0,0,1,
eve-forks,70,100,40,30,4,2,0,0,
finn-exits,70,100,40,30,4,2,0,0,
gil-floods,70,100,40,30,4,2,0,0,
hal-cheats,85,100,40,45,5,1,0,0,
ida-unclear,85,100,40,45,5,0,1,0,
jon-peeks,0,100,0,0,0,6,0,0,doesn't compile: error: couldn't read \
`crates/counter/src/../tests/stage2_hidden.rs`: No such file or directory (os error 2)
kim-links,0,100,0,0,0,6,0,0,refused: src/lib.rs is a link; hand in files
leo-overflows,85,100,40,45,5,1,0,0,
mia-partial,55,100,40,15,3,3,0,0,
noa-snoops,100,100,40,60,6,0,0,0,
";

/// Why `many_are_added_at_once` isn't passed.
const REASONS: [(&str, &str); 5] = [
    ("ben-half", "not yet implemented: stage 2"),
    ("dan-loops", "stopped after 5 s"),
    (
        "eve-forks",
        "had more than 64 processes and threads at a time",
    ),
    (
        "finn-exits",
        "ended the test's process with exit code 0 before the test's end",
    ),
    ("gil-floods", "printed more than 1 MiB"),
];

/// The fixture in a folder of its own.
struct Fixture(TempDir);

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/grade");
        for entry in WalkDir::new(&from).min_depth(1) {
            let entry = entry.expect("the fixture can be read");
            let to = entry.path().strip_prefix(&from).expect("it is inside");
            let to = folder.path().join(to);
            if entry.file_type().is_dir() {
                fs::create_dir(to).expect("a temporary folder");
            } else {
                fs::copy(entry.path(), to).expect("a temporary file");
            }
        }
        Fixture(folder)
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.0.path().join(inside)
    }

    fn read(&self, inside: &str) -> String {
        fs::read_to_string(self.path(inside)).unwrap_or_else(|error| panic!("{inside}: {error}"))
    }

    fn grade(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["grade", "counter"])
            .args(arguments)
            .current_dir(self.path("course"))
            .env("LAB_GRADE_SECRET", "a secret that only this test knows")
            .output()
            .expect("the runner starts")
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

/// Whether a process with this word in its command line runs.
fn runs(word: &str) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .any(|line| {
            line.split(|byte| *byte == 0)
                .any(|part| part == word.as_bytes())
        })
}

#[test]
fn everyone_gets_what_they_deserve_in_every_format() {
    let fixture = Fixture::new();
    let link = fixture.path("roster/kim-links/src");
    fs::create_dir_all(&link).expect("a temporary folder");
    let solution = fixture.path("course/crates/counter/src/lib.rs");
    symlink(solution, link.join("lib.rs")).expect("a link");

    let output = fixture.grade(&[
        "--roster=../roster",
        "--private=../private",
        "--test-timeout=5",
        "--processes=64",
        "--format=text,json,gradescope,junit,classroom50,markdown,csv",
        "--output=../grades",
    ]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!runs("1000.25"), "what was forked has ended");

    let csv = fixture.read("grades/grades.csv");
    assert_eq!(csv.replace("\r\n", "\n"), DESERVED);
    let grades = json(&fixture.read("grades/grades.json"));
    let grades = grades["grades"].as_array().expect("a list");
    for (student, reason) in REASONS {
        let grade = grades.iter().find(|grade| grade["student"] == student);
        let told = grade.expect("it was graded")["stages"][1].to_string();
        assert!(told.contains(reason), "{student}: {told}");
    }
    for line in DESERVED.lines().skip(1) {
        let mut cells = line.split(',');
        let (student, score) = (
            cells.next().expect("a name"),
            cells.next().expect("a score"),
        );
        in_every_format(&fixture, student, score);
    }
}

/// Every format has a student's score, and those for students don't name the hidden test.
fn in_every_format(fixture: &Fixture, student: &str, score: &str) {
    let points: f64 = score.parse().expect("a number");
    let gradescope = json(&fixture.read(&format!("grades/gradescope/{student}.json")));
    assert_eq!(gradescope["score"].as_f64(), Some(points), "{student}");
    let text = fixture.read(&format!("grades/classroom50/{student}.json"));
    assert_eq!(json(&text)["score"].as_f64(), Some(points), "{student}");
    let markdown = fixture.read("grades/grades.md");
    assert!(
        markdown.contains(&format!("| {student} | {score} of 100 |")),
        "{markdown}"
    );
    for text in [&text, &markdown] {
        assert!(!text.contains("it_stops_at_the_largest_number"), "{text}");
    }
    let text = fixture.read("grades/grades.txt");
    assert!(
        text.contains(&format!("\n{student}: {score} of 100\n")),
        "{text}"
    );
    let junit = fixture.read("grades/grades.xml");
    assert!(
        junit.contains(&format!("<testsuite name=\"{student}\" tests=\"6\"")),
        "{junit}"
    );
}

#[test]
fn one_submission_goes_into_one_file() {
    let fixture = Fixture::new();
    let output = fixture.grade(&[
        "--submission=../roster/leo-overflows",
        "--student=leo",
        "--format=gradescope",
        "--output=../results/results.json",
    ]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let results = json(&fixture.read("results/results.json"));
    assert_eq!(
        results["score"], 100.0,
        "without the hidden test: {results}"
    );
    assert_eq!(results["tests"].as_array().map(Vec::len), Some(5));
}

#[test]
fn a_submission_has_no_more_time_than_it_is_given() {
    let fixture = Fixture::new();
    let output = fixture.grade(&[
        "--submission=../roster/dan-loops",
        "--private=../private",
        "--test-timeout=2",
        "--total-timeout=1",
    ]);
    let said = String::from_utf8_lossy(&output.stdout);
    let last = "(hidden): timeout: not run: all 1 s for the submission were used up";
    assert!(said.contains(last), "{said}");
}

#[test]
fn what_cannot_be_graded_is_said_before_anything_is_built() {
    let fixture = Fixture::new();
    fs::create_dir(fixture.path("empty")).expect("a temporary folder");
    fs::write(fixture.path("short.key"), "tooshort\n").expect("a temporary file");
    for (name, file) in [
        ("none", "tests/other.rs"),
        ("far", "tests/stage9_x.rs"),
        ("same", "tests/stage1_counting.rs"),
    ] {
        let path = fixture.path(name).join(file);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a temporary folder");
        fs::write(path, "").expect("a temporary file");
    }
    let one = "--submission=../roster/ann-honest";
    for (arguments, words) in [
        (vec!["--submission=../nobody"], "there is no submission"),
        (vec!["--roster=../empty"], "holds no folders"),
        (
            vec![one, "--secret=../short.key"],
            "has 8 bytes; it takes 16",
        ),
        (vec![one, "--private=../none"], "belongs to no stage"),
        (
            vec![one, "--private=../far"],
            "stage1_....rs to stage2_....rs",
        ),
        (vec![one, "--private=../same"], "rename the hidden one"),
        (vec![one, "--private=../empty"], "no hidden tests"),
        (vec![], "--submission"),
    ] {
        let output = fixture.grade(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(!output.status.success(), "{arguments:?}");
    }
}
