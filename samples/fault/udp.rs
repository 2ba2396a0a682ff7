//! Datagrams that nobody reads.

use std::net::UdpSocket;
use std::time::Duration;

use crate::{Outcome, keep, number, ready};

/// Plays one end at `address`.
pub(crate) fn run(role: &str, address: &str, words: &[&str]) -> Outcome {
    match role {
        // Listens and never reads.
        "deaf" => {
            let socket = UdpSocket::bind(address)?;
            ready();
            keep();
            drop(socket);
            Ok(())
        }
        // Sends `rate` datagrams a second.
        "send" => {
            let rate: u32 = number(words, "rate", 1000)?;
            let socket = UdpSocket::bind("0.0.0.0:0")?;
            ready();
            for _ in 0..rate.saturating_mul(900) {
                socket.send_to(&[0; 1000], address).ok();
                std::thread::sleep(Duration::from_secs(1) / rate);
            }
            Ok(())
        }
        _ => Err(format!("no role {role}").into()),
    }
}
