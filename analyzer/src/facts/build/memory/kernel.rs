//! Who inside the kernel holds memory.

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::inputs::Inputs;
use crate::facts::memory::Memory;
use crate::facts::memory::kernel::{Allocation, VmallocCaller};
use crate::facts::method::num::signed;
use crate::locator::Locator;

/// Rows of each list.
const MAX_ROWS: usize = 10;
/// Files whose allocations are memory of processes, shared memory, or page cache.
const OF_USERS: [&str; 9] = [
    "fs/hugetlbfs/inode.c",
    "mm/filemap.c",
    "mm/huge_memory.c",
    "mm/khugepaged.c",
    "mm/memory.c",
    "mm/migrate.c",
    "mm/readahead.c",
    "mm/shmem.c",
    "mm/swap_state.c",
];

pub(super) fn build(inputs: &Inputs, memory: &mut Memory, book: &mut Book) {
    let callers = book.first("memory.vmalloc_callers", &inputs.memory.vmalloc);
    let held = callers.into_iter().flat_map(|c| &c.rows).filter(|c| c.page_bytes > 0);
    memory.vmalloc_callers = held
        .take(MAX_ROWS)
        .map(|c| VmallocCaller {
            name: c.name.clone(),
            areas: signed(c.areas),
            bytes: signed(c.page_bytes),
        })
        .collect();
    allocations(inputs, memory, book);
}

fn allocations(inputs: &Inputs, memory: &mut Memory, book: &mut Book) {
    const FACT: &str = "memory.allocations";
    let Some(all) = book.first(FACT, &inputs.memory.allocations) else { return };
    let mut largest: Vec<_> = all.rows.iter().collect();
    largest.sort_by_key(|a| (std::cmp::Reverse(a.bytes), a.line));
    largest.truncate(MAX_ROWS);
    for (i, a) in largest.iter().enumerate() {
        let at = format!("{FACT}.{i}");
        book.source(at.as_str(), Locator::line(&inputs.memory.allocations.path, a.line));
        let none = Absence::new(Reason::NotApplicable, "built in, or not told");
        book.absent(at, none);
    }
    let file = |place: &str| place.split(':').next().is_some_and(|f| OF_USERS.contains(&f));
    let row = |a: &crate::parse::allocinfo::Allocation| Allocation {
        place: a.place.clone(),
        function: a.function.clone(),
        module: a.module.clone(),
        bytes: signed(a.bytes),
        calls: signed(a.calls),
        is_of_users: file(&a.place),
    };
    memory.allocations = largest.into_iter().map(row).collect();
}
