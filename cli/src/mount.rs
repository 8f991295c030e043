//! `--mount HOST:GUEST[:ro|rw|cow|mem]`: the text and what it may not say.

use std::path::PathBuf;
use std::str::FromStr;

/// How a directory of the host is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MountMode {
    /// Reads the host, refuses to write.
    ReadOnly,
    /// Reads and writes the host.
    ReadWrite,
    /// Reads the host; writes stay in memory.
    CopyOnWrite,
    /// Read from the host once; all else happens in memory.
    Memory,
}

/// One `--mount`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MountSpec {
    /// The directory of the host.
    pub(crate) host: PathBuf,
    /// Where the guest sees it, without `..`, doubled and trailing slashes; `.` is the directory
    /// to start in. A program of preview1 is told this as the name of what it finds open.
    pub(crate) guest: String,
    /// How.
    pub(crate) mode: MountMode,
}

impl MountSpec {
    /// The absolute path at which it is mounted, for commands that start in `cwd`.
    pub(crate) fn at(&self, cwd: &str) -> String {
        match self.guest.as_str() {
            guest if guest.starts_with('/') => guest.to_owned(),
            "." => cwd.to_owned(),
            guest => format!("{}/{guest}", cwd.trim_end_matches('/')),
        }
    }
}

impl FromStr for MountSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<MountSpec, String> {
        let (rest, mode) = match text.rsplit_once(':') {
            Some((rest, "ro")) => (rest, MountMode::ReadOnly),
            Some((rest, "rw")) => (rest, MountMode::ReadWrite),
            Some((rest, "cow")) => (rest, MountMode::CopyOnWrite),
            Some((rest, "mem")) => (rest, MountMode::Memory),
            _ => (text, MountMode::ReadOnly),
        };
        // Before an absolute guest path the last `:/` divides, and the host's may hold colons.
        let (host, guest) = match rest.rsplit_once(":/") {
            Some((host, guest)) => {
                if let Some((_, mode)) = guest.rsplit_once(':') {
                    return Err(format!("the mode `{mode}` is not one of ro, rw, cow and mem"));
                }
                (host, format!("/{}", normalize(guest)?))
            }
            None => match rest.rsplit_once(':') {
                Some((host, guest)) if !guest.is_empty() => {
                    let guest = normalize(guest)?;
                    (host, if guest.is_empty() { ".".to_owned() } else { guest })
                }
                _ => {
                    let usage = "expected HOST:GUEST[:ro|rw|cow|mem], such as .:/workspace:cow";
                    return Err(usage.to_owned());
                }
            },
        };
        if host.is_empty() {
            return Err(
                "the host path before `:` is empty; `.` is the current directory".to_owned()
            );
        }
        Ok(MountSpec { host: PathBuf::from(host), guest, mode })
    }
}

/// The names of the guest path, with one slash between two.
fn normalize(guest: &str) -> Result<String, String> {
    let names: Vec<&str> =
        guest.split('/').filter(|name| !name.is_empty() && *name != ".").collect();
    if names.contains(&"..") {
        return Err(format!("the guest path `{guest}` has `..` in it: write where it leads"));
    }
    Ok(names.join("/"))
}

/// Two mounts on one point are a mistake.
pub(crate) fn check_distinct(mounts: &[MountSpec], cwd: &str) -> Result<(), String> {
    for (i, mount) in mounts.iter().enumerate() {
        let at = mount.at(cwd);
        if let Some(other) = mounts[..i].iter().find(|other| other.at(cwd) == at) {
            return Err(format!(
                "two mounts at {at}: {} and {}",
                other.host.display(),
                mount.host.display()
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
