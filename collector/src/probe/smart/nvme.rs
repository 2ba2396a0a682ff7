//! `NVMe`: identify and the health log (log page 02h), by admin commands that only read.

use std::fs::File;

use rustix::io::Errno;

use super::Page;
use super::admin::{self, Command};

const GET_LOG_PAGE: u8 = 0x02;
const IDENTIFY: u8 = 0x06;
const ALL_NAMESPACES: u32 = u32::MAX;

/// Reads one page.
pub(super) fn read(disk: &File, page: Page) -> Result<Vec<u8>, String> {
    let (command, bytes) = command(page).ok_or("no page of an NVMe disk")?;
    let mut data = vec![0; bytes];
    match admin::send(disk, command, &mut data) {
        Ok(0) => Ok(data),
        Ok(status) => Err(format!("the controller says status {status:#x}")),
        Err(errno) => Err(message(errno)),
    }
}

pub(super) fn message(errno: Errno) -> String {
    std::io::Error::from(errno).to_string()
}

/// The command for a page, and how long the page is.
const fn command(page: Page) -> Option<(Command, usize)> {
    match page {
        Page::Identify => Some((Command { opcode: IDENTIFY, namespace: 0, word_10: 1 }, 4096)),
        // The number of words, less one, stands above the number of the page.
        Page::Health => {
            let word_10 = (512 / 4 - 1) << 16 | 0x02;
            Some((Command { opcode: GET_LOG_PAGE, namespace: ALL_NAMESPACES, word_10 }, 512))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_only_read() {
        let (health, bytes) = command(Page::Health).unwrap();
        assert_eq!((health.opcode, health.namespace, bytes), (2, u32::MAX, 512));
        assert_eq!(health.word_10, 0x007f_0002);
        let (identify, bytes) = command(Page::Identify).unwrap();
        assert_eq!((identify.opcode, identify.word_10, bytes), (6, 1, 4096));
        assert!(command(Page::Attributes).is_none());
    }
}
