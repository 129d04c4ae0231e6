//! House rules and end-to-end tests over real sockets.
