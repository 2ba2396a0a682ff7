//! Where a reference of a rule can be read.
//!
//! Rules name their sources as people do, `tcp(7)`, `Documentation/mm/slub.rst`, `RFC 9293, section
//! 3.6`; the report and `explain` lead there. A reference whose address is not sure stays text: a
//! link into nothing costs more trust than no link. Nothing but a rule file gets here: what an
//! archive says is never a link.

/// Man pages that man7.org does not have, and Debian has.
const DEBIAN: [&str; 8] = [
    "chronyc",
    "cpupower-frequency-set",
    "dmidecode",
    "lxcfs",
    "numad",
    "rasdaemon",
    "smartctl",
    "smem",
];

/// The address of a reference, if it is sure; always `https:` and without a character that would
/// have to be escaped.
///
/// ```
/// let link = |r| linsight::rules::reference::link(r).unwrap();
/// assert_eq!(link("tcp(7)"), "https://man7.org/linux/man-pages/man7/tcp.7.html");
/// assert_eq!(link("RFC 9293, section 3.6"), "https://www.rfc-editor.org/rfc/rfc9293.html#section-3.6");
/// ```
#[must_use]
pub fn link(reference: &str) -> Option<String> {
    let safe = |c: char| c.is_ascii_graphic() && !"\"'<>`\\".contains(c);
    if reference.starts_with("https://") {
        return reference.chars().all(safe).then(|| reference.to_owned());
    }
    kernel_document(reference)
        .or_else(|| man_page(reference))
        .or_else(|| rfc(reference))
        .or_else(|| commit(reference))
        .or_else(|| article(reference))
}

/// `Documentation/networking/ip-sysctl.rst`; those that are no `.rst` are not rendered.
fn kernel_document(reference: &str) -> Option<String> {
    let path = reference.strip_prefix("Documentation/")?.strip_suffix(".rst")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_/.".contains(c);
    let is_path = !path.is_empty() && path.chars().all(plain) && !path.contains("..");
    is_path.then(|| format!("https://docs.kernel.org/{path}.html"))
}

/// `proc_pid_status(5)`, `PR_SET_CHILD_SUBREAPER(2const)`.
fn man_page(reference: &str) -> Option<String> {
    let (name, section) = reference.strip_suffix(')')?.split_once('(')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+@".contains(c);
    let number = section.chars().next().filter(char::is_ascii_digit)?;
    let is_page = !name.is_empty()
        && name.chars().all(plain)
        && section.chars().skip(1).all(|c| c.is_ascii_lowercase());
    if !is_page {
        return None;
    }
    Some(if DEBIAN.contains(&name) {
        format!("https://manpages.debian.org/{name}.{section}")
    } else {
        format!("https://man7.org/linux/man-pages/man{number}/{name}.{section}.html")
    })
}

/// `RFC 6298`, `RFC 9293, section 3.6.1`.
fn rfc(reference: &str) -> Option<String> {
    let rest = reference.strip_prefix("RFC ")?;
    let (number, section) = match rest.split_once(", section ") {
        Some((number, section)) => (number, Some(section)),
        None => (rest, None),
    };
    if !(1..=5).contains(&number.len()) || !is_digits(number) {
        return None;
    }
    let page = format!("https://www.rfc-editor.org/rfc/rfc{number}.html");
    match section {
        None => Some(page),
        Some(s) => s.split('.').all(is_digits).then(|| format!("{page}#section-{s}")),
    }
}

/// `commit 4396e46187ca`: of the kernel.
fn commit(reference: &str) -> Option<String> {
    let id = reference.strip_prefix("commit ")?;
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let is_id = (12..=40).contains(&id.len()) && id.chars().all(is_hex);
    is_id.then(|| format!("https://git.kernel.org/linus/{id}"))
}

/// `LWN 680985`.
fn article(reference: &str) -> Option<String> {
    let number = reference.strip_prefix("LWN ").filter(|n| is_digits(n))?;
    Some(format!("https://lwn.net/Articles/{number}/"))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_leads_where_it_is_published() {
        for (reference, address) in [
            ("tcp(7)", "https://man7.org/linux/man-pages/man7/tcp.7.html"),
            ("sysctl.d(5)", "https://man7.org/linux/man-pages/man5/sysctl.d.5.html"),
            (
                "PR_SET_CHILD_SUBREAPER(2const)",
                "https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html",
            ),
            ("smartctl(8)", "https://manpages.debian.org/smartctl.8"),
            ("Documentation/RCU/stallwarn.rst", "https://docs.kernel.org/RCU/stallwarn.html"),
            (
                "Documentation/admin-guide/sysctl/vm.rst",
                "https://docs.kernel.org/admin-guide/sysctl/vm.html",
            ),
            ("RFC 6298", "https://www.rfc-editor.org/rfc/rfc6298.html"),
            (
                "RFC 9293, section 3.6.1",
                "https://www.rfc-editor.org/rfc/rfc9293.html#section-3.6.1",
            ),
            ("commit 4396e46187ca", "https://git.kernel.org/linus/4396e46187ca"),
            ("LWN 680985", "https://lwn.net/Articles/680985/"),
            ("https://www.dmtf.org/standards/smbios", "https://www.dmtf.org/standards/smbios"),
        ] {
            assert_eq!(link(reference).as_deref(), Some(address), "{reference}");
        }
    }

    #[test]
    fn what_is_not_sure_stays_text() {
        for reference in [
            "the manual",
            "http://a.b/c",
            "javascript:alert(1)",
            "https://x/\" onclick=",
            "https://x/ y",
            "Documentation/vm/old.txt",
            "Documentation/../x.rst",
            "Documentation/.rst",
            "a b(7)",
            "tcp()",
            "tcp(7\"x)",
            "../x(7)",
            "(7)",
            "RFC",
            "RFC 9293, section x",
            "RFC 9293 and more",
            "RFC 123456",
            "commit 4396",
            "commit 4396e46187cg",
            "LWN x",
            "",
        ] {
            assert_eq!(link(reference), None, "{reference}");
        }
    }
}
