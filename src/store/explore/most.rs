//! The most frequent of many rows, which are counted one after another.

/// Rows kept at most beyond those that are wanted, before the others are thrown out.
const ROOM: usize = 1000;

/// The rows with the highest counts; of rows with the same count the lower ones come first.
#[derive(Debug)]
pub(in crate::store) struct Most<T> {
    limit: usize,
    rows: Vec<(u64, T)>,
    /// A row with a lower count is not among them.
    least: u64,
}

impl<T: Ord> Most<T> {
    /// Returns an empty list for so many rows.
    pub(in crate::store) fn new(limit: u64) -> Self {
        Most { limit: usize::try_from(limit).unwrap_or(usize::MAX), rows: vec![], least: 0 }
    }

    /// Adds a row, which is made only if it can be among them: most are rare.
    pub(in crate::store) fn add(&mut self, count: u64, row: impl FnOnce() -> T) {
        if count < self.least {
            return;
        }
        self.rows.push((count, row()));
        if self.rows.len() > self.limit.saturating_mul(4).saturating_add(ROOM) {
            self.sort();
            self.least = self.rows.last().map_or(0, |last| last.0);
        }
    }

    /// Returns them with their counts, the most frequent first.
    pub(in crate::store) fn finish(mut self) -> Vec<(u64, T)> {
        self.sort();
        self.rows
    }

    fn sort(&mut self) {
        self.rows.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        self.rows.truncate(self.limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_come_first_however_many_there_are() {
        let check = |limit: u64, counts: &[(u64, u32)], expected: &[(u64, u32)]| {
            let mut most = Most::new(limit);
            counts.iter().for_each(|(count, row)| most.add(*count, || *row));
            assert_eq!(most.finish(), expected);
        };
        check(2, &[], &[]);
        check(0, &[(7, 1)], &[]);
        check(2, &[(1, 3), (9, 2), (1, 1)], &[(9, 2), (1, 1)]);
        check(u64::MAX, &[(1, 3), (9, 2), (1, 1)], &[(9, 2), (1, 1), (1, 3)]);
        // The same rows in every order, more than are kept at a time.
        let mut rows: Vec<(u64, u32)> = (0..5000).map(|n| (u64::from(n * 7919 % 5000 / 3), n)).collect();
        let mut expected = rows.clone();
        expected.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        expected.truncate(25);
        check(25, &rows, &expected);
        rows.reverse();
        check(25, &rows, &expected);
        rows.sort_unstable();
        check(25, &rows, &expected);
        rows.reverse();
        check(25, &rows, &expected);
    }

    #[test]
    fn a_row_that_cannot_be_among_them_is_not_made() {
        let mut most = Most::new(1);
        (0..=ROOM as u64 + 4).for_each(|n| most.add(5, || n));
        most.add(4, || unreachable!("it is too rare"));
        most.add(5, || 0);
        assert_eq!(most.finish(), [(5, 0)]);
    }
}
