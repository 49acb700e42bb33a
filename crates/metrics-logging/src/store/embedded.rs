//! This lab's engine, with the time of day.

use std::path::Path;
use std::sync::Arc;

use labkit::clock::{Stopwatch, unix_time};

use super::Store;
use crate::config::{Config, SECOND};
use crate::engine::Engine;
use crate::error::Error;
use crate::line::{Precision, Refusal};
use crate::query::{Group, Query};

/// The time of day in nanoseconds. It never goes back: it is read once, and measured from there.
#[derive(Clone, Copy, Debug)]
pub struct Wall {
    start: i64,
    since: Stopwatch,
}

impl Wall {
    /// Reads the clock.
    #[must_use]
    pub fn read() -> Self {
        let seconds = i64::try_from(unix_time()).unwrap_or(i64::MAX);
        Wall {
            start: seconds.saturating_mul(SECOND),
            since: Stopwatch::start(),
        }
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        let since = i64::try_from(self.since.elapsed().as_nanos()).unwrap_or(i64::MAX);
        self.start.saturating_add(since)
    }
}

/// The engine as a store.
#[derive(Clone, Debug)]
pub struct Embedded {
    engine: Arc<Engine>,
    wall: Wall,
}

impl Embedded {
    /// Opens a folder.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn open(folder: &Path, config: Config) -> Result<Self, Error> {
        Ok(Embedded {
            engine: Arc::new(Engine::open(folder, config)?),
            wall: Wall::read(),
        })
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The time of day, in nanoseconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.wall.now()
    }
}

impl Store for Embedded {
    fn name(&self) -> &'static str {
        "embedded"
    }

    fn write(&self, lines: &str) -> Result<Vec<String>, Error> {
        let mut refused = Vec::new();
        for batch in crate::engine::batches(lines) {
            let written =
                self.engine
                    .write(batch.as_bytes(), Precision::NANOSECONDS, self.now())?;
            refused.extend(written.refused.iter().map(Refusal::to_string));
        }
        Ok(refused)
    }

    fn query(&self, query: &Query) -> Result<Vec<Group>, Error> {
        self.engine.query(query)
    }
}
