//! The HTTP client: one way to ask a server outside.

use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// A client that trusts the system's certificates, follows no redirect (a secret goes to the named server alone) and takes
/// at most `limit` for a request. It blocks; run it off the main thread.
pub fn agent(limit: Duration) -> ureq::Agent {
    let found = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<_> = found.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    let tls = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(roots))).build();
    ureq::Agent::config_builder()
        .timeout_global(Some(limit))
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("mailthrottle/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}
