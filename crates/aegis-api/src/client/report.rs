//! Calls of programs on the host that saw something.

use super::{Client, ClientError};
use crate::{ReportOutcomes, ReportWithdrawRequest, ReportWithdrawn, ReportsRequest};

impl Client {
    /// Reports what was seen; the outcomes are in the order of the reports.
    pub async fn report(&self, request: &ReportsRequest) -> Result<ReportOutcomes, ClientError> {
        self.post("/v1/reports", request).await
    }

    /// Takes back what a source reported of an indicator.
    pub async fn withdraw_report(
        &self,
        request: &ReportWithdrawRequest,
    ) -> Result<ReportWithdrawn, ClientError> {
        self.post("/v1/reports/withdraw", request).await
    }
}
