//! `/proc/PID/limits`.
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_limits.5.html>
//!
//! ```text
//! Limit                     Soft Limit           Hard Limit           Units
//! Max address space         unlimited            unlimited            bytes
//! ```

use super::{Fields, ParseError, lines};

/// A limit: none, or so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// At most this.
    At(u64),
    /// `unlimited`.
    Unlimited,
}

/// Soft and hard limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What the process may use.
    pub soft: Bound,
    /// Up to where it may raise the soft limit.
    pub hard: Bound,
    /// Line in the file.
    pub line: u32,
}

macro_rules! limits {
    ($($field:ident = $name:literal;)*) => {
        /// Limits of one process; `None` where the kernel does not print one.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct PidLimits {
            $(#[doc = concat!("`", $name, "`.")] pub $field: Option<Limit>,)*
        }

        impl PidLimits {
            /// The field of a row, and the columns behind its name.
            fn field<'a>(&mut self, row: &'a str) -> Option<(&mut Option<Limit>, &'a str)> {
                $(if let Some(rest) = row.strip_prefix($name) {
                    return Some((&mut self.$field, rest));
                })*
                None
            }
        }
    };
}

limits! {
    cpu_time_s = "Max cpu time";
    file_size_bytes = "Max file size";
    data_bytes = "Max data size";
    stack_bytes = "Max stack size";
    core_bytes = "Max core file size";
    processes = "Max processes";
    open_files = "Max open files";
    locked_bytes = "Max locked memory";
    address_space_bytes = "Max address space";
    pending_signals = "Max pending signals";
    message_queue_bytes = "Max msgqueue size";
    nice = "Max nice priority";
    rt_priority = "Max realtime priority";
    rt_time_us = "Max realtime timeout";
}

/// Reads the table; unknown rows are left alone.
///
/// # Errors
/// A known row without its two limits, or no known row at all.
pub fn parse(text: &str) -> Result<PidLimits, ParseError> {
    let mut limits = PidLimits::default();
    for (line, text) in lines(text) {
        if let Some((field, columns)) = limits.field(text) {
            let mut fields = Fields::new(line, columns);
            let soft = bound(&mut fields, "soft limit")?;
            *field = Some(Limit { soft, hard: bound(&mut fields, "hard limit")?, line });
        }
    }
    if limits == PidLimits::default() {
        return Err(ParseError::new(None, text, "rows such as `Max open files 1024 4096 files`"));
    }
    Ok(limits)
}

fn bound(fields: &mut Fields<'_>, what: &'static str) -> Result<Bound, ParseError> {
    if fields.clone().next() == Some("unlimited") {
        fields.pass(1);
        return Ok(Bound::Unlimited);
    }
    fields.num(what).map(Bound::At)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max stack size            8388608              unlimited            bytes     
Max open files            1024                 32768                files     
Max nice priority         0                    0                    
Max realtime timeout      unlimited            unlimited            us        
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_and_hard() {
        let l = parse(SAMPLE).unwrap();
        let (soft, hard) = (Bound::At(1024), Bound::At(32768));
        assert_eq!(l.open_files, Some(Limit { soft, hard, line: 4 }));
        assert_eq!(l.stack_bytes.unwrap().hard, Bound::Unlimited);
        assert_eq!(l.nice.unwrap().soft, Bound::At(0));
        assert_eq!(l.address_space_bytes, None);
        assert!(Bound::At(u64::MAX) < Bound::Unlimited);
    }

    #[test]
    fn damaged() {
        assert!(parse("").is_err());
        assert_eq!(parse("Max open files   1024\n").unwrap_err().line, Some(1));
        assert!(parse("Max open files   many few\n").is_err());
    }
}
