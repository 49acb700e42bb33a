//! Progress of long work: a bar on a terminal, silence in a pipe.
//!
//! Never writes to stdout, where results go.

use std::borrow::Cow;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

/// A progress bar on stderr that vanishes when it is dropped. Clones and threads may share it.
#[derive(Clone, Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar from 0 to `total`.
    #[must_use]
    pub fn new(label: &str, total: u64) -> Self {
        let style = ProgressStyle::with_template("{msg:>24} {wide_bar} {pos}/{len} {eta:>4}")
            .expect("the template is a constant that parses");
        let bar = ProgressBar::new(total)
            .with_style(style)
            .with_finish(ProgressFinish::AndClear);
        bar.set_message(Cow::Owned(label.to_owned()));
        Bar(bar)
    }

    /// Moves the bar by `done` steps.
    pub fn add(&self, done: u64) {
        self.0.inc(done);
    }

    /// Moves the bar to `done` steps.
    pub fn set(&self, done: u64) {
        self.0.set_position(done);
    }

    /// Changes the words beside the bar.
    pub fn label(&self, label: &str) {
        self.0.set_message(Cow::Owned(label.to_owned()));
    }

    /// Takes the bar off the screen.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}
