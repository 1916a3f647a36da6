//! TAXII 2.1 (OASIS), read only: one API root with a few collections of what a publication shows.
//!
//! What is asked for is parsed into a question and answered from a publication; how that travels is
//! somebody else's.

mod question;

use serde_json::{Value, json};

use super::{Publication, Shown, publication::micros_text, stix};

pub use self::question::{Question, What};

/// What answers and errors are, as the standard has it.
pub const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";

/// Objects of one page at most; who asks for more gets so many.
pub const OBJECTS_MAX: usize = 1_000;

/// Where the one API root is.
const ROOT: &str = "/taxii2/aegis/";

/// What the objects of all collections are.
const STIX: &str = "application/stix+json;version=2.1";

/// Returns whether who sends this `Accept` takes what answers are.
pub fn is_accepted(accept: &str) -> bool {
    accept.split(',').any(|range| {
        let mut words = range.split(';').map(|it| it.trim().to_ascii_lowercase());
        let kind = words.next().unwrap_or_default();
        let is_kind = matches!(
            kind.as_str(),
            "*/*" | "application/*" | "application/taxii+json"
        );
        is_kind
            && words.all(|it| match it.split_once('=') {
                Some(("version", version)) => version.trim_matches('"') == "2.1",
                Some(("q", quality)) => quality.parse().is_ok_and(|it: f32| it > 0.0),
                Some(_) | None => true,
            })
    })
}

/// A collection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Collection {
    /// Everything that is blocked.
    Active,
    /// What this node's own detectors found and its operator decided.
    Local,
    /// What is blocked on the word of other nodes.
    Peers,
}

/// Why a question is not answered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{title}: {description}")]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// In a few words.
    pub title: &'static str,
    /// In a sentence.
    pub description: String,
}

/// An answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// JSON.
    pub text: String,
    /// When the first and the last of its objects were added; `None` where it has none.
    pub added: Option<(String, String)>,
}

impl Collection {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Active, Self::Local, Self::Peers];

    /// Returns its name, the same on every node.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Active => "6a0e5d4c-93b1-4d7e-8c26-51f0b7a9e302",
            Self::Local => "b8c1f7e2-0d65-4a39-9e14-7f82c3d6a051",
            Self::Peers => "d25b9a80-4f7c-4e13-a6d8-093e1c5b7f64",
        }
    }

    /// Returns the name that people use.
    pub const fn alias(self) -> &'static str {
        match self {
            Self::Active => "active-blocks",
            Self::Local => "local-observations",
            Self::Peers => "p2p-consensus",
        }
    }

    const fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::Active => ("Active blocks", "What this node blocks, whoever caused it"),
            Self::Local => (
                "Local observations",
                "What this node's detectors found and its operator decided",
            ),
            Self::Peers => ("Consensus of peers", "What is blocked on other nodes' word"),
        }
    }

    fn has(self, shown: &Shown) -> bool {
        match self {
            Self::Active => true,
            Self::Local => matches!(shown.entry.origin, "detector" | "operator"),
            Self::Peers => shown.entry.origin == "peers",
        }
    }

    fn describe(self) -> Value {
        let (title, description) = self.about();
        json!({
            "id": self.id(),
            "title": title,
            "description": description,
            "alias": self.alias(),
            "can_read": true,
            "can_write": false,
            "media_types": [STIX],
        })
    }
}

impl Problem {
    pub(crate) fn invalid(description: impl Into<String>) -> Self {
        Self {
            status: 400,
            title: "The request cannot be understood",
            description: description.into(),
        }
    }

    fn missing(description: impl Into<String>) -> Self {
        Self {
            status: 404,
            title: "There is no such thing",
            description: description.into(),
        }
    }

    /// Returns what is said where nothing may be written.
    pub fn read_only() -> Self {
        Self {
            status: 403,
            title: "Nothing may be written here",
            description: "collections are read only".to_owned(),
        }
    }

    /// Returns what is said to who accepts nothing that there is.
    pub fn not_acceptable() -> Self {
        Self {
            status: 406,
            title: "Not acceptable",
            description: format!("answers are {MEDIA_TYPE}"),
        }
    }

    /// Returns it as JSON.
    pub fn text(&self) -> String {
        let error = json!({
            "title": self.title,
            "description": self.description,
            "http_status": self.status.to_string(),
        });
        error.to_string()
    }
}

/// One object of a collection.
enum Object<'a> {
    Identity { added_at: u64 },
    Indicator(&'a Shown, bool),
}

impl Object<'_> {
    fn added_at(&self) -> u64 {
        match self {
            Self::Identity { added_at } => *added_at,
            Self::Indicator(shown, _) => shown.added_at,
        }
    }

    fn id(&self) -> String {
        match self {
            Self::Identity { .. } => stix::AUTHOR.to_owned(),
            Self::Indicator(shown, _) => format!("indicator--{}", shown.id),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Identity { .. } => "identity",
            Self::Indicator(..) => "indicator",
        }
    }

    fn version(&self) -> String {
        match self {
            Self::Identity { .. } => stix::AUTHOR_MADE.to_owned(),
            Self::Indicator(shown, _) => stix::time(shown.modified_at.max(shown.entry.decided_at)),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Identity { .. } => stix::identity(),
            Self::Indicator(shown, is_revoked) => {
                stix::indicator(&shown.entry, shown.id, shown.modified_at, *is_revoked)
            }
        }
    }

    fn record(&self) -> String {
        let record = json!({
            "id": self.id(),
            "date_added": micros_text(self.added_at()),
            "version": self.version(),
            "media_type": STIX,
        });
        record.to_string()
    }
}

impl Question {
    /// Answers from what is shown.
    pub fn answer(&self, publication: &Publication) -> Result<Answer, Problem> {
        let value = match &self.what {
            What::Discovery => json!({
                "title": "AEGIS",
                "description": "What this node blocks, for who shows a key",
                "default": ROOT,
                "api_roots": [ROOT],
            }),
            What::Root => json!({
                "title": "AEGIS",
                "description": "What this node blocks",
                "versions": [MEDIA_TYPE],
                "max_content_length": 65_536,
            }),
            What::Collections => {
                json!({ "collections": Collection::ALL.map(Collection::describe) })
            }
            What::Collection(it) => it.describe(),
            What::Objects(it) => {
                return Ok(self.page(publication, *it, "objects", |it| it.text()));
            }
            What::Manifest(it) => {
                return Ok(self.page(publication, *it, "objects", |it| it.record()));
            }
            What::Object(it, id) => {
                find(publication, *it, id)?;
                return Ok(self.page(publication, *it, "objects", |it| it.text()));
            }
            What::Versions(it, id) => {
                find(publication, *it, id)?;
                let version = |it: &Object<'_>| Value::from(it.version()).to_string();
                return Ok(self.page(publication, *it, "versions", version));
            }
        };
        Ok(Answer {
            text: value.to_string(),
            added: None,
        })
    }

    /// Returns a page of what is asked for of a collection. An empty one has no fields.
    fn page(
        &self,
        publication: &Publication,
        collection: Collection,
        field: &str,
        write: impl Fn(&Object<'_>) -> String,
    ) -> Answer {
        let mut wanted = objects(publication, collection, self.after()).filter(|it| self.wants(it));
        let page: Vec<Object<'_>> = wanted.by_ref().take(self.limit).collect();
        let (Some(first), Some(last)) = (page.first(), page.last()) else {
            return Answer {
                text: "{}".to_owned(),
                added: None,
            };
        };
        let added = (first.added_at(), last.added_at());
        let more = if wanted.next().is_some() {
            format!("\"more\":true,\"next\":\"{}\",", added.1)
        } else {
            "\"more\":false,".to_owned()
        };
        let items: Vec<String> = page.iter().map(write).collect();
        let items = items.join(",\n");
        Answer {
            text: format!("{{{more}\"{field}\":[\n{items}\n]}}"),
            added: Some((micros_text(added.0), micros_text(added.1))),
        }
    }

    fn wants(&self, object: &Object<'_>) -> bool {
        let is_one_of = |all: &Option<Vec<String>>, it: &str| {
            all.as_ref()
                .is_none_or(|all| all.iter().any(|one| one == it))
        };
        let is_asked_for = match &self.what {
            What::Object(_, id) | What::Versions(_, id) => object.id() == *id,
            What::Discovery
            | What::Root
            | What::Collections
            | What::Collection(_)
            | What::Objects(_)
            | What::Manifest(_) => true,
        };
        is_asked_for
            && is_one_of(&self.kinds, object.kind())
            && is_one_of(&self.spec_versions, "2.1")
            && (self.ids.is_none() || is_one_of(&self.ids, &object.id()))
            && (self.versions.is_none() || is_one_of(&self.versions, &object.version()))
    }
}

/// Returns the objects of a collection that were added after a time, in that order.
fn objects(
    publication: &Publication,
    collection: Collection,
    after: Option<u64>,
) -> impl Iterator<Item = Object<'_>> {
    let began_at = publication.began_at();
    let is_new = after.is_none_or(|it| it < began_at);
    let identity = is_new.then_some(Object::Identity { added_at: began_at });
    let shown = publication.added_after(after.unwrap_or(0));
    let shown = shown.filter(move |(it, _)| collection.has(it));
    identity
        .into_iter()
        .chain(shown.map(|(it, is_revoked)| Object::Indicator(it, is_revoked)))
}

fn find(publication: &Publication, collection: Collection, id: &str) -> Result<(), Problem> {
    let mut all = objects(publication, collection, None);
    if all.any(|it| it.id() == id) {
        return Ok(());
    }
    Err(Problem::missing("the collection has no such object"))
}

#[cfg(test)]
mod tests;
