//! Limits and advice per mail provider, kept as data in `profiles.toml`.
