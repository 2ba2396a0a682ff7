//! Both ends of TCP connections, with the habits that fill tables.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::{Outcome, keep, number, ready};

/// Plays one end at `address`.
pub(crate) fn run(role: &str, address: &str, words: &[&str]) -> Outcome {
    let address: SocketAddr = address.parse()?;
    match role {
        // Accepts and keeps what was accepted, read or not: a peer's end is never noticed.
        "accept" => serve(address, words, Answer::Keep),
        // Answers a request and waits for the next.
        "answer" => serve(address, words, Answer::Stay),
        // Answers a request and closes first.
        "answer-close" => serve(address, words, Answer::Close),
        // Listens and never accepts.
        "deaf" => {
            let listener = listen(address, words)?;
            ready();
            keep();
            drop(listener);
            Ok(())
        }
        "hold" => hold(address, words),
        "churn" => churn(address, words),
        // Opens connections and closes them at once: the other end keeps CLOSE-WAIT.
        "leave" => {
            let count = number(words, "count", 1)?;
            let open: Result<Vec<_>, _> = (0..count).map(|_| TcpStream::connect(address)).collect();
            drop(open?);
            ready();
            keep();
            Ok(())
        }
        // Connects that nobody answers.
        "knock" => {
            let count: u32 = number(words, "count", 1)?;
            // One after the other, so that not all of them begin anew at the same moment.
            let stagger = Duration::from_millis(number(words, "stagger_ms", 0)?);
            for n in 0..count {
                std::thread::spawn(move || {
                    std::thread::sleep(stagger.saturating_mul(n));
                    loop {
                        drop(TcpStream::connect(address));
                    }
                });
            }
            ready();
            keep();
            Ok(())
        }
        "send" => send(address, words),
        _ => Err(format!("no role {role}").into()),
    }
}

#[derive(Clone, Copy)]
enum Answer {
    Keep,
    Stay,
    Close,
}

fn socket(address: SocketAddr) -> Result<OwnedFd, rustix::io::Errno> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)
}

fn listen(address: SocketAddr, words: &[&str]) -> Result<TcpListener, Box<dyn std::error::Error>> {
    let socket = socket(address)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, number(words, "backlog", 4096)?)?;
    Ok(socket.into())
}

fn serve(address: SocketAddr, words: &[&str], answer: Answer) -> Outcome {
    let listener = listen(address, words)?;
    let mut kept = Vec::new();
    ready();
    for stream in listener.incoming() {
        let mut stream = stream?;
        match answer {
            Answer::Keep => kept.push(stream),
            Answer::Close => answer_once(&mut stream),
            Answer::Stay => {
                std::thread::spawn(move || {
                    while answered(&mut stream) {
                        if stream.write_all(b"answer").is_err() {
                            break;
                        }
                    }
                });
            }
        }
    }
    drop(kept);
    Ok(())
}

/// Reads a request and answers; the stream is closed by its end of life.
fn answer_once(stream: &mut TcpStream) {
    if answered(stream) {
        stream.write_all(b"answer").ok();
    }
}

/// Opens connections and keeps them; goes on trying where one is refused by its own kernel.
/// `source=ADDRESS` binds first, `keepalive=S` asks for probes after S idle seconds, and
/// `so_keepalive=1` after as many as the kernel is set to.
fn hold(address: SocketAddr, words: &[&str]) -> Outcome {
    let count: usize = number(words, "count", 1)?;
    let extra: usize = number(words, "extra", 0)?;
    let mut kept = Vec::new();
    while kept.len() < count {
        kept.push(open(address, words)?);
    }
    ready();
    for _ in 0..900 {
        for _ in 0..extra {
            match open(address, words) {
                Ok(socket) => kept.push(socket),
                Err(e) if e.kind() == ErrorKind::AddrNotAvailable => {}
                Err(e) if e.kind() == ErrorKind::AddrInUse => {}
                Err(e) => return Err(e.into()),
            }
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    drop(kept);
    Ok(())
}

fn open(address: SocketAddr, words: &[&str]) -> std::io::Result<OwnedFd> {
    let say = std::io::Error::other::<String>;
    let socket = socket(address)?;
    let idle: u64 = number(words, "keepalive", 0).map_err(say)?;
    if idle > 0 {
        let probe: u64 = number(words, "probe", 75).map_err(say)?;
        sockopt::set_socket_keepalive(&socket, true)?;
        sockopt::set_tcp_keepidle(&socket, Duration::from_secs(idle))?;
        sockopt::set_tcp_keepintvl(&socket, Duration::from_secs(probe))?;
    }
    if number(words, "so_keepalive", 0).map_err(say)? == 1 {
        sockopt::set_socket_keepalive(&socket, true)?;
    }
    let source = words.iter().find_map(|w| w.strip_prefix("source="));
    if let Some(source) = source {
        let source: std::net::IpAddr = source.parse().map_err(std::io::Error::other)?;
        rustix::net::bind(&socket, &SocketAddr::new(source, 0))?;
    }
    rustix::net::connect(&socket, &address)?;
    Ok(socket)
}

/// Connects, asks once and ends, `rate` times a second: `first=1` closes first, else the server
/// does.
fn churn(address: SocketAddr, words: &[&str]) -> Outcome {
    let rate: u32 = number(words, "rate", 100)?;
    let first = number(words, "first", 0)? == 1;
    ready();
    let mut next = Instant::now();
    for n in 0..rate.saturating_mul(900) {
        if let Ok(mut stream) = TcpStream::connect(address) {
            stream.write_all(b"request").ok();
            if first {
                answered(&mut stream);
            } else {
                while answered(&mut stream) {}
            }
        } else if n == 0 {
            return Err(format!("{address} refuses").into());
        }
        // By the clock: what a request took is not added to the pause. But what a busy machine has
        // delayed is not made up for: that would be another rate.
        next += Duration::from_secs(1) / rate;
        let now = Instant::now();
        std::thread::sleep(next.saturating_duration_since(now));
        next = next.max(now);
    }
    Ok(())
}

/// Reads some of an answer; false at its end.
fn answered(stream: &mut TcpStream) -> bool {
    stream.read(&mut [0; 64]).is_ok_and(|bytes| bytes > 0)
}

/// Sends without a pause over `count` connections to a server that answers: `bytes` a request.
fn send(address: SocketAddr, words: &[&str]) -> Outcome {
    let (count, bytes): (usize, usize) =
        (number(words, "count", 1)?, number(words, "bytes", 1000)?);
    let pause = Duration::from_millis(number(words, "pause_ms", 10)?);
    for _ in 0..count {
        let mut stream = TcpStream::connect(address)?;
        let block = vec![1; bytes];
        std::thread::spawn(move || {
            while stream.write_all(&block).is_ok() && answered(&mut stream) {
                std::thread::sleep(pause);
            }
        });
    }
    ready();
    keep();
    Ok(())
}
