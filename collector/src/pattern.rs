//! Patterns of the plan: `*` within one path component, `{a,b}` for alternatives.

/// Whether a name matches one of the alternatives that [`braces`] gave.
#[must_use]
pub(crate) fn is_one_of(choices: &[String], name: &str) -> bool {
    choices.iter().any(|plain| wild(plain.as_bytes(), name.as_bytes()))
}

/// The alternatives that a component with braces stands for.
#[must_use]
pub(crate) fn braces(component: &str) -> Vec<String> {
    let parts = component.split_once('{').and_then(|(before, rest)| {
        rest.split_once('}').map(|(middle, after)| (before, middle, after))
    });
    let Some((before, middle, after)) = parts else { return vec![component.to_owned()] };
    let tails = braces(after);
    middle
        .split(',')
        .flat_map(|choice| tails.iter().map(move |tail| format!("{before}{choice}{tail}")))
        .collect()
}

fn wild(pattern: &[u8], name: &[u8]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return name.is_empty() };
    if *first == b'*' {
        return (0..=name.len()).any(|k| name.get(k..).is_some_and(|tail| wild(rest, tail)));
    }
    name.split_first().is_some_and(|(c, tail)| c == first && wild(rest, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(component: &str, name: &str) -> bool {
        is_one_of(&braces(component), name)
    }

    #[test]
    fn stars_and_braces() {
        assert!(matches("*", "eth0"));
        assert!(matches("*.conf", "10-a.conf"));
        assert!(!matches("*.conf", "10-a.conf.bak"));
        assert!(matches("cpu*", "cpu12") && matches("cpu*", "cpu"));
        assert!(matches("{a,b}*", "b1") && !matches("{a,b}*", "c"));
        assert!(matches("*{0,1}", "nvme0n1p1") && !matches("*{0,1}", "queue"));
        assert_eq!(braces("{x,y}-{1,2}"), ["x-1", "x-2", "y-1", "y-2"]);
        assert_eq!(braces("plain"), ["plain"]);
        assert_eq!(braces("open{brace"), ["open{brace"]);
    }
}
