//! `--mount HOST:GUEST[:ro|rw|cow]`: the text and what it may not say.

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
}

/// One `--mount`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MountSpec {
    /// The directory of the host.
    pub(crate) host: PathBuf,
    /// Where the guest sees it: absolute, without `.`, `..` and trailing slashes.
    pub(crate) guest: String,
    /// How.
    pub(crate) mode: MountMode,
}

impl FromStr for MountSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<MountSpec, String> {
        let (rest, mode) = match text.rsplit_once(':') {
            Some((rest, "ro")) => (rest, MountMode::ReadOnly),
            Some((rest, "rw")) => (rest, MountMode::ReadWrite),
            Some((rest, "cow")) => (rest, MountMode::CopyOnWrite),
            _ => (text, MountMode::ReadOnly),
        };
        // The guest path is absolute, so the last `:/` divides, and the host's may hold colons.
        let Some((host, guest)) = rest.rsplit_once(":/") else {
            return Err(match rest.rsplit_once(':') {
                Some((_, guest)) if !guest.is_empty() => format!(
                    "the guest path `{guest}` is not absolute (the mode, if any, is ro, rw or cow): write HOST:/{guest}[:ro|rw|cow]"
                ),
                _ => "expected HOST:GUEST[:ro|rw|cow], such as .:/workspace:cow".to_owned(),
            });
        };
        if host.is_empty() {
            return Err(
                "the host path before `:` is empty; `.` is the current directory".to_owned()
            );
        }
        if let Some((_, mode)) = guest.rsplit_once(':') {
            return Err(format!("the mode `{mode}` is not one of ro, rw and cow"));
        }
        let guest = normalize(guest)?;
        Ok(MountSpec { host: PathBuf::from(host), guest, mode })
    }
}

/// The guest path without doubled and trailing slashes.
fn normalize(guest: &str) -> Result<String, String> {
    let names: Vec<&str> = guest.split('/').filter(|name| !name.is_empty()).collect();
    if names.iter().any(|name| *name == "." || *name == "..") {
        return Err(format!(
            "the guest path `/{guest}` has `.` or `..` in it: write where it leads"
        ));
    }
    Ok(format!("/{}", names.join("/")))
}

/// Two mounts on one point are a mistake.
pub(crate) fn check_distinct(mounts: &[MountSpec]) -> Result<(), String> {
    for (i, mount) in mounts.iter().enumerate() {
        if let Some(other) = mounts[..i].iter().find(|other| other.guest == mount.guest) {
            return Err(format!(
                "two mounts at {}: {} and {}",
                mount.guest,
                other.host.display(),
                mount.host.display()
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
