//! The whole system as real processes. One program, so that the tests run beside
//! each other; each file is named by what it shows.
