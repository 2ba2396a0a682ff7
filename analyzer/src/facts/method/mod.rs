//! The shared methods M1 to M8 of the catalogue: pure functions, each written once.
//!
//! Rules compare, the report prints; what needs arithmetic over many records stands here, where
//! it can be tested against recorded series without an archive. None of these modules knows a
//! parser, a path or a rule.

pub mod defaults;
pub mod growth;
pub mod identity;
pub mod keepalive;
pub mod load;
pub mod mapping;
pub mod num;
pub mod numa;
pub mod port_sources;
pub mod ports;
pub mod precedence;
pub mod quantile;
pub mod removed;
pub mod retransmit;
pub mod role;
pub mod socket;
pub mod timeouts;
pub mod trend;
