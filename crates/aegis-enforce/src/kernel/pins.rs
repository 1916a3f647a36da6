//! Where an instance's maps, programs and links are pinned, so that they outlive the process.
//!
//! `<bpffs>/aegis/<instance>/` holds one pin for each map by its name, `prog_xdp` and `prog_tc`,
//! and `link_<interface index>_<mode>` for each interface. No name has a dot: bpffs refuses them.

#![expect(
    unsafe_code,
    reason = "asks the C library which file system this is, and mounts"
)]

use std::{
    ffi::CString,
    fs::{self, File, TryLockError},
    io,
    os::unix::{ffi::OsStrExt as _, fs::DirBuilderExt as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use aegis_abi::maps;

use crate::{
    EnforceError, InstanceName, Mode,
    privileges::explain_denied,
    sys::{detach_link, open_pin, pin_over},
};

const BPF_FS_MAGIC: i64 = 0xcafe_4a11;
/// Pins that a start makes before they take the place of older ones begin with this.
pub(super) const NEXT: &str = "next_";

/// The pin of the XDP program that is in force, or was last.
pub(super) const PROGRAM_PIN: &str = "prog_xdp";

/// How often, and after what time each, it is tried to take an instance: half a second in all.
const LOCK_TRIES: u32 = 25;
const LOCK_TRY_EVERY: Duration = Duration::from_millis(20);

/// Stands while pins that are in force already take the names of older ones.
const SWITCHED: &str = "switched";

/// The pin folder of one instance.
#[derive(Clone, Debug)]
pub(crate) struct Pins {
    folder: PathBuf,
    instance: String,
}

/// A link found among the pins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LinkPin {
    pub(crate) ifindex: u32,
    pub(crate) mode: Mode,
    pub(crate) path: PathBuf,
}

impl Pins {
    pub(crate) fn new(bpffs: &Path, instance: &InstanceName) -> Self {
        Self {
            folder: bpffs.join("aegis").join(instance.as_str()),
            instance: instance.to_string(),
        }
    }

    /// Makes the folder, which only its owner may enter.
    pub(crate) fn make_folder(&self) -> Result<(), EnforceError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(|source| self.error(source))
    }

    pub(crate) fn exists(&self) -> bool {
        self.folder.is_dir()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn link_path(&self, ifindex: u32, mode: Mode) -> PathBuf {
        self.folder.join(format!("link_{ifindex}_{mode}"))
    }

    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    /// Takes the instance for this process, for as long as the file lives. An owner that has just
    /// ended may hold it a moment longer: a child that it was about to start shares its files
    /// until it runs its program.
    pub(crate) fn lock(&self) -> Result<File, EnforceError> {
        let folder = File::open(&self.folder).map_err(|source| self.error(source))?;
        for _ in 0..LOCK_TRIES {
            match folder.try_lock() {
                Ok(()) => return Ok(folder),
                Err(TryLockError::WouldBlock) => thread::sleep(LOCK_TRY_EVERY),
                Err(TryLockError::Error(source)) => return Err(self.error(source)),
            }
        }
        Err(EnforceError::AlreadyRunning {
            instance: self.instance.clone(),
        })
    }

    /// Returns the pinned links, in order.
    pub(crate) fn links(&self) -> Result<Vec<LinkPin>, EnforceError> {
        let mut links: Vec<LinkPin> = self
            .names()?
            .iter()
            .filter_map(|it| self.link(it))
            .collect();
        links.sort_by_key(|it| (it.ifindex, it.mode));
        Ok(links)
    }

    /// Returns the names of all pins, in order.
    pub(crate) fn names(&self) -> Result<Vec<String>, EnforceError> {
        let entries = fs::read_dir(&self.folder).map_err(|source| self.error(source))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| self.error(source))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), EnforceError> {
        match fs::remove_file(self.path(name)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(self.error(source)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Takes a link off its interface and removes its pin.
    pub(crate) fn remove_link(&self, link: &LinkPin) -> Result<(), EnforceError> {
        if let Ok(link) = open_pin(&link.path) {
            // Fails where its interface is gone, which is as well.
            let _ = detach_link(link);
        }
        match fs::remove_file(&link.path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(self.error(source)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Gives maps that are in force from now on the names of older ones. An owner that is killed
    /// meanwhile leaves a mark, by which the next one knows that the rest is to follow: half of a
    /// generation with half of another would drop nothing.
    pub(super) fn promote_all<'a>(
        &self,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<(), EnforceError> {
        let mut is_marked = false;
        for name in names {
            if !is_marked {
                let map = open_pin(&self.path(&format!("{NEXT}{name}")));
                map.and_then(|it| pin_over(it, &self.path(SWITCHED)))
                    .map_err(|it| self.error(it))?;
                is_marked = true;
            }
            self.promote(name)?;
        }
        self.remove(SWITCHED)
    }

    /// Removes what a generation left that never came into force: the next one would find it.
    pub(super) fn remove_unfinished(&self) -> Result<(), EnforceError> {
        let names = maps::GENERATION.iter();
        names
            .map(|it| format!("{NEXT}{it}"))
            .try_for_each(|it| self.remove(&it))
    }

    /// Ends what another owner, or a failure, cut short: maps in force take their names, others go.
    pub(super) fn settle(&self) -> Result<(), EnforceError> {
        let is_switched = self.path(SWITCHED).exists();
        for pin in self.names()? {
            match pin.strip_prefix(NEXT) {
                Some(name) if is_switched && name != SWITCHED => self.promote(name)?,
                Some(_) => self.remove(&pin)?,
                None => {}
            }
        }
        self.remove(SWITCHED)
    }

    /// Puts the pin `next_<name>` in the place of `name`.
    fn promote(&self, name: &str) -> Result<(), EnforceError> {
        fs::rename(self.path(&format!("{NEXT}{name}")), self.path(name))
            .map_err(|source| self.error(source))
    }

    pub(crate) fn remove_folder(&self) -> Result<(), EnforceError> {
        fs::remove_dir(&self.folder).map_err(|source| self.error(source))
    }

    pub(crate) fn error(&self, source: io::Error) -> EnforceError {
        EnforceError::Bpffs {
            path: self.folder.clone(),
            source: explain_denied(&self.folder, source),
        }
    }

    fn link(&self, name: &str) -> Option<LinkPin> {
        let (ifindex, mode) = name.strip_prefix("link_")?.split_once('_')?;
        let modes = [Mode::Native, Mode::Generic, Mode::Tcx, Mode::TcFilter];
        Some(LinkPin {
            ifindex: ifindex.parse().ok()?,
            mode: modes.into_iter().find(|it| it.as_str() == mode)?,
            path: self.path(name),
        })
    }
}

/// Returns the instances that have pins below `bpffs`, in order.
pub(crate) fn instances(bpffs: &Path) -> io::Result<Vec<InstanceName>> {
    let entries = match fs::read_dir(bpffs.join("aegis")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().to_string_lossy().parse::<InstanceName>());
    }
    names.sort();
    Ok(names)
}

/// Mounts the BPF file system at `path` where it is not mounted; returns whether it did.
pub fn mount_bpffs_if_missing(path: &Path) -> Result<bool, EnforceError> {
    let error = |source| EnforceError::Bpffs {
        path: path.into(),
        source,
    };
    if is_bpffs(path) {
        return Ok(false);
    }
    fs::create_dir_all(path).map_err(error)?;
    let target = CString::new(path.as_os_str().as_bytes()).map_err(|it| error(it.into()))?;
    // SAFETY: all four are live C strings or null where the call allows it.
    let result = unsafe {
        libc::mount(
            c"bpf".as_ptr(),
            target.as_ptr(),
            c"bpf".as_ptr(),
            libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC,
            c"mode=0700".as_ptr().cast(),
        )
    };
    if result == 0 {
        Ok(true)
    } else {
        Err(error(io::Error::last_os_error()))
    }
}

/// Returns whether `path` lies on a BPF file system.
pub(crate) fn is_bpffs(path: &Path) -> bool {
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else {
        return false;
    };
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut status: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: a live C string and a live struct.
    let result = unsafe { libc::statfs(path.as_ptr(), &raw mut status) };
    result == 0 && status.f_type as i64 == BPF_FS_MAGIC
}
