//! Names of error numbers, for the reasons of absences. The archive's host is Linux; the
//! analyzer's need not be.

/// `EACCES` for 13; the number itself where the name is not a usual one.
#[must_use]
pub(crate) fn name(errno: i32) -> String {
    // Numbers of include/uapi/asm-generic/errno*.h, the same on x86, arm64, riscv and s390.
    let known = match errno {
        1 => "EPERM",
        2 => "ENOENT",
        3 => "ESRCH",
        4 => "EINTR",
        5 => "EIO",
        6 => "ENXIO",
        11 => "EAGAIN",
        12 => "ENOMEM",
        13 => "EACCES",
        16 => "EBUSY",
        19 => "ENODEV",
        20 => "ENOTDIR",
        21 => "EISDIR",
        22 => "EINVAL",
        23 => "ENFILE",
        24 => "EMFILE",
        25 => "ENOTTY",
        28 => "ENOSPC",
        30 => "EROFS",
        38 => "ENOSYS",
        40 => "ELOOP",
        61 => "ENODATA",
        93 => "EPROTONOSUPPORT",
        95 => "EOPNOTSUPP",
        97 => "EAFNOSUPPORT",
        110 => "ETIMEDOUT",
        116 => "ESTALE",
        _ => return format!("errno {errno}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_and_numbers() {
        assert_eq!(super::name(95), "EOPNOTSUPP");
        assert_eq!(super::name(-7), "errno -7");
    }
}
