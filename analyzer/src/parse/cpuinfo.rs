//! `/proc/cpuinfo`.
//!
//! <https://man7.org/linux/man-pages/man5/proc_cpuinfo.5.html>
//!
//! ```text
//! processor       : 0
//! model name      : AMD EPYC
//! physical id     : 0
//! ```
//!
//! Its fields differ by architecture: only `processor` is common.

use super::{ParseError, lines, number};

/// One logical CPU.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Processor {
    /// Number.
    pub cpu: u32,
    /// Socket (x86).
    pub physical_id: Option<u32>,
    /// Core in the socket (x86).
    pub core_id: Option<u32>,
    /// Clock now, as far as the kernel knows (x86).
    pub mhz: Option<f64>,
    /// Revision of its microcode (x86).
    pub microcode: Option<Box<str>>,
    /// Model name; the part number on arm64.
    pub model: Option<Box<str>>,
}

/// The file: what differs by CPU, and what is said of the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cpuinfo {
    /// CPUs online.
    pub processors: Vec<Processor>,
    /// `vendor_id`, or the implementer on arm64.
    pub vendor: Option<String>,
    /// `model name`; on arm64 `Processor`, on POWER `cpu`.
    pub model: Option<String>,
    /// `flags` or `Features` of the first CPU.
    pub flags: Vec<String>,
    /// `microcode`.
    pub microcode: Option<String>,
}

impl Cpuinfo {
    /// The CPU says that it runs under a hypervisor; `None` where it has no flags.
    #[must_use]
    pub fn hypervisor(&self) -> Option<bool> {
        (!self.flags.is_empty()).then(|| self.flags.iter().any(|f| f == "hypervisor"))
    }
}

/// Reads all CPUs.
///
/// # Errors
/// No `processor` line (s390 has another form), or a known field that is not a number.
pub fn parse(text: &str) -> Result<Cpuinfo, ParseError> {
    let mut info = Cpuinfo::default();
    for (line, text) in lines(text) {
        let Some((key, value)) = text.split_once(':') else { continue };
        let (key, value) = (key.trim_ascii(), value.trim_ascii());
        let first = |field: &mut Option<String>| {
            field.get_or_insert_with(|| value.to_owned());
        };
        match key {
            "processor" => {
                let cpu = number(line, value, "processor")?;
                info.processors.push(Processor { cpu, ..Processor::default() });
            }
            "vendor_id" | "CPU implementer" => first(&mut info.vendor),
            "model name" | "Processor" | "cpu" => first(&mut info.model),
            "microcode" => first(&mut info.microcode),
            "flags" | "Features" if info.flags.is_empty() => {
                info.flags = value.split_ascii_whitespace().map(Into::into).collect();
            }
            _ => {}
        }
        let Some(cpu) = info.processors.last_mut() else { continue };
        match key {
            "physical id" => cpu.physical_id = Some(number(line, value, "physical id")?),
            "core id" => cpu.core_id = Some(number(line, value, "core id")?),
            "microcode" => cpu.microcode = Some(value.into()),
            "model name" | "CPU part" => cpu.model = Some(value.into()),
            "cpu MHz" => cpu.mhz = Some(super::measure(line, value, "MHz")?),
            _ => {}
        }
    }
    if info.processors.is_empty() {
        return Err(ParseError::new(None, text, "a line `processor : 0`"));
    }
    Ok(info)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
processor\t: 0
vendor_id\t: AuthenticAMD
model name\t: AMD EPYC
microcode\t: 0x1000065
cpu MHz\t\t: 2596.146
physical id\t: 0
core id\t\t: 0
flags\t\t: fpu vme de hypervisor
power management:

processor\t: 1
vendor_id\t: AuthenticAMD
model name\t: AMD EPYC
cpu MHz\t\t: 2600.000
physical id\t: 1
core id\t\t: 3
flags\t\t: fpu
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x86() {
        let c = parse(SAMPLE).unwrap();
        assert_eq!(c.model.as_deref(), Some("AMD EPYC"));
        assert_eq!((c.flags.len(), c.hypervisor()), (4, Some(true)));
        assert_eq!(c.processors[0].microcode.as_deref(), Some("0x1000065"));
        let p = &c.processors[1];
        assert_eq!((p.microcode.as_deref(), p.model.as_deref()), (None, Some("AMD EPYC")));
        assert_eq!((p.cpu, p.physical_id, p.core_id, p.mhz), (1, Some(1), Some(3), Some(2600.0)));
    }

    #[test]
    fn arm64_tells_less() {
        let c = parse("processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\n").unwrap();
        assert_eq!((c.model.clone(), c.hypervisor()), (None, None));
        assert_eq!((c.vendor.as_deref(), c.processors[0].core_id), (Some("0x41"), None));
        assert!(parse("").is_err());
        assert!(parse("processor : x\n").is_err());
    }
}
