//! Policy enforcement point: TLS, the request pipeline, forwarding, cutting. The only crate that meets strangers.
