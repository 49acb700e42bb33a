//! A crash: the log is cut where it hurts, and the engine opened again.

use std::fs;

use labkit::report::Report;
use labkit::run::Run;

use super::storage::temporary;
use metrics_logging::config::Config;
use metrics_logging::engine::Engine;
use metrics_logging::error::Error;
use metrics_logging::fleet::Fleet;
use metrics_logging::line::Precision;

/// Batches before the crash, and steps in each.
const BATCHES: usize = 40;
const STEPS: usize = 10;

/// Cuts the log in the middle of its last frame: what a machine leaves that loses power while it writes.
pub(super) fn section(report: Report, fleet: &Fleet, run: &Run) -> Result<Report, Error> {
    let folder = tempfile::tempdir().map_err(temporary)?;
    let log = folder.path().join("log-1");
    let length = || fs::metadata(&log).map(|file| file.len()).map_err(temporary);
    let (mut acknowledged, mut last_frame) = (0, 0..0);
    {
        let engine = Engine::open(folder.path(), Config::default())?;
        for batch in 0..BATCHES {
            let lines = fleet.lines(batch * STEPS..(batch + 1) * STEPS);
            let before = length()?;
            let written = engine.write(lines.as_bytes(), Precision::NANOSECONDS, 0)?;
            if batch + 1 < BATCHES {
                acknowledged += written.samples;
            }
            last_frame = before..length()?;
        }
    }
    let mut chance = run.rng("crash");
    let cut = last_frame.start + 1 + chance.below(last_frame.end - last_frame.start - 1);
    let file = fs::OpenOptions::new().write(true).open(&log);
    file.and_then(|file| file.set_len(cut)).map_err(temporary)?;
    let engine = Engine::open(folder.path(), Config::default())?;
    let recovered = engine.recovered();
    Ok(report
        .heading("After a crash in the middle of a write")
        .check(
            "what was acknowledged is there, half a batch isn't",
            recovered.replayed == acknowledged && recovered.torn_bytes == cut - last_frame.start,
            format!("{} samples replayed", recovered.replayed),
        )
        .text(format!(
            "The last of {BATCHES} batches was cut after {} of its {} bytes, before anyone was told that \
             it is kept. Its frame's checksum doesn't fit, so it is forgotten as a whole; all before it \
             is there. The tests kill a real server in the middle of its work, many times.",
            cut - last_frame.start,
            last_frame.end - last_frame.start,
        )))
}
