//! What is declared: services, the groups that supervise them, and what each of them needs.
//!
//! A [`Plan`] is checked once; nothing below it asks again whether a name exists.

mod order;
mod toml;
mod units;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;

pub use toml::{from_toml, read};
pub use units::{duration, size};

/// A service's place in its plan.
pub type ServiceId = usize;
/// A group's place in its plan; the root is 0.
pub type GroupId = usize;

/// The group that has no parent.
pub const ROOT: GroupId = 0;

/// The most services and groups of a plan: what one person can still look at, and far below what the
/// quadratic parts of the supervisor would notice.
pub const MOST: usize = 256;

/// A process that is to be kept alive.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name: letters, digits, `-`, `_` and `.`, at most 64 of them.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Environment variables that are added to the supervisor's own.
    pub environment: Vec<(String, String)>,
    /// The folder in which it runs; none means the supervisor's.
    pub folder: Option<PathBuf>,
    /// Which ends are failures.
    pub restart: Restart,
    /// Names of services and groups that have to be ready before it starts.
    pub needs: Vec<String>,
    /// What makes it ready.
    pub ready: Ready,
    /// How long it may take to become ready.
    pub ready_within: Duration,
    /// How it is seen to be alive; none trusts it while its process lasts.
    pub liveness: Option<Liveness>,
    /// How much resident memory it may have, in bytes.
    pub memory: Option<u64>,
    /// How long it may take to end after SIGTERM, before SIGKILL.
    pub grace: Duration,
}

impl Service {
    /// A service with the defaults: permanent, ready when spawned, within 10 s; 2 s of grace.
    pub fn new<S: Into<String>>(
        name: impl Into<String>,
        command: impl IntoIterator<Item = S>,
    ) -> Self {
        Service {
            name: name.into(),
            command: command.into_iter().map(Into::into).collect(),
            environment: Vec::new(),
            folder: None,
            restart: Restart::default(),
            needs: Vec::new(),
            ready: Ready::default(),
            ready_within: Duration::from_secs(10),
            liveness: None,
            memory: None,
            grace: Duration::from_secs(2),
        }
    }
}

/// Which ends of a service are failures (Erlang's restart types).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// Every end: it is always started again.
    #[default]
    Permanent,
    /// Every end but exit code 0, after which it has finished.
    Transient,
    /// None: it is never started again.
    Temporary,
}

/// What makes a service ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ready {
    /// That its process has been started.
    #[default]
    Spawned,
    /// A line of its output that contains this.
    Line(String),
    /// The first sign of life.
    Alive,
}

/// How a service is seen to be alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It writes a byte into a pipe, whose number is in the environment variable
    /// [`HEARTBEAT`](crate::live::HEARTBEAT).
    Heartbeat {
        /// How long the next beat may be in coming.
        within: Duration,
    },
    /// It answers `GET` with a status of 200 to 399.
    Http {
        /// `127.0.0.1:8080/health`, or `/health` at the address that it announced on its output.
        target: String,
        /// How often it is asked.
        every: Duration,
        /// How long an answer may be in coming.
        within: Duration,
    },
}

/// What a failure of one child does to the others (Erlang's supervision strategies).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Nothing: the one is restarted.
    #[default]
    OneForOne,
    /// All children are stopped and started again.
    OneForAll,
    /// Those that were started after it are stopped and started again with it.
    RestForOne,
}

impl Strategy {
    /// The name, as it is written in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Strategy::OneForOne => "one-for-one",
            Strategy::OneForAll => "one-for-all",
            Strategy::RestForOne => "rest-for-one",
        }
    }

    /// Whether its children are started one after the other, and stopped in the opposite order.
    #[must_use]
    pub fn is_ordered(self) -> bool {
        self != Strategy::OneForOne
    }
}

/// How many restarts are bearable within how long (Erlang's restart intensity).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Restarts that are still fine; one more is too many.
    pub restarts: u32,
    /// The time in which they are counted.
    pub period: Duration,
}

/// What happens to a group with more restarts than its limit allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exceeded {
    /// The group ends and counts as failed in its parent, as in Erlang; the root ends everything.
    #[default]
    Escalate,
    /// Restarts are counted for each child, and the one with too many is given up alone.
    Isolate,
}

/// How long to wait before a restart. The first failure after a good time is repaired at once; then
/// the waits grow exponentially, with full jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// The bound of the first wait.
    pub first: Duration,
    /// The bound of all waits.
    pub most: Duration,
    /// How long a child has to be well until its failures are forgotten.
    pub stable: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Waits {
            first: Duration::from_millis(50),
            most: Duration::from_secs(5),
            stable: Duration::from_secs(10),
        }
    }
}

/// A supervisor of services and other groups.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name, by the rules of a service's.
    pub name: String,
    /// What a failure of one child does to the others.
    pub strategy: Strategy,
    /// How many restarts are bearable; none means any number, waits alone keep them apart.
    pub limit: Option<Limit>,
    /// What happens beyond the limit.
    pub exceeded: Exceeded,
    /// The waits before restarts; none restarts at once, always.
    pub waits: Option<Waits>,
    /// Names of its services and groups, in the order in which they start.
    pub children: Vec<String>,
}

impl Group {
    /// A group with the defaults: 5 restarts in 10 s, escalating, with the usual waits.
    pub fn new(name: impl Into<String>, strategy: Strategy) -> Self {
        Group {
            name: name.into(),
            strategy,
            limit: Some(Limit {
                restarts: 5,
                period: Duration::from_secs(10),
            }),
            exceeded: Exceeded::Escalate,
            waits: Some(Waits::default()),
            children: Vec::new(),
        }
    }

    /// The root as it is if nothing else is said: one for one, and a child that can't be repaired is
    /// given up alone, because nobody is above who could do better.
    #[must_use]
    pub fn root() -> Self {
        Group {
            exceeded: Exceeded::Isolate,
            ..Group::new("root", Strategy::OneForOne)
        }
    }

    /// The same group with these children.
    #[must_use]
    pub fn with<S: Into<String>>(mut self, children: impl IntoIterator<Item = S>) -> Self {
        self.children = children.into_iter().map(Into::into).collect();
        self
    }
}

/// A service or a group, as a child of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Child {
    /// A service.
    Service(ServiceId),
    /// A group.
    Group(GroupId),
}

/// A checked tree of groups and services.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The services, in the order in which they were given.
    pub(crate) services: Vec<Service>,
    /// The groups, the root first.
    pub(crate) groups: Vec<Group>,
    /// Each group's children.
    pub(crate) children: Vec<Vec<Child>>,
    /// The group of each service.
    pub(crate) group_of: Vec<GroupId>,
    /// The parent of each group; the root's is the root.
    pub(crate) parent_of: Vec<GroupId>,
    /// The services in the order of the tree, from the left.
    pub(crate) order: Vec<ServiceId>,
    /// What has to be ready before each service starts: what it says, and in ordered groups whatever
    /// stands before it.
    pub(crate) needs: Vec<Vec<ServiceId>>,
    /// All that can't do without each service, directly or through others.
    pub(crate) dependants: Vec<Vec<ServiceId>>,
}

impl Plan {
    /// Checks what was declared; the first group is the root.
    ///
    /// # Errors
    /// If a name is wrong, unknown or used twice, something is in no group or in two, a number is out
    /// of its range, or services need each other in a circle.
    pub fn new(groups: Vec<Group>, services: Vec<Service>) -> Result<Self, Error> {
        let names = order::names(&groups, &services)?;
        services.iter().try_for_each(units::check_service)?;
        groups.iter().try_for_each(units::check_group)?;
        let mut plan = Plan {
            children: vec![Vec::new(); groups.len()],
            group_of: vec![ROOT; services.len()],
            parent_of: vec![ROOT; groups.len()],
            order: Vec::new(),
            needs: Vec::new(),
            dependants: vec![Vec::new(); services.len()],
            services,
            groups,
        };
        plan.adopt(&names)?;
        plan.order = plan.services_below(Child::Group(ROOT));
        plan.needs = order::needs(&plan, &names)?;
        if plan.needs.iter().any(|needs| !needs.is_empty()) {
            order::check_acyclic(&plan)?;
            plan.dependants = order::dependants(&plan.needs);
        }
        Ok(plan)
    }

    /// The services, in the order in which they were given.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The groups, the root first.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// A group's children, in the order in which they start.
    #[must_use]
    pub fn children(&self, group: GroupId) -> &[Child] {
        &self.children[group]
    }

    /// The services in the order of the tree, from the left.
    #[must_use]
    pub fn order(&self) -> &[ServiceId] {
        &self.order
    }

    /// The same plan with one more service, the last child of a group.
    ///
    /// # Errors
    /// If there is no such group, or by the rules of [`Plan::new`].
    pub fn with(&self, service: Service, group: &str) -> Result<Self, Error> {
        let mut groups = self.groups.clone();
        let found = groups.iter_mut().find(|known| known.name == group);
        let found = found.ok_or_else(|| Error::Unknown {
            name: group.to_owned(),
            place: format!("the group of service `{}`", service.name),
        })?;
        found.children.push(service.name.clone());
        let mut services = self.services.clone();
        services.push(service);
        Plan::new(groups, services)
    }

    /// All services of a child, from the left.
    #[must_use]
    pub fn services_below(&self, child: Child) -> Vec<ServiceId> {
        match child {
            Child::Service(service) => vec![service],
            Child::Group(group) => {
                let children = self.children[group].iter();
                children
                    .flat_map(|child| self.services_below(*child))
                    .collect()
            }
        }
    }

    /// The services that a name stands for: one, or all of a group.
    ///
    /// # Errors
    /// If there is no such name.
    pub fn named(&self, name: &str) -> Result<Vec<ServiceId>, Error> {
        let service = self.services.iter().position(|known| known.name == name);
        let group = || self.groups.iter().position(|known| known.name == name);
        let child = service
            .map(Child::Service)
            .or_else(|| group().map(Child::Group));
        let child = child.ok_or_else(|| Error::NoSuch {
            name: name.to_owned(),
            known: self.services.iter().map(|s| s.name.clone()).collect(),
        })?;
        Ok(self.services_below(child))
    }

    /// The group above a child; none above the root.
    #[must_use]
    pub fn above(&self, child: Child) -> Option<GroupId> {
        match child {
            Child::Service(service) => Some(self.group_of[service]),
            Child::Group(ROOT) => None,
            Child::Group(group) => Some(self.parent_of[group]),
        }
    }

    /// All groups above a child, from its own to the root.
    pub fn all_above(&self, child: Child) -> impl Iterator<Item = GroupId> {
        std::iter::successors(self.above(child), |group| self.above(Child::Group(*group)))
    }

    /// Puts every name into the group that lists it.
    fn adopt(&mut self, names: &BTreeMap<String, Child>) -> Result<(), Error> {
        let mut claimed: BTreeMap<&str, &str> = BTreeMap::new();
        for (id, group) in self.groups.iter().enumerate() {
            for name in &group.children {
                let child = names.get(name).ok_or_else(|| Error::Unknown {
                    name: name.clone(),
                    place: format!("the children of group `{}`", group.name),
                })?;
                if let Some(other) = claimed.insert(name, &group.name) {
                    let (name, groups) = (name.clone(), [other, &group.name]);
                    return Err(Error::ClaimedTwice {
                        name,
                        groups: groups.map(str::to_owned),
                    });
                }
                match *child {
                    Child::Service(service) => self.group_of[service] = id,
                    Child::Group(group) => self.parent_of[group] = id,
                }
                self.children[id].push(*child);
            }
        }
        let root = self.groups[ROOT].name.as_str();
        let mut all = names.keys().filter(|name| *name != root);
        let lost = all.find(|name| !claimed.contains_key(name.as_str()));
        match lost {
            Some(name) => Err(Error::InNoGroup { name: name.clone() }),
            None => order::check_reachable(self),
        }
    }
}
