//! A value inside a JSON column: `payload -> to[0].email`.

/// A step into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The member of this name.
    Member(String),
    /// The element at this place, from 0.
    Element(u32),
}

/// The steps from a document to a value in it.
pub type JsonPath = Vec<Step>;

/// The column and the path of a name that has an arrow; `None`: it has none.
///
/// # Errors
/// The path is none.
pub fn split(name: &str) -> Option<Result<(&str, JsonPath), String>> {
    let (column, path) = name.split_once("->")?;
    let steps = steps(path.trim());
    let bad = || {
        format!("'{}' is no path into a JSON column; write it as payload -> to[0].email", name.escape_debug())
    };
    Some(steps.filter(|steps| !steps.is_empty()).ok_or_else(bad).map(|steps| (column.trim(), steps)))
}

fn steps(path: &str) -> Option<JsonPath> {
    let (mut steps, mut rest) = (Vec::new(), path);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (place, after) = after.split_once(']')?;
            steps.push(Step::Element(place.trim().parse().ok()?));
            rest = after;
            continue;
        }
        if !steps.is_empty() {
            rest = rest.strip_prefix('.')?;
        }
        let (member, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        // what would end a literal or a name in it, no database takes alike
        if member.is_empty() || member.contains(['\\', '\'', '"', '{', '}', ',']) {
            return None;
        }
        steps.push(Step::Member(member.to_owned()));
        rest = after;
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_members_and_places() {
        let member = |name: &str| Step::Member(name.to_owned());
        let path = |name| split(name).unwrap().unwrap();
        assert_eq!(
            path("doc -> to[0].email"),
            ("doc", vec![member("to"), Step::Element(0), member("email")])
        );
        assert_eq!(path("doc->[2][0]"), ("doc", vec![Step::Element(2), Step::Element(0)]));
        assert_eq!(path("doc -> \"reply.to\".x"), ("doc", vec![member("reply.to"), member("x")]));
        assert_eq!(split("doc"), None);
        for bad in
            ["doc ->", "doc -> a..b", "doc -> a[", "doc -> a[x]", "doc -> a'b", "doc -> .a", "doc -> \"a"]
        {
            assert!(split(bad).unwrap().is_err(), "{bad}");
        }
    }
}
