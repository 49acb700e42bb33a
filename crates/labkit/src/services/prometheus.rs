//! Prometheus, which scrapes, stores and reads metrics.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::process::Command;

use super::{Place, Recipe, Running, Unavailable, http, start};

const RECIPE: Recipe = Recipe {
    name: "prometheus",
    variable: "LAB_PROMETHEUS",
    programs: &["prometheus"],
    how: "apt install prometheus",
    command,
    answers,
};

/// Starts a Prometheus with this configuration (YAML). Always a private one: another's configuration
/// isn't ours to change.
///
/// # Errors
/// If there is none, or it doesn't accept the configuration.
pub fn prometheus(config: &str) -> Result<Running, Unavailable> {
    start(&RECIPE, |command| {
        let folder = command
            .get_current_dir()
            .map(|folder| folder.join("prometheus.yml"));
        fs::write(folder.unwrap_or_default(), config)?;
        Ok(command)
    })
}

fn command(place: &Place<'_>) -> io::Result<Command> {
    let mut command = Command::new(place.program);
    command
        .arg(format!("--web.listen-address={}", place.address))
        .arg(format!(
            "--config.file={}",
            place.folder.join("prometheus.yml").display()
        ))
        .arg(format!(
            "--storage.tsdb.path={}",
            place.folder.join("data").display()
        ));
    Ok(command)
}

fn answers(address: SocketAddr) -> bool {
    http::get(address, "/-/ready").is_ok_and(|answer| answer.is_success())
}
