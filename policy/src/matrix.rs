//! The whole policy as a table that people can read: who may do what, in which situation. Kept in the tree as
//! `policy/access-matrix.txt`, so that a change of a rule is a diff that the city office can review.

mod situations;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use model::{Action, Category, Profession, TeamRole};

use crate::decision::{Audience, Decision};
use crate::facts::{Relation, Resource};
use crate::point::DecisionPoint;

pub(crate) use situations::SITUATIONS;
use situations::Situation;
pub use situations::{now, ordinary};

/// The relations of the table's rows.
const RELATIONS: [(&str, Relation); 4] = [
    ("on the team", Relation::Team(TeamRole::Member)),
    ("on duty", Relation::Duty),
    ("manager", Relation::Manager),
    ("outside", Relation::None),
];

/// The table as text.
#[must_use]
pub fn access_matrix(point: &DecisionPoint) -> String {
    let mut text = HEAD.to_owned();
    for situation in SITUATIONS {
        block(&mut text, point, situation);
    }
    legend(&mut text, point);
    text
}

const HEAD: &str = "\
# Who may do what, in which situation

Written by the rules themselves (policy/cedar), with what each decides; a test keeps it so. Whoever changes a rule
changes this table, and the change is read here. UPDATE_TEXTS=1 cargo test -p policy writes it anew.

Rows: the ten professions of art. 7, on the person's care team (member, substitute and on-call are alike), on duty for or
manager of a facility whose member is on it, or outside of all this. A record is the user's own unless it is said
otherwise.
Columns: kinds of records. In a cell five marks: read, search, create, update, delete; ✔ permitted, ✘ denied.
Behind the bar: the rules that decided anywhere in the row, by number (legend at the end). A ✘ that no forbid (F) made is
there because nothing permits it (art. 18). A row of ✘ throughout is written as one, and so are the rows that are as on an ordinary day.
The directory belongs to nobody: how the subject stands to a person makes no difference to it.

";

/// One row: what a profession may do in each category, and the rules that decided.
#[derive(Clone, PartialEq, Eq)]
struct Row {
    cells: Vec<String>,
    rules: BTreeSet<String>,
}

impl Row {
    fn is_closed(&self) -> bool {
        self.cells.iter().all(|cell| !cell.contains(['✔', '!']))
    }

    /// The same marks are one row, whichever rules made them.
    fn reads_as(&self, other: &Self) -> bool {
        self.cells == other.cells
    }
}

/// Rows that read alike, with who they are for: professions, and in which relations.
struct Group {
    row: Row,
    labels: Vec<(String, Vec<&'static str>)>,
}

impl Group {
    fn label(&mut self, professions: String, relation: &'static str) {
        match self.labels.iter_mut().find(|(known, _)| *known == professions) {
            Some((_, relations)) => relations.push(relation),
            None => self.labels.push((professions, vec![relation])),
        }
    }

    fn labels(&self) -> String {
        let text = |(professions, relations): &(String, Vec<&str>)| {
            if relations.len() == RELATIONS.len() {
                return format!("{professions}, whatever the relation");
            }
            format!("{professions}, {}", relations.join(" or "))
        };
        self.labels.iter().map(text).collect::<Vec<_>>().join("; ")
    }
}

fn block(text: &mut String, point: &DecisionPoint, situation: &Situation) {
    let _ = writeln!(text, "## {}\n", situation.name);
    let ordinary_day = SITUATIONS.first().filter(|first| first.name != situation.name);
    let mut groups: Vec<Group> = Vec::new();
    let mut unchanged: Option<Group> = None;
    for (relation_name, relation) in RELATIONS {
        let mut same: Vec<(Vec<Profession>, Row, bool)> = Vec::new();
        for profession in Profession::ALL {
            let row = row(point, situation, *profession, relation);
            let as_ever = ordinary_day.is_some_and(|day| self::row(point, day, *profession, relation) == row);
            match same.iter_mut().find(|(_, known, ever)| *ever == as_ever && (as_ever || known.reads_as(&row))) {
                Some((professions, known, _)) => {
                    professions.push(*profession);
                    known.rules.extend(row.rules);
                }
                None => same.push((vec![*profession], row, as_ever)),
            }
        }
        for (professions, row, as_ever) in same {
            let group = if as_ever {
                unchanged.get_or_insert_with(|| Group { row, labels: Vec::new() })
            } else if let Some(place) = groups.iter().position(|group| group.row.reads_as(&row)) {
                let Some(known) = groups.get_mut(place) else { continue };
                known.row.rules.extend(row.rules);
                known
            } else {
                groups.push(Group { row, labels: Vec::new() });
                let Some(new) = groups.last_mut() else { continue };
                new
            };
            group.label(names(&professions), relation_name);
        }
    }
    if groups.iter().any(|group| !group.row.is_closed()) {
        let head: Vec<String> = Category::ALL.iter().map(|column| format!("{:12}", column.as_str())).collect();
        let _ = writeln!(text, "{}", head.join(" ").trim_end());
    }
    for group in &groups {
        let rules: Vec<&str> = group.row.rules.iter().map(String::as_str).collect();
        let cells: Vec<String> = group.row.cells.iter().map(|cell| format!("{cell:12}")).collect();
        let cells = if group.row.is_closed() { "✘ throughout ".to_owned() } else { cells.join(" ") };
        let _ = writeln!(text, "{cells}| {:27} | {}", rules.join(" "), group.labels());
    }
    if let Some(unchanged) = unchanged {
        let _ = writeln!(text, "as on an ordinary day | {}", unchanged.labels());
    }
    let (_, facts) = situation.applied(Action::Read, Category::Note, ordinary());
    let public = point.decide_public(&facts.service);
    let numbers: BTreeSet<String> = numbers(&public);
    let _ = writeln!(
        text,
        "public information {} | {} | anyone, without device or user ID\n",
        mark(&public),
        numbers.into_iter().collect::<Vec<_>>().join(" ")
    );
}

fn row(point: &DecisionPoint, situation: &Situation, profession: Profession, relation: Relation) -> Row {
    let mut rules = BTreeSet::new();
    let mut cells = Vec::new();
    for category in Category::ALL {
        let mut cell = String::new();
        for action in Action::ALL {
            let mut facts = ordinary();
            facts.subject.profession = profession;
            if let Resource::Record { relation: place, .. } = &mut facts.resource {
                *place = relation;
            }
            let (request, facts) = situation.applied(*action, *category, facts);
            let decision = point.decide(&request, &facts);
            rules.extend(numbers(&decision));
            cell.push(mark(&decision));
        }
        cells.push(cell);
    }
    Row { cells, rules }
}

/// An error would be a denial that no rule made: it is shown, so that it cannot be overlooked.
const fn mark(decision: &Decision) -> char {
    match decision {
        Decision::Permit(_) => '✔',
        Decision::Denial(basis) if basis.errors.is_empty() => '✘',
        Decision::Denial(_) => '!',
    }
}

fn numbers(decision: &Decision) -> BTreeSet<String> {
    decision.basis().rules.iter().map(|rule| rule.id.number().to_owned()).collect()
}

fn names(professions: &[Profession]) -> String {
    if professions.len() == Profession::ALL.len() {
        return "all ten".to_owned();
    }
    professions.iter().map(|profession| profession.as_str()).collect::<Vec<_>>().join(" ")
}

fn legend(text: &mut String, point: &DecisionPoint) {
    text.push_str("## The rules\n\n");
    for rule in point.rules() {
        let articles: Vec<String> = rule.articles.iter().map(ToString::to_string).collect();
        let told = match rule.told {
            Audience::Subject => "",
            Audience::Entitled => " [told to whom all else permits]",
            Audience::Officer => " [told to officers only]",
        };
        let _ = writeln!(text, "{} (art. {}) {} {}{told}", rule.id, articles.join(", "), rule.text_en, rule.text_ja);
    }
}
