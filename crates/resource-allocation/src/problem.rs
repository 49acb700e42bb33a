//! What is to be shared, and among whom: checked once, here, so that no allocator has to.

use crate::Error;
use crate::quantities::{Quantities, add};

/// The most kinds of resource: enough for any machine, and small enough for one row of a table.
pub const MAX_KINDS: usize = 16;
/// The most services.
pub const MAX_SERVICES: usize = 10_000_000;

/// What there is of each kind of resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    names: Vec<String>,
    capacities: Vec<f64>,
}

impl Pool {
    /// Kinds of resource with their capacities, each in a unit of its own.
    ///
    /// # Errors
    /// [`Error::Kinds`] if there are none or too many, [`Error::Twice`] if two have the same name,
    /// [`Error::NoCapacity`] if a capacity isn't a number above zero.
    pub fn new<S: Into<String>>(kinds: impl IntoIterator<Item = (S, f64)>) -> Result<Self, Error> {
        let (names, capacities): (Vec<String>, Vec<f64>) = kinds
            .into_iter()
            .map(|(name, capacity)| (name.into(), capacity))
            .unzip();
        if names.is_empty() || names.len() > MAX_KINDS {
            return Err(Error::Kinds { given: names.len() });
        }
        if let Some(name) = twice(names.iter()) {
            return Err(Error::Twice { name });
        }
        for (kind, given) in names.iter().zip(&capacities) {
            if !(given.is_finite() && *given > 0.0) {
                let (kind, given) = (kind.clone(), *given);
                return Err(Error::NoCapacity { kind, given });
            }
        }
        Ok(Pool { names, capacities })
    }

    /// The machine of the brief: 100 units of CPU and 1000 of memory.
    #[must_use]
    pub fn of_the_brief() -> Self {
        Pool {
            names: vec!["cpu".to_owned(), "memory".to_owned()],
            capacities: vec![100.0, 1000.0],
        }
    }

    /// The kinds' names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How much there is, by kind.
    #[must_use]
    pub fn capacities(&self) -> &[f64] {
        &self.capacities
    }

    /// How many kinds there are.
    #[must_use]
    pub fn kinds(&self) -> usize {
        self.names.len()
    }
}

/// Someone who wants a part.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// What it is called in reports and errors.
    pub name: String,
    /// The most it can use, by kind.
    pub demand: Vec<f64>,
    /// What it is promised whatever the others want, by kind; honoured by
    /// [`Priority`](crate::priority::Priority) alone.
    pub minimum: Vec<f64>,
    /// Its share relative to others: twice the weight, twice the share.
    pub weight: f64,
    /// Its class; higher classes are served first, by [`Priority`](crate::priority::Priority) alone.
    pub priority: u8,
}

impl Service {
    /// A service of weight 1 and the lowest class, without a minimum.
    #[must_use]
    pub fn new(name: impl Into<String>, demand: impl Into<Vec<f64>>) -> Self {
        let demand = demand.into();
        Service {
            name: name.into(),
            minimum: vec![0.0; demand.len()],
            demand,
            weight: 1.0,
            priority: 0,
        }
    }

    /// Sets the weight.
    #[must_use]
    pub fn weight(mut self, weight: f64) -> Self {
        self.weight = weight;
        self
    }

    /// Sets the class.
    #[must_use]
    pub fn priority(mut self, priority: u8) -> Self {
        self.priority = priority;
        self
    }

    /// Sets the promised minimum, by kind.
    #[must_use]
    pub fn minimum(mut self, minimum: impl Into<Vec<f64>>) -> Self {
        self.minimum = minimum.into();
        self
    }
}

/// A pool and those who share it. Whoever holds one knows that all its numbers make sense.
#[derive(Clone, Debug)]
pub struct Problem {
    pool: Pool,
    names: Vec<String>,
    demands: Quantities,
    minima: Quantities,
    weights: Vec<f64>,
    priorities: Vec<u8>,
}

impl Problem {
    /// Checks and takes in all services.
    ///
    /// # Errors
    /// The variant of [`Error`] that says what doesn't make sense: a demand that is no number, is
    /// negative or beyond the capacity, a weight that isn't above zero, minima that together exceed
    /// the capacity, a name that stands twice.
    pub fn new(pool: Pool, services: Vec<Service>) -> Result<Self, Error> {
        if services.is_empty() || services.len() > MAX_SERVICES {
            return Err(Error::Services {
                given: services.len(),
            });
        }
        if let Some(name) = twice(services.iter().map(|service| &service.name)) {
            return Err(Error::Twice { name });
        }
        for service in &services {
            check(&pool, service)?;
        }
        let rows = |of: fn(&Service) -> &Vec<f64>| {
            Quantities::of(
                pool.kinds(),
                services.iter().map(|service| &of(service)[..]),
            )
        };
        let minima = rows(|service| &service.minimum);
        for (kind, sum) in minima.totals().into_iter().enumerate() {
            let capacity = pool.capacities[kind];
            if sum > capacity {
                let kind = pool.names[kind].clone();
                return Err(Error::MinimaExceed {
                    kind,
                    sum,
                    capacity,
                });
            }
        }
        Ok(Problem {
            demands: rows(|service| &service.demand),
            minima,
            weights: services.iter().map(|service| service.weight).collect(),
            priorities: services.iter().map(|service| service.priority).collect(),
            names: services.into_iter().map(|service| service.name).collect(),
            pool,
        })
    }

    /// Replaces what one service demands.
    ///
    /// # Errors
    /// As [`new`](Self::new), for this demand; nothing is changed then.
    ///
    /// # Panics
    /// If there is no such service.
    pub fn set_demand(&mut self, service: usize, demand: &[f64]) -> Result<(), Error> {
        let name = &self.names[service];
        check_demand(&self.pool, name, demand)?;
        self.demands.row_mut(service).copy_from_slice(demand);
        Ok(())
    }

    /// Refuses loads of which one is no quantity; how large they are doesn't matter.
    ///
    /// # Errors
    /// [`Error::NotAQuantity`], with whose load it is; [`Error::WrongKinds`].
    pub(crate) fn check_loads(&self, loads: &Quantities) -> Result<(), Error> {
        let mut rows = self.names.iter().zip(loads.rows());
        rows.try_for_each(|(name, load)| check_row(&self.pool, name, "load", load))
    }

    /// What is shared.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// How much there is, by kind.
    #[must_use]
    pub fn capacities(&self) -> &[f64] {
        &self.pool.capacities
    }

    /// How many kinds of resource there are.
    #[must_use]
    pub fn kinds(&self) -> usize {
        self.pool.kinds()
    }

    /// How many services there are.
    #[must_use]
    pub fn services(&self) -> usize {
        self.weights.len()
    }

    /// The services' names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What each service can use.
    #[must_use]
    pub fn demands(&self) -> &Quantities {
        &self.demands
    }

    /// What each service is promised.
    #[must_use]
    pub fn minima(&self) -> &Quantities {
        &self.minima
    }

    /// The services' weights.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The services' classes.
    #[must_use]
    pub fn priorities(&self) -> &[u8] {
        &self.priorities
    }

    /// The largest part of any capacity that the service demands (its *dominant share* if it got
    /// all of it), from 0 to 1.
    ///
    /// # Panics
    /// If there is no such service.
    #[must_use]
    pub fn dominant_demand(&self, service: usize) -> f64 {
        dominant(self.demands.row(service), self.capacities())
    }
}

/// The largest part that a row takes of any capacity.
pub(crate) fn dominant(row: &[f64], capacities: &[f64]) -> f64 {
    row.iter()
        .zip(capacities)
        .map(|(quantity, capacity)| quantity / capacity)
        .fold(0.0, f64::max)
}

fn check(pool: &Pool, service: &Service) -> Result<(), Error> {
    check_demand(pool, &service.name, &service.demand)?;
    check_row(pool, &service.name, "minimum", &service.minimum)?;
    if service.weight.is_finite() && service.weight > 0.0 {
        return Ok(());
    }
    Err(Error::Weight {
        service: service.name.clone(),
        given: service.weight,
    })
}

fn check_demand(pool: &Pool, name: &str, demand: &[f64]) -> Result<(), Error> {
    check_row(pool, name, "demand", demand)?;
    let mut pairs = demand.iter().zip(&pool.capacities);
    match pairs.position(|(demand, capacity)| demand > capacity) {
        None => Ok(()),
        Some(kind) => Err(Error::BeyondCapacity {
            service: name.to_owned(),
            kind: pool.names[kind].clone(),
            demand: demand[kind],
            capacity: pool.capacities[kind],
        }),
    }
}

fn check_row(pool: &Pool, name: &str, what: &str, row: &[f64]) -> Result<(), Error> {
    if row.len() != pool.kinds() {
        return Err(Error::WrongKinds {
            service: name.to_owned(),
            given: row.len(),
            expected: pool.kinds(),
        });
    }
    let wrong = |quantity: &f64| !(quantity.is_finite() && *quantity >= 0.0);
    match row.iter().position(wrong) {
        None => Ok(()),
        Some(kind) => Err(Error::NotAQuantity {
            what: format!("the {what} of {name} for {}", pool.names[kind]),
            given: row[kind],
        }),
    }
}

/// A name that stands twice, if one does.
fn twice<'a>(names: impl Iterator<Item = &'a String>) -> Option<String> {
    let mut sorted: Vec<&String> = names.collect();
    sorted.sort_unstable();
    let pair = sorted.windows(2).find(|pair| pair[0] == pair[1])?;
    Some(pair[0].clone())
}

/// Sums of rows that must fit a pool, with what rounding may add.
pub(crate) fn fits(used: &[f64], more: &[f64], capacities: &[f64]) -> bool {
    let mut sums = used.to_vec();
    add(&mut sums, more);
    sums.iter()
        .zip(capacities)
        .all(|(sum, capacity)| *sum <= capacity * (1.0 + crate::quantities::TOLERANCE))
}
