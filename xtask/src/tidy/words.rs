//! Words that only mean something on one machine.

use super::Violation;
use super::checkout::Checkout;

/// Paths of somebody's own folders. (Put together, so that this file doesn't hold them.)
const PLACES: [&str; 5] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/tmp/bash", "_jobs"),
];

pub(super) fn check(checkout: &Checkout) -> Vec<Violation> {
    let mut found = Vec::new();
    // What is deployed has folders of its own, inside containers.
    let files = checkout.tree.iter();
    for (path, bytes) in files.filter(|(path, _)| !path.starts_with("deploy")) {
        let Ok(text) = str::from_utf8(bytes) else {
            continue;
        };
        for (at, line) in text.lines().enumerate() {
            if let Some(place) = PLACES.iter().find(|place| is_absolute(line, place)) {
                found.push(Violation::new(
                    path,
                    at + 1,
                    format!("`{place}` is a folder of one machine; write a relative path"),
                ));
            }
        }
    }
    found
}

/// Whether the place stands on the line as the beginning of a path.
fn is_absolute(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || "._-*})]>".contains(c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_are_found_and_relative_ones_are_not() {
        let planted = PLACES.map(|place| format!("see `{place}x`\n"));
        for text in &planted {
            let found = check(&Checkout::of(&[("docs/a.md", text)]));
            assert_eq!(found.len(), 1, "{text}");
        }
        let relative = planted[0].replace('/', "docs/");
        for (path, text) in [
            ("docs/a.md", relative.as_str()),
            ("deploy/a.yaml", &planted[1]),
        ] {
            assert!(check(&Checkout::of(&[(path, text)])).is_empty(), "{text}");
        }
    }
}
