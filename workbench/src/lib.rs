//! Writing rules safely: cases, proofs, differences, replays. For people at a desk, never for requests.
use cedar_policy as _;
use cedar_policy_symcc as _;
use model as _;
use policy as _;
use thiserror as _;
use tokio as _;
