//! InfluxDB 1.x, the time-series database.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::{Place, Recipe, Running, Unavailable, find_or_start, http, start};

const CONFIG: &str = "influxdb.conf";

const RECIPE: Recipe = Recipe {
    name: "influxdb",
    variable: "LAB_INFLUXDB",
    programs: &["influxd"],
    how: "apt install influxdb, or set LAB_INFLUXDB to the address of one that runs",
    command,
    answers,
};

/// Finds InfluxDB (`LAB_INFLUXDB`), or starts one.
///
/// # Errors
/// If there is none.
pub fn influxdb() -> Result<Running, Unavailable> {
    find_or_start(&RECIPE)
}

/// Starts a private one with more lines in the `[data]` section of its configuration.
///
/// # Errors
/// If there is none.
pub fn influxdb_with(data: &str) -> Result<Running, Unavailable> {
    start(&RECIPE, |command| {
        let folder = command.get_current_dir().unwrap_or(Path::new("."));
        let file = folder.join(CONFIG);
        let config = fs::read_to_string(&file)?;
        fs::write(
            &file,
            config.replace("[data]\n", &format!("[data]\n{data}\n")),
        )?;
        Ok(command)
    })
}

fn command(place: &Place<'_>) -> io::Result<Command> {
    let folder = place.folder.display();
    let config = place.folder.join(CONFIG);
    // The RPC of backups takes any port: nobody here uses it.
    fs::write(
        &config,
        format!(
            "reporting-disabled = true\n\
             bind-address = \"127.0.0.1:0\"\n\
             [meta]\ndir = \"{folder}/meta\"\n\
             [data]\ndir = \"{folder}/data\"\nwal-dir = \"{folder}/wal\"\nquery-log-enabled = false\n\
             [http]\nbind-address = \"{}\"\nlog-enabled = false\n\
             [monitor]\nstore-enabled = false\n",
            place.address
        ),
    )?;
    let mut command = Command::new(place.program);
    command.arg("-config").arg(config);
    Ok(command)
}

fn answers(address: SocketAddr) -> bool {
    http::get(address, "/ping").is_ok_and(|answer| answer.header("x-influxdb-version").is_some())
}
