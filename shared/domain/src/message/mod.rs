//! Text messages: who sends them, how many parts they have, and the words that end and begin them.

mod opt_out;
mod segments;
mod sender;

pub use self::{
    opt_out::{OptOut, opt_out},
    segments::{Encoding, Segments, segments},
    sender::{InvalidSender, Sender},
};
