//! Tests of inputs as a whole.

mod corpora;
mod hostile;
mod ours;

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::Snapshot;

/// All entries by path and pass.
fn visited(snapshot: &Snapshot) -> BTreeMap<(String, u32), Vec<u8>> {
    let all = Mutex::new(BTreeMap::new());
    snapshot.visit(|entry| {
        assert_eq!(entry.bytes, entry.content.len() as u64, "{}", entry.path);
        let key = (entry.path.to_owned(), entry.pass);
        let old = all.lock().unwrap().insert(key, entry.content.to_vec());
        assert!(old.is_none(), "{} is visited twice", entry.path);
    });
    all.into_inner().unwrap()
}
