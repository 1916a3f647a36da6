//! The link to the node's page.

use aegis_api::Client;

use super::Failure;
use crate::{Format, Screen, text::shown};

/// Prints a link that lets in whoever has it.
pub(super) async fn page(client: &Client, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let link = client.page_link().await?;
    match screen.format {
        // The address alone is data, so that it can be opened: `xdg-open "$(aegis page)"`.
        Format::Text => {
            writeln!(screen.out, "{}", shown(&link.url))?;
            screen.out.flush()?;
            let mins = link.valid_secs / 60;
            writeln!(
                screen.talk,
                "It lets whoever has it in, once and within {mins} minutes. From another host: \
                 ssh -L 9004:{} …, then the same with 127.0.0.1:9004",
                shown(host(&link.url)),
            )?;
        }
        Format::Json => screen.show(&link, |_| String::new())?,
    }
    Ok(())
}

/// Returns the address and port of a URL.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}
