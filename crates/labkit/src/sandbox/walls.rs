//! Which walls stood around a program.

use std::fmt;
use std::io;

/// How a wall that is up in part is reported.
const PARTLY: u8 = u8::MAX - 1;

/// The walls of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walls {
    /// It saw only its own processes, and all of them ended with it (PID and IPC namespaces).
    pub processes: Wall,
    /// It had a network of its own: loopback and nothing else (network namespace).
    pub network: Wall,
    /// It could write only where it was allowed to, and saw nothing of what was hidden (mount
    /// namespace); it is up in part if only the first holds (Landlock).
    pub files: Wall,
    /// It ran as a user that owns nothing, not as the caller.
    pub user: Wall,
}

/// One wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wall {
    /// It stood.
    Up,
    /// It stood in part.
    Partly,
    /// The caller didn't ask for it.
    Unasked,
    /// The system refused it with this error number.
    Missing(i32),
}

impl Wall {
    /// Whether it stood.
    #[must_use]
    pub fn is_up(self) -> bool {
        self == Wall::Up
    }
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wall::Up => f.write_str("up"),
            Wall::Partly => f.write_str("up in part"),
            Wall::Unasked => f.write_str("not asked for"),
            Wall::Missing(number) => {
                write!(f, "missing: {}", io::Error::from_raw_os_error(*number))
            }
        }
    }
}

impl Walls {
    /// What a run without any of the missing walls could do, one sentence each.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        let files = match self.files {
            Wall::Partly => "can read what is hidden from it",
            _ => "can change the caller's files",
        };
        let walls = [
            (
                self.processes,
                "processes",
                "can see other processes, and one of its own may survive it",
            ),
            (self.network, "network", "can reach the network"),
            (self.files, "files", files),
            (
                self.user,
                "user",
                "runs as the caller and can read the caller's files",
            ),
        ];
        let gaps = walls.iter();
        let gaps = gaps.filter(|(wall, ..)| matches!(wall, Wall::Missing(_) | Wall::Partly));
        gaps.map(|(wall, name, risk)| format!("the wall of {name} is {wall}: foreign code {risk}"))
            .collect()
    }

    /// How the new process reports the walls: a byte each.
    pub(super) fn to_bytes(self) -> [u8; 4] {
        [self.processes, self.network, self.files, self.user].map(|wall| match wall {
            Wall::Up => 0,
            Wall::Unasked => u8::MAX,
            Wall::Partly => PARTLY,
            // Linux's error numbers are below 134.
            Wall::Missing(number) => u8::try_from(number).unwrap_or(u8::MAX - 2),
        })
    }

    pub(super) fn from_bytes(bytes: [u8; 4]) -> Self {
        let [processes, network, files, user] = bytes.map(|byte| match byte {
            0 => Wall::Up,
            u8::MAX => Wall::Unasked,
            PARTLY => Wall::Partly,
            number => Wall::Missing(number.into()),
        });
        Walls {
            processes,
            network,
            files,
            user,
        }
    }
}
