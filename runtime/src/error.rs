//! What can go wrong at the embedder's edge.
//!
//! A command that fails is no error: its status is in [`Output`](crate::Output).

use vfs::Errno;

/// An error of this crate: one boxed kind.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<ErrorKind>);

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A path of the sandbox, and what the filesystem says of it.
    #[error("{path}: {errno}")]
    Path {
        /// The path.
        path: String,
        /// Why.
        errno: Errno,
    },
    /// A filesystem cannot be mounted.
    #[error("cannot mount at {at}: {why}")]
    Mount {
        /// Where.
        at: String,
        /// Why.
        why: String,
    },
    /// A directory of the host that is to give commands does not.
    #[error("{path}: {why}")]
    Software {
        /// The directory.
        path: String,
        /// Why.
        why: String,
    },
    /// A command's string has a NUL byte in it, or a name of its environment is empty or has `=`.
    #[error("{0}")]
    Argument(String),
    /// The sandbox was disposed of.
    #[error("the sandbox was disposed of")]
    Disposed,
    /// A bug of this crate, met while it ran a command. The sandbox can no longer be used.
    #[error("a bug in agentos: {0}")]
    Bug(String),
}

impl Error {
    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// What the filesystem says, if it is about a path.
    pub fn errno(&self) -> Option<Errno> {
        match &*self.0 {
            ErrorKind::Path { errno, .. } => Some(*errno),
            _ => None,
        }
    }

    pub(crate) fn path(path: &str, errno: Errno) -> Error {
        ErrorKind::Path { path: path.to_owned(), errno }.into()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Error {
        Error(Box::new(kind))
    }
}
