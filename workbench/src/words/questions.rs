//! What can be asked: an action on a category of record, or public information.

use model::{Action, Category};
use policy::{Facts, Request, Resource};

use super::{Language, Situation, of_directory};

/// What is asked, without its facts.
#[derive(Clone, Copy)]
pub(super) enum Question {
    Care(Action, Category),
    Public,
}

/// Every question, actions by category.
pub(super) fn all() -> Vec<Question> {
    let care = Action::ALL
        .iter()
        .flat_map(|action| Category::ALL.iter().map(move |category| Question::Care(*action, *category)));
    care.chain([Question::Public]).collect()
}

pub(super) fn of(situation: &Situation) -> Question {
    match situation {
        Situation::Care(request, _) => Question::Care(request.action, request.category),
        Situation::Public(_) => Question::Public,
    }
}

impl Question {
    pub(super) fn text(self, language: Language) -> String {
        match (self, language) {
            (Self::Care(action, category), Language::English) => {
                format!("the user {} {}", does(action), thing(category))
            }
            (Self::Care(action, category), Language::Japanese) => {
                format!("利用者が{}を{}する", thing_ja(category), does_ja(action))
            }
            (Self::Public, Language::English) => "somebody looks at public information".to_owned(),
            (Self::Public, Language::Japanese) => "だれかが公開情報を閲覧する".to_owned(),
        }
    }

    /// None where the facts say otherwise: nobody's record is the directory.
    pub(super) fn asked(self, request: Request, mut facts: Facts) -> Option<Situation> {
        match self {
            Self::Care(action, category) => {
                if category == Category::Directory {
                    facts.resource = Resource::Directory;
                }
                let request = of_directory(Request { action, category, ..request }, &facts.resource);
                Some(Situation::Care(request, Box::new(facts)))
            }
            Self::Public => Some(Situation::Public(facts.service)),
        }
    }
}

/// `reads`.
pub(crate) const fn does(action: Action) -> &'static str {
    match action {
        Action::Read => "reads",
        Action::Search => "searches",
        Action::Create => "creates",
        Action::Update => "updates",
        Action::Delete => "deletes",
    }
}

/// 閲覧.
pub(crate) const fn does_ja(action: Action) -> &'static str {
    match action {
        Action::Read => "閲覧",
        Action::Search => "検索",
        Action::Create => "記録",
        Action::Update => "更新",
        Action::Delete => "削除",
    }
}

const fn thing(category: Category) -> &'static str {
    match category {
        Category::Demographics => "demographics",
        Category::Team => "the care team",
        Category::Consent => "the consent",
        Category::Note => "a note",
        Category::Observation => "an observation",
        Category::Document => "a document",
        Category::Plan => "a care plan",
        Category::Medication => "medication",
        Category::Condition => "a diagnosis",
        Category::Directory => "the directory",
    }
}

const fn thing_ja(category: Category) -> &'static str {
    match category {
        Category::Demographics => "基本情報",
        Category::Team => "支援チーム",
        Category::Consent => "参加同意書",
        Category::Note => "連絡帳",
        Category::Observation => "観察記録",
        Category::Document => "文書",
        Category::Plan => "ケアプラン",
        Category::Medication => "服薬情報",
        Category::Condition => "傷病",
        Category::Directory => "名簿",
    }
}
