//! Ctrl-C and SIGTERM, for commands that settle what is under way before they end.

/// Waits for Ctrl-C or SIGTERM; a second one ends the program at once.
pub async fn interrupted() {
    signal().await;
    tracing::warn!("stopping: what is under way is settled; once more ends at once");
    tokio::spawn(async {
        signal().await;
        std::process::exit(130);
    });
}

async fn signal() {
    #[cfg(unix)]
    {
        let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut terminated) = terminated {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
