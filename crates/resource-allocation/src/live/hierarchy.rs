//! Where this host keeps its control groups, and where in them this process is: read from the texts
//! of `/proc/self/mountinfo` and `/proc/self/cgroup`, without touching anything.

use std::path::{Path, PathBuf};

use super::limits::Version;

/// A place where groups might be made: a directory for each controller, the same one in version 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The generation.
    pub version: Version,
    /// The directory under the `cpu` controller.
    pub cpu: PathBuf,
    /// The directory under the `memory` controller.
    pub memory: PathBuf,
}

/// The places to try, the best first: this process's own group in version 2, then the groups above
/// it (a group with processes in it can't hand controllers to children, but one above may), then
/// its own group in version 1.
#[must_use]
pub fn places(mountinfo: &str, membership: &str) -> Vec<Place> {
    // BEGIN SOLUTION stage 5: a line for each mount, a line for each tree; which directory is ours?
    let mounts: Vec<Mount> = mountinfo.lines().filter_map(Mount::parse).collect();
    let mut found = Vec::new();
    let unified = mounts.iter().find(|mount| mount.version == Version::V2);
    if let Some(mount) = unified
        && let Some(own) = own_path(membership, None)
    {
        let own = mount.directory_of(own);
        let above = own.ancestors();
        let above = above.take_while(|directory| directory.starts_with(&mount.point));
        found.extend(above.map(|directory| Place {
            version: Version::V2,
            cpu: directory.to_owned(),
            memory: directory.to_owned(),
        }));
    }
    let tree = |controller: &str| {
        let mut trees = mounts.iter().filter(|mount| mount.version == Version::V1);
        let mount = trees.find(|mount| mount.options.split(',').any(|it| it == controller))?;
        Some(mount.directory_of(own_path(membership, Some(controller))?))
    };
    if let (Some(cpu), Some(memory)) = (tree("cpu"), tree("memory")) {
        found.push(Place {
            version: Version::V1,
            cpu,
            memory,
        });
    }
    found
    // END SOLUTION
}

/// A mounted tree of control groups.
#[derive(Debug)]
struct Mount<'a> {
    version: Version,
    /// The group that is seen at the mount point.
    root: &'a str,
    point: PathBuf,
    options: &'a str,
}

impl<'a> Mount<'a> {
    /// Reads a line of mountinfo (see proc_pid_mountinfo(5)); none if it is no control group's.
    fn parse(line: &'a str) -> Option<Self> {
        let (place, kind) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let mut kind = kind.split(' ');
        Some(Mount {
            version: match kind.next()? {
                "cgroup" => Version::V1,
                "cgroup2" => Version::V2,
                _ => return None,
            },
            root: place.next()?,
            point: PathBuf::from(place.next()?),
            options: kind.nth(1)?,
        })
    }

    /// Where a group is to be seen; a group outside what is mounted (in a container) is taken for
    /// the mount's own.
    fn directory_of(&self, group: &str) -> PathBuf {
        match Path::new(group).strip_prefix(self.root) {
            Ok(inside) if !inside.as_os_str().is_empty() => self.point.join(inside),
            _ => self.point.clone(),
        }
    }
}

/// This process's group in one tree, as /proc/self/cgroup has it; no controller means version 2.
fn own_path<'a>(membership: &'a str, controller: Option<&str>) -> Option<&'a str> {
    membership.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let ours = match controller {
            None => controllers.is_empty(),
            Some(controller) => controllers.split(',').any(|it| it == controller),
        };
        ours.then_some(path)
    })
}
