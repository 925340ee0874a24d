//! An Exim of the test's own, with the configuration that its authors ship: on a free port of the loopback, in a temporary
//! folder, with nothing delivered further. It is unpacked by `tests/run.sh`, since Debian installs one mail server at a time.
#![allow(dead_code, missing_docs, clippy::unwrap_used, reason = "each test file uses its own part")]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The user that Exim runs as where the test is root; it need not be there.
const EXIM: u32 = 9990;

/// The library that makes a program take its users from files of one's own.
const WRAPPER: &str = "libnss_wrapper.so";

/// A running Exim; it ends with the test.
pub struct Exim {
    folder: tempfile::TempDir,
    unpacked: PathBuf,
    child: Option<Child>,
    pub port: u16,
}

impl Exim {
    /// Starts one for the domain contoso.example, where `reports` is the only user.
    pub fn start() -> Exim {
        let unpacked = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/exim");
        let example = unpacked.join("usr/share/doc/exim4-base/examples/example.conf");
        let example =
            fs::read_to_string(example).expect("Exim is missing: tests/run.sh unpacks it into target/exim");
        let folder = tempfile::Builder::new().prefix("mailthrottle-exim-").tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut exim = Exim { folder, unpacked, child: None, port };
        exim.configure(&example);
        let listen = format!("127.0.0.1.{port}");
        exim.child = Some(exim.command(&["-bdf", "-oX", &listen]).stdin(Stdio::null()).spawn().unwrap());
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return exim;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("Exim does not answer: {}", fs::read_to_string(exim.path("errors")).unwrap());
    }

    fn configure(&self, example: &str) {
        let own = fs::metadata("/proc/self").unwrap();
        let (uid, gid) = if own.uid() == 0 { (EXIM, EXIM) } else { (own.uid(), own.gid()) };
        let place = self.folder.path().display();
        let local = format!(
            "primary_hostname = contoso.example\nspool_directory = {place}/spool\nlog_file_path = {place}/%slog\n\
             pid_file_path = {place}/pid\nqueue_only = true\nkeep_environment =\n"
        );
        let aliases = self.path("aliases").display().to_string();
        self.write("exim.conf", &(local + &example.replace("/etc/aliases", &aliases)));
        self.write("aliases", "");
        let user = |name: &str, uid, gid| format!("{name}:x:{uid}:{gid}::/nonexistent:/bin/false\n");
        self.write(
            "passwd",
            &(user("root", 0, 0) + &user("Debian-exim", uid, gid) + &user("reports", EXIM + 1, EXIM + 1)),
        );
        self.write("group", &format!("root:x:0:\nmail:x:8:\nDebian-exim:x:{gid}:\n"));
        fs::create_dir(self.path("spool")).unwrap();
        for folder in [self.folder.path(), &self.path("spool")] {
            chown(folder, Some(uid), Some(gid)).unwrap();
        }
    }

    /// Its program, with users of its own by a library that stands before the system's.
    fn command(&self, args: &[&str]) -> Command {
        let libraries = libraries(&self.unpacked);
        let mut command = Command::new(self.unpacked.join("usr/sbin/exim4"));
        command.arg("-C").arg(self.path("exim.conf")).args(args);
        command.env("LD_PRELOAD", libraries.join(WRAPPER)).env("LD_LIBRARY_PATH", libraries);
        command.env("NSS_WRAPPER_PASSWD", self.path("passwd")).env("NSS_WRAPPER_GROUP", self.path("group"));
        command.stdout(Stdio::null()).stderr(fs::File::create(self.path("errors")).unwrap());
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Every message that it accepted, as it would be sent on, in no order.
    pub fn accepted(&self) -> Vec<Vec<u8>> {
        let spooled = fs::read_dir(self.path("spool/input")).unwrap().map(|entry| entry.unwrap().file_name());
        let ids = spooled.filter_map(|name| Some(name.to_str()?.strip_suffix("-H")?.to_owned()));
        let message =
            |id: String| self.command(&["-Mvc", &id]).stdout(Stdio::piped()).output().unwrap().stdout;
        ids.map(message).collect()
    }

    /// What it wrote of the mails and sessions.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("mainlog")).unwrap()
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The folder of the libraries that were unpacked, by the machine's architecture.
fn libraries(unpacked: &Path) -> PathBuf {
    let folders = fs::read_dir(unpacked.join("usr/lib")).unwrap().map(|entry| entry.unwrap().path());
    let mut with_wrapper = folders.filter(|folder| folder.join(WRAPPER).exists());
    with_wrapper
        .next()
        .expect("the package libnss-wrapper is missing: tests/run.sh unpacks it into target/exim")
}
