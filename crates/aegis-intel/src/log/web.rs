//! What requests are signs of.
//!
//! Fixed words in what was asked for, after its escapes are undone, and no patterns: what takes long
//! to look at can be sent often.

use super::{AccessLine, Rule};

/// How much of a request is looked at, in bytes.
const LOOKED_AT_MAX: usize = 2 * 1024;

/// How often escapes are undone: scanners escape twice to get past others.
const UNESCAPED: usize = 2;

/// What climbs out of where it belongs.
const TRAVERSALS: [&str; 9] = [
    "../..",
    "..\\..",
    "/etc/passwd",
    "/etc/shadow",
    "/proc/self/environ",
    "win.ini",
    "boot.ini",
    "php://filter",
    "php://input",
];

/// What belongs into a database's shell, blanks made single.
const INJECTIONS: [&str; 14] = [
    "union select",
    "union all select",
    "' or '1'='1",
    "' or 1=1",
    "\" or 1=1",
    "or 1=1--",
    "' and 1=1",
    "information_schema",
    "xp_cmdshell",
    "waitfor delay",
    "benchmark(",
    "sleep(",
    "extractvalue(",
    "order by 1--",
];

/// What belongs into a shell.
const COMMANDS: [&str; 13] = [
    ";wget ",
    ";curl ",
    "|wget ",
    "|curl ",
    "`wget ",
    "$(wget ",
    "$(curl ",
    "/bin/sh",
    "/bin/bash",
    "cmd.exe",
    "${jndi:",
    "() { :;}",
    "allow_url_include",
];

/// What nobody asks for but scanners.
const KNOWN_BAD: [&str; 24] = [
    "/.env",
    "/.git/",
    "/.aws/",
    "/.ssh/",
    "/.svn/",
    "/.htpasswd",
    "/.ds_store",
    "/wp-config.php",
    "/phpmyadmin",
    "/pma/",
    "/phpunit",
    "/vendor/phpunit",
    "/cgi-bin/",
    "/boaform",
    "/hnap1",
    "/solr/admin",
    "/actuator/",
    "/manager/html",
    "/_ignition/",
    "/server-status",
    "/xmlrpc.php?rsd",
    "/telescope/requests",
    "/debug/default/view",
    "/setup.cgi",
];

/// Programs that say what they are.
const AGENTS: [&str; 18] = [
    "sqlmap",
    "nikto",
    "nmap",
    "masscan",
    "zgrab",
    "wpscan",
    "dirbuster",
    "gobuster",
    "feroxbuster",
    "nuclei",
    "acunetix",
    "nessus",
    "openvas",
    "hydra",
    "wfuzz",
    "ffuf",
    "arachni",
    "w3af",
];

/// Where web applications take passwords, of which some answer 200 to a wrong one.
const LOGINS: [(&str, bool); 7] = [
    ("/wp-login.php", true),
    ("/xmlrpc.php", true),
    ("/administrator/index.php", true),
    ("/user/login", false),
    ("/admin/login", false),
    ("/login", false),
    ("/api/login", false),
];

/// Returns what a request is a sign of, the worst first.
pub(super) fn signs(line: &AccessLine<'_>) -> Vec<Rule> {
    let target = readable(line.request.target);
    let agent = lower(line.agent);
    let spaced = single_blanks(&target);
    let has = |words: &[&str], text: &str| words.iter().any(|it| text.contains(it));
    let checks = [
        (Rule::CommandInjection, has(&COMMANDS, &target)),
        (Rule::SqlInjection, has(&INJECTIONS, &spaced)),
        (Rule::PathTraversal, has(&TRAVERSALS, &target)),
        (Rule::WebBruteForce, is_failed_login(line, &target)),
        // Who really has such a thing is answered, and so are those who use it.
        (
            Rule::KnownBadPath,
            line.status >= 400 && has(&KNOWN_BAD, &target),
        ),
        (Rule::BadUserAgent, has(&AGENTS, &agent)),
        (Rule::ErrorStorm, is_error(line.status)),
    ];
    let found = checks.into_iter().filter(|(_, is_so)| *is_so);
    found.map(|(rule, _)| rule).collect()
}

/// A wrong password: told so by the status, or by the page that asks again.
fn is_failed_login(line: &AccessLine<'_>, target: &str) -> bool {
    // A browser asks first without a name, and is told that it needs one: that is no failure.
    let is_page_refused = line.status == 401 && line.has_user;
    if line.request.method != b"POST" {
        return is_page_refused;
    }
    let path = target.split('?').next().unwrap_or_default();
    let login = LOGINS.iter().find(|(it, _)| path.ends_with(it));
    let Some((_, answers_200)) = login else {
        return is_page_refused;
    };
    matches!(line.status, 401 | 403) || (*answers_200 && line.status == 200)
}

/// The client's fault, but not that it is too fast, too slow, or not yet logged in.
fn is_error(status: u16) -> bool {
    matches!(status, 400 | 402..=407 | 409..=417 | 444)
}

/// Returns a target as its application reads it: unescaped, in small letters.
fn readable(target: &[u8]) -> String {
    let mut bytes = target[..target.len().min(LOOKED_AT_MAX)].to_vec();
    for _ in 0..UNESCAPED {
        bytes = unescaped(&bytes);
    }
    lower(&bytes)
}

fn lower(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(LOOKED_AT_MAX)];
    String::from_utf8_lossy(bytes).to_ascii_lowercase()
}

/// Undoes `%41`, and `\x41` as a server logs it.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, behind @ ..] = rest {
        let escape = match (first, behind) {
            (b'%', [high, low, ..]) => hex(*high, *low).map(|it| (it, 2)),
            (b'\\', [b'x', high, low, ..]) => hex(*high, *low).map(|it| (it, 3)),
            (b'+', _) => Some((b' ', 0)),
            _ => None,
        };
        let (byte, more) = escape.unwrap_or((*first, 0));
        plain.push(byte);
        rest = &behind[more..];
    }
    plain
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |it: u8| char::from(it).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Makes blanks, and comments that stand for blanks, single ones.
fn single_blanks(text: &str) -> String {
    let text = text.replace("/**/", " ");
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests;
