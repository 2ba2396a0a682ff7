//! The kernel's idea of its own clock: `adjtimex(2)` with nothing to set.
//!
//! Whether time is synchronised, and how wrong it may be, is told by no file: chrony and ntpd keep
//! it in the kernel. `probes/clock.json` holds the fields of `struct timex` under their names:
//!
//! ```json
//! {"state":0,"status":8193,"offset":-1234,"freq":-655360,"maxerror":16000,"esterror":200,…}
//! ```
//!
//! `state` is the return value (5 = `TIME_ERROR`, not synchronised). `offset` is in nanoseconds
//! when `status` has `STA_NANO` (0x2000), else in microseconds; `maxerror` and `esterror` are in
//! microseconds; `freq` and `tolerance` in ppm with a 16-bit fraction.

use std::io;

use linsight_archive::Outcome;

use super::{Answer, Emit, Resume, Turn};

const PATH: &str = "probes/clock.json";

/// `struct timex` after a call that set nothing.
#[derive(Debug, serde::Serialize)]
struct Clock {
    state: i32,
    status: i64,
    offset: i64,
    freq: i64,
    maxerror: i64,
    esterror: i64,
    constant: i64,
    precision: i64,
    tolerance: i64,
    tick: i64,
    tai: i64,
    time_s: i64,
    time_fraction: i64,
}

/// Asks the kernel's clock.
pub(super) fn probe(resume: Resume, emit: &mut Emit<'_>) -> io::Result<()> {
    match resume.turn(0) {
        Turn::Done => Ok(()),
        Turn::Hung => emit(Answer::absent(PATH, Outcome::TimedOut, None)),
        Turn::Now => match read() {
            Ok(clock) => {
                let mut json = serde_json::to_vec(&clock)?;
                json.push(b'\n');
                emit(Answer::whole(PATH, &json))
            }
            Err(errno) => emit(Answer::failed(PATH, errno)),
        },
    }
}

#[expect(unsafe_code, reason = "adjtimex has no safe wrapper in our libraries")]
fn read() -> Result<Clock, rustix::io::Errno> {
    // SAFETY: `timex` is plain data for which all zeroes is a value; `modes` = 0 sets nothing.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live `timex` of our own, which the call fills.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    if state < 0 {
        let error = io::Error::last_os_error();
        return Err(rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO));
    }
    Ok(Clock {
        state,
        status: timex.status.into(),
        offset: timex.offset,
        freq: timex.freq,
        maxerror: timex.maxerror,
        esterror: timex.esterror,
        constant: timex.constant,
        precision: timex.precision,
        tolerance: timex.tolerance,
        tick: timex.tick,
        tai: timex.tai.into(),
        time_s: timex.time.tv_sec,
        time_fraction: timex.time.tv_usec,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_answers_and_is_left_as_it_was() {
        let before = read().unwrap();
        let mut seen = Vec::new();
        probe(Resume::default(), &mut |answer| {
            assert_eq!(answer.path, PATH);
            assert_eq!(answer.outcome, Outcome::Collected);
            seen.extend_from_slice(answer.content);
            Ok(())
        })
        .unwrap();
        let json: serde_json::Value = serde_json::from_slice(&seen).unwrap();
        // The tick is 10,000 us at 100 ticks a second whatever the clock does; a daemon may
        // steer it by 10 %.
        let tick = json["tick"].as_i64().unwrap();
        assert!((9_000..=11_000).contains(&tick), "{json}");
        assert_eq!(json["tick"].as_i64(), Some(before.tick));
        assert!(json["time_s"].as_i64().unwrap() > 1_700_000_000);
    }
}
