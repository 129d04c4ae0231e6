//! What can be wrong with a key in a token.

use std::path::PathBuf;

/// Why a key in a token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The URI does not say where a key is.
    #[error(
        "`{uri}` does not say where a key is: {why}; such as pkcs11:token=NAME;object=NAME?module-path=/path/to/module.so"
    )]
    Uri {
        /// As given.
        uri: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The module cannot be loaded.
    #[error("the PKCS#11 module `{}` cannot be used", path.display())]
    Module {
        /// Where it was looked for.
        path: PathBuf,
        /// Why.
        #[source]
        source: cryptoki::error::Error,
    },
    /// No token, or several, have the name.
    #[error("{found} tokens are called `{label}`; exactly one is needed")]
    Tokens {
        /// The name.
        label: String,
        /// How many there are.
        found: usize,
    },
    /// The token does not take the PIN. Not tried again: tokens lock after a few tries.
    #[error("the token does not take the PIN")]
    Pin(#[source] cryptoki::error::Error),
    /// No key, or several, have the name.
    #[error("{found} keys in the token are called `{label}`; {wanted}")]
    Keys {
        /// The name.
        label: String,
        /// How many there are.
        found: usize,
        /// How many there should be.
        wanted: &'static str,
    },
    /// The key is not one that may sign.
    #[error("the key `{label}` in the token {why}")]
    Key {
        /// The name.
        label: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The token did not do what it was asked for.
    #[error("the token failed {doing}")]
    Token {
        /// What it was asked for.
        doing: &'static str,
        /// Why.
        #[source]
        source: cryptoki::error::Error,
    },
}

impl Fault {
    pub(crate) fn token(doing: &'static str) -> impl FnOnce(cryptoki::error::Error) -> Self {
        move |source| Self::Token { doing, source }
    }
}
