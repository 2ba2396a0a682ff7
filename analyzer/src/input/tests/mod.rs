//! Tests of inputs as a whole.

mod corpora;
mod hostile;
mod ours;

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::{Limits, Snapshot};

/// All entries by path and pass.
fn visited(snapshot: &Snapshot) -> BTreeMap<(String, u32), Vec<u8>> {
    let parts = Mutex::new(BTreeMap::new());
    snapshot.visit(|entry| {
        let key = (entry.path.to_owned(), entry.pass, entry.part.index);
        let value = (entry.part, entry.bytes, entry.content.to_vec());
        let old = parts.lock().unwrap().insert(key, value);
        assert!(old.is_none(), "{} is visited twice", entry.path);
    });
    let mut all: BTreeMap<_, Vec<u8>> = BTreeMap::new();
    let parts = parts.into_inner().unwrap();
    for ((path, pass, index), (part, bytes, content)) in parts {
        let whole = all.entry((path.clone(), pass)).or_default();
        assert_eq!((part.index, part.start), (index, whole.len()), "{path}");
        whole.extend(content);
        assert_eq!(index + 1 == part.of, whole.len() as u64 == bytes, "{path}: all parts, no more");
        assert!(part.of == 1 || path.starts_with("packs/"), "{path}: comes whole");
    }
    all
}

/// An early reader that takes all that it is offered.
struct Taking;

impl super::Early for Taking {
    fn offer(&self, _: &super::EarlyEntry<'_>) -> super::Need {
        super::Need::No
    }
}

fn read_early(bytes: &[u8]) -> Snapshot {
    Snapshot::from_stream(bytes, "test", &Limits::default(), Some(&Taking)).unwrap()
}
