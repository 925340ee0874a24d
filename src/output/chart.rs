//! A small chart of bars drawn with block characters.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Sums values by place into at most `columns` columns over `length` places, and draws a bar for each; nothing is
/// drawn where the sum is 0, so that one failure is never mistaken for none.
///
/// ```
/// use mailthrottle::output::chart::bars;
/// assert_eq!(bars(&[(0, 1), (1, 0), (3, 80)], 4, 4), ("▁  █".to_owned(), 80));
/// ```
pub fn bars(values: &[(u64, u64)], length: u64, columns: u64) -> (String, u64) {
    let columns = columns.min(length).max(1);
    let mut sums = vec![0_u64; usize::try_from(columns).unwrap_or(1)];
    for (place, value) in values {
        let column = u128::from(*place) * u128::from(columns) / u128::from(length.max(1));
        let last = sums.len() - 1;
        sums[usize::try_from(column).unwrap_or(last).min(last)] += value;
    }
    let most = sums.iter().copied().max().unwrap_or(0);
    let bar = |sum: &u64| match sum {
        0 => ' ',
        sum => BARS[usize::try_from((sum * 8).div_ceil(most)).unwrap_or(8).clamp(1, 8) - 1],
    };
    (sums.iter().map(bar).collect(), most)
}
