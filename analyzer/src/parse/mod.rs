//! Placeholder for the skeleton.
