//! Tickets: printed, listed, taken back, and joined with.

use std::time::Duration;

use aegis_api::{Admission, Client, Joining, TicketJoinRequest, TicketRequest};
use tokio::time::{MissedTickBehavior, interval};

use super::{
    Failure,
    organisation::{find_organisation, read_word},
};
use crate::{
    Format, Outcome, Screen,
    command::{JoinArgs, TicketArgs},
    report,
};

/// What a ticket begins with; anything else that `join` is given is a file.
const TICKET_PREFIX: &str = "aegis1";

/// How often is looked how far joining has come.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Prints a ticket, or says what became of those that were printed.
pub(super) async fn ticket(
    args: TicketArgs,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    if args.list {
        screen.show(&client.invitations().await?, report::invitations)?;
        return Ok(Outcome::Done);
    }
    if let Some(invitation) = args.revoke {
        let taken_back = client.take_back_ticket(invitation).await?;
        screen.show(&taken_back, report::ticket_taken_back)?;
        return Ok(Outcome::answer(taken_back.was_there));
    }
    let organisation = match &args.organisation {
        Some(text) => Some(find_organisation(text, client).await?),
        None => None,
    };
    let request = TicketRequest {
        organisation,
        role: args.role.into(),
        membership_secs: args.membership,
        valid_secs: args.valid,
        uses: args.uses,
        addresses: args.addresses,
    };
    let printed = client.print_ticket(&request).await?;
    match screen.format {
        // The word alone is data, so that a pipe can carry it to the other node.
        Format::Text => {
            writeln!(
                screen.talk,
                "{}",
                report::ticket_printed(&printed).trim_end()
            )?;
            screen.talk.flush()?;
            writeln!(screen.out, "{}", crate::shown(&printed.ticket))?;
            screen.out.flush()?;
        }
        Format::Json => screen.show(&printed, |_| String::new())?,
    }
    Ok(Outcome::Done)
}

/// Has the node join, and shows how far it is until both hold the same.
pub(super) async fn join(
    args: JoinArgs,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    let ticket = word(&args.ticket)?;
    let mut joining = client.join_by_ticket(&TicketJoinRequest { ticket }).await?;
    let mut shown = None;
    let mut waited = Duration::ZERO;
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !is_done(&joining) {
        if let Some(problem) = &joining.problem {
            let message = format!("cannot join {}: {problem}", joining.peer);
            return Err(Failure::Refused("not_admitted", message));
        }
        if shown.as_ref() != Some(&joining) {
            show_progress(&joining, screen)?;
            shown = Some(joining.clone());
        }
        if waited >= args.wait {
            end_progress(screen)?;
            let message = report::join_late(&joining, args.wait);
            return Err(Failure::Refused("not_whole", message));
        }
        looks.tick().await;
        waited += LOOK_EVERY;
        joining = client.joining(joining.peer).await?;
    }
    end_progress(screen)?;
    screen.show(&joining, report::joined)?;
    Ok(Outcome::Done)
}

/// Returns the ticket that is meant: the text itself, or what a file holds, or standard input.
pub fn read_ticket(text: &str) -> Result<String, String> {
    word(text).map_err(|failure| match failure {
        Failure::Refused(_, message) => message,
        Failure::Client(error) => error.to_string(),
        Failure::Output(error) => error.to_string(),
    })
}

fn word(text: &str) -> Result<String, Failure> {
    read_word(text, TICKET_PREFIX, ("ticket", "unreadable_ticket"))
}

fn is_done(joining: &Joining) -> bool {
    let is_member = joining.organisation.is_none() || joining.role.is_some();
    joining.admission == Admission::Admitted && is_member && joining.equal
}

/// Shows how far it is: a line that changes for a person, a line each for a program.
fn show_progress(joining: &Joining, screen: &mut Screen<'_>) -> std::io::Result<()> {
    match screen.format {
        Format::Text if screen.is_terminal => {
            write!(screen.talk, "\r\u{1b}[K{}", report::joining(joining))?;
            screen.talk.flush()
        }
        Format::Text => writeln!(screen.talk, "{}", report::joining(joining)),
        Format::Json => screen.show(joining, |_| String::new()),
    }
}

fn end_progress(screen: &mut Screen<'_>) -> std::io::Result<()> {
    match screen.format {
        Format::Text if screen.is_terminal => writeln!(screen.talk),
        Format::Text | Format::Json => Ok(()),
    }
}
