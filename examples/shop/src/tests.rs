//! Stories: the real routes, worker and reconciler on a real file, with a clock that we move and a
//! gateway of our own on loopback.

mod attempts;
mod fulfilment;
mod pages;
mod running;
mod stub;
mod webhooks;
mod world;
