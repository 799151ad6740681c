//! The whole system as real processes. One program, so that tests run beside each
//! other; each file is named by what it shows.

mod commands;
mod config_changes;
mod contract;
mod definitions;
mod doctor;
mod drain;
mod hostile_ids;
mod ingress_killed;
mod local_log;
mod menus;
mod nats_disk;
mod numbers;
mod official_sdks;
mod outages;
mod power_safe;
mod refusals;
mod retries;
mod screening;
mod trace;
mod twilio_errors;
mod versions;
mod whatsapp;
mod whole_call;
mod wrong_database_url;
