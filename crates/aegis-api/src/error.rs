//! Errors of the contract: a stable code, words for a person, and one HTTP status for each code.

use aegis_core::Refusal;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

/// Why a request was not done.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// For programs.
    pub code: ErrorCode,
    /// For a person.
    pub message: String,
}

/// The reasons a request is not done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request cannot be read, or a value is outside its limits.
    InvalidRequest,
    /// The body is larger than [`crate::BODY_BYTES_MAX`].
    TooLarge,
    /// The body did not arrive in time.
    TooSlow,
    /// There is no such route, or nothing of that name.
    NotFound,
    /// The route exists, the method does not.
    MethodNotAllowed,
    /// The caller shows no key, or one that opens nothing.
    Unauthenticated,
    /// The caller may not do this.
    Denied,
    /// The body is of a media type that the route does not read.
    UnsupportedMediaType,
    /// The caller asks more often than it may.
    RateLimited,
    /// Something has that name already.
    Taken,
    /// As many event streams or requests as there may be are under way, or the node stops.
    Busy,
    /// The node does not do this as it is configured.
    Unavailable,
    /// The node did not answer in time.
    Timeout,
    /// Something broke that the caller cannot mend.
    Internal,
    /// See [`Refusal::Protected`].
    Protected,
    /// See [`Refusal::ConfiguredPeer`].
    ConfiguredPeer,
    /// See [`Refusal::LocalPeer`].
    LocalPeer,
    /// See [`Refusal::Allowlisted`].
    Allowlisted,
    /// See [`Refusal::TooWide`].
    TooWide,
    /// See [`Refusal::PrivateRange`].
    PrivateRange,
    /// See [`Refusal::BudgetSpent`].
    BudgetSpent,
    /// See [`Refusal::TooFast`].
    TooFast,
    /// See [`Refusal::BelowSeverity`].
    BelowSeverity,
    /// See [`Refusal::NotTrusted`].
    NotTrusted,
    /// See [`Refusal::Established`].
    Established,
    /// See [`Refusal::Unblocked`].
    Unblocked,
    /// See [`Refusal::Expired`].
    Expired,
    /// See [`Refusal::TableFull`].
    TableFull,
    /// See [`Refusal::NoQuorum`].
    NoQuorum,
    /// See [`Refusal::Organisation`].
    Organisation,
}

impl ApiError {
    /// Returns an error with these words.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 30] = [
        Self::InvalidRequest,
        Self::TooLarge,
        Self::TooSlow,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Unauthenticated,
        Self::Denied,
        Self::UnsupportedMediaType,
        Self::RateLimited,
        Self::Taken,
        Self::Busy,
        Self::Unavailable,
        Self::Timeout,
        Self::Internal,
        Self::Protected,
        Self::ConfiguredPeer,
        Self::LocalPeer,
        Self::Allowlisted,
        Self::TooWide,
        Self::PrivateRange,
        Self::BudgetSpent,
        Self::TooFast,
        Self::BelowSeverity,
        Self::NotTrusted,
        Self::Established,
        Self::Unblocked,
        Self::Expired,
        Self::TableFull,
        Self::NoQuorum,
        Self::Organisation,
    ];

    /// Returns the word that JSON uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Unauthenticated => "unauthenticated",
            Self::Denied => "denied",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::RateLimited => "rate_limited",
            Self::Taken => "taken",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
            Self::Protected => "protected",
            Self::ConfiguredPeer => "configured_peer",
            Self::LocalPeer => "local_peer",
            Self::Allowlisted => "allowlisted",
            Self::TooWide => "too_wide",
            Self::PrivateRange => "private_range",
            Self::BudgetSpent => "budget_spent",
            Self::TooFast => "too_fast",
            Self::BelowSeverity => "below_severity",
            Self::NotTrusted => "not_trusted",
            Self::Established => "established",
            Self::Unblocked => "unblocked",
            Self::Expired => "expired",
            Self::TableFull => "table_full",
            Self::NoQuorum => "no_quorum",
            Self::Organisation => "organisation",
        }
    }

    /// Returns whether the same request may well be done a moment later.
    pub const fn is_for_later(self) -> bool {
        matches!(self, Self::RateLimited | Self::Busy | Self::TooFast)
    }

    /// Returns the HTTP status: the only place that maps one to the other.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Denied => StatusCode::FORBIDDEN,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::BudgetSpent | Self::TooFast | Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::TableFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::TooWide
            | Self::PrivateRange
            | Self::BelowSeverity
            | Self::NotTrusted
            | Self::NoQuorum
            | Self::Expired => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Protected
            | Self::ConfiguredPeer
            | Self::LocalPeer
            | Self::Allowlisted
            | Self::Established
            | Self::Unblocked
            | Self::Organisation
            | Self::Unavailable
            | Self::Taken => StatusCode::CONFLICT,
        }
    }
}

impl From<&Refusal> for ErrorCode {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Protected { .. } => Self::Protected,
            Refusal::ConfiguredPeer { .. } => Self::ConfiguredPeer,
            Refusal::LocalPeer { .. } => Self::LocalPeer,
            Refusal::Allowlisted { .. } => Self::Allowlisted,
            Refusal::TooWide { .. } => Self::TooWide,
            Refusal::PrivateRange => Self::PrivateRange,
            Refusal::BudgetSpent { .. } => Self::BudgetSpent,
            Refusal::TooFast => Self::TooFast,
            Refusal::BelowSeverity { .. } => Self::BelowSeverity,
            Refusal::NotTrusted { .. } => Self::NotTrusted,
            Refusal::Established => Self::Established,
            Refusal::Unblocked => Self::Unblocked,
            Refusal::Expired => Self::Expired,
            Refusal::TableFull { .. } => Self::TableFull,
            Refusal::NoQuorum { .. } => Self::NoQuorum,
            Refusal::Organisation(_) => Self::Organisation,
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::new(ErrorCode::from(&refusal), refusal.to_string())
    }
}

#[cfg(test)]
mod tests;
