//! Secrets told by their place among the words of a command: `--token X`, `-pX`, `-u a:b`.

use std::ops::Range;

use super::key::{is_harmless, is_secret};

/// Whether words are the arguments of one program, or whatever stands on a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Arguments,
    Line,
}

/// Where a short option has its secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// `-pX`.
    Attached,
    /// `-p X`.
    Next,
    /// Either.
    Both,
}

/// Programs (by the beginning of their name) whose short options carry secrets.
const SHORT: [(&str, &str, Place); 20] = [
    ("mysql", "-p", Place::Attached),
    ("mariadb", "-p", Place::Attached),
    ("xtrabackup", "-p", Place::Attached),
    ("mycli", "-p", Place::Both),
    ("sshpass", "-p", Place::Both),
    ("mongo", "-p", Place::Both),
    ("rabbitmqadmin", "-p", Place::Both),
    ("7z", "-p", Place::Attached),
    ("zip", "-P", Place::Both),
    ("unzip", "-P", Place::Both),
    ("sqlcmd", "-P", Place::Both),
    ("bcp", "-P", Place::Both),
    ("isql", "-P", Place::Both),
    ("ipmitool", "-P", Place::Both),
    ("ldap", "-w", Place::Both),
    ("redis-cli", "-a", Place::Both),
    ("snmp", "-c", Place::Both),
    ("snmp", "-A", Place::Both),
    ("snmp", "-X", Place::Both),
    ("openssl", "-k", Place::Next),
];

/// Subcommands whose secret stands so many words behind them.
const VERBS: [(&str, &str, usize); 8] = [
    ("rabbitmqctl", "add_user", 2),
    ("rabbitmqctl", "change_password", 2),
    ("rabbitmqctl", "authenticate_user", 2),
    ("redis-cli", "auth", 1),
    ("mysqladmin", "password", 1),
    ("htpasswd", "-b", 3),
    ("htpasswd", "-nb", 2),
    ("wpa_passphrase", "wpa_passphrase", 2),
];

/// Options whose value is `user:password`.
const USER: [&str; 6] = ["-u", "--user", "-U", "--proxy-user", "--userpwd", "--basic-auth"];

/// What to mask among the words of `bytes`.
pub(super) fn spans(bytes: &[u8], words: &[Range<usize>], form: Form) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut programs: Vec<&[u8]> = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let Some(text) = bytes.get(word.clone()) else { continue };
        let next = words.get(i + 1).cloned();
        let value = next.clone().and_then(|next| bytes.get(next));
        if let Some(name) = text.strip_prefix(b"-") {
            let short = short_option(&programs, text, word, next.clone(), value);
            let follows = value.is_some_and(|v| !v.starts_with(b"-") && !is_harmless(name, v));
            if short.is_none() && is_secret(name) && !text.contains(&b'=') && follows {
                found.extend(next.clone().map(|next| whole_quote(bytes, next)));
            }
            found.extend(short);
            found.extend(user_option(&programs, bytes, word, next.as_ref()));
        } else {
            let plain = text.rsplit(|&b| b == b'/').next().unwrap_or(text);
            let plain = plain.strip_prefix(b"COMMAND=").unwrap_or(plain);
            // `redis-cli auth X`, `aws configure set aws_secret_access_key X`.
            let bare = plain == text && is_secret(text) && !text.contains(&b'=');
            if form == Form::Arguments && i > 0 && bare {
                found.extend(next.clone());
            }
            // The programs that count stand early: behind sudo, env, timeout, nice.
            if programs.len() < 8 {
                programs.push(plain);
            }
        }
        for (program, verb, behind) in VERBS {
            if text == verb.as_bytes() && is_among(&programs, program) {
                found.extend(words.get(i + behind).cloned());
            }
        }
    }
    found
}

/// A quoted value of several words, for which the first of them stands.
fn whole_quote(bytes: &[u8], word: Range<usize>) -> Range<usize> {
    let Some(&quote @ (b'"' | b'\'')) = bytes.get(word.start) else { return word };
    let rest = bytes.iter().skip(word.start + 1);
    let end = word.start + 1 + rest.take_while(|b| **b != quote).count();
    word.start..word.end.max(end.min(bytes.len()))
}

fn is_among(programs: &[&[u8]], name: &str) -> bool {
    programs.iter().any(|program| program.starts_with(name.as_bytes()))
}

fn short_option(
    programs: &[&[u8]],
    text: &[u8],
    word: &Range<usize>,
    next: Option<Range<usize>>,
    value: Option<&[u8]>,
) -> Option<Range<usize>> {
    for (program, option, place) in SHORT {
        if !is_among(programs, program) || !text.starts_with(option.as_bytes()) {
            continue;
        }
        if text.len() > option.len() {
            return (place != Place::Next).then_some(word.start + option.len()..word.end);
        }
        if place != Place::Attached {
            return next.filter(|_| value.is_some_and(|v| !v.starts_with(b"-")));
        }
    }
    unknown_p(text).then_some(word.start + 2..word.end)
}

/// `-pX` of a program that we do not know: letters mixed with digits are rather a password than a
/// port (`-p8080:80/tcp`), a word (`-print`) or a path.
fn unknown_p(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"-p") else { return false };
    let ports = [&b"/tcp"[..], b"/udp", b"/sctp"].iter().find_map(|end| rest.strip_suffix(*end));
    let rest = ports.unwrap_or(rest);
    let odd = |b: &u8| b.is_ascii_digit() || b"!@#$%^&*+".contains(b);
    rest.len() >= 6
        && rest.iter().any(u8::is_ascii_alphabetic)
        && rest.iter().any(odd)
        && !rest.iter().any(|b| b"/=".contains(b))
}

/// The password in `-u name:password`, `--user=name:password`, `-U name%password`.
fn user_option(
    programs: &[&[u8]],
    bytes: &[u8],
    word: &Range<usize>,
    next: Option<&Range<usize>>,
) -> Option<Range<usize>> {
    let text = bytes.get(word.clone())?;
    let equals = text.iter().position(|&b| b == b'=').unwrap_or(text.len());
    let name = text.get(..equals)?;
    let speaks_http = ["curl", "wget", "http"].iter().any(|program| is_among(programs, program));
    let span = if USER.iter().any(|option| option.as_bytes() == name) {
        if equals < text.len() { word.start + equals + 1..word.end } else { next?.clone() }
    } else if text.starts_with(b"-u") && speaks_http {
        word.start + 2..word.end
    } else {
        return None;
    };
    let value = bytes.get(span.clone())?;
    let at = value.iter().position(|b| b":%".contains(b))?;
    let (user, password) = (value.get(..at)?, value.get(at + 1..)?);
    // `docker run -u 1000:1000` names a group.
    let is_number = |part: &[u8]| part.iter().all(|b| b"0123456789'\"".contains(b));
    let ids = is_number(user) && is_number(password);
    let is_path = user.contains(&b'/') || password.starts_with(b"/");
    if password.is_empty() || is_path || (ids && !speaks_http) {
        return None;
    }
    Some(span.start + at + 1..span.end)
}
