//! Server and client over a real socket, with a scripted node behind it.

mod contract;
mod corpus;
mod events;
mod feed;
mod history;
mod http;
mod import;
mod key;
mod limits;
mod network;
mod node;
mod organisation;
mod reports;
mod safety;
mod trust;
mod view;

/// Returns the status with which a scripted node answers a request without a query or a body.
pub(crate) async fn answers_at(method: &str, path: &str) -> u16 {
    let node = node::Node::start();
    let request =
        format!("{method} {path}?backlog=x HTTP/1.1\r\nhost: aegis\r\nconnection: close\r\n\r\n");
    let answer = node.raw(&request).await;
    node.stop().await;
    let status = answer.get(9..12).and_then(|it| it.parse().ok());
    status.expect("a status")
}
