//! The Banker's algorithm: never enter a state from which a deadlock could follow.
//!
//! Every process says in advance how much of each resource it may need at most. A state is *safe* if the
//! processes can end one after another, each with what is free and what those before it gave back, even
//! if all now ask for their whole claim. A request is granted only if the state after it is safe (Dijkstra,
//! EWD 623; in the form of Silberschatz, Galvin and Gagne, *Operating System Concepts*).

mod text;

pub use text::{MAX_PROCESSES, MAX_RESOURCES, Problem};

/// A process of a system.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Process {
    name: String,
    allocation: Vec<u64>,
    max: Vec<u64>,
}

impl Process {
    fn need(&self) -> Vec<u64> {
        let pairs = self.max.iter().zip(&self.allocation);
        pairs.map(|(max, has)| max - has).collect()
    }
}

/// Why a system or a request can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A vector doesn't have a number for each resource.
    #[error("{whose} has {given} numbers, but there are {resources} resources")]
    Length {
        /// Whose vector.
        whose: String,
        /// How many numbers it has.
        given: usize,
        /// How many it should have.
        resources: usize,
    },
    /// A process has more than it may have.
    #[error("{whose} has {has} of resource {resource}, but claims at most {max}")]
    AboveClaim {
        /// The process.
        whose: String,
        /// The resource, from 0.
        resource: usize,
        /// What it has, or would have.
        has: u64,
        /// Its claim.
        max: u64,
    },
    /// A process gives back more than it has.
    #[error("{whose} has {has} of resource {resource} and can't give back {back}")]
    NotHeld {
        /// The process.
        whose: String,
        /// The resource, from 0.
        resource: usize,
        /// What it has.
        has: u64,
        /// What it gives back.
        back: u64,
    },
    /// There is no such process.
    #[error("there is no process {0}")]
    Unknown(String),
}

/// What a banker says to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Granted; the processes can end in this order.
    Granted(Vec<usize>),
    /// Not enough is free; the process has to wait.
    NotFree,
    /// Enough is free, but the state would be unsafe; the process has to wait.
    Unsafe,
}

/// Processes, what they have, what they may need, and what is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banker {
    available: Vec<u64>,
    processes: Vec<Process>,
}

impl Banker {
    /// A system without processes, in which so much is free.
    #[must_use]
    pub fn new(available: Vec<u64>) -> Self {
        Banker {
            available,
            processes: Vec::new(),
        }
    }

    /// Adds a process with what it has and what it may need at most.
    ///
    /// # Errors
    /// [`Refusal::Length`] and [`Refusal::AboveClaim`].
    pub fn process(
        mut self,
        name: impl Into<String>,
        allocation: Vec<u64>,
        max: Vec<u64>,
    ) -> Result<Self, Refusal> {
        let name = name.into();
        self.right_length(&name, &allocation)?;
        self.right_length(&name, &max)?;
        within_claim(&name, &allocation, &max)?;
        self.processes.push(Process {
            name,
            allocation,
            max,
        });
        Ok(self)
    }

    /// What is free.
    #[must_use]
    pub fn available(&self) -> &[u64] {
        &self.available
    }

    /// The processes' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.processes.iter().map(|process| process.name.as_str())
    }

    /// A process by its name.
    ///
    /// # Errors
    /// [`Refusal::Unknown`].
    pub fn find(&self, name: &str) -> Result<usize, Refusal> {
        let place = self.names().position(|other| other == name);
        place.ok_or_else(|| Refusal::Unknown(name.to_owned()))
    }

    /// What a process has.
    #[must_use]
    pub fn allocation(&self, process: usize) -> &[u64] {
        &self.processes[process].allocation
    }

    /// What a process may still ask for: its claim without what it has.
    #[must_use]
    pub fn need(&self, process: usize) -> Vec<u64> {
        self.processes[process].need()
    }

    /// An order in which all processes can end, found by going through them again and again; none if
    /// the state is unsafe.
    #[must_use]
    pub fn safe_order(&self) -> Option<Vec<usize>> {
        // BEGIN SOLUTION stage 4: who could end with what is free now? what is free after that?
        let mut free = self.available.clone();
        let mut order = Vec::new();
        loop {
            let before = order.len();
            for (place, process) in self.processes.iter().enumerate() {
                if !order.contains(&place) && fits(&process.need(), &free) {
                    free = sum(&free, &process.allocation);
                    order.push(place);
                }
            }
            if order.len() == self.processes.len() {
                return Some(order);
            }
            if order.len() == before {
                return None;
            }
        }
        // END SOLUTION
    }

    /// Whether all processes can end in just this order.
    #[must_use]
    pub fn is_safe_order(&self, order: &[usize]) -> bool {
        let mut free = self.available.clone();
        let all = (0..self.processes.len()).all(|process| order.contains(&process));
        all && order.iter().all(|place| {
            let process = &self.processes[*place];
            let ends = fits(&process.need(), &free);
            free = sum(&free, &process.allocation);
            ends
        })
    }

    /// Decides about a request, and grants it if the state after it is safe.
    ///
    /// # Errors
    /// [`Refusal::Length`], and [`Refusal::AboveClaim`] if the process would have more than it claimed.
    pub fn request(&mut self, process: usize, request: &[u64]) -> Result<Decision, Refusal> {
        let Process {
            name,
            allocation,
            max,
        } = &self.processes[process];
        self.right_length(name, request)?;
        // BEGIN SOLUTION stage 4: claimed? free? and then pretend, look, and perhaps take it back
        let would_have = sum(allocation, request);
        within_claim(name, &would_have, max)?;
        if !fits(request, &self.available) {
            return Ok(Decision::NotFree);
        }
        let mut after = self.clone();
        after.processes[process].allocation = would_have;
        after.available = difference(&self.available, request);
        Ok(match after.safe_order() {
            Some(order) => {
                *self = after;
                Decision::Granted(order)
            }
            None => Decision::Unsafe,
        })
        // END SOLUTION
    }

    /// Takes back what a process no longer needs.
    ///
    /// # Errors
    /// [`Refusal::Length`] and [`Refusal::NotHeld`].
    pub fn release(&mut self, process: usize, back: &[u64]) -> Result<(), Refusal> {
        let Process {
            name, allocation, ..
        } = &self.processes[process];
        self.right_length(name, back)?;
        let over = (0..back.len()).find(|place| back[*place] > allocation[*place]);
        if let Some(resource) = over {
            return Err(Refusal::NotHeld {
                whose: name.clone(),
                resource,
                has: allocation[resource],
                back: back[resource],
            });
        }
        self.processes[process].allocation = difference(allocation, back);
        self.available = sum(&self.available, back);
        Ok(())
    }

    fn right_length(&self, whose: &str, vector: &[u64]) -> Result<(), Refusal> {
        if vector.len() == self.available.len() {
            return Ok(());
        }
        Err(Refusal::Length {
            whose: whose.to_owned(),
            given: vector.len(),
            resources: self.available.len(),
        })
    }
}

fn within_claim(whose: &str, has: &[u64], max: &[u64]) -> Result<(), Refusal> {
    match (0..has.len()).find(|place| has[*place] > max[*place]) {
        Some(resource) => Err(Refusal::AboveClaim {
            whose: whose.to_owned(),
            resource,
            has: has[resource],
            max: max[resource],
        }),
        None => Ok(()),
    }
}

fn fits(wanted: &[u64], free: &[u64]) -> bool {
    wanted.iter().zip(free).all(|(wanted, free)| wanted <= free)
}

fn sum(a: &[u64], b: &[u64]) -> Vec<u64> {
    a.iter().zip(b).map(|(a, b)| a.saturating_add(*b)).collect()
}

fn difference(a: &[u64], b: &[u64]) -> Vec<u64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
