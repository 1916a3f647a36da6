//! Tests of the help pages.

use super::*;

#[test]
fn every_command_and_every_argument_says_what_it_does() {
    let mut silent = Vec::new();
    for mut program in [Cli::command(), Foreground::command()] {
        program.build();
        collect_silent(&program, &mut silent);
    }
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn pages_are_complete_and_fit_their_columns() {
    let pages = help();
    for page in [
        "## aegis\n",
        "## aegis config show\n",
        "## aegis-threat-intel\n",
    ] {
        assert!(pages.contains(page), "{page}");
    }
    assert!(
        !pages.contains("## aegis generate"),
        "what is hidden stays so"
    );
    assert!(
        !pages.contains("[env: AEGIS_SOCKET="),
        "what a variable holds"
    );
    for line in pages.lines() {
        assert!(line.chars().count() <= COLUMNS + 1, "{line}");
        assert_eq!(line.trim_end(), line);
    }
}

fn collect_silent(command: &Command, silent: &mut Vec<String>) {
    let says_nothing = |it: &clap::Arg| it.get_help().is_none();
    for argument in command.get_arguments().filter(|it| says_nothing(it)) {
        silent.push(format!("{} {}", command.get_name(), argument.get_id()));
    }
    if command.get_about().is_none() {
        silent.push(command.get_name().to_owned());
    }
    for subcommand in command.get_subcommands() {
        if subcommand.get_name() != "help" {
            collect_silent(subcommand, silent);
        }
    }
}
