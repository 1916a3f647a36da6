//! Flags as Go's `flag` package reads them: one dash or two, values behind `=` or as the next word,
//! and nothing after the first word that is no flag.

/// What is shown to who asks for help, or writes what cannot be read.
pub(super) const USAGE: &str = "\
Usage of orgsig:
  -load-key-path string
    \tPath to a file with organisation private key. If not set, new private-key is generated.
  -org-id string
    \tID of the organisation whose signature is to be verified. Only with -verify-signature.
  -peer-id string
    \tPublic ID of a peer to sign. Flag --sign-peer must be set for this option to be valid.
  -save-key-path string
    \tIf set, value will be used as a path to save organisation private-key.
  -sign-peer
    \tFlag to sign peer ID. Flag peer-id can be used to set peer ID, otherwise, cli will ask. \
The signature will be printed to stdout.
  -verify-signature string
    \tSignature of the peer that -peer-id names by the organisation that -org-id names, to be \
verified instead. Ends with 7 if it is not.
";

/// What the flags say; a text that was not given is empty.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Flags {
    pub(super) load_key_path: String,
    pub(super) save_key_path: String,
    pub(super) sign_peer: bool,
    pub(super) peer_id: String,
    pub(super) org_id: String,
    pub(super) verify_signature: Option<String>,
}

/// What became of reading them.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Parsed {
    Flags(Flags),
    Help,
    Wrong(String),
}

impl Flags {
    /// Reads the words behind the program's name.
    pub(super) fn parse(words: &[String]) -> Parsed {
        let mut flags = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(body) = word.strip_prefix('-').filter(|it| !it.is_empty()) else {
                break; // no flag: neither it nor what follows is read
            };
            let body = body.strip_prefix('-').unwrap_or(body);
            if body.is_empty() {
                break; // `--` ends the flags
            }
            if body.starts_with(['-', '=']) {
                return Parsed::Wrong(format!("bad flag syntax: {word}"));
            }
            let (name, value) = match body.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (body, None),
            };
            if name == "sign-peer" {
                match switch(value.as_deref()) {
                    Some(is_on) => flags.sign_peer = is_on,
                    None => return Parsed::Wrong(format!("invalid boolean value for -{name}")),
                }
                continue;
            }
            let Some(text) = flags.text(name) else {
                return match name {
                    "h" | "help" => Parsed::Help,
                    _ => Parsed::Wrong(format!("flag provided but not defined: -{name}")),
                };
            };
            match value.or_else(|| words.next().cloned()) {
                Some(value) => *text = value,
                None => return Parsed::Wrong(format!("flag needs an argument: -{name}")),
            }
        }
        Parsed::Flags(flags)
    }

    /// Returns where the text of a flag goes.
    fn text(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "load-key-path" => &mut self.load_key_path,
            "save-key-path" => &mut self.save_key_path,
            "peer-id" => &mut self.peer_id,
            "org-id" => &mut self.org_id,
            "verify-signature" => self.verify_signature.get_or_insert_default(),
            _ => return None,
        })
    }
}

/// Reads a switch as Go does; one without a value is on.
fn switch(value: Option<&str>) -> Option<bool> {
    match value {
        None | Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Some(true),
        Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Some(false),
        Some(_) => None,
    }
}
