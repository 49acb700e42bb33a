//! Prometheus's text format, version 0.0.4: what the server knows of itself, and every series' latest.

use std::fmt::Write as _;

use crate::engine::Engine;

/// What is scraped. A series `cpu,host=a usage=1` is the gauge `cpu_usage{host="a"}`.
pub(super) fn text(engine: &Engine) -> String {
    let size = engine.size();
    let mut text = String::new();
    let own = [
        ("series", "gauge", "Series in memory.", size.series as u64),
        ("samples", "gauge", "Samples in memory.", size.samples),
        (
            "sample_bytes",
            "gauge",
            "Compressed bytes of samples in memory.",
            size.bytes as u64,
        ),
        (
            "log_bytes_total",
            "counter",
            "Bytes appended to the log.",
            size.log_bytes,
        ),
        (
            "log_syncs_total",
            "counter",
            "Times the log was synced.",
            size.log_syncs,
        ),
    ];
    for (name, kind, help, value) in own {
        // Writing to a string can't fail.
        let _ = write!(
            text,
            "# HELP metrics_logging_{name} {help}\n# TYPE metrics_logging_{name} {kind}\n\
             metrics_logging_{name} {value}\n"
        );
    }
    // A family's lines stand together.
    let mut latest: Vec<_> = engine.latest().into_iter().collect();
    latest.sort_by_cached_key(|(key, field, _)| metric_name(&key.measurement, field));
    let mut family = String::new();
    for (key, field, sample) in latest {
        let name = metric_name(&key.measurement, &field);
        if name != family {
            let _ = writeln!(text, "# TYPE {name} gauge");
            family = name;
        }
        let labels: Vec<String> = key
            .tags
            .iter()
            .map(|(tag, value)| format!("{}=\"{}\"", label_name(tag), escaped(value)))
            .collect();
        let _ = writeln!(text, "{family}{{{}}} {}", labels.join(","), sample.value);
    }
    text
}

/// A metric's name: measurement and field, with what Prometheus doesn't take replaced.
#[must_use]
pub(super) fn metric_name(measurement: &str, field: &str) -> String {
    cleaned(&format!("{measurement}_{field}"), ':')
}

/// A label's name.
#[must_use]
pub(super) fn label_name(tag: &str) -> String {
    cleaned(tag, '_')
}

fn cleaned(name: &str, also: char) -> String {
    let mut clean: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' || c == also {
                c
            } else {
                '_'
            }
        })
        .collect();
    if clean.starts_with(|c: char| c.is_ascii_digit()) {
        clean.insert(0, '_');
    }
    clean
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
