//! Everything in the record store is reference information (参照情報, art. 20-1), and every answer with records says so.

/// Name of the header field on every answer that carries records.
pub const FIELD_NAME: &str = "sekisho-notice";

/// Its value: 参照情報 as a Display String of RFC 9651 3.3.8 (header fields are ASCII), and the article.
pub const FIELD_VALUE: &str = "%\"%e5%8f%82%e7%85%a7%e6%83%85%e5%a0%b1\"; article=20";

/// The banner as pages show it.
pub const BANNER_JA: &str = "参照情報";
