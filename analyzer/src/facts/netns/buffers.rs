//! Memory of TCP sockets: who reads too slowly, and whom the other end holds up.

use schemars::JsonSchema;
use serde::Serialize;

/// What the TCP sockets of a namespace hold in their buffers.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct SocketBuffers {
    /// Sockets that tell their memory.
    pub sockets: i64,
    /// What all of them hold, received and not read or queued for sending.
    pub held_bytes: i64,
    /// Receive buffers that are four fifths full, at both looks where there were two: a process
    /// does not read.
    pub slow_readers: i64,
    /// Connections with data to send that stood still for half of that time and more because the
    /// peer's window was full: the other end does not read. Between the looks, or of one look in
    /// the connection's life.
    pub held_up_by_peer: Option<i64>,
    /// The same because the own send buffer was full while the path could have taken more.
    pub held_up_by_buffer: Option<i64>,
    /// These sockets first, then those that hold most; at most 20.
    pub largest: Vec<BufferedSocket>,
}

/// One TCP socket and its buffers.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct BufferedSocket {
    /// `10.0.0.1:443 - 10.0.0.9:50000`: own end first.
    pub name: String,
    /// State.
    pub state: String,
    /// Who holds it.
    pub process: Option<String>,
    /// What it holds, with the overhead of packets.
    pub held_bytes: i64,
    /// Received and not read.
    pub received_bytes: i64,
    /// The same by its receive buffer.
    pub receive_ratio: Option<f64>,
    /// The receive buffer.
    pub receive_buffer_bytes: i64,
    /// Queued, or sent and not acknowledged.
    pub queued_bytes: i64,
    /// The send buffer.
    pub send_buffer_bytes: i64,
    /// Its receive buffer was four fifths full at each look.
    pub is_slow_reader: bool,
    /// Part of the time with data to send that the peer's window was full.
    pub held_up_by_peer_ratio: Option<f64>,
    /// Part of it that the own send buffer was full.
    pub held_up_by_buffer_ratio: Option<f64>,
    /// Segments it dropped between the looks.
    pub drops: Option<i64>,
}
