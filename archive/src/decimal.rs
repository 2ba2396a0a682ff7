//! Decimal numbers as the largest sources are full of them: in the headers of packs, and in what
//! the packs hold.

/// Digits, at least one, and what follows; `None` also for a number that does not fit.
#[inline]
#[must_use]
pub fn leading(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut sum, mut rest) = (0_u64, bytes);
    while let Some((digit, after)) = rest.split_first() {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        sum = sum.checked_mul(10)?.checked_add(digit.into())?;
        rest = after;
    }
    (rest.len() < bytes.len()).then_some((sum, rest))
}

/// Digits and nothing else.
#[inline]
#[must_use]
pub fn digits(bytes: &[u8]) -> Option<u64> {
    leading(bytes).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_numbers_that_fit() {
        assert_eq!((digits(b"0"), digits(b"007")), (Some(0), Some(7)));
        assert_eq!(digits(b"18446744073709551615"), Some(u64::MAX));
        for not in ["", "18446744073709551616", "-1", "+1", "1 ", "1a", "\u{ff11}"] {
            assert_eq!(digits(not.as_bytes()), None, "{not}");
        }
        assert_eq!(leading(b"12 x"), Some((12, &b" x"[..])));
        assert_eq!((leading(b" 1"), leading(b"")), (None, None));
    }
}
