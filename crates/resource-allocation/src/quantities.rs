//! Numbers by service and kind of resource: one row for each service, all rows in one piece of
//! memory, because a hundred thousand little vectors cost more than what is computed with them.

/// How far two sums of the same quantities may differ by rounding alone, relative to their size.
pub const TOLERANCE: f64 = 1e-9;

/// A quantity for each service (row) and kind of resource (column).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quantities {
    kinds: usize,
    cells: Vec<f64>,
}

impl Quantities {
    /// Zero for each of `services` and `kinds`.
    ///
    /// # Panics
    /// If there are no kinds.
    #[must_use]
    pub fn zero(services: usize, kinds: usize) -> Self {
        assert!(kinds > 0, "a row of nothing can't be counted");
        Quantities {
            kinds,
            cells: vec![0.0; services * kinds],
        }
    }

    /// The given rows.
    ///
    /// # Panics
    /// If there are no kinds, or a row isn't as long.
    #[must_use]
    pub fn of<'a>(kinds: usize, rows: impl IntoIterator<Item = &'a [f64]>) -> Self {
        let mut all = Quantities::zero(0, kinds);
        for row in rows {
            assert_eq!(row.len(), kinds, "a quantity for every kind");
            all.cells.extend_from_slice(row);
        }
        all
    }

    /// How many kinds of resource there are.
    #[must_use]
    pub fn kinds(&self) -> usize {
        self.kinds
    }

    /// How many services there are.
    #[must_use]
    pub fn services(&self) -> usize {
        self.cells.len() / self.kinds.max(1)
    }

    /// The quantities of one service, by kind.
    ///
    /// # Panics
    /// If there is no such service.
    #[must_use]
    pub fn row(&self, service: usize) -> &[f64] {
        &self.cells[service * self.kinds..][..self.kinds]
    }

    /// As [`row`](Self::row), to be changed.
    ///
    /// # Panics
    /// If there is no such service.
    pub fn row_mut(&mut self, service: usize) -> &mut [f64] {
        &mut self.cells[service * self.kinds..][..self.kinds]
    }

    /// All services' rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.cells.chunks_exact(self.kinds.max(1))
    }

    /// The quantities of one kind, by service.
    ///
    /// # Panics
    /// On the first item, if there is no such kind.
    pub fn column(&self, kind: usize) -> impl ExactSizeIterator<Item = f64> {
        self.rows().map(move |row| row[kind])
    }

    /// The sum over all services, by kind.
    #[must_use]
    pub fn totals(&self) -> Vec<f64> {
        let mut totals = vec![0.0; self.kinds];
        for row in self.rows() {
            add(&mut totals, row);
        }
        totals
    }
}

/// Adds one vector to another.
pub(crate) fn add(sums: &mut [f64], row: &[f64]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += value;
    }
}
