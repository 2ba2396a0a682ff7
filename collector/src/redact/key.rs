//! Which names name a secret, and which values are none.

/// Parts of a name that make its value a secret, wherever they stand (without `.`, `_`, `-`).
const STEMS: [&str; 17] = [
    "pass",
    "pwd",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "encryptionkey",
    "signingkey",
    "sharedkey",
    "accountkey",
    "masterkey",
    "authkey",
    "licensekey",
    "setcookie",
    "erlangcookie",
];

/// Whole words (between `.`, `_`, `-`) that make it one.
const WORDS: [&str; 7] =
    ["auth", "masterauth", "authorization", "psk", "sig", "signature", "cookie"];

/// Words that hold a stem by accident. Directives of web servers (`proxy_pass`, `ProxyPass`,
/// `PassEnv`) are among them.
const ACCIDENTS: [&str; 30] = [
    "bypass",
    "compass",
    "encompass",
    "passenger",
    "passive",
    "passthrough",
    "passthru",
    "passed",
    "passing",
    "passport",
    "passage",
    "passion",
    "surpass",
    "trespass",
    "overpass",
    "multipass",
    "proxypass",
    "fastcgipass",
    "uwsgipass",
    "grpcpass",
    "scgipass",
    "memcachedpass",
    "passenv",
    "secretary",
    "tokeniz",
    "tokenbucket",
    "tokenring",
    "passwordless",
    "askpass",
    "passes",
];

/// Words at the end of a name that make its value a place or a property, not the secret itself.
const NOT_ITSELF: [&str; 16] = [
    "file",
    "path",
    "dir",
    "directory",
    "type",
    "encryption",
    "length",
    "len",
    "policy",
    "prompt",
    "stdin",
    "expiry",
    "ttl",
    "lifetime",
    "timeout",
    "count",
];

/// Whether the name's value is to be masked.
pub(super) fn is_secret(name: &[u8]) -> bool {
    // Names are short; a run of a thousand letters is data.
    if name.len() > 128 {
        return false;
    }
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let words: Vec<&str> =
        name.split(['.', '_', '-', '[', ']', '/', ' ']).filter(|w| !w.is_empty()).collect();
    let Some(last) = words.last() else { return false };
    if NOT_ITSELF.contains(last) || words.first().is_some_and(|first| *first == "no") {
        return false;
    }
    if WORDS.contains(last) {
        return true;
    }
    let mut joined = words.concat();
    let holds_stem = |joined: &str| STEMS.iter().any(|stem| joined.contains(stem));
    if !holds_stem(&joined) {
        return false;
    }
    for accident in ACCIDENTS {
        joined = joined.replace(accident, "");
    }
    holds_stem(&joined)
}

/// Whether the value of a secret name is no secret: a switch, a reference, a short number (a
/// signal, a count of passes), a number of tokens, a directory.
pub(super) fn is_harmless(name: &[u8], value: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let value = String::from_utf8_lossy(value);
    let value = value.trim_matches(['"', '\'', '\\']);
    let switch = [
        "",
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
        "none",
        "null",
        "required",
        "enabled",
        "disabled",
        "optional",
        "default",
        super::MASK,
    ];
    let is_reference = value.starts_with("${") && value.find('}') == Some(value.len() - 1);
    let is_number = value.bytes().all(|b| b.is_ascii_digit());
    // A place where a key lies is no key; a password may well begin with a slash.
    let is_place = value.starts_with('/') && !name.contains("passw") && !name.contains("token");
    let names_place =
        ["key", "credentials", "pwd", "secrets"].iter().any(|end| name.ends_with(end));
    switch.contains(&value.to_ascii_lowercase().as_str())
        || is_reference
        || (is_number && (value.len() < 4 || name.contains("tokens")))
        || (is_place && names_place)
}
