//! Without a kernel program the mode stays off, and the setting as it was.

use std::io;

use super::*;

struct Setting(u8);

impl Sysctl for Setting {
    fn read(&self) -> io::Result<u8> {
        Ok(self.0)
    }

    fn write(&mut self, value: u8) -> io::Result<()> {
        self.0 = value;
        Ok(())
    }
}

#[test]
fn what_nobody_asked_for_is_off_without_a_reason() {
    let switch = start(CookieMode::Off);
    assert_eq!(switch.state().mode(), CookieMode::Off);
    assert_eq!(switch.state().reason, None);
}

#[test]
fn without_a_program_the_mode_is_off_and_says_why() {
    for mode in [CookieMode::Auto, CookieMode::Always] {
        let switch = start(mode);
        assert_eq!(switch.state().wanted, mode);
        assert_eq!(switch.state().mode(), CookieMode::Off);
        assert_eq!(
            switch.state().reason.as_deref(),
            Some("there is no kernel program")
        );
        assert_eq!(switch.state().sysctl, Some(1), "it was not raised");
    }
}

fn start(mode: CookieMode) -> CookieSwitch<Setting> {
    let folder = tempfile::tempdir().unwrap();
    let wanted = SynCookies {
        mode,
        ..SynCookies::default()
    };
    let mut enforcer = Enforcer::observe_only("a test".to_owned());
    let place = (Setting(1), folder.path().join("tcp_syncookies"));
    CookieSwitch::start(&mut enforcer, wanted, place)
}
