//! How a column writes its times, where the config has to say it: a text such as `DD.MM.YYYY HH24:MI:SS`, or a unit of numbers.

/// What `time_format` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeFormat {
    /// Naive times as text.
    Text(TextFormat),
    /// Numbers since 1970: so many of them make a millisecond.
    Parts(i64),
}

/// A text with its parts at fixed places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFormat {
    /// Year, month, day, and as far as they are there hour, minute and second: where each begins, from 1.
    places: Vec<usize>,
    /// The same for `chrono`.
    strftime: String,
}

/// What may be written, how many letters it takes, and what it is for `chrono`; in the order of ISO 8601.
const PARTS: [(&str, usize, &str); 6] = [
    ("YYYY", 4, "%Y"),
    ("MM", 2, "%m"),
    ("DD", 2, "%d"),
    ("HH24", 2, "%H"),
    ("MI", 2, "%M"),
    ("SS", 2, "%S"),
];

/// What stands before each part in ISO 8601.
const BEFORE: [&str; 6] = ["", "-", "-", " ", ":", ":"];

impl TimeFormat {
    /// Reads what the config says.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(written: &str) -> Result<Self, String> {
        match written {
            "us" => return Ok(TimeFormat::Parts(1_000)),
            "ns" => return Ok(TimeFormat::Parts(1_000_000)),
            _ => {}
        }
        let (mut places, mut strftime, mut rest, mut place) = ([None; 6], String::new(), written, 1);
        while let Some(first) = rest.chars().next() {
            let part = PARTS.iter().enumerate().find(|(_, (name, ..))| rest.starts_with(name));
            match part {
                Some((part, (name, letters, of_chrono))) => {
                    if places[part].replace(place).is_some() {
                        return Err(format!("{name} stands twice"));
                    }
                    strftime.push_str(of_chrono);
                    place += letters;
                    rest = &rest[name.len()..];
                }
                None if first.is_ascii_alphanumeric() || !first.is_ascii() || first == '%' => {
                    return Err(format!(
                        "'{}' is none of YYYY, MM, DD, HH24, MI, SS; for numbers write us or ns",
                        rest.escape_debug()
                    ));
                }
                None => {
                    strftime.push(first);
                    place += 1;
                    rest = &rest[1..];
                }
            }
        }
        let known: Vec<_> = places.iter().map_while(|place| *place).collect();
        if known.len() < 3 || known.len() != places.iter().flatten().count() {
            return Err(
                "it needs YYYY, MM and DD, and of HH24, MI and SS those before any that is there".to_owned()
            );
        }
        if known.len() == 4 {
            return Err("an hour without its minute says no time; add MI, or take HH24 out".to_owned());
        }
        Ok(TimeFormat::Text(TextFormat { places: known, strftime }))
    }
}

impl TextFormat {
    /// Whether texts sort as their times do.
    pub fn sorts(&self) -> bool {
        self.places.is_sorted()
    }

    /// Whether there is no time of day.
    pub fn has_dates_only(&self) -> bool {
        self.places.len() == 3
    }

    /// Whether it says the minute.
    pub fn shows_minutes(&self) -> bool {
        self.places.len() > 4
    }

    /// The same as `chrono` writes it.
    pub fn strftime(&self) -> &str {
        &self.strftime
    }

    /// SQL that writes a value in the order of ISO 8601.
    pub fn in_order(&self, value: &str) -> String {
        let part = |((place, before), (_, letters, _)): ((&usize, &str), &(&str, usize, &str))| {
            let text = format!("substr({value}, {place}, {letters})");
            if before.is_empty() { text } else { format!("'{before}' || {text}") }
        };
        let parts = self.places.iter().zip(BEFORE).zip(&PARTS).map(part);
        format!("({})", parts.collect::<Vec<_>>().join(" || "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(written: &str) -> TextFormat {
        let TimeFormat::Text(format) = TimeFormat::of(written).unwrap() else { panic!("{written}") };
        format
    }

    #[test]
    fn parts_are_put_in_order() {
        let format = text("DD.MM.YYYY HH24:MI:SS");
        assert_eq!(
            format.in_order("x"),
            "(substr(x, 7, 4) || '-' || substr(x, 4, 2) || '-' || substr(x, 1, 2) || ' ' || substr(x, 12, 2) || ':' || \
             substr(x, 15, 2) || ':' || substr(x, 18, 2))"
        );
        assert!(!format.sorts() && !format.has_dates_only());
        assert!(text("YYYY/MM/DD HH24:MI").sorts());
        assert_eq!(text("YYYYMMDDHH24MISS").strftime(), "%Y%m%d%H%M%S");
        assert!(text("MM/DD/YYYY").has_dates_only());
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for (written, expected) in [
            ("DD.MM.YY", "'YY' is none of"),
            ("YYYY-MM", "it needs YYYY, MM and DD"),
            ("YYYY-MM-DD SS", "it needs YYYY, MM and DD"),
            ("YYYY-MM-DD MM", "MM stands twice"),
            ("YYYYMMDD HH24", "an hour without its minute"),
            ("%d.%m.%Y", "'%d.%m.%Y' is none of"),
        ] {
            let error = TimeFormat::of(written).unwrap_err();
            assert!(error.starts_with(expected), "{written}: {error}");
        }
    }
}
