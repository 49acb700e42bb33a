//! `cargo xtask run`: one lab's crash, hang or failure never hides the others.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A lab whose whole program is `body`; it may use `report(json)` to write its report.
fn lab(root: &Path, number: u32, name: &str, body: &str) {
    let folder = root.join("crates").join(name);
    fs::create_dir_all(folder.join("src")).expect("a temporary folder");
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [package.metadata.lab]\nnumber = {number}\nsection = \"fixtures\"\ntitle = \"{name}\"\n\
         concepts = []\nneeds = []\nstages = []\n"
    );
    let program = format!(
        "fn report(headline: &str, checks: &str) {{\n\
         let flags: Vec<String> = std::env::args().collect();\n\
         let at = flags.iter().position(|flag| flag == \"--json\").expect(\"xtask asks for one\");\n\
         std::fs::write(&flags[at + 1], format!(\n\
         \"{{{{\\\"format\\\":1,\\\"lab\\\":\\\"{name}\\\",\\\"title\\\":\\\"t\\\",\\\"lead\\\":\\\"\\\",\\\"seed\\\":null,\\\"headline\\\":{{headline}},\\\"checks\\\":{{checks}},\\\"blocks\\\":[]}}}}\"\n\
         )).expect(\"the report's folder is there\");\n}}\n\
         fn main() {{ let _ = report as fn(&str, &str); {body} }}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest).expect("a temporary file");
    fs::write(folder.join("src/main.rs"), program).expect("a temporary file");
}

fn xtask(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .current_dir(root)
        .env("CARGO_TARGET_DIR", root.join("target"))
        .output()
        .expect("the runner starts")
}

#[test]
fn every_way_to_end_is_told_apart_and_hides_no_other() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let members = "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n";
    fs::write(root.path().join("Cargo.toml"), members).expect("a temporary file");
    let headline = r#"{"name":"speed","value":1234567.0,"unit":"jobs/s"}"#;
    let failed = r#"[{"claim":"none is lost","passed":false,"seen":"1 lost"}]"#;
    lab(
        root.path(),
        1,
        "good",
        &format!("report(r#\"{headline}\"#, \"[]\");"),
    );
    lab(root.path(), 2, "crashes", "std::process::abort();");
    lab(root.path(), 3, "hangs", "loop { std::thread::park(); }");
    lab(
        root.path(),
        4,
        "finds-a-fault",
        &format!("report(\"null\", r#\"{failed}\"#); std::process::exit(1);"),
    );
    lab(
        root.path(),
        5,
        "lacks-redis",
        "eprintln!(\"error: no redis here\"); std::process::exit(69);",
    );

    let output = xtask(root.path(), &["run", "--deadline", "5"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let row = |name: &str| {
        let mut rows = text
            .lines()
            .filter(|line| line.trim_start().starts_with(name));
        rows.next_back()
            .unwrap_or_else(|| panic!("{name} has no row in\n{text}"))
            .to_owned()
    };
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(row("good").contains("speed: 1,234,567 jobs/s"), "{text}");
    assert!(row("good").contains("passed"), "{text}");
    assert!(row("crashes").contains("CRASHED"), "{text}");
    assert!(row("hangs").contains("HUNG"), "{text}");
    assert!(
        row("finds-a-fault").contains("FAILED: none is lost (1 lost)"),
        "{text}"
    );
    assert!(
        row("lacks-redis").contains("MISSING: error: no redis here"),
        "{text}"
    );
    let index = fs::read_to_string(root.path().join("target/reports/index.html"));
    let index = index.expect("the index was written");
    assert!(index.contains("href=\"good.html\"") && index.contains("HUNG"));
}

#[test]
fn a_mistyped_lab_is_answered_with_the_nearest_one() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let members = "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n";
    fs::write(root.path().join("Cargo.toml"), members).expect("a temporary file");
    lab(root.path(), 1, "thread-pool", "");
    let output = xtask(root.path(), &["run", "thred-pool"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("did you mean thread-pool?"), "{said}");
    assert!(!output.status.success());
}
