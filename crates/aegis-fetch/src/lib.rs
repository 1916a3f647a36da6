//! The wall around HTTP as a client: documents of publishers, fetched within bounds, and documents that
//! are posted.
//!
//! HTTP/1.1, over TLS 1.2 or 1.3 where the address says so, with the system's root certificates and those
//! of a file. How large a document may be, how long it may take and how often a server may send on to
//! another place is bounded; a key goes to the server that it is for and nowhere else, and no server out on
//! the internet sends anybody to what is inside. Nothing here knows what a document means, or when it is to
//! be fetched.

mod connect;
mod fetch;
mod gzip;
mod post;
mod reach;
mod roots;
mod target;

pub use connect::Tls;
pub use fetch::{FetchError, Fetched, Fetcher, Limits, Secret, Wanted};
pub use post::{Post, is_url, may_name_key, post};
