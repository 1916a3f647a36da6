//! What is different in every run, replaced by its name.

/// Returns `text` with ids, ports, times, sizes and the place of the sandbox replaced by names.
/// Columns may move with what they hold, so more than one blank counts as two.
pub(crate) fn normal(text: &str, place: &str) -> String {
    let mut section = "";
    let mut lines = String::new();
    for line in text.lines() {
        if !line.starts_with(' ') {
            section = line.split_whitespace().next().unwrap_or_default();
        }
        if section.starts_with("Network") {
            // Which of its counters are above zero depends on when one looks.
            if !line.starts_with(' ') {
                lines.push_str("Network <counters>\n");
            }
            continue;
        }
        let words: Vec<String> = line
            .replace(place, "<place>")
            .split(' ')
            .map(|word| named(section, word))
            .collect();
        lines.push_str(&squeezed(&words.join(" ")));
        lines.push('\n');
    }
    lines
}

fn named(section: &str, word: &str) -> String {
    let (bare, end) = match word.strip_suffix([',', ':']) {
        Some(bare) => (bare, &word[bare.len()..]),
        None => (word, ""),
    };
    let is_number = !bare.is_empty() && bare.bytes().all(|it| it.is_ascii_digit());
    let name = match section {
        _ if bare.starts_with("12D3KooW") => "<peer>",
        _ if bare.len() == 32 && bare.bytes().all(|it| it.is_ascii_hexdigit()) => "<alert>",
        _ if is_time(bare) => "<time>",
        _ if is_span(bare) => "<span>",
        "Kernel" if is_number => "<number>",
        "Memory" if bare.contains('.') => "<number>",
        _ => return tcp_port(word),
    };
    format!("{name}{end}")
}

/// Returns whether a word is a time as in `2026-11-20T12:00:00Z`.
fn is_time(word: &str) -> bool {
    word.len() == 20 && word.ends_with('Z') && word.as_bytes()[10] == b'T'
}

/// Returns whether a word is part of a span of time as in `4m 59s`; `300s` is what was asked for.
fn is_span(word: &str) -> bool {
    let Some(number) = word.strip_suffix(['d', 'h', 'm', 's']) else {
        return false;
    };
    matches!(number.len(), 1..=2) && number.bytes().all(|it| it.is_ascii_digit())
}

/// Replaces the port of a multiaddr.
fn tcp_port(word: &str) -> String {
    let Some((before, after)) = word.split_once("/tcp/") else {
        return word.to_owned();
    };
    let port = after.find(|it: char| !it.is_ascii_digit());
    let rest = port.map_or("", |it| &after[it..]);
    format!("{before}/tcp/<port>{rest}")
}

/// Makes runs of blanks two, spans one, and leaves out blanks at the end.
fn squeezed(line: &str) -> String {
    let mut line = line.trim_end().replace("<span> <span>", "<span>");
    let indent = line.len() - line.trim_start().len();
    while let Some(at) = line[indent..].find("   ") {
        line.remove(indent + at);
    }
    line
}

#[test]
fn names_stand_for_what_changes() {
    for (line, expected) in [
        (
            "192.168.1.100    4m 59s left       syn_flood",
            "192.168.1.100  <span> left  syn_flood",
        ),
        ("192.168.1.100  5m left", "192.168.1.100  <span> left"),
        ("  0s ago by this node", "  <span> ago by this node"),
        (
            "Blocked 192.0.2.1 for 300s, published as 00112233445566778899aabbccddeeff",
            "Blocked 192.0.2.1 for 300s, published as <alert>",
        ),
        (
            "Listening on /ip4/127.0.0.1/tcp/41395",
            "Listening on /ip4/127.0.0.1/tcp/<port>",
        ),
        (
            "a /tmp/x/y 2026-11-20T12:00:00Z, b",
            "a <place>/y <time>, b",
        ),
        (
            "Kernel     generation 16, in agreement, read back at 2026-11-20T12:00:00Z",
            "Kernel  generation <number>, in agreement, read back at <time>",
        ),
        ("Memory     39.9 MiB", "Memory  <number> MiB"),
        (
            "Peer connected: 12D3KooWK241bZP2s2n9",
            "Peer connected: <peer>",
        ),
    ] {
        assert_eq!(normal(line, "/tmp/x"), format!("{expected}\n"));
    }
}
