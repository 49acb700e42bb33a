//! The machine beside a figure: a measurement without it says nothing.

use std::fs;
use std::process::Command;
use std::thread;

/// Processor, memory, system and compiler, as a line of Markdown.
pub(crate) fn describe() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(String::new(), |kib| {
            format!(", {} GiB of memory", kib >> 20)
        });
    let cpu =
        field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    format!(
        "Machine: {cpu}, {cores} cores{memory}; {}; {}.",
        said("uname", &["-sr"]),
        said("rustc", &["--version"]),
    )
}

/// The value of `name: value` in one of the kernel's files.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn said(program: &str, arguments: &[&str]) -> String {
    Command::new(program)
        .args(arguments)
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}
