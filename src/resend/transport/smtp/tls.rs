//! Whom to trust, and the handshake.
//!
//! The certificate is always checked: against the authorities that this machine trusts, and one's own from a file. A
//! certificate that does not pass is named with what is wrong, in a sentence.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error as TlsError, RootCertStore};

use super::wire::Stream;
use super::{Smtp, bare};
use crate::model::Stage;
use crate::resend::transport::{FailureKind, SendFailure};

/// The authorities whose certificates are believed; loaded once, shared by all connections.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

/// Why there is nobody to trust.
#[derive(Debug, Error)]
pub enum TrustError {
    /// This machine has no authorities.
    #[error(
        "this machine has no certificates of authorities ({0}); install them (Debian: ca-certificates) or name a ca_file"
    )]
    None(String),
    /// The file of one's own cannot be used.
    #[error("the ca_file {} cannot be used: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Trust {
    /// The authorities of this machine (`SSL_CERT_FILE` and `SSL_CERT_DIR` say otherwise), and those in a PEM file.
    ///
    /// # Errors
    /// Names the file that cannot be used, or says that there are no authorities at all.
    pub fn load(ca_file: Option<&Path>) -> Result<Trust, TrustError> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if let Some(path) = ca_file {
            add_file(&mut roots, path)
                .map_err(|reason| TrustError::File { path: path.to_owned(), reason })?;
        }
        if roots.is_empty() {
            let reasons: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
            return Err(TrustError::None(reasons.join("; ")));
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Trust(Arc::new(config)))
    }
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    let before = roots.len();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.len() == before { Err("it holds no certificate (PEM)".to_owned()) } else { Ok(()) }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust")
    }
}

/// Puts TLS around a stream.
pub async fn wrap(
    stream: Box<dyn Stream>,
    trust: &Trust,
    smtp: &Smtp,
) -> Result<Box<dyn Stream>, SendFailure> {
    let fail = |what: &str| {
        SendFailure::new(
            Stage::Tls,
            FailureKind::Tls,
            &format!("TLS handshake with {}:{}: {what}", smtp.host, smtp.port),
        )
    };
    let name = ServerName::try_from(bare(&smtp.host).to_owned())
        .map_err(|_| fail("the host's name cannot be in a certificate"))?;
    let limit: Duration = smtp.timeouts.tls;
    match timeout(limit, TlsConnector::from(trust.0.clone()).connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(error)) => Err(fail(&explained(&error))),
        Err(_) => {
            let late = format!("no answer within {}", humantime::format_duration(limit));
            Err(SendFailure { kind: FailureKind::TimedOut, ..fail(&late) })
        }
    }
}

/// The sentence for what went wrong in a handshake.
fn explained(error: &std::io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    let Some(TlsError::InvalidCertificate(problem)) = inner else {
        return error.to_string();
    };
    match problem {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "the certificate is from an authority that is not trusted here; if it is your own, name its file as ca_file"
                .to_owned()
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            // each as in `DnsName("x.example")`
            let bare = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
            let names: Vec<String> = presented.iter().map(bare).collect();
            format!("the certificate is for another host ({})", names.join(", "))
        }
        CertificateError::NotValidForName => "the certificate is for another host".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet; check this machine's clock".to_owned()
        }
        CertificateError::Revoked => "the certificate was revoked".to_owned(),
        other => format!("the certificate is not valid: {other}"),
    }
}
