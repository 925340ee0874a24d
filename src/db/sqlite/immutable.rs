//! A file that nobody has open, read as one that does not change.

use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Result, bail};

/// A file in WAL mode that nobody has open. A reader would have to make the files `-wal` and `-shm` beside it, which
/// may then belong to the wrong user and keep the application from writing. So it is read as a file that does not
/// change, and looked at again afterwards to make sure that it did not.
pub(super) struct Immutable {
    modified: SystemTime,
    length: u64,
}

impl Immutable {
    /// What is known of the file, if it is such a one. Source: <https://www.sqlite.org/fileformat2.html>, section 1.3.
    pub(super) fn of(path: &Path) -> Result<Option<Self>> {
        let mut header = [0; 20];
        std::fs::File::open(path)?.read_exact(&mut header).ok();
        let is_wal = header[18..] == [2, 2];
        let mut wal = path.as_os_str().to_owned();
        wal.push("-wal");
        if !is_wal || Path::new(&wal).exists() {
            return Ok(None);
        }
        let data = std::fs::metadata(path)?;
        Ok(Some(Self { modified: data.modified()?, length: data.len() }))
    }

    /// Makes sure that the file is as it was.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        let now = std::fs::metadata(path)?;
        if now.modified()? != self.modified || now.len() != self.length {
            bail!("{} was written to while it was read; run this again", path.display());
        }
        Ok(())
    }
}
