//! Plan of a run: groups selected, dealt out to parts, with an estimate of what it costs. Nothing is written
//! until [`record`](crate::batch::record).

pub use crate::batch::estimate::Estimate;
use crate::batch::estimate::{Volume, estimate};
use crate::batch::prompts::Prompts;
use crate::interrupt;
use crate::model::{GroupId, GroupKey, Kind};
use crate::request::{
    Limits, LineTemplate, PairSize, Prices, Splitter, custom_id, custom_id_from_wire, json_bytes, render_input, tokens,
};
use crate::session::Session;
use crate::store::{Candidate, GroupRow, Selected, Selection, TooLong};
use crate::terminal::bar::Unit;
use crate::terminal::words::number;

/// Plan of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Groups that were selected, and why the rest was not.
    pub selected: Selected,
    /// The parts, in order.
    pub parts: Vec<PlannedPart>,
    /// Groups that fit into no batch, with the reason.
    pub left_out: Vec<(GroupId, String)>,
    /// Of these, those that are longer than the model takes.
    pub too_long: Vec<TooLong>,
    /// Tokens and cost of it all.
    pub estimate: Estimate,
}

/// A part of a plan.
#[derive(Clone, Debug, Default)]
pub struct PlannedPart {
    /// Its groups, with the hash of what would be sent of each.
    pub groups: Vec<(Candidate, [u8; 16])>,
    /// Number of them, also when they were let go of.
    n_groups: u64,
    pub size: PairSize,
}

impl PlannedPart {
    /// Makes a part of groups that are `size` together.
    pub fn new(groups: Vec<(Candidate, [u8; 16])>, size: PairSize) -> Self {
        Self { n_groups: groups.len() as u64, groups, size }
    }
}

impl Plan {
    /// Returns how many groups it asks about.
    pub fn n_groups(&self) -> u64 {
        self.parts.iter().map(|part| part.n_groups).sum()
    }

    /// Lets go of its groups once they are written down: only their number is asked for then, and request files are written
    /// in the memory that they took.
    pub fn release_groups(&mut self) {
        self.selected.candidates = vec![];
        for part in &mut self.parts {
            part.groups = vec![];
        }
    }

    /// Returns how many requests it holds.
    pub fn n_requests(&self) -> u64 {
        self.parts.iter().map(|part| part.size.requests).sum()
    }
}

/// Selects groups and deals them out to parts.
pub fn plan(
    session: &Session<'_>,
    prompts: &Prompts,
    selection: &Selection,
    limits: Limits,
    prices: &Prices,
    sandbox: bool,
) -> anyhow::Result<Plan> {
    // One lock for all the groups: to take it for each costs more than to read it.
    let snapshot = session.store.snapshot()?;
    let read = snapshot.read();
    let selected = read.select(selection, &prompts.current(read)?, sandbox)?;
    let templates = Templates::of(prompts);

    let mut splitter = Splitter::new(limits);
    let mut parts: Vec<PlannedPart> = vec![];
    let mut left_out = vec![];
    let mut too_long = vec![];
    let max_input = prices.max_input(prompts.model());
    let mut volume = Volume::default();
    let bar = session.terminal.bar(selected.candidates.len() as u64, Unit::Count, "planning");
    for &candidate in &selected.candidates {
        interrupt::check()?;
        bar.inc(1);
        let Some(row) = read.group(candidate.group)? else { continue };
        let Some(text_hash) = row.text_hash else { continue };
        let input = render_input(&row.group);
        let mut sizes = Volume::default();
        let (size, longest) = templates.size(&row, &candidate, &input, &mut sizes);
        if let Some(max) = max_input.filter(|max| longest > *max) {
            left_out.push((row.group.id, too_long_words(longest, max, prompts.model())));
            too_long.push(TooLong { group: candidate.group, text_hash, n_tokens: longest });
            continue;
        }
        match splitter.push(size) {
            Ok(part) => {
                let place = part.0 as usize - 1;
                if parts.len() <= place {
                    parts.resize_with(place + 1, PlannedPart::default);
                }
                let part = &mut parts[place];
                part.groups.push((candidate, text_hash));
                part.n_groups += 1;
                part.size += size;
                volume.merge(sizes);
            }
            Err(too_large) => left_out.push((row.group.id, too_large.why)),
        }
    }
    let estimate = Estimate {
        answered_by_another_model: selected.n_asked_of_another,
        ..estimate(session, prompts, &volume, (templates.prefix_tokens(), sandbox), prices)?
    };
    Ok(Plan { selected, parts, left_out, too_long, estimate })
}

fn too_long_words(n_tokens: u64, max: u64, model: &str) -> String {
    format!("about {} input tokens, more than the {} that `{model}` takes", number(n_tokens), number(max))
}

/// Parts groups that were chosen otherwise than by a selection from those that are longer than the model takes, which
/// are returned with the reason.
pub fn without_too_long(
    session: &Session<'_>,
    prompts: &Prompts,
    groups: &mut Vec<(GroupKey, [u8; 16])>,
    prices: &Prices,
) -> anyhow::Result<Vec<(GroupId, String)>> {
    let Some(max) = prices.max_input(prompts.model()) else { return Ok(vec![]) };
    let templates = Templates::of(prompts);
    let (mut left_out, mut kept) = (vec![], vec![]);
    for &(group, text_hash) in groups.iter() {
        let Some(row) = session.store.read().group(group)? else { continue };
        let both = Candidate::first(group);
        let (_, longest) = templates.size(&row, &both, &render_input(&row.group), &mut Volume::default());
        match longest > max {
            true => left_out.push((row.group.id, too_long_words(longest, max, prompts.model()))),
            false => kept.push((group, text_hash)),
        }
    }
    *groups = kept;
    Ok(left_out)
}

/// Writes down which groups are longer than the model takes, for whoever wants to know where the collection stands.
pub fn remember_too_long(session: &mut Session<'_>, plan: &Plan, model: &str) -> anyhow::Result<()> {
    if plan.too_long.is_empty() {
        return Ok(());
    }
    let tx = session.store.write()?;
    tx.note_too_long(model, &plan.too_long)?;
    tx.commit()
}

/// Measures groups that were chosen otherwise than by a selection, and estimates what asking about them costs.
pub fn plan_groups(
    session: &Session<'_>,
    prompts: &Prompts,
    groups: &[(Candidate, [u8; 16])],
    prices: &Prices,
) -> anyhow::Result<(PairSize, Estimate)> {
    let templates = Templates::of(prompts);
    let mut total = PairSize::default();
    let mut volume = Volume::default();
    for (candidate, _) in groups {
        interrupt::check()?;
        let Some(row) = session.store.read().group(candidate.group)? else { continue };
        let (size, _) = templates.size(&row, candidate, &render_input(&row.group), &mut volume);
        total += size;
    }
    let estimate = estimate(session, prompts, &volume, (templates.prefix_tokens(), false), prices)?;
    Ok((total, estimate))
}

/// The line templates of both questions.
struct Templates {
    topic: LineTemplate,
    entity: LineTemplate,
}

impl Templates {
    fn of(prompts: &Prompts) -> Self {
        Self { topic: LineTemplate::new(&prompts.topic), entity: LineTemplate::new(&prompts.entity) }
    }

    /// Returns the tokens that the requests of each kind begin with.
    fn prefix_tokens(&self) -> [u64; 2] {
        [self.topic.prefix_tokens(), self.entity.prefix_tokens()]
    }

    /// Returns the size of a group's requests, and the input tokens of the longer one.
    fn size(&self, row: &GroupRow, candidate: &Candidate, input: &str, volume: &mut Volume) -> (PairSize, u64) {
        let (mut size, mut longest) = (PairSize::default(), 0);
        let (input_bytes, input_tokens) = (json_bytes(input), tokens::estimate(input));
        for (kind, _) in candidate.kinds() {
            let template = if kind == Kind::Topic { &self.topic } else { &self.entity };
            let bytes = template.line_bytes(&custom_id_of(row, kind), input_bytes) as u64;
            let tokens = template.prompt_tokens() + input_tokens;
            size += PairSize { requests: 1, bytes, tokens };
            longest = longest.max(tokens);
            volume.add(kind, tokens, bytes);
        }
        (size, longest)
    }
}

/// Returns the name of a group's request on the wire.
pub(super) fn custom_id_of(row: &GroupRow, kind: Kind) -> crate::model::CustomId {
    match &row.wire_id {
        Some(wire) => custom_id_from_wire(kind, wire),
        None => custom_id(kind, &row.group.id),
    }
}
