//! Sources of a group: its stories without their texts.

use serde::Serialize;

use super::GroupHead;
use crate::model::GroupKey;
use crate::store::Read;

/// Head of a story: what leads back to the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoryHead {
    /// Number in its group, from 1.
    pub story: u32,
    /// Headline: its own, or that of the group whose only story it is.
    pub title: Option<String>,
    /// Address of the source.
    pub url: Option<String>,
    /// As exact as it was written.
    pub published_at: Option<String>,
}

impl Read<'_> {
    /// Returns the stories of a group in their order, without texts.
    pub fn story_heads(self, group: GroupKey) -> anyhow::Result<Vec<StoryHead>> {
        let mut statement = self.0.prepare_cached(
            "SELECT s.ordinal, coalesce(s.title, CASE WHEN (SELECT count(*) FROM stories x
                                                            WHERE x.story_group_id = ?1) = 1 THEN g.title END),
                    s.url, s.published_at
             FROM stories s JOIN story_groups g ON g.id = s.story_group_id
             WHERE s.story_group_id = ?1 ORDER BY s.ordinal",
        )?;
        let rows = statement.query_map([group], |row| {
            Ok(StoryHead { story: row.get(0)?, title: row.get(1)?, url: row.get(2)?, published_at: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Gives groups of a list their stories.
    pub fn add_stories<'a>(self, groups: impl IntoIterator<Item = &'a mut GroupHead>) -> anyhow::Result<()> {
        groups.into_iter().try_for_each(|group| {
            group.stories = self.story_heads(group.key)?;
            Ok(())
        })
    }
}
