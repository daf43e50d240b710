//! The resolver over the database: mentions of a group to entities of the catalog, offline.
//!
//! `linker` decides a group as a whole and remembers mentions (`known_mentions`), `name_index` keeps the index in the database true, `blocks` reads its blocks,
//! `pairs` finds entities that are two others and a date, `relink` links again what a change is about, `relink_ahead` everything in several threads.

mod linker;
mod known_mentions;
mod kept_mention;
mod name_index;
mod blocks;
mod pairs;
pub mod precedence;
pub mod relink;
mod relink_ahead;
pub mod typed_name;

pub use blocks::Load;
pub use linker::{Linker, SharedParts};
pub use name_index::{
    is_earlier, is_refreshed_for_many, is_sound, is_usable, pack, rebuild, refresh, refresh_for_many,
    refresh_if_useless, rekey,
};
pub use relink_ahead::{LinkedAhead, n_threads};
