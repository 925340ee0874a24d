//! The attempts around each cluster, counted in one pass.

use super::clusters::Cluster;
use crate::model::{HOUR, Millis, SECOND};

/// Attempts around one cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Around {
    /// From `gap` before its start to its end.
    pub attempts: u64,
    /// In the hour before its start.
    pub hour_before: u64,
    /// Of `attempts`, those of the busiest second of the clock.
    pub peak_per_second: u64,
}

/// Attempts around clusters: the number of rows before each of a few marks in time gives all sums between them.
#[derive(Debug)]
pub struct ClusterCounts {
    /// Marks in the order of time, with the cluster and the sum they belong to.
    marks: Vec<(Millis, usize, Mark)>,
    next_mark: usize,
    /// Rows so far.
    rows: u64,
    around: Vec<Around>,
    /// Clusters whose attempts are coming in: cluster, second of the clock, attempts in it.
    open: Vec<(usize, Millis, u64)>,
}

/// What begins or ends at an instant; a row at that instant belongs to what begins.
#[derive(Debug, Clone, Copy)]
enum Mark {
    HourBegins,
    AttemptsBegin,
    HourEnds,
    AttemptsEnd,
}

impl ClusterCounts {
    /// Counts around these clusters; `gap` is the longest pause inside one.
    pub fn new(clusters: &[Cluster], gap: Millis) -> Self {
        let mut marks = Vec::with_capacity(clusters.len() * 4);
        for (index, cluster) in clusters.iter().enumerate() {
            marks.push((cluster.start - HOUR, index, Mark::HourBegins));
            marks.push((cluster.start - gap, index, Mark::AttemptsBegin));
            marks.push((cluster.start, index, Mark::HourEnds));
            marks.push((cluster.end + 1, index, Mark::AttemptsEnd));
        }
        marks.sort_by_key(|(at, ..)| *at);
        let around = vec![Around::default(); clusters.len()];
        Self { marks, next_mark: 0, rows: 0, around, open: Vec::new() }
    }

    /// Counts an attempt; attempts come in the order of time.
    pub fn count(&mut self, at: Millis) {
        self.pass_marks(at);
        self.rows += 1;
        let second = at.div_euclid(SECOND);
        for (cluster, open_second, attempts) in &mut self.open {
            if *open_second != second {
                (*open_second, *attempts) = (second, 0);
            }
            *attempts += 1;
            let peak = &mut self.around[*cluster].peak_per_second;
            *peak = (*peak).max(*attempts);
        }
    }

    /// Passes the marks up to `at`: sums begin by taking off the rows before them, and end by adding those so far.
    fn pass_marks(&mut self, at: Millis) {
        while let Some((_, cluster, mark)) = self.marks.get(self.next_mark).filter(|(mark, ..)| *mark <= at) {
            let around = &mut self.around[*cluster];
            match mark {
                Mark::HourBegins => around.hour_before = self.rows,
                Mark::HourEnds => around.hour_before = self.rows - around.hour_before,
                Mark::AttemptsBegin => {
                    around.attempts = self.rows;
                    self.open.push((*cluster, Millis::MIN, 0));
                }
                Mark::AttemptsEnd => {
                    around.attempts = self.rows - around.attempts;
                    self.open.retain(|(open, ..)| open != cluster);
                }
            }
            self.next_mark += 1;
        }
    }

    /// The counts, in the order of the clusters.
    pub fn finish(mut self) -> Vec<Around> {
        self.pass_marks(Millis::MAX);
        self.around
    }
}
