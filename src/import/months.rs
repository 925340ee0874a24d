//! Names of months in English, German and French, full or cut short, in UTF-8 or Latin-1.

/// The month a word names, from 1, and how many bytes the word takes with a dot that cuts it short.
///
/// ```
/// use mailthrottle::import::months::read;
/// assert_eq!(read("Dez 31".as_bytes()), Some((12, 3)));
/// assert_eq!(read("févr. 2".as_bytes()), Some((2, 6)));
/// assert_eq!(read(b"Monday"), None);
/// ```
pub fn read(text: &[u8]) -> Option<(u32, usize)> {
    let length = text.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count();
    if !(3..=12).contains(&length) {
        return None;
    }
    let word = folded(&text[..length]);
    let month = NAMES.iter().position(|names| names.iter().any(|(name, least)| fits(&word, name, *least)))?;
    let dot = usize::from(text.get(length) == Some(&b'.'));
    Some((u32::try_from(month).ok()? + 1, length + dot))
}

/// The names of each month without accents, and how many letters a short form has at least.
const NAMES: [&[(&str, usize)]; 12] = [
    &[("january", 3), ("januar", 3), ("janner", 3), ("janvier", 3)],
    &[("february", 3), ("februar", 3), ("fevrier", 3)],
    &[("march", 3), ("maerz", 3), ("marz", 3), ("mars", 4), ("mrz", 3)],
    &[("april", 3), ("avril", 3)],
    &[("may", 3), ("mai", 3)],
    &[("june", 3), ("juni", 3), ("juin", 4)],
    &[("july", 3), ("juli", 3), ("juillet", 4)],
    &[("august", 3), ("aout", 3)],
    &[("september", 3), ("septembre", 3)],
    &[("october", 3), ("oktober", 3), ("octobre", 3)],
    &[("november", 3), ("novembre", 3)],
    &[("december", 3), ("dezember", 3), ("decembre", 3)],
];

fn fits(word: &str, name: &str, least: usize) -> bool {
    word.len() >= least && name.starts_with(word)
}

/// Lower case without accents.
fn folded(word: &[u8]) -> String {
    let plain = |c: char| match c.to_ascii_lowercase() {
        'ä' | 'Ä' => 'a',
        'é' | 'É' => 'e',
        'û' | 'Û' => 'u',
        other => other,
    };
    match std::str::from_utf8(word) {
        Ok(word) => word.chars().map(plain).collect(),
        Err(_) => word.iter().map(|byte| plain(char::from(*byte))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_month_in_three_languages() {
        let languages = [
            "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
            "January February March April May June July August September October November December",
            "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
            "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
            "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        ];
        for names in languages {
            for (index, name) in names.split(' ').enumerate() {
                let expected = Some((u32::try_from(index).unwrap() + 1, name.len()));
                assert_eq!(read(name.as_bytes()), expected, "{name}");
            }
        }
        assert_eq!(read(b"M\xe4r 3"), Some((3, 3)));
        assert_eq!(read(b"d\xe9c 3"), Some((12, 3)));
    }

    #[test]
    fn other_words_are_no_months() {
        for word in ["Mon", "Sat", "ju", "marked", "error", "decide", ""] {
            assert_eq!(read(word.as_bytes()), None, "{word}");
        }
    }
}
