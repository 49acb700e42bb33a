//! Tests: no fixed ports, no sleeps, nothing skipped or thrown away in silence.

use std::path::Path;

use super::Violation;
use super::checkout::Checkout;
use super::rust::Source;

/// How an address of this machine is written before its port, alone or in a pair.
const HOSTS: [&str; 6] = [
    "127.0.0.1:",
    "localhost:",
    "[::1]:",
    "0.0.0.0:",
    "127.0.0.1\", ",
    "localhost\", ",
];

pub(super) fn check(checkout: &Checkout) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, source) in &checkout.sources {
        let whole = is_test_file(path);
        for line in (0..source.raw.len()).filter(|line| whole || source.is_test(*line)) {
            let said = [
                fixed_port(&source.literals[line]),
                sleep(source, line),
                ignored(&source.code[line]),
                thrown_away(source, line),
            ];
            let said = said.into_iter().flatten();
            found.extend(said.map(|what| Violation::new(path, line + 1, what)));
        }
    }
    found
}

/// Whether all of a file is test code: below `tests/`, or a module's tests moved out of it.
fn is_test_file(path: &Path) -> bool {
    let mut folders = path.iter().rev().skip(1);
    path.ends_with("tests.rs") || folders.any(|part| part == "tests")
}

/// A port that another process on the machine may hold.
fn fixed_port(line: &str) -> Option<&'static str> {
    let is_fixed = |(at, host): (usize, &str)| {
        let port = line[at + host.len()..].chars();
        let port: String = port
            .take_while(|c| c.is_ascii_digit() || *c == '_')
            .collect();
        !port.trim_matches(['0', '_']).is_empty()
    };
    HOSTS
        .iter()
        .any(|host| line.match_indices(host).any(is_fixed))
        .then_some(
            "a fixed port may be taken; listen on port 0 and ask which it became \
             (192.0.2.1 is an address for what is only parsed)",
        )
}

/// A guess about how long something takes.
fn sleep(source: &Source, line: usize) -> Option<&'static str> {
    let code = &source.code[line];
    let paused = || {
        let mut lines = source.code.iter();
        lines.any(|line| line.contains("start_paused") || line.contains("time::pause("))
    };
    let sleeps = code.contains("thread::sleep(") || (code.contains("time::sleep(") && !paused());
    sleeps.then_some("a test that sleeps hopes; wait for the thing itself (labkit::wait)")
}

fn ignored(code: &str) -> Option<&'static str> {
    code.contains("#[ignore]")
        .then_some("ignored without a reason; write `#[ignore = \"why\"]`")
}

/// A result that nobody looks at, and no word about why.
fn thrown_away(source: &Source, line: usize) -> Option<&'static str> {
    let code = source.code[line].trim();
    let thrown = code.starts_with("let _ = ") || code.ends_with(".ok();");
    let bound = code.starts_with("let ") && !code.starts_with("let _ = ");
    let is_comment = |line: &str| line.contains("// ");
    let said = is_comment(&source.raw[line]) || line > 0 && is_comment(&source.raw[line - 1]);
    (thrown && !bound && !said)
        .then_some("a result is thrown away; check it, or say in a comment why it can't matter")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, line: &str) -> Vec<String> {
        let text = format!("//! A.\n{line}\n");
        let checkout = Checkout::of(&[(path, &text)]);
        check(&checkout).into_iter().map(|it| it.what).collect()
    }

    #[test]
    fn every_rule_fires_on_a_planted_violation() {
        for (line, word) in [
            ("let a = \"127.0.0.1:{port}\";", "fixed port"),
            ("let a = \"http://localhost:{port}/x\";", "fixed port"),
            ("bind((\"127.0.0.1\", {port}));", "fixed port"),
            ("thread::sleep(PAUSE);", "sleeps"),
            ("tokio::time::sleep(PAUSE).await;", "sleeps"),
            ("#[ignore]", "ignored"),
            ("let _ = server.stop();", "thrown away"),
            ("server.stop().ok();", "thrown away"),
        ] {
            // Put together, so that this file holds none itself.
            let line = line.replace("{port}", "80_80");
            let found = found("crates/a/tests/stage1_a.rs", &line);
            assert_eq!(found.len(), 1, "{line}: {found:?}");
            assert!(found[0].contains(word), "{line}: {}", found[0]);
        }
    }

    #[test]
    fn what_is_right_is_left_alone() {
        for line in [
            "let a = \"127.0.0.1:0\";",
            "let a = format!(\"127.0.0.1:{port}\");",
            "let a = \"192.0.2.1:80\";",
            "// thread::sleep(PAUSE) would hope.",
            "#[ignore = \"needs an hour\"]",
            "let _ = server.stop(); // It may have stopped already.",
            "let found = map.get(1).ok();",
            "let _guard = lock();",
            "#[tokio::test(start_paused = true)]\nasync fn a() {\n    time::sleep(HOUR).await;\n}",
        ] {
            assert_eq!(found("crates/a/tests/stage1_a.rs", line), [""; 0], "{line}");
        }
    }

    #[test]
    fn only_test_code_is_looked_at() {
        let line = "    thread::sleep(PAUSE);";
        let inline = format!("#[cfg(test)]\nmod tests {{\n{line}\n}}");
        assert!(found("crates/a/src/b.rs", line).is_empty());
        assert_eq!(found("crates/a/src/b.rs", &inline).len(), 1);
        assert_eq!(found("crates/a/src/b/tests.rs", line).len(), 1);
        assert_eq!(found("crates/a/tests/support/mod.rs", line).len(), 1);
    }
}
