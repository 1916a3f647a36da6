//! What happens to the setting, over every way a run can begin and end.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::*;

/// A setting in memory that may refuse to be changed.
struct Setting {
    value: u8,
    is_fixed: bool,
}

impl Sysctl for Setting {
    fn read(&self) -> io::Result<u8> {
        Ok(self.value)
    }

    fn write(&mut self, value: u8) -> io::Result<()> {
        if self.is_fixed {
            return Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem));
        }
        self.value = value;
        Ok(())
    }
}

fn setting(value: u8) -> Setting {
    Setting {
        value,
        is_fixed: false,
    }
}

fn memory(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("tcp_syncookies")
}

#[test]
fn what_is_raised_is_put_back() {
    for before in [0, 1] {
        let folder = tempfile::tempdir().unwrap();
        let memory = memory(&folder);
        let mut setting = setting(before);
        raise(&mut setting, &memory).unwrap();
        assert_eq!(setting.value, RAISED);
        assert!(restore(&mut setting, &memory).unwrap());
        assert_eq!(setting.value, before);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(!restore(&mut setting, &memory).unwrap(), "once is enough");
    }
}

#[test]
fn a_second_start_after_a_crash_remembers_what_was_before_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let memory = memory(&folder);
    let mut setting = setting(1);
    raise(&mut setting, &memory).unwrap();
    raise(&mut setting, &memory).unwrap();
    restore(&mut setting, &memory).unwrap();
    assert_eq!(setting.value, 1);
}

#[test]
fn an_operators_own_two_stays() {
    let folder = tempfile::tempdir().unwrap();
    let memory = memory(&folder);
    let mut setting = setting(RAISED);
    raise(&mut setting, &memory).unwrap();
    assert!(!restore(&mut setting, &memory).unwrap());
    assert_eq!(setting.value, RAISED);
}

#[test]
fn what_somebody_else_set_meanwhile_stays() {
    let folder = tempfile::tempdir().unwrap();
    let memory = memory(&folder);
    let mut setting = setting(1);
    raise(&mut setting, &memory).unwrap();
    setting.value = 0;
    restore(&mut setting, &memory).unwrap();
    assert_eq!(setting.value, 0);
    assert!(!memory.exists());
}

#[test]
fn a_reboot_forgets_what_was_raised_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let memory = memory(&folder);
    let mut before = setting(1);
    raise(&mut before, &memory).unwrap();
    let mut after = setting(0); // the host's own configuration
    raise(&mut after, &memory).unwrap();
    restore(&mut after, &memory).unwrap();
    assert_eq!(after.value, 0);
}

#[test]
fn a_setting_that_cannot_be_changed_is_an_error_and_leaves_it() {
    let folder = tempfile::tempdir().unwrap();
    let memory = memory(&folder);
    let mut fixed = Setting {
        value: 1,
        is_fixed: true,
    };
    assert!(raise(&mut fixed, &memory).is_err());
    assert_eq!(fixed.value, 1);
    restore(&mut fixed, &memory).unwrap(); // what was written down does no harm
    assert!(!memory.exists());
    let nowhere = Path::new("/nonexistent/tcp_syncookies");
    let mut other = setting(1);
    assert!(raise(&mut other, nowhere).is_err());
    assert_eq!(other.value, 1, "not raised without a way back");
}

#[test]
fn a_garbled_memory_puts_nothing_back() {
    for text in ["", "7", "-1", "one", "1 1"] {
        let folder = tempfile::tempdir().unwrap();
        let memory = memory(&folder);
        fs::write(&memory, text).unwrap();
        let mut setting = setting(RAISED);
        assert!(!restore(&mut setting, &memory).unwrap(), "{text:?}");
        assert_eq!(setting.value, RAISED, "{text:?}");
        assert!(!memory.exists());
    }
}
