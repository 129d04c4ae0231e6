//! A tree that is being changed: values are found, put and taken by their place. Both kinds of patch work with this, so
//! that depth and size are bounded in one place.

use super::fault::PatchCause;
use crate::bounds::{JSON_DEPTH_MAX, JSON_VALUES_MAX, RESOURCE_BYTES_MAX};
use crate::error::quote;
use crate::json::{Json, Object};

/// One step towards a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

/// The steps as a JSON Pointer, for a fault.
pub(super) fn shown(steps: &[Step<'_>]) -> String {
    let one = |step: &Step<'_>| match step {
        Step::Name(name) => format!("/{name}"),
        Step::Index(index) => format!("/{index}"),
    };
    quote(&steps.iter().map(one).collect::<String>())
}

pub(super) fn find<'t, 'a>(tree: &'t Json<'a>, steps: &[Step<'_>]) -> Option<&'t Json<'a>> {
    steps.iter().try_fold(tree, |value, step| match step {
        Step::Name(name) => value.object()?.get(name),
        Step::Index(index) => value.list()?.get(*index),
    })
}

/// A resource on its way from one version to the next.
pub(super) struct Changing<'a> {
    tree: Json<'a>,
    /// All that was ever put in, so that copies of copies come to an end before memory does.
    values: usize,
    bytes: usize,
}

impl<'a> Changing<'a> {
    pub(super) fn of(resource: &Object<'a>) -> Self {
        Self { tree: Json::Object(resource.clone()), values: 0, bytes: 0 }
    }

    pub(super) const fn tree(&self) -> &Json<'a> {
        &self.tree
    }

    pub(super) fn find(&self, steps: &[Step<'_>]) -> Option<&Json<'a>> {
        find(&self.tree, steps)
    }

    pub(super) fn find_mut(&mut self, steps: &[Step<'_>]) -> Option<&mut Json<'a>> {
        steps.iter().try_fold(&mut self.tree, |value, step| match step {
            Step::Name(name) => value.object_mut()?.get_mut(name),
            Step::Index(index) => value.list_mut()?.get_mut(*index),
        })
    }

    /// Puts a value where it belongs: a member takes the place of the one of its name, an item of a list pushes those behind
    /// it aside (RFC 6902 4.1).
    pub(super) fn put(&mut self, steps: &[Step<'a>], value: Json<'a>) -> Result<(), PatchCause> {
        self.weigh(steps.len(), &value)?;
        let nowhere = || PatchCause::NoPlace(shown(steps));
        let (last, above) = steps.split_last().ok_or_else(nowhere)?;
        let put = match (last, self.find_mut(above)) {
            (Step::Name(name), Some(Json::Object(object))) => object.set(name, value),
            (Step::Index(index), Some(Json::List(list))) if *index <= list.len() => {
                list.insert(*index, value);
                true
            }
            _ => false,
        };
        if put { Ok(()) } else { Err(nowhere()) }
    }

    /// Puts a value in the place of the one that is there.
    pub(super) fn replace(&mut self, steps: &[Step<'a>], value: Json<'a>) -> Result<(), PatchCause> {
        self.weigh(steps.len(), &value)?;
        *self.find_mut(steps).ok_or_else(|| PatchCause::Nothing(shown(steps)))? = value;
        Ok(())
    }

    pub(super) fn take(&mut self, steps: &[Step<'_>]) -> Result<Json<'a>, PatchCause> {
        let (last, above) = steps.split_last().ok_or_else(|| PatchCause::NoPlace(shown(steps)))?;
        let taken = match (last, self.find_mut(above)) {
            (Step::Name(name), Some(Json::Object(object))) => object.remove(name),
            (Step::Index(index), Some(Json::List(list))) if *index < list.len() => Some(list.remove(*index)),
            _ => None,
        };
        taken.ok_or_else(|| PatchCause::Nothing(shown(steps)))
    }

    pub(super) fn done(self) -> Option<Object<'a>> {
        match self.tree {
            Json::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Before a value goes in: `above` lists and objects will stand around it.
    fn weigh(&mut self, above: usize, value: &Json<'_>) -> Result<(), PatchCause> {
        if above + value.depth() > JSON_DEPTH_MAX {
            return Err(PatchCause::Depth);
        }
        let mut text = Vec::new();
        value.write(&mut text);
        self.bytes += text.len();
        self.values += value.values();
        if self.bytes > RESOURCE_BYTES_MAX || self.values > JSON_VALUES_MAX {
            return Err(PatchCause::Size);
        }
        Ok(())
    }
}
