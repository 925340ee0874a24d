//! What a server said: SMTP text to reply code, enhanced code, class, disposition, stage and fingerprint.
