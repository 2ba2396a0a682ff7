//! Processes and threads in states that hurt.

use std::process::{Child, Command};

use crate::{Outcome, keep, number, ready};

/// Sets processes up and keeps them.
pub(crate) fn run(kind: &str, words: &[&str]) -> Outcome {
    let count = number(words, "count", 1)?;
    match kind {
        // Children end and nobody asks for their status.
        "zombies" => kept((0..count).map(|_| Command::new("true").spawn()).collect()),
        // A tight loop in each thread; `listen=` makes it one that others wait for.
        "spin" => {
            let address = words.iter().find_map(|word| word.strip_prefix("listen="));
            let _listener = address.map(std::net::TcpListener::bind).transpose()?;
            for _ in 0..count {
                std::thread::spawn(|| {
                    loop {
                        std::hint::spin_loop();
                    }
                });
            }
            ready();
            keep();
            Ok(())
        }
        // Threads that only sleep, one more every 300 ms.
        "threads" => {
            let pause = std::time::Duration::from_millis(number(words, "pause_ms", 300)?);
            ready();
            for _ in 0..count {
                std::thread::Builder::new().stack_size(64 << 10).spawn(keep)?;
                std::thread::sleep(pause);
            }
            keep();
            Ok(())
        }
        "vfork" => vfork(count),
        _ => Err(format!("no kind {kind}").into()),
    }
}

fn kept(children: std::io::Result<Vec<Child>>) -> Outcome {
    let children = children?;
    // They end within the blink of an eye; nobody waits for them on purpose.
    std::thread::sleep(std::time::Duration::from_millis(300));
    ready();
    keep();
    drop(children);
    Ok(())
}

/// Parents that wait uninterruptibly until the child of their `vfork` runs another program.
#[expect(unsafe_code, reason = "vfork has no safe form: that its parent waits is what we want")]
fn vfork(count: usize) -> Outcome {
    ready();
    let mut parents = Vec::new();
    for _ in 0..count {
        parents.push(std::thread::spawn(|| {
            // SAFETY: the child calls nothing but functions that are safe after vfork and never
            // returns from this frame.
            unsafe {
                #[expect(deprecated, reason = "as above")]
                if libc::vfork() == 0 {
                    libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                    libc::sleep(900);
                    libc::_exit(0);
                }
            }
        }));
    }
    for parent in parents {
        parent.join().map_err(|_panic| "a thread panicked")?;
    }
    Ok(())
}
