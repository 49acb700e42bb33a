//! How everything is, for operators: a row a service, and a picture of the tree.

use std::fmt;
use std::time::Duration;

use super::{Cause, Goal, Phase, Run, Supervisor};
use crate::plan::{Child, Exceeded, GroupId, Plan, ROOT, ServiceId};

/// How a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It isn't started before this: the name of a service that isn't ready, or what else it is.
    Waiting(String),
    /// It is started again in so long.
    BackingOff(Duration),
    /// Its process runs and isn't ready.
    Starting,
    /// It has been serving for so long.
    Ready(Duration),
    /// Its process was told to end, or will be when its dependants have ended.
    Stopping,
    /// An operator stopped it, or it was never started.
    Stopped,
    /// It ended as it may.
    Finished,
    /// It failed too often.
    Failed,
}

/// A service's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: State,
    /// The number of its latest process, 0 if it never had one.
    pub run: Run,
    /// How often it failed.
    pub failures: u64,
    /// How it failed last.
    pub last_cause: Option<Cause>,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Waiting(name) => write!(f, "waits for {name}"),
            State::BackingOff(rest) => write!(f, "restarts in {rest:.0?}"),
            State::Starting => f.write_str("starting"),
            State::Ready(since) => write!(f, "ready for {since:.1?}"),
            State::Stopping => f.write_str("stopping"),
            State::Stopped => f.write_str("stopped"),
            State::Finished => f.write_str("finished"),
            State::Failed => f.write_str("failed"),
        }
    }
}

impl Supervisor {
    /// How every service is, in the plan's order.
    #[must_use]
    pub fn status(&self) -> Vec<Status> {
        let services = self.services.iter().enumerate();
        services
            .map(|(id, instance)| Status {
                name: self.plan.services[id].name.clone(),
                state: self.state(id),
                run: instance.run,
                failures: instance.failures,
                last_cause: instance.last_cause.clone(),
            })
            .collect()
    }

    fn state(&self, service: ServiceId) -> State {
        let instance = &self.services[service];
        match instance.phase {
            Phase::Stopping { .. } => State::Stopping,
            _ if instance.must_stop => State::Stopping,
            Phase::Starting { .. } => State::Starting,
            Phase::Ready { since } => State::Ready(self.now.saturating_sub(since)),
            Phase::Down => match instance.goal {
                Goal::Up { not_before } if not_before > self.now => {
                    State::BackingOff(not_before.saturating_sub(self.now))
                }
                Goal::Up { .. } => State::Waiting(match self.waits_for(service) {
                    Some(needed) => self.plan.services[needed].name.clone(),
                    None => "its group to stop".to_owned(),
                }),
                Goal::Down => State::Stopped,
                Goal::Finished => State::Finished,
                Goal::GivenUp => State::Failed,
            },
        }
    }
}

/// The tree of a plan as a picture; `word` says something about each service.
#[must_use]
pub fn tree(plan: &Plan, word: impl Fn(ServiceId) -> String) -> String {
    // BEGIN SOLUTION stage 6: draw a branch for each child, and below it its own, further in
    let mut picture = format!("{}\n", group_line(plan, ROOT));
    branches(plan, ROOT, "", &word, &mut picture);
    picture
    // END SOLUTION
}

// BEGIN SOLUTION ITEMS stage 6: the branches below a group
fn branches(
    plan: &Plan,
    group: GroupId,
    indent: &str,
    word: &impl Fn(ServiceId) -> String,
    picture: &mut String,
) {
    let children = &plan.children[group];
    let width = children.iter().map(|child| match child {
        Child::Service(service) => plan.services[*service].name.len(),
        Child::Group(_) => 0,
    });
    let width = width.max().unwrap_or(0);
    for (at, child) in children.iter().enumerate() {
        let is_last = at + 1 == children.len();
        let (fork, below) = if is_last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        let line = match child {
            Child::Service(service) => {
                let name = &plan.services[*service].name;
                format!("{name:width$}  {}", word(*service))
            }
            Child::Group(group) => group_line(plan, *group),
        };
        picture.push_str(&format!("{indent}{fork}{}\n", line.trim_end()));
        if let Child::Group(group) = child {
            branches(plan, *group, &format!("{indent}{below}"), word, picture);
        }
    }
}

fn group_line(plan: &Plan, group: GroupId) -> String {
    let group = &plan.groups[group];
    let limit = group.limit.map_or(String::new(), |limit| {
        let beyond = match group.exceeded {
            Exceeded::Escalate => "then fails as a whole",
            Exceeded::Isolate => "then gives the one up",
        };
        format!(
            ", {} restarts in {:?}, {beyond}",
            limit.restarts, limit.period
        )
    });
    format!("{} ({}{limit})", group.name, group.strategy.name())
}
// END SOLUTION
