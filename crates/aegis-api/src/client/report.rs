//! Calls of programs on the host that saw something.

use super::{Client, ClientError};
use crate::{
    LoginList, Preview, PreviewRequest, ReportOutcomes, ReportWithdrawRequest, ReportWithdrawn,
    ReportsRequest,
};

impl Client {
    /// Reports what was seen; the outcomes are in the order of the reports.
    pub async fn report(&self, request: &ReportsRequest) -> Result<ReportOutcomes, ClientError> {
        self.post("/v1/reports", request).await
    }

    /// Asks what would be sent, and has nothing done.
    pub async fn preview(&self, request: &PreviewRequest) -> Result<Preview, ClientError> {
        self.post("/v1/preview", request).await
    }

    /// Asks who was logged in on the host, as its logs tell.
    pub async fn logins(&self) -> Result<LoginList, ClientError> {
        self.get("/v1/logins").await
    }

    /// Takes back what a source reported of an indicator.
    pub async fn withdraw_report(
        &self,
        request: &ReportWithdrawRequest,
    ) -> Result<ReportWithdrawn, ClientError> {
        self.post("/v1/reports/withdraw", request).await
    }
}
