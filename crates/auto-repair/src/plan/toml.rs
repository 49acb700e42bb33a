//! A plan as a TOML file.
//!
//! ```toml
//! [supervisor]                # the root; `children` are those that nobody else claims
//! restarts = 5
//! period = "10s"
//!
//! [group.front]
//! strategy = "rest-for-one"
//! children = ["cache", "web"]
//!
//! [service.cache]
//! command = ["cache-server"]
//! heartbeat = { within = "2s" }
//! ready = "alive"
//!
//! [service.web]
//! command = ["web-server", "--port", "0"]
//! probe = { http = "/health", every = "500ms", within = "2s" }
//! ready = "alive"
//! memory = "256MiB"
//! ```

use std::fmt;
use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::{
    Exceeded, Group, Limit, Liveness, Plan, Ready, Restart, Service, Strategy, Waits, units,
};
use crate::error::Error;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Reads a plan from a file.
///
/// # Errors
/// If it can't be read, isn't TOML of this form (the line is named), or isn't a plan.
pub fn read(path: &Path) -> Result<Plan, Error> {
    let unreadable = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > LARGEST {
        return Err(Error::TooLarge {
            path: path.to_owned(),
        });
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    from_toml(&text, &path.display().to_string())
}

/// Reads a plan from text; `file` is what errors call it.
///
/// # Errors
/// As [`read`].
pub fn from_toml(text: &str, file: &str) -> Result<Plan, Error> {
    let declared: Declared = toml_edit::de::from_str(text).map_err(|error| {
        let before = error.span().map_or(0, |span| span.start.min(text.len()));
        Error::Toml {
            file: file.to_owned(),
            line: 1 + text.as_bytes()[..before]
                .iter()
                .filter(|b| **b == b'\n')
                .count(),
            problem: error.message().replace('\n', ", "),
        }
    })?;
    let groups: Vec<Group> = declared
        .group
        .0
        .into_iter()
        .map(DeclaredGroup::named)
        .collect();
    let services = declared.service.0.into_iter().map(DeclaredService::named);
    let services: Vec<Service> = services.collect::<Result<_, _>>()?;
    let mut root = declared.supervisor.unwrap_or_default();
    // Nobody is above the root, so it isolates unless it is told otherwise, or can't.
    if root.strategy == Strategy::OneForOne {
        root.when_exceeded.get_or_insert(Exceeded::Isolate);
    }
    let names = groups.iter().map(|group| &group.name);
    let names = names.chain(services.iter().map(|service| &service.name));
    let is_claimed = |name: &String| groups.iter().any(|group| group.children.contains(name));
    let unclaimed: Vec<String> = names.filter(|name| !is_claimed(name)).cloned().collect();
    root.children.get_or_insert(unclaimed);
    let root = DeclaredGroup::named(("root".to_owned(), root));
    let groups = std::iter::once(root).chain(groups).collect();
    Plan::new(groups, services)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    supervisor: Option<DeclaredGroup>,
    #[serde(default)]
    group: InOrder<DeclaredGroup>,
    service: InOrder<DeclaredService>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredGroup {
    #[serde(default)]
    strategy: Strategy,
    restarts: Option<u32>,
    period: Option<Span>,
    when_exceeded: Option<Exceeded>,
    #[serde(default)]
    backoff: DeclaredWaits,
    children: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredWaits {
    first: Option<Span>,
    most: Option<Span>,
    stable: Option<Span>,
}

impl DeclaredGroup {
    fn named((name, declared): (String, Self)) -> Group {
        let usual = Group::new(name, declared.strategy);
        let waits = Waits::default();
        Group {
            limit: usual.limit.map(|limit| Limit {
                restarts: declared.restarts.unwrap_or(limit.restarts),
                period: declared.period.map_or(limit.period, |span| span.0),
            }),
            exceeded: declared.when_exceeded.unwrap_or_default(),
            waits: Some(Waits {
                first: declared.backoff.first.map_or(waits.first, |span| span.0),
                most: declared.backoff.most.map_or(waits.most, |span| span.0),
                stable: declared.backoff.stable.map_or(waits.stable, |span| span.0),
            }),
            children: declared.children.unwrap_or_default(),
            ..usual
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredService {
    command: Vec<String>,
    #[serde(default)]
    environment: InOrder<String>,
    folder: Option<PathBuf>,
    #[serde(default)]
    restart: Restart,
    #[serde(default)]
    needs: Vec<String>,
    ready: Option<DeclaredReady>,
    ready_within: Option<Span>,
    heartbeat: Option<DeclaredHeartbeat>,
    probe: Option<DeclaredProbe>,
    memory: Option<Bytes>,
    grace: Option<Span>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DeclaredReady {
    Spawned,
    Alive,
    Line(String),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredHeartbeat {
    within: Span,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredProbe {
    http: String,
    every: Option<Span>,
    within: Option<Span>,
}

impl DeclaredService {
    fn named((name, declared): (String, Self)) -> Result<Service, Error> {
        if declared.heartbeat.is_some() && declared.probe.is_some() {
            return Err(Error::Value {
                place: format!("service `{name}`"),
                key: "heartbeat",
                problem: "stands beside `probe`; one way of telling that it lives is enough",
            });
        }
        let usual = Service::new(name, declared.command);
        let probe = declared.probe.map(|probe| Liveness::Http {
            target: probe.http,
            every: probe.every.map_or(Duration::from_secs(1), |span| span.0),
            within: probe.within.map_or(Duration::from_secs(2), |span| span.0),
        });
        let heartbeat = declared.heartbeat.map(|heartbeat| Liveness::Heartbeat {
            within: heartbeat.within.0,
        });
        let liveness = probe.or(heartbeat);
        let ready = match declared.ready {
            Some(DeclaredReady::Spawned) => Ready::Spawned,
            Some(DeclaredReady::Alive) => Ready::Alive,
            Some(DeclaredReady::Line(part)) => Ready::Line(part),
            None if liveness.is_some() => Ready::Alive,
            None => Ready::Spawned,
        };
        Ok(Service {
            environment: declared.environment.0,
            folder: declared.folder,
            restart: declared.restart,
            needs: declared.needs,
            ready,
            ready_within: declared
                .ready_within
                .map_or(usual.ready_within, |span| span.0),
            liveness,
            memory: declared.memory.map(|bytes| bytes.0),
            grace: declared.grace.map_or(usual.grace, |span| span.0),
            ..usual
        })
    }
}

/// A duration as text with its unit.
#[derive(Clone, Copy)]
struct Span(Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read = units::duration(&text).map(Span);
        read.ok_or_else(|| {
            D::Error::custom(format!("`{text}` is no duration; write 20ms, 1.5s, 2m"))
        })
    }
}

/// A size as text with its unit.
struct Bytes(u64);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read = units::size(&text).map(Bytes);
        read.ok_or_else(|| {
            D::Error::custom(format!("`{text}` is no size; write 512KiB, 64MiB, 1GiB"))
        })
    }
}

/// A table whose order matters: children start in the order of the file.
struct InOrder<T>(Vec<(String, T)>);

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        InOrder(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for InOrder<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = InOrder<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(InOrder(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}
