//! The files that go with a mail, by the paths that the log keeps: looked at in the plan, read when the mail is sent.
//!
//! A file is taken only from below one folder, and only a regular file of bounded size: a pipe would never end, a device is
//! no document.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::message::Attachment;

/// Bytes that Base64 makes of 57: a line of 76 with its end.
const LINE: (u64, u64) = (57, 78);

/// Where attachments come from, and how large a message may be.
#[derive(Debug, Clone, Default)]
pub struct Attachments {
    /// The folder; without one no file is taken.
    pub under: Option<PathBuf>,
    /// The most bytes of a message, its attachments in Base64 included.
    pub max_message_size: u64,
}

impl Attachments {
    /// Checks whether a row's files could go, with `text` bytes of the message beside them; reads not one of them.
    ///
    /// # Errors
    /// What keeps a file from going, for a person.
    pub fn look(&self, named: &str, text: u64) -> Result<(), String> {
        let files = paths(named)?;
        let sizes = files.iter().map(|path| Ok(self.open(path)?.size)).collect::<Result<Vec<_>, String>>()?;
        self.check_size(text + sizes.into_iter().map(in_base64).sum::<u64>())
    }

    /// Reads the files that a row names: a path, or a JSON list of paths.
    ///
    /// # Errors
    /// A file that is not below the folder, is no regular file, is too large, or cannot be read.
    pub fn load(&self, named: &str, text: u64) -> Result<Vec<Attachment>, String> {
        self.look(named, text)?;
        let mut left = self.max_message_size;
        let load = |path: &String| {
            let found = self.open(path)?;
            let mut bytes = Vec::new();
            // it may have grown since it was looked at
            let read = found.file.take(left + 1).read_to_end(&mut bytes);
            read.map_err(|error| format!("the attachment {path:?} cannot be read: {error}"))?;
            left = left
                .checked_sub(bytes.len() as u64)
                .ok_or_else(|| format!("the attachment {path:?} has grown"))?;
            Ok(Attachment { name: found.name, media_type: String::new(), bytes })
        };
        paths(named)?.iter().map(load).collect()
    }

    /// # Errors
    /// The message is too large.
    fn check_size(&self, size: u64) -> Result<(), String> {
        if size <= self.max_message_size {
            return Ok(());
        }
        Err(format!(
            "the message would have {}, and at most {} go ([resend] max_message_size)",
            megabytes(size),
            megabytes(self.max_message_size)
        ))
    }

    /// Opens a file for reading, without waiting for anything.
    fn open(&self, path: &str) -> Result<AllowedFile, String> {
        let Some(under) = &self.under else {
            return Err(format!(
                "the attachment {path:?} is a file, and no folder is allowed; set attachments_under in [resend]"
            ));
        };
        let real = |path: &Path| {
            std::fs::canonicalize(path)
                .map_err(|error| format!("the attachment {:?}: {error}", path.display()))
        };
        let folder = std::fs::canonicalize(under)
            .map_err(|error| format!("[resend] attachments_under {:?}: {error}", under.display()))?;
        let place = real(&under.join(path))?;
        if !place.starts_with(&folder) {
            return Err(format!("the attachment {path:?} is not below {}", under.display()));
        }
        let wrong = |error: std::io::Error| format!("the attachment {path:?} cannot be read: {error}");
        if !std::fs::symlink_metadata(&place).map_err(wrong)?.is_file() {
            return Err(format!("the attachment {path:?} is no regular file"));
        }
        // whatever took its place meanwhile is neither followed nor waited for
        let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits();
        let file =
            OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(&place).map_err(wrong)?;
        let metadata = file.metadata().map_err(wrong)?;
        if !metadata.is_file() {
            return Err(format!("the attachment {path:?} is no regular file"));
        }
        // the row's name, also where that is a link to a file of another one
        let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.contains(char::is_control) {
            return Err(format!("the attachment {path:?} has a line break or control character in its name"));
        }
        Ok(AllowedFile { file, size: metadata.len(), name })
    }
}

/// A file that may go.
struct AllowedFile {
    file: File,
    size: u64,
    name: String,
}

fn in_base64(size: u64) -> u64 {
    size.div_ceil(LINE.0) * LINE.1
}

fn megabytes(size: u64) -> String {
    format!("{:.1} MB", size as f64 / f64::from(1024 * 1024))
}

fn paths(named: &str) -> Result<Vec<String>, String> {
    match named.trim() {
        "" => Ok(Vec::new()),
        list if list.starts_with('[') => serde_json::from_str(list)
            .map_err(|_| format!("the attachments are no JSON list of paths: {list:?}")),
        path => Ok(vec![path.to_owned()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(folder: &Path, max_message_size: u64) -> Attachments {
        Attachments { under: Some(folder.to_owned()), max_message_size }
    }

    #[test]
    fn files_are_taken_only_from_below_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("out")).unwrap();
        std::fs::write(folder.path().join("out/a.pdf"), "A").unwrap();
        std::fs::write(folder.path().join("secret"), "S").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret"), folder.path().join("out/link")).unwrap();
        let attachments = below(&folder.path().join("out"), 1000);
        let loaded = attachments.load("[\"a.pdf\"]", 0).unwrap();
        assert_eq!((loaded[0].name.as_str(), loaded[0].bytes.as_slice()), ("a.pdf", &b"A"[..]));
        let absolute = folder.path().join("out/a.pdf");
        assert_eq!(attachments.load(absolute.to_str().unwrap(), 0).unwrap().len(), 1);
        for outside in ["../secret", "link", "/etc/hostname"] {
            let error = attachments.look(outside, 0).unwrap_err();
            assert!(error.contains("is not below"), "{error}");
        }
        assert!(attachments.look("[1]", 0).unwrap_err().contains("no JSON list of paths"));
        assert!(Attachments::default().look("a.pdf", 0).unwrap_err().contains("set attachments_under"));
        assert!(attachments.load(" ", 0).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_regular_file_of_bounded_size_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("folder")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, path("fifo"), rustix::fs::Mode::RUSR).unwrap();
        File::create(path("large")).unwrap().set_len(300 * 1024 * 1024).unwrap();
        let attachments = below(folder.path(), 35 * 1024 * 1024);
        for name in ["folder", "fifo"] {
            assert_eq!(attachments.look(name, 0), Err(format!("the attachment {name:?} is no regular file")));
        }
        let error = attachments.load("large", 0).unwrap_err();
        assert_eq!(
            error,
            "the message would have 410.5 MB, and at most 35.0 MB go ([resend] max_message_size)"
        );
        assert!(attachments.look("missing", 0).unwrap_err().contains("No such file"));
    }

    #[test]
    fn the_text_of_the_message_counts() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), [0; 57]).unwrap();
        let attachments = below(folder.path(), 100);
        assert_eq!(attachments.look("a", 22), Ok(()));
        assert!(attachments.look("a", 23).is_err());
    }
}
