//! A lab's `hints.md`: for every stage three hints, from vague to nearly there.

/// The hints for one stage.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StageHints {
    /// Counted from 1.
    pub(crate) stage: usize,
    /// The stage's name.
    pub(crate) name: String,
    /// From vague to nearly there.
    pub(crate) hints: Vec<String>,
}

/// The stages of a page of hints: `## Stage N: name`, then items `1.` `2.` `3.` of one or more
/// lines. What isn't below such a heading is left out.
pub(crate) fn parse(page: &str) -> Vec<StageHints> {
    let mut stages: Vec<StageHints> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with('#') {
            let heading = heading(line);
            inside = heading.is_some();
            stages.extend(heading);
            continue;
        }
        let Some(stage) = stages.last_mut().filter(|_| inside) else {
            continue;
        };
        let next = format!("{}. ", stage.hints.len() + 1);
        if let Some(hint) = line.strip_prefix(&next) {
            stage.hints.push(hint.to_owned());
        } else if let Some(hint) = stage.hints.last_mut() {
            hint.push('\n');
            hint.push_str(line.strip_prefix("   ").unwrap_or(line));
        }
    }
    for hint in stages.iter_mut().flat_map(|stage| &mut stage.hints) {
        hint.truncate(hint.trim_end().len());
    }
    stages
}

fn heading(line: &str) -> Option<StageHints> {
    let (stage, name) = line.strip_prefix("## Stage ")?.split_once(": ")?;
    Some(StageHints {
        stage: stage.parse().ok()?,
        name: name.trim().to_owned(),
        hints: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_read_with_all_their_lines() {
        let page = "# Hints\n\nRead one.\n\n## Stage 1: first step\n\n1. Look at `x`.\n   And at y.\n\n\
                    2. Then:\n\n   ```text\n   a\n   ```\n3. Last.\n\n## Other\n1. no\n\
                    ## Stage 2: next\n";
        let stages = parse(page);
        assert_eq!(stages.len(), 2);
        assert_eq!(
            (stages[0].stage, stages[0].name.as_str()),
            (1, "first step")
        );
        assert_eq!(
            stages[0].hints,
            [
                "Look at `x`.\nAnd at y.",
                "Then:\n\n```text\na\n```",
                "Last."
            ]
        );
        assert!(stages[1].hints.is_empty());
    }
}
