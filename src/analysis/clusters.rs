//! Clusters: failures of one signature that follow each other closely.
//!
//! A failure joins the cluster of its signature when it comes at most `gap` after the one before; a gap equal to `gap`
//! still joins. Network errors that follow a throttle of the same sender within the gap are its collateral: the server
//! closed the connection, and what was sent over it next broke. They count to that cluster and to no other.

use std::collections::HashMap;

use super::failures::{Failure, Failures, is_throttle};
use super::names::NameId;
use crate::model::{Class, Disposition, Enhanced, Millis};

/// How failures are joined.
#[derive(Debug, Clone, Copy)]
pub struct Joining {
    /// The longest pause inside a cluster, in milliseconds.
    pub gap: Millis,
    /// Clusters with fewer failures are not listed.
    pub min_failures: u32,
}

impl Default for Joining {
    fn default() -> Self {
        Self { gap: 10_000, min_failures: 2 }
    }
}

/// Failures of one signature that follow each other closely.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// What kind of trouble.
    pub class: Class,
    /// What may be done, for most of them.
    pub disposition: Disposition,
    /// The commonest reply code, if any row has one.
    pub reply: Option<u16>,
    /// The enhanced code they share.
    pub enhanced: Option<Enhanced>,
    /// First failure.
    pub start: Millis,
    /// Last failure.
    pub end: Millis,
    /// Places in `Failures::rows`, in the order of time.
    pub members: Vec<u32>,
    /// Places of the network errors that followed.
    pub collateral: Vec<u32>,
}

/// What failures must share to be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Signature {
    Enhanced(Class, Enhanced),
    Reply(Class, u16),
    Cause(Class, Option<u32>),
}

/// Finds the clusters among sorted failures, in the order of their start.
pub fn find(failures: &Failures<'_>, joining: Joining) -> Vec<Cluster> {
    let mut throttles = join(failures, joining, |failure, _| is_throttle(failures.cause_of(failure).class));
    let owners = collateral(failures, &throttles, joining.gap);
    for (failure, cluster) in &owners {
        throttles[*cluster].collateral.push(*failure);
    }
    let others = join(failures, joining, |failure, place| {
        !is_throttle(failures.cause_of(failure).class)
            && owners.binary_search_by_key(&place, |owner| owner.0).is_err()
    });
    let mut clusters = throttles;
    clusters.extend(others);
    clusters.sort_by_key(|cluster| (cluster.start, cluster.end));
    clusters
}

fn join(failures: &Failures<'_>, joining: Joining, takes: impl Fn(&Failure, u32) -> bool) -> Vec<Cluster> {
    let mut clusters: Vec<(Millis, Millis, Vec<u32>)> = Vec::new();
    let mut open: HashMap<Signature, usize> = HashMap::new();
    for (place, failure) in (0u32..).zip(&failures.rows) {
        let Some(at) = failure.at.filter(|_| takes(failure, place)) else {
            continue;
        };
        let signature = signature(failures, failure);
        match open.get(&signature).map(|index| &mut clusters[*index]) {
            Some((_, end, members)) if at - *end <= joining.gap => {
                *end = at;
                members.push(place);
            }
            _ => {
                open.insert(signature, clusters.len());
                clusters.push((at, at, vec![place]));
            }
        }
    }
    let listed =
        clusters.into_iter().filter(|(.., members)| members.len() >= joining.min_failures.max(1) as usize);
    listed.map(|(start, end, members)| describe(failures, start, end, members)).collect()
}

fn signature(failures: &Failures<'_>, failure: &Failure) -> Signature {
    let cause = failures.cause_of(failure);
    match (cause.enhanced, cause.reply) {
        (Some(enhanced), _) => Signature::Enhanced(cause.class, enhanced),
        (None, Some(reply)) => Signature::Reply(cause.class, reply),
        (None, None) => Signature::Cause(cause.class, cause.fingerprint.is_some().then_some(failure.cause)),
    }
}

fn describe(failures: &Failures<'_>, start: Millis, end: Millis, members: Vec<u32>) -> Cluster {
    let causes = || members.iter().map(|place| failures.cause_of(&failures.rows[*place as usize]));
    let (class, enhanced) =
        causes().next().map_or((Class::Unknown, None), |cause| (cause.class, cause.enhanced));
    Cluster {
        class,
        disposition: commonest(causes().map(|cause| cause.disposition)).unwrap_or(Disposition::Retry),
        reply: commonest(causes().filter_map(|cause| cause.reply)),
        enhanced,
        start,
        end,
        members,
        collateral: Vec::new(),
    }
}

/// The value that occurs most often; of several, the smallest.
fn commonest<T: Copy + Ord + std::hash::Hash>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: HashMap<T, u32> = HashMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    counts
        .into_iter()
        .max_by_key(|(value, count)| (*count, std::cmp::Reverse(*value)))
        .map(|(value, _)| value)
}

/// Network errors that follow a throttle, each with the index of the throttle's cluster, in the order of places.
fn collateral(failures: &Failures<'_>, throttles: &[Cluster], gap: Millis) -> Vec<(u32, usize)> {
    let clusters: HashMap<u32, usize> = throttles
        .iter()
        .enumerate()
        .flat_map(|(index, cluster)| cluster.members.iter().map(move |place| (*place, index)))
        .collect();
    let mut last: HashMap<NameId, (Millis, usize)> = HashMap::new();
    let mut found = Vec::new();
    for (place, failure) in (0u32..).zip(&failures.rows) {
        let Some(at) = failure.at else { continue };
        if let Some(cluster) = clusters.get(&place) {
            last.insert(failure.sender, (at, *cluster));
        } else if failures.cause_of(failure).class == Class::Network {
            let throttle = last.get(&failure.sender).filter(|(throttled, _)| at - throttled <= gap);
            found.extend(throttle.map(|(_, cluster)| (place, *cluster)));
        }
    }
    found
}
